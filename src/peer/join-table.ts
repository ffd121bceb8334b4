import type { TimedWaitOptions } from '../api/waiting.js';
import { OsierError } from '../errors/index.js';
import { formatAddress, type HostAndPort, type NodeId } from '../identity/index.js';
import { PlacedElsewhere } from './call-routing.js';
import type { PeerContext } from './context.js';
import { Deadline } from './deadline.js';
import { pinMismatch, refused, unanswered } from './dial-errors.js';
import { Join } from './join.js';
import type { MeshPeer } from './mesh-peer.js';
import type { PeerTable } from './peer-table.js';
import type { PinTable } from './pin-table.js';
import { Reconnector } from './reconnector.js';

/** Close codes by which a node turns away who joined it, after it proved its key. */
const REFUSALS: Readonly<Record<string, 'policy' | 'limit' | 'shutdown'>> = {
  refused: 'policy',
  revoked: 'policy',
  limit: 'limit',
  shutdown: 'shutdown',
};

/** Joins by address alone. */
export class JoinTable {
  readonly #context: PeerContext;
  readonly #peers: PeerTable;
  readonly #pins: PinTable;
  /** Under way, by address. */
  readonly #joins = new Map<string, Join>();
  /** Addresses to be kept connected, until the first join; then the peer is kept. */
  readonly #kept = new Map<string, Reconnector>();
  /** Those of them whose peer was found in another shard, which keeps it. */
  readonly #elsewhere = new Set<string>();

  constructor(context: PeerContext, peers: PeerTable, pins: PinTable) {
    this.#context = context;
    this.#peers = peers;
    this.#pins = pins;
  }

