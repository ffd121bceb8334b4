/** The engine over `node:dgram`, for where the native sockets are refused: a crossing and a system call for each datagram. */
import { isIP } from 'node:net';
import { type Carrier, DetachedDriver, type Train } from './detached-driver.js';
import { DgramSocket } from './dgram-socket.js';
import { type BatchListener, type Engine, type EngineConfig, type EngineInfo, type PathRecord, reasonsAgainstSpin } from './engine.js';
import { PathCache } from './path-cache.js';

/** Longest delay of a Node timer. An earlier firing costs one empty turn. */
const NODE_TIMER_MS_MAX = 2 ** 31 - 1;

/** `reason` says why it is this engine. Throws INTERNAL where the addon is missing. */
export function createDgramEngine(config: EngineConfig, listener: BatchListener, reason: string): Engine {
  return new DetachedDriver(config, listener, new DgramCarrier([reason, ...reasonsAgainstSpin(config)]), { seed: null, startMicros: null }).engine;
}

class DgramCarrier implements Carrier {
  readonly #reasons: readonly string[];
  readonly #sockets: DgramSocket[] = [];
  #driver: DetachedDriver | null = null;
  #paths: PathCache | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isReferenced = true;

  constructor(reasons: readonly string[]) {
    this.#reasons = reasons;
  }

  attach(driver: DetachedDriver): void {
    this.#driver = driver;
    this.#paths = new PathCache(driver.detached);
  }

  bind(host: string, port: number): { readonly socket: number; readonly port: number } {
    const number = this.#sockets.length;
    const socket = new DgramSocket(host, port, {
      onDatagram: (datagram, from, fromPort) => {
        const path = this.#paths?.record(number, from, fromPort);
        if (path === undefined) return;
        this.#driver?.receive(path, datagram, datagram.length, 0);
        // Others that have arrived meanwhile have their share of the turn.
        this.#driver?.schedule();
      },
      onRoom: () => this.#driver?.schedule(),
      onDead: (error) => this.#driver?.detached.fail(`a socket cannot go on: ${error.message}`.slice(0, 256)),
    });
    socket.setRef(this.#isReferenced);
    this.#sockets.push(socket);
    return { socket: number, port: socket.port };
  }

  pathTo(host: string, port: number): PathRecord {
    const family = isIP(host.split('%')[0] ?? '');
    const number = this.#sockets.findIndex((socket) => socket.reaches(family));
    if (number < 0 || this.#paths === null) {
      throw Object.assign(new Error(`connect EAFNOSUPPORT ${host}:${port}`), { code: 'EAFNOSUPPORT', syscall: 'connect', address: host });
    }
    return this.#paths.record(number, host, port);
  }

  setRef(referenced: boolean): void {
    this.#isReferenced = referenced;
    for (const socket of this.#sockets) socket.setRef(referenced);
  }

  info(): EngineInfo {
    const least = (sizes: readonly number[]): number => (sizes.length === 0 ? 0 : Math.min(...sizes));
    return {
      kind: 'dgram',
      features: this.#driver?.detached.info().features ?? [],
      receiveBufferBytes: least(this.#sockets.map((socket) => socket.receiveBufferBytes)),
      sendBufferBytes: least(this.#sockets.map((socket) => socket.sendBufferBytes)),
      reasons: [...this.#reasons, 'node:dgram takes one datagram a call, and shows neither ECN nor the local address.'],
    };
  }

  hasRoom(): boolean {
    return this.#sockets.every((socket) => socket.hasRoom());
  }

  send({ path, bytes, segmentBytes }: Train): void {
    const to = this.#paths?.address(path);
    const socket = to === undefined ? undefined : this.#sockets[to.socket];
    if (to === undefined || socket === undefined) return;
    // The socket may keep what it is given for a while.
    const kept = Uint8Array.from(bytes);
    for (let at = 0; at < kept.length; at += segmentBytes) socket.send(kept.subarray(at, at + segmentBytes), to.host, to.port);
  }

  scheduleTurn(callback: () => void): void {
    setImmediate(callback);
  }

  setTimer(atMicros: number, nowMicros: number, callback: () => void): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const delayMs = Math.ceil((atMicros - nowMicros) / 1_000);
    this.#timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), NODE_TIMER_MS_MAX)).unref();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const socket of this.#sockets.splice(0)) socket.close();
  }
}
