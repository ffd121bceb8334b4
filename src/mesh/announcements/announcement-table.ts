import { TokenBucket } from '../../handshake/token-bucket.js';
import type { NodeId } from '../../identity/index.js';
import type { SignedAnnouncement } from './announcement.js';
import { ANNOUNCEMENTS_MAX, ORIGIN_BURST, ORIGIN_PER_SECOND, TOMBSTONES_MAX } from './limits.js';

/** An announcement that is believed. */
export interface KnownAnnouncement extends SignedAnnouncement {
  readonly heardAtMs: number;
  /** Since when there is one of its node. */ readonly sinceMs: number;
  /** It counts no longer from then on. */ readonly endsAtMs: number;
  /** The neighbour that told it first. */ readonly from: NodeId;
  /** Neighbours that have it, as far as they told it. */ readonly heldBy: Set<NodeId>;
  /** What may pass of its origin. */ readonly pace: TokenBucket;
}

/** What an announcement is beside what is known of its origin. */
export type Standing =
  | 'newer'
  /** These very bytes. */
  | 'known'
  | 'old'
  /** Another of the same sequence. */
  | 'contradiction'
  /** Another node has this RouteId. */
  | 'collision';

/** What is left of a node that is not in the table. */
interface Tombstone {
  /** The least sequence that would be believed. */
  readonly leastSequence: number;
  readonly endsAtMs: number;
}

/** Bounds of a table. */
export interface TableBounds {
  readonly announcements: number;
  readonly tombstones: number;
}

const BOUNDS: TableBounds = { announcements: ANNOUNCEMENTS_MAX, tombstones: TOMBSTONES_MAX };

/**
 * The announcements that are believed, one for each node. A full one takes no newcomer from the neighbour that fills most of it; for others the newest of those
 * that this neighbour told gives way. So whoever invents nodes takes room only from what comes the same way, and later. Those that `isProtected` names have
 * precedence over all others.
 */
export class AnnouncementTable {
  readonly #isProtected: (id: NodeId) => boolean;
  readonly #bounds: TableBounds;
  readonly #byId = new Map<NodeId, KnownAnnouncement>();
  readonly #byRoute = new Map<string, KnownAnnouncement>();
  /** Whom each neighbour told first. */
  readonly #byNeighbour = new Map<NodeId, Set<NodeId>>();
  readonly #tombstones = new Map<NodeId, Tombstone>();

  constructor(isProtected: (id: NodeId) => boolean, bounds: TableBounds = BOUNDS) {
    this.#isProtected = isProtected;
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: NodeId): KnownAnnouncement | undefined {
    return this.#byId.get(id);
  }

  byRoute(routeKey: string): KnownAnnouncement | undefined {
    return this.#byRoute.get(routeKey);
  }

  values(): IterableIterator<KnownAnnouncement> {
    return this.#byId.values();
  }

  standingOf({ announcement, bytes, routeKey }: SignedAnnouncement, nowMs: number): Standing {
    const { id, sequence } = announcement;
    const present = this.#byId.get(id);
    const other = this.#byRoute.get(routeKey);
    if (other !== undefined && other !== present) return 'collision';
    if (present !== undefined) {
      if (sequence !== present.announcement.sequence) return sequence > present.announcement.sequence ? 'newer' : 'old';
      return Buffer.compare(bytes, present.bytes) === 0 ? 'known' : 'contradiction';
    }
    const tombstone = this.#tombstones.get(id);
    return tombstone !== undefined && nowMs < tombstone.endsAtMs && sequence < tombstone.leastSequence ? 'old' : 'newer';
  }

