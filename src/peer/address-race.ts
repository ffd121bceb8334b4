import type { PathRecord } from '../engine/engine.js';
import type { Timer } from '../engine/runtime.js';
import type { HostAndPort } from '../identity/index.js';
import type { PeerContext } from './context.js';

/** A further address is tried after this much silence of those before it (RFC 8305 §8, "Connection Attempt Delay"). */
const STAGGER_MS = 250;

/** Whose messages are sent. */
export interface Racer {
  /** The next first message. */
  nextMessage(): { readonly datagram: Uint8Array; readonly retryAfterMs: number };
  /** A first message went out to every address that is tried. */
  onAttempt(): void;
  /** No host has an address that this node can send to; `cause` is the first failure. */
  onUnresolved(cause: unknown): void;
}

/**
 * Sends first messages to every address of some hosts, one address a little after the other, all of them again after each pause, until it is
 * stopped. Names are resolved once.
 */
export class AddressRace {
  readonly #context: PeerContext;
  readonly #racer: Racer;
  /** Resolved, and not tried yet. */
  readonly #untried: PathRecord[] = [];
  readonly #paths: PathRecord[] = [];
  #datagram: Uint8Array | null = null;
  #retryTimer: Timer | null = null;
  #staggerTimer: Timer | null = null;
  #isOver = false;

  constructor(context: PeerContext, racer: Racer) {
    this.#context = context;
    this.#racer = racer;
  }

  /** Resolves the hosts and sends the first message. */
  start(hosts: readonly HostAndPort[]): void {
    const failures: unknown[] = [];
    const resolved = hosts.map((host) => this.#resolve(host).catch((error: unknown) => failures.push(error)));
    Promise.all(resolved).then(() => {
      if (!this.#isOver && this.#paths.length === 0 && this.#untried.length === 0) this.#racer.onUnresolved(failures[0]);
    });
  }

  stop(): void {
    this.#isOver = true;
    this.#retryTimer?.cancel();
    this.#staggerTimer?.cancel();
  }

  async #resolve({ host, port }: HostAndPort): Promise<void> {
    const { runtime, engine } = this.#context;
    const addresses = await runtime.resolve(host);
    let failure: unknown = null;
    for (const address of addresses) {
      if (this.#isOver) return;
      try {
        this.#add(engine.pathTo(address.host, port));
      } catch (error) {
        // No socket of this node has the family: the address counts as unresolved.
        failure ??= error;
      }
    }
    if (failure !== null && this.#paths.length === 0) throw failure;
  }

  #add(path: PathRecord): void {
    const isKnown = [...this.#paths, ...this.#untried].some((known) => Buffer.compare(known, path) === 0);
    if (isKnown) return;
    this.#untried.push(Uint8Array.from(path));
    if (this.#staggerTimer === null) this.#tryNext();
  }

  /** Takes up one more address, and then another after each pause. */
  readonly #tryNext = (): void => {
    this.#staggerTimer = null;
    const path = this.#untried.shift();
    if (path === undefined) return;
    this.#paths.push(path);
    if (this.#datagram === null) this.#retry();
    else this.#send(path, this.#datagram);
    this.#staggerTimer = this.#context.runtime.setTimer(STAGGER_MS, this.#tryNext);
  };

  readonly #retry = (): void => {
    const { datagram, retryAfterMs } = this.#racer.nextMessage();
    this.#datagram = datagram;
    for (const path of this.#paths) this.#send(path, datagram);
    this.#retryTimer = this.#context.runtime.setTimer(retryAfterMs, this.#retry);
    this.#racer.onAttempt();
  };

  #send(path: PathRecord, datagram: Uint8Array): void {
    this.#context.engine.sendDatagram(path, datagram);
    this.#context.flusher.mark();
  }
}
