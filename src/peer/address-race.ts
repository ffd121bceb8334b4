import type { PathRecord } from '../engine/engine.js';
import type { Timer } from '../engine/runtime.js';
import type { HostAndPort } from '../identity/index.js';
import type { PeerContext } from './context.js';
import { HostAddresses } from './host-addresses.js';
import { isRelayed, sameFamily, sameRemote } from './path-record.js';

/** A further address is tried after this much silence of those before it (RFC 8305 §8, "Connection Attempt Delay"). */
const STAGGER_MS = 250;
/** The way through others is tried so long after the first address: who is near answers before that. */
const RELAYED_AFTER_MS = 50;

/** A first message, and where it went. */
export interface RaceMessage {
  readonly datagram: Uint8Array;
  readonly retryAfterMs: number;
  /** Every address that it was sent to so far. */
  readonly askedAt: PathRecord[];
}

/** Whose messages are sent. */
export interface Racer {
  /** The next first message. */
  nextMessage(): RaceMessage;
  /** A first message went out to every address that is tried. */
  onAttempt(): void;
  /** No host has an address that this node can send to; `cause` is the first failure. */
  onUnresolved(cause: unknown): void;
}

/**
 * Sends first messages to every address of some hosts, one address a little after the other, all of them again after each pause, until it is stopped.
 * Address families take turns (RFC 8305 §4), over all hosts, for these are ways to one node: where a family is dead, it delays the other by one address.
 */
export class AddressRace {
  readonly #context: PeerContext;
  readonly #racer: Racer;
  readonly #addresses: HostAddresses;
  /** Resolved, and not tried yet, in the order of the hosts. */
  #untried: PathRecord[] = [];
  /** In the order in which they were tried. */
  #paths: PathRecord[] = [];
  #message: RaceMessage | null = null;
  #retryTimer: Timer | null = null;
  #staggerTimer: Timer | null = null;
  /** The way through others; in `#paths` once it is tried. */
  #relayed: PathRecord | null = null;
  #relayedTimer: Timer | null = null;
  /** Each message goes to one address alone: the next one, and so on in turn; `null`: each goes to all. */
  #turn: number | null = null;
  #isOver = false;

  constructor(context: PeerContext, racer: Racer) {
    this.#context = context;
    this.#racer = racer;
    this.#addresses = new HostAddresses(context, {
      onChanged: (paths) => this.#follow(paths),
      onUnresolved: (cause) => {
        if (this.#relayed === null) racer.onUnresolved(cause);
      },
    });
  }

  /** Asks at `hosts` and on the path through others from now on, and nowhere else; see {@link HostAddresses.look}. */
  look(hosts: readonly HostAndPort[], relayed: PathRecord | null, anew: boolean): void {
    if (this.#isOver) return;
    this.#lookThrough(relayed, hosts.length > 0);
    this.#addresses.look(hosts, anew);
  }

  /** Sends the next message now instead of after the pause. */
  hurry(): void {
    if (this.#isOver || this.#message === null) return;
    this.#retryTimer?.cancel();
    this.#retry();
  }

  stop(): void {
    this.#isOver = true;
    this.#addresses.stop();
    this.#retryTimer?.cancel();
    this.#staggerTimer?.cancel();
    this.#relayedTimer?.cancel();
  }

  /**
   * The way to whoever answered `message` from `source`: back there, where that address was asked or is one of the hosts'. The source of another
   * proves nothing, for whoever sees an answer can send a copy of it from elsewhere and be faster: the address that was asked counts, and the association
   * finds out which one is right. `null`: several were asked; from now on each message goes to one address alone, so that the next answer tells.
   */
  wayOf(source: PathRecord, { askedAt }: RaceMessage): PathRecord | null {
    const known = [...askedAt, ...this.#paths, ...this.#untried].find((path) => sameRemote(path, source));
    // An answer through others does not tell of the waypoint.
    if (known !== undefined) return isRelayed(source) ? known : source;
    const [asked = null] = askedAt;
    if (askedAt.length === 1) return asked;
    this.#turn ??= 0;
    return null;
  }

  /** Sends `again`, which is `message` but for its mac2, to `source`, where that was asked. The pauses stay as they are. */
  repeat(source: PathRecord, { askedAt }: RaceMessage, again: Uint8Array): void {
    if (this.#isOver || !askedAt.some((path) => sameRemote(path, source))) return;
    this.#context.engine.sendDatagram(source, again);
    this.#context.flusher.mark();
  }

  /** The addresses are these from now on. */
  #follow(paths: readonly PathRecord[]): void {
    const stays = (known: PathRecord): boolean => known === this.#relayed || paths.some((path) => isSame(path, known));
    this.#paths = this.#paths.filter(stays);
    this.#untried = paths.filter((path) => !this.#paths.some((tried) => isSame(tried, path)));
    if (this.#staggerTimer === null) this.#tryNext();
  }

  #lookThrough(relayed: PathRecord | null, afterOthers: boolean): void {
    const before = this.#relayed;
    if (before !== null && relayed !== null && isSame(before, relayed)) return;
    this.#paths = this.#paths.filter((path) => path !== before);
    this.#relayed = relayed;
    this.#relayedTimer?.cancel();
    if (relayed === null) return;
    if (afterOthers) this.#relayedTimer = this.#context.runtime.setTimer(RELAYED_AFTER_MS, () => this.#tryAlso(relayed));
    else this.#tryAlso(relayed);
  }

  #tryAlso(path: PathRecord): void {
    this.#paths.push(path);
    this.#sendOnto(path);
  }

  /** A path that was just taken up. */
  #sendOnto(path: PathRecord): void {
    if (this.#message === null) this.#retry();
    else if (this.#turn === null) this.#send(path, this.#message);
  }

  /** Takes up one more address, and then another after each pause. */
  readonly #tryNext = (): void => {
    this.#staggerTimer = null;
    const path = this.#takeUntried();
    if (path === undefined) return;
    this.#paths.push(path);
    this.#staggerTimer = this.#context.runtime.setTimer(STAGGER_MS, this.#tryNext);
    this.#sendOnto(path);
  };

  /** The first of another family than the last one tried, or the first of all where there is none. */
  #takeUntried(): PathRecord | undefined {
    const last = this.#paths.at(-1);
    const other = this.#untried.findIndex((path) => last !== undefined && !sameFamily(path, last));
    const [path] = this.#untried.splice(Math.max(0, other), 1);
    return path;
  }

  readonly #retry = (): void => {
    const message = this.#racer.nextMessage();
    this.#message = message;
    for (const path of this.#next()) this.#send(path, message);
    this.#retryTimer = this.#context.runtime.setTimer(message.retryAfterMs, this.#retry);
    this.#racer.onAttempt();
  };

  #next(): readonly PathRecord[] {
    if (this.#turn === null) return this.#paths;
    const path = this.#paths[this.#turn++ % Math.max(1, this.#paths.length)];
    return path === undefined ? [] : [path];
  }

  #send(path: PathRecord, { datagram, askedAt }: RaceMessage): void {
    askedAt.push(path);
    this.#context.asked.note(path);
    this.#context.engine.sendDatagram(path, datagram);
    this.#context.flusher.mark();
  }
}

function isSame(a: PathRecord, b: PathRecord): boolean {
  return Buffer.compare(a, b) === 0;
}