  /** Takes one that is newer. Returns what it is now, and who gave way to it; `null` when there is no room. */
  put(
    signed: SignedAnnouncement,
    from: NodeId,
    nowMs: number,
  ): { readonly known: KnownAnnouncement; readonly evicted: KnownAnnouncement | null } | null {
    const { id, lifetimeSeconds } = signed.announcement;
    const present = this.#byId.get(id);
    let evicted: KnownAnnouncement | null = null;
    if (present === undefined && this.#byId.size >= this.#bounds.announcements) {
      evicted = this.#whoGivesWay(id, from);
      if (evicted === null) return null;
      this.remove(evicted, evicted.announcement.sequence, nowMs);
    }
    if (present !== undefined) this.#forget(present);
    this.#tombstones.delete(id);
    const pace = present?.pace ?? new TokenBucket(ORIGIN_BURST, ORIGIN_PER_SECOND, nowMs);
    const known = {
      ...signed,
      heardAtMs: nowMs,
      sinceMs: present?.sinceMs ?? nowMs,
      endsAtMs: nowMs + 1_000 * lifetimeSeconds,
      from,
      heldBy: new Set([from]),
      pace,
    };
    this.#byId.set(id, known);
    this.#byRoute.set(signed.routeKey, known);
    this.#toldBy(from).add(id);
    return { known, evicted };
  }

  /** Forgets one. For as long again as it counted nothing of its node below `leastSequence` is believed. */
  remove(known: KnownAnnouncement, leastSequence: number, nowMs: number): void {
    const { id, lifetimeSeconds } = known.announcement;
    this.#forget(known);
    this.#tombstones.delete(id);
    this.#tombstones.set(id, { leastSequence, endsAtMs: Math.max(nowMs, known.endsAtMs) + 1_000 * lifetimeSeconds });
    const [oldest] = this.#tombstones.keys();
    if (oldest !== undefined && this.#tombstones.size > this.#bounds.tombstones) this.#tombstones.delete(oldest);
  }

  /** Those that end by `nowMs`, and when the next one does. Tombstones that are out of date go. */
  expired(nowMs: number): { readonly ended: readonly KnownAnnouncement[]; readonly nextMs: number | null } {
    for (const [id, { endsAtMs }] of this.#tombstones) if (endsAtMs <= nowMs) this.#tombstones.delete(id);
    const ended: KnownAnnouncement[] = [];
    let nextMs = Number.POSITIVE_INFINITY;
    for (const known of this.#byId.values()) {
      if (known.endsAtMs <= nowMs) ended.push(known);
      else nextMs = Math.min(nextMs, known.endsAtMs);
    }
    for (const { endsAtMs } of this.#tombstones.values()) nextMs = Math.min(nextMs, endsAtMs);
    return { ended, nextMs: nextMs === Number.POSITIVE_INFINITY ? null : nextMs };
  }

  #forget({ announcement, routeKey, from }: KnownAnnouncement): void {
    this.#byId.delete(announcement.id);
    this.#byRoute.delete(routeKey);
    const told = this.#toldBy(from);
    told.delete(announcement.id);
    if (told.size === 0) this.#byNeighbour.delete(from);
  }

  #toldBy(neighbour: NodeId): Set<NodeId> {
    let told = this.#byNeighbour.get(neighbour);
    if (told === undefined) {
      told = new Set();
      this.#byNeighbour.set(neighbour, told);
    }
    return told;
  }

  /** `null`: nobody gives way to `newcomer`. */
  #whoGivesWay(newcomer: NodeId, from: NodeId): KnownAnnouncement | null {
    const byShare = [...this.#byNeighbour].sort(([, a], [, b]) => b.size - a.size);
    const hasPrecedence = this.#isProtected(newcomer);
    for (const [neighbour, told] of byShare) {
      // With its newcomer it would have as much: the two would drive out one another's for ever.
      if (!hasPrecedence && (this.#byNeighbour.get(from)?.size ?? 0) + 1 >= told.size) return null;
      const newest = this.#newestOf(told);
      if (newest !== null && (neighbour !== from || hasPrecedence)) return newest;
    }
    return null;
  }

  /** Whoever was there before stays. */
  #newestOf(told: ReadonlySet<NodeId>): KnownAnnouncement | null {
    let newest: KnownAnnouncement | null = null;
    for (const id of told) {
      const known = this.#byId.get(id);
      if (known !== undefined && !this.#isProtected(id) && known.sinceMs >= (newest?.sinceMs ?? 0)) newest = known;
    }
    return newest;
  }
}
