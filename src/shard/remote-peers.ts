import type { NodeId } from '../identity/index.js';
import type { CounterSlot } from './peer-counters.js';
import { RemotePeer, type RemotePeerHost } from './remote-peer.js';
import type { ShardLink } from './shard-link.js';

/** The peers of all shards: one object per id, from the first that a shard tells of it until it is closed. */
export class RemotePeers {
  /** Those that were connected once. */
  readonly known = new Map<string, RemotePeer>();
  readonly #host: RemotePeerHost;
  /** Those that are not closed, by id. */
  readonly #byId = new Map<string, RemotePeer>();
  readonly #byHome = new Map<ShardLink, Map<number, RemotePeer>>();
  /** Those that lost their home, the first that did first. */
  readonly #homeless = new Set<RemotePeer>();
  readonly #max: number;

  /** Of more than `max` peers, those without a home are closed that nobody keeps connected. */
  constructor(host: RemotePeerHost, max: number) {
    this.#host = host;
    this.#max = max;
  }

  get(id: NodeId): RemotePeer | undefined {
    return this.#byId.get(id);
  }

  in(shard: ShardLink, key: number): RemotePeer | undefined {
    return this.#byHome.get(shard)?.get(key);
  }

  values(): RemotePeer[] {
    return [...this.#byId.values()];
  }

  get connected(): number {
    let count = 0;
    for (const peer of this.known.values()) if (peer.state.status === 'connected') count++;
    return count;
  }

  /** A shard has another peer: one that is known here, has no home and is not being closed is that. */
  add(shard: ShardLink, key: number, id: NodeId, counters: CounterSlot): void {
    const present = this.#byId.get(id);
    const peer = present === undefined || present.home !== null || present.closing !== null ? new RemotePeer(this.#host, id) : present;
    this.#byId.set(id, peer);
    peer.moveInto({ shard, key, counters });
    this.#homeless.delete(peer);
    const inShard = this.#byHome.get(shard) ?? new Map<number, RemotePeer>();
    inShard.set(key, peer);
    this.#byHome.set(shard, inShard);
    if (this.#byId.size > this.#max) this.#makeRoom();
  }

  /** Connected for the first time: `null` when it was already, in another shard. */
  publish(shard: ShardLink, key: number): RemotePeer | null {
    const peer = this.in(shard, key);
    if (peer === undefined || this.known.get(peer.id) === peer) return null;
    this.known.set(peer.id, peer);
    return peer;
  }

  /** The shard knows it no more. */
  remove(shard: ShardLink, key: number): RemotePeer | undefined {
    const peer = this.in(shard, key);
    this.#byHome.get(shard)?.delete(key);
    if (peer === undefined) return undefined;
    peer.moveOut();
    // One that was known before its shard died, and that another shard could not reach, is what it was.
    const isClosed = peer.closing !== null || peer.state.status === 'closed';
    if (isClosed || this.known.get(peer.id) !== peer) this.forget(peer);
    else this.#homeless.add(peer);
    return peer;
  }

  /** The shard died: its peers, which have no home now. */
  evict(shard: ShardLink): RemotePeer[] {
    const evicted = [...(this.#byHome.get(shard)?.values() ?? [])];
    this.#byHome.delete(shard);
    for (const peer of evicted) {
      peer.moveOut();
      if (this.known.get(peer.id) !== peer) this.forget(peer);
      else this.#homeless.add(peer);
    }
    return evicted;
  }

  /** It is closed, or never came to anything. */
  forget(peer: RemotePeer): void {
    this.#homeless.delete(peer);
    if (this.#byId.get(peer.id) === peer) this.#byId.delete(peer.id);
    if (this.known.get(peer.id) === peer) this.known.delete(peer.id);
  }

  #makeRoom(): void {
    for (const peer of this.#homeless) {
      if (peer.closing !== null || peer.keptFor.size > 0) continue;
      this.#host.onGone(peer);
      if (this.#byId.size <= this.#max) return;
    }
  }
}
