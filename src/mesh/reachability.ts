import type { SocketAddress } from '../api/peers.js';
import type { PathRecord } from '../engine/engine.js';
import { type Association, directPathOf, isRelayed, type MeshPeer, type PeerContext, type PeerTable, socketOf } from '../peer/index.js';
import { DirectWays } from './direct/direct-ways.js';
import { KeepAlive } from './nat/keep-alive.js';
import { type AddressSources, OwnAddresses } from './nat/own-addresses.js';
import type { Neighbour } from './neighbours.js';

/** What {@link Reachability} needs of its node. */
export interface ReachabilityOptions {
  readonly context: PeerContext;
  readonly peers: PeerTable;
  readonly addresses: AddressSources;
  /** Direct paths are kept open where a router changes this node's address. */
  readonly keepsAlive: boolean;
}

/** Where this node can be reached directly, as its neighbours see it, and what follows: which paths are kept open, and how direct ways to peers are found. */
export class Reachability {
  readonly addresses: OwnAddresses;
  readonly #options: ReachabilityOptions;
  readonly #ways: DirectWays;
  readonly #keepAlive: KeepAlive | null;
  readonly #onAddresses: () => void;

  /** `onAddresses`: the node may be reached elsewhere from now on. */
  constructor(options: ReachabilityOptions, onAddresses: () => void) {
    const { context, addresses, keepsAlive } = options;
    this.#options = options;
    this.#onAddresses = onAddresses;
    const own = new OwnAddresses(addresses);
    this.addresses = own;
    this.#ways = new DirectWays(context, own);
    this.#keepAlive = keepsAlive ? new KeepAlive(context.engine, context.flusher) : null;
  }

  /** A neighbour says where it sees this node. */
  onHello({ id, association }: Neighbour, observed: SocketAddress | null): void {
    const { engine, sockets } = this.#options.context;
    const record = engine.associationPath(association.handle);
    if (observed === null || record === null || isRelayed(record)) return;
    const { local, remote } = directPathOf(record, sockets);
    this.addresses.saw({ id, host: remote.host, socket: socketOf(record), local }, observed);
    this.#onChange();
  }

  onNeighbourGone({ id }: Neighbour): void {
    this.addresses.forget(id);
    this.#onChange();
  }

  // ---- from the peers and their paths ----

  onPath(peer: MeshPeer, association: Association): void {
    this.#keepAlive?.onPath(association, peer.isRelayed);
    this.#ways.onPath(peer, association);
  }

  onLost(peer: MeshPeer): void {
    this.#ways.onLost(peer);
  }

  /** The peer opened its stream for direct ways. */
  onDirectStream(peer: MeshPeer, association: Association, handle: number): void {
    this.#ways.accept(peer, association, handle);
  }

  onDirectArrival(peer: MeshPeer, path: PathRecord): void {
    this.#ways.onDirectArrival(peer, path);
  }

  onPathProbed(peer: MeshPeer, token: number, rttMicros: number | null): void {
    this.#ways.onPathProbed(peer, token, rttMicros);
  }

  close(): void {
    this.#ways.close();
  }

  #onChange(): void {
    if (!this.addresses.takeChange()) return;
    this.#keepAlive?.set(this.addresses.state.isTranslated, this.#directAssociations());
    this.#onAddresses();
    this.#ways.onAddresses();
  }

  *#directAssociations(): IterableIterator<Association> {
    for (const peer of this.#options.peers.values()) {
      const { current } = peer.associations;
      if (current !== null && !peer.isRelayed) yield current;
    }
  }
}
