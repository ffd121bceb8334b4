import { OsierError } from '../errors/index.js';
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
  #hasBegun = false;

  /** The node's own id is passed over. */
  constructor(context: PeerContext, peers: PeerTable, joins: JoinTable) {
    this.#context = context;
    this.#peers = peers;
    this.#joins = joins;
  }

  /** From now on peers are connected to. */
  begin(): void {
    this.#hasBegun = true;
    for (const error of this.#keepAll(this.#addresses).values()) this.#context.warn(error);
  }

  /** Keeps the peers at `addresses`, and those of before no longer. Throws LIMIT, and then changes nothing. */
  replace(addresses: readonly NodeAddress[]): void {
    const others = this.#othersOf(addresses);
    this.#peers.checkRoom(new Set(others.filter(hasId).map(({ id }) => id)));
    this.#releaseBut(others);
    this.#addresses = others;
    if (this.#hasBegun) this.#keepAll(others);
  }

  /** The same with those for which there is room; returns the others. */
  replaceWithRoom(addresses: readonly NodeAddress[]): NodeAddress[] {
    const others = this.#othersOf(addresses);
    this.#releaseBut(others);
    this.#addresses = others;
    if (!this.#hasBegun) return [];
    const without = this.#keepAll(others);
    this.#addresses = others.filter((address) => !without.has(address));
    return [...without.keys()];
  }

  #othersOf(addresses: readonly NodeAddress[]): NodeAddress[] {
    return addresses.filter(({ id }) => id !== this.#context.id);
  }

  #releaseBut(others: readonly NodeAddress[]): void {
    const stay = new Set(others.map(({ id, hosts }) => id ?? formatAddress({ id, hosts })));
    for (const { id, hosts } of this.#addresses) {
      if (stay.has(id ?? formatAddress({ id, hosts }))) continue;
      if (id === null) this.#joins.release(hosts);
      else this.#peers.get(id)?.releaseConnection(REASON);
    }
  }

  /** Returns those for which there was no room, with what says so. */
  #keepAll(others: readonly NodeAddress[]): Map<NodeAddress, OsierError> {
    const named = others.filter(hasId);
    // Those that are there first: they do not give way to the new ones.
    const isPresent = ({ id }: NamedAddress): boolean => this.#peers.get(id) !== undefined;
    const present = named.filter(isPresent);
    const without = new Map<NodeAddress, OsierError>();
    for (const address of [...present, ...named.filter((address) => !present.includes(address))]) {
      try {
        this.#keep(address, 'at-once');
      } catch (error) {
        if (OsierError.is(error, 'ERR_OSIER_LIMIT')) without.set(address, error);
        // There will never be room for it.
        else if (OsierError.is(error, 'ERR_OSIER_REVOKED')) this.#context.warn(error);
        else throw error;
      }
    }
    for (const { id, hosts } of others) if (id === null) this.#joins.keep(hosts);
    return without;
  }

  /** `peer` is closed, or about to be: another object takes its place where it was kept. */
  onGone(peer: MeshPeer): void {
    void peer.closing?.then(() => {
      if (this.#context.closedBy !== null) return;
      this.#keepAgain(peer.id);
      this.#joins.onGone(peer);
    });
  }

  /** Throws LIMIT, REVOKED. */
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