  /** Resolves with the peer at an address when it is connected; one that is connected already at once. */
  async connect(hosts: readonly HostAndPort[], options: TimedWaitOptions | undefined): Promise<MeshPeer> {
    const address = formatAddress({ id: null, hosts });
    const deadline = new Deadline(this.#context.runtime, options, (timeoutMs) =>
      unanswered(this.#context.asked, address, timeoutMs, this.#joins.get(address)?.hints ?? []),
    );
    try {
      for (;;) {
        deadline.signal.throwIfAborted();
        if (this.#context.closedBy !== null) throw this.#context.closedBy;
        const present = this.#connected(hosts);
        if (present !== null) return unique(present);
        const { peer, association } = await this.#join(address, hosts).wait(deadline.signal);
        if (association.endedBy === null) return unique(this.#pinned(address, hosts, peer));
        throwIfRefused(address, association.endedBy);
      }
    } finally {
      deadline.dispose();
    }
  }

  /** Joins, with pauses between attempts, and keeps the peer that is found connected. */
  keep(hosts: readonly HostAndPort[]): void {
    const address = formatAddress({ id: null, hosts });
    if (this.#kept.has(address)) return;
    const reconnector = new Reconnector(this.#context.runtime, {
      connect: async (options) => {
        this.#elsewhere.delete(address);
        const peer = await this.connect(hosts, options).catch((error: unknown) => this.#warnOfOther(error));
        if (!reconnector.isWanted) return;
        if (peer instanceof PlacedElsewhere) {
          this.#elsewhere.add(address);
          this.#context.routing?.keepElsewhere(peer, hosts, address);
          return;
        }
        peer.keepConnected(address);
      },
      isConnected: () => this.#elsewhere.has(address) || this.#connected(hosts) !== null,
    });
    this.#kept.set(address, reconnector);
    reconnector.keep();
  }

  /** The address is kept connected no longer. */
  release(hosts: readonly HostAndPort[]): void {
    const address = formatAddress({ id: null, hosts });
    this.#kept.get(address)?.stop();
    this.#kept.delete(address);
    this.#elsewhere.delete(address);
    for (const peer of this.#peers.values()) peer.releaseConnection(address);
  }

  /** `peer` is closed: the addresses that it was kept for are joined again. */
  onGone(peer: MeshPeer): void {
    for (const [address, reconnector] of this.#kept) if (peer.isKeptFor(address)) reconnector.onLost();
  }

  /** The peer that was found at these hosts, and that another shard kept, is closed: as {@link JoinTable.onGone}. */
  onGoneElsewhere(hosts: readonly HostAndPort[]): void {
    const address = formatAddress({ id: null, hosts });
    if (this.#elsewhere.delete(address)) this.#kept.get(address)?.onLost();
  }

  /** The node's network secrets are others: what is under way goes on under these. */
  onSecrets(): void {
    for (const join of this.#joins.values()) join.onSecrets();
    for (const reconnector of this.#kept.values()) reconnector.hurry();
  }

  /** What waits fails with `error`; nothing is kept any more. */
  close(error: OsierError): void {
    for (const reconnector of this.#kept.values()) reconnector.stop();
    this.#kept.clear();
    for (const join of [...this.#joins.values()]) join.fail(error);
  }

  #warnOfOther(error: unknown): PlacedElsewhere {
    if (error instanceof PlacedElsewhere) return error;
    if (OsierError.is(error, 'ERR_OSIER_PIN_MISMATCH') || OsierError.is(error, 'ERR_OSIER_REVOKED')) this.#context.warn(error);
    throw error;
  }

  #join(address: string, hosts: readonly HostAndPort[]): Join {
    const present = this.#joins.get(address);
    if (present !== undefined) return present;
    const join: Join = new Join(this.#context, hosts, {
      peerOf: (id) => this.#found(address, hosts, id),
      mismatchOf: (id) => this.#mismatchOf(address, hosts, id),
      onOver: () => {
        if (this.#joins.get(address) === join) this.#joins.delete(address);
      },
    });
    this.#joins.set(address, join);
    return join;
  }

  /** The connected peer that one of the hosts is pinned to. */
  #connected(hosts: readonly HostAndPort[]): MeshPeer | null {
    for (const host of hosts) {
      const id = this.#pins.get(host);
      const peer = id === undefined ? undefined : this.#peers.get(id);
      if (peer !== undefined && peer.closing === null && peer.associations.current !== null) return peer;
    }
    return null;
  }

  /** `peer`, which was found at `hosts` and stayed: it is the one there from now on. Throws PIN_MISMATCH when another was meanwhile. */
  #pinned(address: string, hosts: readonly HostAndPort[], peer: MeshPeer): MeshPeer {
    const mismatch = this.#mismatchOf(address, hosts, peer.id);
    if (mismatch !== null) throw mismatch;
    this.#pins.pin(hosts, peer.id);
    return peer;
  }

  #mismatchOf(address: string, hosts: readonly HostAndPort[], id: NodeId): OsierError | null {
    for (const host of hosts) {
      const pinned = this.#pins.get(host);
      if (pinned !== undefined && pinned !== id) return pinMismatch(address, pinned, id);
    }
    return null;
  }

  #found(address: string, hosts: readonly HostAndPort[], id: NodeId): MeshPeer | null {
    const mismatch = this.#mismatchOf(address, hosts, id);
    if (mismatch !== null) throw mismatch;
    const { routing } = this.#context;
    const place = routing ? routing.claimFound(id) : 'here';
    // It is found again with the next message 1.
    if (place === null) return null;
    // It is pinned when it is connected there: it may refuse.
    if (place !== 'here') throw new PlacedElsewhere(id, place);
    const peer = this.#peers.obtain(id);
    if (peer.closing !== null) return null;
    peer.addHosts(hosts);
    return peer;
  }
}

/** Throws DUPLICATE_IDENTITY when two nodes take turns to be `peer`. */
function unique(peer: MeshPeer): MeshPeer {
  const { duplicate } = peer;
  if (duplicate !== null) throw duplicate;
  return peer;
}

/** A node asks its policy only after it knows who joined: its no is the first thing that it says on the new session. */
function throwIfRefused(address: string, endedBy: OsierError): void {
  if (!OsierError.is(endedBy, 'ERR_OSIER_PEER_CLOSED') || endedBy.details.by !== 'remote') return;
  const why = REFUSALS[endedBy.details.closeCode];
  if (why !== undefined) throw refused(address, why);
}
