import { type OsierError, osierError } from '../errors/index.js';
import type { NodeId } from '../identity/index.js';
import type { PeerContext } from './context.js';
import { MeshPeer } from './mesh-peer.js';

/** All peers of a node: one object per id, from the first attempt until it is closed. */
export class PeerTable {
  /** Those that were connected once. */
  readonly known = new Map<string, MeshPeer>();
  readonly #all = new Map<string, MeshPeer>();
  readonly #context: PeerContext;
  readonly #max: number;

  constructor(context: PeerContext, max: number) {
    this.#context = context;
    this.#max = max;
  }

  get(id: NodeId): MeshPeer | undefined {
    return this.#all.get(id);
  }

  /** The peer of an id, made where it is new. Throws REVOKED, and LIMIT when there is no room. */
  obtain(id: NodeId): MeshPeer {
    const revocation = this.#context.revocationOf(id);
    if (revocation !== null) throw revocation;
    const present = this.#all.get(id);
    if (present !== undefined) return present;
    if (this.#all.size >= this.#max) this.#makeRoom();
    const peer = new MeshPeer(this.#context, id);
    this.#all.set(id, peer);
    this.#context.onMade(peer);
    return peer;
  }

  /** Throws LIMIT when there is no room for these ids together. Until something else happens, all of them can be had then. */
  checkRoom(ids: ReadonlySet<NodeId>): void {
    const missing = [...ids].filter((id) => !this.#all.has(id)).length;
    const dispensable = this.values().filter((peer) => !ids.has(peer.id) && givesWay(peer)).length;
    if (this.#all.size - dispensable + missing > this.#max) throw this.#full();
  }

  publish(peer: MeshPeer): void {
    this.known.set(peer.id, peer);
  }

  /** Forgets a closed peer, or one that never came to anything. */
  remove(peer: MeshPeer): void {
    if (this.#all.get(peer.id) !== peer) return;
    this.#all.delete(peer.id);
    this.known.delete(peer.id);
  }

  values(): MeshPeer[] {
    return [...this.#all.values()];
  }

  /** Ids cost nothing to make: peers that nobody here asked for and that are idle give way, the oldest first. */
  #makeRoom(): void {
    for (const peer of this.#all.values()) {
      if (!givesWay(peer)) continue;
      void peer.close({ timeoutMs: 0 });
      this.remove(peer);
      return;
    }
    throw this.#full();
  }

  #full(): OsierError {
    return osierError('ERR_OSIER_LIMIT', `This node has ${this.#max} peers, all in use: raise limits.peers.`, { limit: 'peers' });
  }
}

function givesWay(peer: MeshPeer): boolean {
  return !peer.isAskedFor && peer.isDispensable;
}
