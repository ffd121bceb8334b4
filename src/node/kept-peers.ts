import type { OsierError } from '../errors/index.js';
import { formatAddress, type NodeAddress, type NodeId } from '../identity/index.js';
import type { JoinTable, MeshPeer, PeerContext, PeerTable } from '../peer/index.js';

/** Why a peer is kept connected, beside calls that asked for it. */
const REASON = 'peers';

/** The peers that the options keep connected. */
export class KeptPeers {
  readonly #context: PeerContext;
  readonly #peers: PeerTable;
  readonly #joins: JoinTable;
  #addresses: readonly NodeAddress[] = [];

  /** The node's own id is passed over. */
  constructor(context: PeerContext, peers: PeerTable, joins: JoinTable) {
    this.#context = context;
    this.#peers = peers;
    this.#joins = joins;
  }

  /** Keeps the peers at `addresses`, and those of before no longer. Throws LIMIT, and then changes nothing. */
  replace(addresses: readonly NodeAddress[]): void {
    const others = addresses.filter(({ id }) => id !== this.#context.id);
    const obtained = this.#obtain(others);
    const stay = new Set(others.map(({ id, hosts }) => id ?? formatAddress({ id, hosts })));
    for (const { id, hosts } of this.#addresses) {
      if (stay.has(id ?? formatAddress({ id, hosts }))) continue;
      if (id === null) this.#joins.release(hosts);
      else this.#peers.get(id)?.releaseConnection(REASON);
    }
    this.#addresses = others;
    for (const peer of obtained) this.#keep(peer);
    for (const { id, hosts } of others) if (id === null) this.#joins.keep(hosts);
  }

  #keep(peer: MeshPeer): void {
    peer.askById();
    peer.keepConnected(REASON);
    // One that is being closed gets another object once that is done.
    void peer.closing?.then(() => this.#keepAgain(peer.id));
  }

  #keepAgain(id: NodeId): void {
    const addresses = this.#addresses.filter((address) => address.id === id);
    if (addresses.length === 0 || this.#context.closedBy !== null) return;
    try {
      for (const peer of this.#obtain(addresses)) this.#keep(peer);
    } catch (error) {
      this.#context.warn(error as OsierError);
    }
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
