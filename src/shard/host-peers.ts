import type { DiagnosticsPayloads } from '../api/observing.js';
import type { PathChange, Peer, PeerState } from '../api/peers.js';
import type { ObserverTap } from '../observe/index.js';
import { type MeshPeer, peerClosed } from '../peer/index.js';
import { pack } from './error-codec.js';
import type { Outbox } from './outbox.js';
import { type CounterSlot, CounterSlots, writePeerStats } from './peer-counters.js';
import type { FromShard } from './protocol.js';

/** A peer as the main thread knows it. */
interface ToldPeer extends CounterSlot {
  readonly key: number;
  readonly peer: MeshPeer;
}

/** The peers of this shard, as far as the main thread was told of them: by keys, with counters in shared memory. */
export class HostPeers implements ObserverTap {
  readonly #outbox: Outbox<FromShard>;
  readonly #slots = new CounterSlots();
  readonly #byKey = new Map<number, ToldPeer>();
  readonly #byPeer = new Map<Peer, ToldPeer>();
  /** Gone here, and still looked at there. */
  readonly #leaving = new Map<number, ToldPeer>();
  /** Whose counters changed since they were written. */
  readonly #touched = new Set<ToldPeer>();
  /** Where {@link HostPeers.publishSome} goes on. */
  #next: Iterator<ToldPeer> | null = null;
  #lastKey = 0;

  constructor(outbox: Outbox<FromShard>) {
    this.#outbox = outbox;
  }

  /** Tells of the peer where that is new. */
  keyOf(peer: MeshPeer): number {
    return this.#told(peer).key;
  }

  /** Throws PEER_CLOSED when it is gone. */
  get(key: number): MeshPeer {
    const told = this.#byKey.get(key);
    if (told === undefined) throw peerClosed('local', 'normal', '');
    this.#touched.add(told);
    return told.peer;
  }

  /** Its counters are to be written before anything else is told. */
  touch(peer: Peer): void {
    const told = this.#byPeer.get(peer);
    if (told !== undefined) this.#touched.add(told);
  }

  /** Writes the counters of those that something is about to be told of. */
  publishTouched(): void {
    for (const told of this.#touched) writePeerStats(told, told.peer.stats());
    this.#touched.clear();
  }

  /** Writes the counters of the next `count` peers. */
  publishSome(count: number): void {
    for (let done = 0; done < count; done++) {
      this.#next ??= this.#byKey.values();
      const next = this.#next.next();
      if (next.done) {
        this.#next = null;
        return;
      }
      writePeerStats(next.value, next.value.peer.stats());
    }
  }

  /** Writes all counters for the last time. */
  publishAll(): void {
    for (const told of this.#byKey.values()) writePeerStats(told, told.peer.stats());
  }

  onKnown(peer: MeshPeer): void {
    this.#outbox.push({ op: 'known', peer: this.keyOf(peer), verified: peer.verified });
  }

  /** The peer is closed, or never came to anything. What its last state tells goes out before. */
  onGone(peer: MeshPeer): void {
    const told = this.#byPeer.get(peer);
    if (told === undefined) return;
    queueMicrotask(() => {
      writePeerStats(told, peer.stats());
      this.#byPeer.delete(peer);
      this.#byKey.delete(told.key);
      this.#touched.delete(told);
      this.#leaving.set(told.key, told);
      this.#outbox.push({ op: 'gone', peer: told.key });
    });
  }

  /** The main thread has heard that it is gone. */
  onForgotten(key: number): void {
    const told = this.#leaving.get(key);
    if (told === undefined) return;
    this.#leaving.delete(key);
    this.#slots.giveBack({ block: told.block, slot: told.slot });
  }

  // ---- from the observer ----

  onHandshake(report: DiagnosticsPayloads['osier:handshake']): void {
    this.#outbox.push({ op: 'handshake', report: pack(report) });
  }

  onRoute(change: DiagnosticsPayloads['osier:route']): void {
    this.#outbox.push({ op: 'route', change: pack(change) });
  }

  onState(peer: Peer, state: PeerState): void {
    this.#outbox.push({ op: 'state', peer: this.keyOf(peer as MeshPeer), state: pack(state), verified: peer.verified });
    this.touch(peer);
  }

  onPath(peer: Peer, change: PathChange): void {
    this.#outbox.push({ op: 'path', peer: this.keyOf(peer as MeshPeer), change: pack(change) });
    this.touch(peer);
  }

  #told(peer: MeshPeer): ToldPeer {
    const present = this.#byPeer.get(peer);
    if (present !== undefined) return present;
    const told = { key: ++this.#lastKey, peer, ...this.#slots.take() };
    this.#byKey.set(told.key, told);
    this.#byPeer.set(peer, told);
    this.#outbox.push({ op: 'peer', peer: told.key, id: peer.id, block: told.block, slot: told.slot });
    this.#touched.add(told);
    return told;
  }
}
