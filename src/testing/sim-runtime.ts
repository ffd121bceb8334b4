/** One start of a node on a virtual machine: its runtime, and what carries its datagrams. */
import { isIP } from 'node:net';
import type { Clock } from '../api/waiting.js';
import { type Carrier, DetachedDriver, type Train } from '../engine/detached-driver.js';
import { type BatchListener, type Engine, type EngineConfig, type EngineInfo, type PathRecord, reasonsAgainstSpin } from '../engine/engine.js';
import { PathCache } from '../engine/path-cache.js';
import type { RekeyIntervals, ResolvedAddress, Runtime, Timer } from '../engine/runtime.js';
import { type Machine, NODE_PORT, RECEIVE_BUFFER_BYTES, type VirtualSocket } from './machine.js';
import type { Endpoint } from './router.js';
import type { SeededRandom } from './seeded-random.js';
import type { VirtualNetwork } from './virtual-network.js';
import { clockOf } from './virtual-time.js';

/** See the file's head. */
export class SimRuntime implements Runtime {
  readonly clock: Clock;
  readonly #network: VirtualNetwork;
  readonly #machine: Machine;
  readonly #random: SeededRandom;
  readonly #onProgramRuns: () => void;
  #carrier: SimCarrier | null = null;
  #isPlugged = true;

  /** `onProgramRuns` is called before code runs that promises of the program may hang on. */
  constructor(network: VirtualNetwork, machine: Machine, random: SeededRandom, onProgramRuns: () => void) {
    this.#network = network;
    this.#machine = machine;
    this.#random = random;
    this.#onProgramRuns = onProgramRuns;
    this.clock = clockOf(network.time, this.setTimer);
  }

  /** No datagram leaves or arrives any more, and the port is free, also where it is bound later. */
  unplug(): void {
    this.#isPlugged = false;
    this.#carrier?.unplug();
  }

  wallClockMs(): number {
    return this.#network.time.wallClockMs + this.#machine.wallClockAheadMs;
  }

  get rekeyIntervals(): RekeyIntervals | undefined {
    return this.#machine.rekeyIntervals;
  }

  get signatures(): VirtualNetwork['signatures'] {
    return this.#network.signatures;
  }

  readonly setTimer = (delayMs: number, callback: () => void): Timer => {
    return this.#network.whenRunning(this.#machine, this.#network.time.nowMicros + Math.max(0, delayMs) * 1_000, () => {
      this.#onProgramRuns();
      callback();
    });
  };

  atEndOfTick(callback: () => void): void {
    queueMicrotask(() => process.nextTick(callback));
  }

  randomBytes(byteCount: number): Uint8Array {
    return this.#random.bytes(byteCount);
  }

  /** Knows the hosts of the network by their names. */
  async resolve(host: string): Promise<readonly ResolvedAddress[]> {
    const family = isIP(host);
    if (family === 4 || family === 6) return [{ host, family }];
    const found = this.#network.machineNamed(host);
    if (found === undefined) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND', syscall: 'getaddrinfo' });
    return [{ host: found.publicAddress, family: 4 }];
  }

  machineAddresses(): readonly ResolvedAddress[] {
    return [{ host: this.#machine.address, family: 4 }];
  }

  createEngine(config: EngineConfig, listener: BatchListener): Engine {
    this.#carrier = new SimCarrier(this.#network, this.#machine, reasonsAgainstSpin(config));
    if (!this.#isPlugged) this.#carrier.unplug();
    const onBatch = (records: number): void => {
      this.#onProgramRuns();
      listener(records);
    };
    const { time } = this.#network;
    const origin = { seed: this.#random.bytes(32), startMicros: time.nowMicros, nowMicros: () => time.nowMicros };
    const { firstPacketNumber } = this.#machine;
    return new DetachedDriver({ ...config, firstPacketNumber }, onBatch, this.#carrier, origin).engine;
  }
}

/** Carries the datagrams of one engine over the virtual network. */
class SimCarrier implements Carrier, VirtualSocket {
  readonly port = NODE_PORT;
  readonly polls = false;
  readonly #network: VirtualNetwork;
  readonly #machine: Machine;
  readonly #reasons: readonly string[];
  #driver: DetachedDriver | null = null;
  #paths: PathCache | null = null;
  #timer: Timer | null = null;
  #isPlugged = true;

  constructor(network: VirtualNetwork, machine: Machine, reasons: readonly string[]) {
    this.#network = network;
    this.#machine = machine;
    this.#reasons = reasons;
  }

  attach(driver: DetachedDriver): void {
    this.#driver = driver;
    this.#paths = new PathCache(driver.detached);
  }

  bind(host: string, port: number): { readonly socket: number; readonly port: number } {
    if (isIP(host) !== 4) throw systemError('EAFNOSUPPORT', 'bind', host);
    if (!this.#isPlugged) return { socket: 0, port: NODE_PORT };
    if (this.#machine.socket !== null || (port !== 0 && port !== NODE_PORT)) throw systemError('EADDRINUSE', 'bind', host);
    this.#machine.socket = this;
    return { socket: 0, port: NODE_PORT };
  }

  pathTo(host: string, port: number): PathRecord {
    if (isIP(host) !== 4 || this.#paths === null) throw systemError('EAFNOSUPPORT', 'connect', host);
    return this.#paths.record(0, host, port);
  }

  setRef(): void {}

  info(): EngineInfo {
    // The same on every machine, since the ciphers that are offered go by them.
    return {
      kind: 'simulated',
      features: [],
      receiveBufferBytes: RECEIVE_BUFFER_BYTES,
      sendBufferBytes: RECEIVE_BUFFER_BYTES,
      reasons: this.#reasons,
    };
  }

  receive(from: Endpoint, datagram: Uint8Array, ecn: number): void {
    if (this.#driver === null || this.#paths === null) return;
    this.#driver.receive(this.#paths.record(0, from.host, from.port), datagram, datagram.length, ecn);
  }

  turn(): void {
    this.#driver?.turn();
  }

  hasRoom(): boolean {
    return !this.#machine.isFrozen;
  }

  send({ path, bytes, segmentBytes, ecn }: Train): void {
    const to = this.#paths?.address(path);
    if (to === undefined || this.#machine.socket !== this || this.#machine.isFrozen) return;
    for (let at = 0; at < bytes.length; at += segmentBytes) this.#network.send(this.#machine, to, bytes.subarray(at, at + segmentBytes), ecn);
  }

  scheduleTurn(callback: () => void): void {
    this.#network.whenRunning(this.#machine, this.#network.time.nowMicros, callback);
  }

  setTimer(atMicros: number, _nowMicros: number, callback: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#network.whenRunning(this.#machine, atMicros, callback);
  }

  close(): void {
    this.#timer?.cancel();
    this.unplug();
  }

  unplug(): void {
    this.#isPlugged = false;
    this.#machine.unbind(this);
  }
}

/** An error as the system's own. */
function systemError(code: string, syscall: string, address: string): Error {
  return Object.assign(new Error(`${syscall} ${code} ${address}`), { code, syscall, address });
}
