import { formatAddress, type NodeAddress, type NodeId } from '../identity/index.js';
import type { JoinTable, MeshPeer, PeerTable } from '../peer/index.js';

/** Why a peer is kept connected, beside calls that asked for it. */
const REASON = 'peers';

/** The peers that the options keep connected. */
export class KeptPeers {
  readonly #own: NodeId;
  readonly #peers: PeerTable;
  readonly #joins: JoinTable;
  #addresses: readonly NodeAddress[] = [];

  /** `own` is this node's id, which is passed over. */
  constructor(own: NodeId, peers: PeerTable, joins: JoinTable) {
    this.#own = own;
    this.#peers = peers;
    this.#joins = joins;
  }

  /** Keeps the peers at `addresses`, and those of before no longer. Throws LIMIT, and then changes nothing. */
  replace(addresses: readonly NodeAddress[]): void {
    const others = addresses.filter(({ id }) => id !== this.#own);
    const obtained = this.#obtain(others);
    const stay = new Set(others.map(({ id, hosts }) => id ?? formatAddress({ id, hosts })));
    for (const { id, hosts } of this.#addresses) {
      if (stay.has(id ?? formatAddress({ id, hosts }))) continue;
      if (id === null) this.#joins.release(hosts);
      else this.#peers.get(id)?.releaseConnection(REASON);
    }
    for (const peer of obtained) {
      peer.askById();
      peer.keepConnected(REASON);
    }
    for (const { id, hosts } of others) if (id === null) this.#joins.keep(hosts);
    this.#addresses = others;
  }

  #obtain(addresses: readonly NodeAddress[]): readonly MeshPeer[] {
    const obtained: MeshPeer[] = [];
    try {
      for (const { id, hosts } of addresses) {
        if (id === null) continue;
        const peer = this.#peers.obtain(id);
        // One that somebody asked for does not give way to the next.
        peer.addHosts(hosts);
        obtained.push(peer);
      }
    } catch (error) {
      for (const peer of obtained) peer.forgetWhenUnused();
      throw error;
    }
    return obtained;
  }
}
