/** One start of a node on a virtual machine: its runtime, and what carries its datagrams. */
import { isIP } from 'node:net';
import type { Clock } from '../api/waiting.js';
import { type Carrier, DetachedDriver, type Train } from '../engine/detached-driver.js';
import { type BatchListener, type Engine, type EngineConfig, type EngineInfo, type PathRecord, reasonsAgainstSpin } from '../engine/engine.js';
import { PathCache } from '../engine/path-cache.js';
import type { RekeyIntervals, ResolvedAddress, Runtime, Timer } from '../engine/runtime.js';
import type { SimEvent } from './event-queue.js';
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

  /** `onProgramRuns` is called before code runs that promises of the program may hang on. */
  constructor(network: VirtualNetwork, machine: Machine, random: SeededRandom, onProgramRuns: () => void) {
    this.#network = network;
    this.#machine = machine;
    this.#random = random;
    this.#onProgramRuns = onProgramRuns;
    this.clock = clockOf(network.time, this.setTimer);
  }

  /** No datagram leaves or arrives any more, and the port is free. */
  unplug(): void {
    this.#carrier?.unplug();
  }

  wallClockMs(): number {
    return this.#network.time.wallClockMs + this.#machine.wallClockAheadMs;
  }

  get rekeyIntervals(): RekeyIntervals | undefined {
    return this.#machine.rekeyIntervals;
  }

  readonly setTimer = (delayMs: number, callback: () => void): Timer => {
    const { time } = this.#network;
    let event: SimEvent;
    const fire = (): void => {
      // A stopped machine's timers fire when it runs again.
      if (this.#machine.frozenUntilMicros > time.nowMicros) {
        event = time.at(this.#machine.frozenUntilMicros, fire);
        return;
      }
      this.#onProgramRuns();
      callback();
    };
    event = time.after(delayMs, fire);
    return {
      cancel: () => {
        event.isCancelled = true;
      },
    };
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
    const onBatch = (records: number): void => {
      this.#onProgramRuns();
      listener(records);
    };
    const origin = { seed: this.#random.bytes(32), startMicros: this.#network.time.nowMicros };
    return new DetachedDriver(config, onBatch, this.#carrier, origin).engine;
  }
}

/** Carries the datagrams of one engine over the virtual network. */
class SimCarrier implements Carrier, VirtualSocket {
  readonly port = NODE_PORT;
  readonly #network: VirtualNetwork;
  readonly #machine: Machine;
  readonly #reasons: readonly string[];
  #driver: DetachedDriver | null = null;
  #paths: PathCache | null = null;
  #timer: SimEvent | null = null;

  constructor(network: VirtualNetwork, machine: Machine, reasons: readonly string[]) {
    this.#network = network;
    this.#machine = machine;
    this.#reasons = reasons;
  }

  attach(driver: DetachedDriver): void {
    this.#driver = driver;
    this.#paths = new PathCache(driver.detached);
    this.#network.time.follow(driver.detached);
  }

  bind(host: string, port: number): { readonly socket: number; readonly port: number } {
    if (isIP(host) !== 4) throw systemError('EAFNOSUPPORT', 'bind', host);
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
    const features = this.#driver?.detached.info().features ?? [];
    return { kind: 'simulated', features, receiveBufferBytes: RECEIVE_BUFFER_BYTES, sendBufferBytes: RECEIVE_BUFFER_BYTES, reasons: this.#reasons };
  }

  receive(from: Endpoint, datagram: Uint8Array, ecn: number): void {
    if (this.#driver === null || this.#paths === null) return;
    this.#driver.receive(this.#paths.record(0, from.host, from.port), datagram, datagram.length, ecn);
    this.#driver.turn();
  }

  onThaw(): void {
    this.#driver?.turn();
  }

  hasRoom(): boolean {
    return !this.#isFrozen();
  }

  send({ path, bytes, segmentBytes, ecn }: Train): void {
    const to = this.#paths?.address(path);
    if (to === undefined || this.#machine.socket !== this) return;
    for (let at = 0; at < bytes.length; at += segmentBytes) this.#network.send(this.#machine, to, bytes.subarray(at, at + segmentBytes), ecn);
  }

  scheduleTurn(callback: () => void): void {
    this.#whenRunning(this.#network.time.nowMicros, callback);
  }

  setTimer(atMicros: number, _nowMicros: number, callback: () => void): void {
    if (this.#timer !== null) this.#timer.isCancelled = true;
    this.#timer = this.#whenRunning(atMicros, callback);
  }

  close(): void {
    if (this.#timer !== null) this.#timer.isCancelled = true;
    if (this.#driver !== null) this.#network.time.unfollow(this.#driver.detached);
    this.unplug();
  }

  unplug(): void {
    this.#machine.unbind(this);
  }

  /** Calls back at a time, or, on a machine that is stopped then, when it runs again. */
  #whenRunning(atMicros: number, callback: () => void): SimEvent {
    return this.#network.time.at(atMicros, () => {
      if (this.#isFrozen()) this.#whenRunning(this.#machine.frozenUntilMicros, callback);
      else callback();
    });
  }

  #isFrozen(): boolean {
    return this.#machine.frozenUntilMicros > this.#network.time.nowMicros;
  }
}

/** An error as the system's own. */
function systemError(code: string, syscall: string, address: string): Error {
  return Object.assign(new Error(`${syscall} ${code} ${address}`), { code, syscall, address });
}
