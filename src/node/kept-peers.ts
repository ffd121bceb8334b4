import type { OsierError } from '../errors/index.js';
import { formatAddress, type NodeAddress, type NodeId } from '../identity/index.js';
import type { JoinTable, MeshPeer, PeerContext, PeerTable } from '../peer/index.js';

/** Why a peer is kept connected, beside calls that asked for it. */
const REASON = 'peers';

/** Who is to be at its hosts. */
type NamedAddress = NodeAddress & { readonly id: NodeId };

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
    const named = others.filter(hasId);
    this.#peers.checkRoom(new Set(named.map(({ id }) => id)));
    const stay = new Set(others.map(({ id, hosts }) => id ?? formatAddress({ id, hosts })));
    for (const { id, hosts } of this.#addresses) {
      if (stay.has(id ?? formatAddress({ id, hosts }))) continue;
      if (id === null) this.#joins.release(hosts);
      else this.#peers.get(id)?.releaseConnection(REASON);
    }
    this.#addresses = others;
    // Those that are there first: they do not give way to the new ones.
    const isPresent = ({ id }: NamedAddress): boolean => this.#peers.get(id) !== undefined;
    const present = named.filter(isPresent);
    for (const address of [...present, ...named.filter((address) => !present.includes(address))]) this.#keep(address, 'at-once');
    for (const { id, hosts } of others) if (id === null) this.#joins.keep(hosts);
  }

  /** `peer` is closed, or about to be: another object takes its place where it was kept. */
  onGone(peer: MeshPeer): void {
    void peer.closing?.then(() => {
      if (this.#context.closedBy !== null) return;
      this.#keepAgain(peer.id);
      this.#joins.onGone(peer);
    });
  }

  /** Throws LIMIT. */
  #keep({ id, hosts }: NamedAddress, begin: 'at-once' | 'after-pause'): void {
    const peer = this.#peers.obtain(id);
    peer.addHosts(hosts);
    peer.askById();
    peer.keepConnected(REASON, begin);
  }

  /** After a pause: who closes a peer whenever it is connected must not have it call all the time. */
  #keepAgain(id: NodeId): void {
    try {
      for (const address of this.#addresses) if (hasId(address) && address.id === id) this.#keep(address, 'after-pause');
    } catch (error) {
      this.#context.warn(error as OsierError);
    }
  }
}

function hasId(address: NodeAddress): address is NamedAddress {
  return address.id !== null;
}
