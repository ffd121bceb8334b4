import type { Runtime, Timer } from '../../engine/runtime.js';
import { type NodeId, publicKeyOfNodeId, type SignatureMemory } from '../../identity/index.js';
import { NeighbourRates } from '../neighbour-rates.js';
import { ANNOUNCEMENT_LABEL, decodeAnnouncement, type SignedAnnouncement } from './announcement.js';
import { AnnouncementTable, type KnownAnnouncement, type Standing, type TableBounds } from './announcement-table.js';
import { NEIGHBOUR_BURST, NEIGHBOUR_PER_SECOND, ORIGIN_PER_SECOND } from './limits.js';
import { SignatureChecks } from './signature-checks.js';

/** Why one ended that was believed. */
export type EndCause = 'expired' | 'gave-way' | 'revoked';

/** Who uses the store. */
export interface AnnouncementStoreOwner {
  /** This node, */
  readonly id: NodeId;
  /** and what it announces; `null` before the first. */
  readonly own: SignedAnnouncement | null;
  readonly runtime: Pick<Runtime, 'clock' | 'setTimer' | 'atEndOfTick' | 'createThreads'>;
  readonly verified: SignatureMemory;
  /** It is kept when the table is full: one of the options, or a neighbour. */
  isProtected(id: NodeId): boolean;
  isRevoked(id: NodeId): boolean;
  /** It is new, or newer than what was believed, and may be passed on: to all neighbours that are not in `heldBy`. */
  onBelieved(known: KnownAnnouncement, before: KnownAnnouncement | null): void;
  onEnded(known: KnownAnnouncement, cause: EndCause): void;
  /** There is an announcement by this node's key that is at least as new as its own, and another: the next one is to be newer. */
  onOwnHeard(sequence: number): void;
  /** `neighbour` announced itself with an old sequence: it does not know of `known`, which it may have lost. */
  onOutdated(neighbour: NodeId, known: KnownAnnouncement): void;
  /** `neighbour` passed on what is no announcement, or is forged: what an honest one never does. */
  onBadBytes(neighbour: NodeId): void;
  /** See {@link SignatureChecks}. */
  onThreadsFailed(cause: unknown): void;
  onFault(cause: unknown): void;
}

/** What became of the announcements that were heard; all but `believed` changed nothing. */
export type AnnouncementCounters = Record<
  'believed' | 'malformed' | 'forged' | 'revoked' | 'limited' | 'full' | 'own' | Exclude<Standing, 'newer'>,
  number
>;

/** Verified, and waiting until its origin may speak again. */
interface Held {
  readonly signed: SignedAnnouncement;
  readonly from: NodeId;
  readonly dueAtMs: number;
  readonly timer: Timer;
}

/**
 * What a node believes that others announce. Nothing is believed or passed on that is not verified.
 *
 * ```text
 *   receive() --decoded, newer, within its neighbour's rate--> signature --still newer, within its origin's rate--> believed --in time--> ended
 *                                                                              |                                       ^
 *                                                                              +--too soon: the newest waits-----------+
 * ```
 */
export class AnnouncementStore {
  readonly counters: AnnouncementCounters = {
    believed: 0,
    malformed: 0,
    forged: 0,
    revoked: 0,
    limited: 0,
    full: 0,
    own: 0,
    known: 0,
    old: 0,
    contradiction: 0,
    collision: 0,
  };
  readonly #owner: AnnouncementStoreOwner;
  readonly #table: AnnouncementTable;
  readonly #checks: SignatureChecks;
  readonly #held = new Map<NodeId, Held>();
  readonly #rates = new NeighbourRates(NEIGHBOUR_BURST, NEIGHBOUR_PER_SECOND);
  #expiry: { readonly atMs: number; readonly timer: Timer } | null = null;
  #isClosed = false;

  constructor(owner: AnnouncementStoreOwner, bounds?: TableBounds) {
    this.#owner = owner;
    this.#table = new AnnouncementTable((id) => owner.isProtected(id), bounds);
    this.#checks = new SignatureChecks(owner);
  }

  /** What is believed of a node. */
  get(id: NodeId): KnownAnnouncement | undefined {
    return this.#table.get(id);
  }

  /** By the RouteId as 16 hex digits. */
  byRoute(routeKey: string): KnownAnnouncement | undefined {
    return this.#table.byRoute(routeKey);
  }

  get size(): number {
    return this.#table.size;
  }

  values(): IterableIterator<KnownAnnouncement> {
    return this.#table.values();
  }

  /** The bytes of an announcement, from a neighbour. They may change after the call. */
  receive(bytes: Uint8Array, from: NodeId): void {
    if (this.#isClosed) return;
    const signed = decodeAnnouncement(bytes);
    if (signed === null) {
      this.counters.malformed++;
      this.#owner.onBadBytes(from);
      return;
    }
    if (!this.#isWorthVerifying(signed, from)) return;
    const item = { label: ANNOUNCEMENT_LABEL, publicKey: publicKeyOfNodeId(signed.announcement.id), signed: signed.bytes };
    this.#checks.check(item, (isGood) => this.#onChecked(signed, from, isGood));
  }

  /** The statement of its owner ended an id. */
  onRevoked(id: NodeId): void {
    this.#held.get(id)?.timer.cancel();
    this.#held.delete(id);
    const known = this.#table.get(id);
    if (known !== undefined) this.#end(known, 'revoked');
  }

  /** There is no link to this neighbour any more: what it had, it may have forgotten when it is back. */
  onNeighbourGone(neighbour: NodeId): void {
    for (const known of this.#table.values()) known.heldBy.delete(neighbour);
  }

  /** Resolves when no thread is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#expiry?.timer.cancel();
    for (const { timer } of this.#held.values()) timer.cancel();
    this.#held.clear();
    await this.#checks.close();
  }

  get #nowMs(): number {
    return this.#owner.runtime.clock.nowMs();
  }

  #isWorthVerifying(signed: SignedAnnouncement, from: NodeId): boolean {
    const { id } = signed.announcement;
    if (this.#owner.isRevoked(id)) {
      this.counters.revoked++;
      return false;
    }
    if (id === this.#owner.id) {
      this.counters.own++;
      return this.#isAheadOfOwn(signed) && this.#mayVerify(from);
    }
    const standing = this.#standingOf(signed, from);
    // One that contradicts another is not believed either, but whose fault that is shows with its signature.
    return (standing === 'newer' || standing === 'contradiction') && this.#mayVerify(from);
  }

  #isAheadOfOwn({ announcement, bytes }: SignedAnnouncement): boolean {
    const { own } = this.#owner;
    if (own === null || announcement.sequence !== own.announcement.sequence) return announcement.sequence > (own?.announcement.sequence ?? 0);
    return Buffer.compare(bytes, own.bytes) !== 0;
  }

  /** Counts what is neither new nor a contradiction, and notes who has what. */
  #standingOf(signed: SignedAnnouncement, from: NodeId): Standing {
    const { id, sequence } = signed.announcement;
    const standing = this.#table.standingOf(signed, this.#nowMs);
    const known = this.#table.get(id);
    if (standing === 'known') known?.heldBy.add(from);
    if (standing === 'old' && known !== undefined && from === id) this.#owner.onOutdated(from, known);
    const held = this.#held.get(id)?.signed;
    const isBehindHeld = standing === 'newer' && held !== undefined && held.announcement.sequence >= sequence;
    if (standing !== 'newer' && standing !== 'contradiction') this.counters[standing]++;
    if (!isBehindHeld) return standing;
    const isHeld = Buffer.compare(held.bytes, signed.bytes) === 0;
    const verdict = isHeld ? 'known' : held.announcement.sequence > sequence ? 'old' : 'contradiction';
    if (verdict !== 'contradiction') this.counters[verdict]++;
    return verdict;
  }

  #mayVerify(neighbour: NodeId): boolean {
    const may = this.#rates.take(neighbour, this.#nowMs);
    if (!may) this.counters.limited++;
    return may;
  }

  #onChecked(signed: SignedAnnouncement, from: NodeId, isGood: boolean): void {
    const { id, sequence } = signed.announcement;
    if (!isGood) {
      this.counters.forged++;
      this.#owner.onBadBytes(from);
      return;
    }
    if (id === this.#owner.id) {
      if (this.#isAheadOfOwn(signed)) this.#owner.onOwnHeard(sequence);
      return;
    }
    // Much may have happened meanwhile.
    if (this.#owner.isRevoked(id)) {
      this.counters.revoked++;
      return;
    }
    const standing = this.#standingOf(signed, from);
    if (standing === 'contradiction') this.counters.contradiction++;
    if (standing !== 'newer') return;
    const present = this.#table.get(id);
    if (present === undefined || present.pace.take(this.#nowMs)) this.#believe(signed, from);
    else this.#hold(signed, from);
  }

  #hold(signed: SignedAnnouncement, from: NodeId): void {
    const { id } = signed.announcement;
    const before = this.#held.get(id);
    before?.timer.cancel();
    const dueAtMs = before?.dueAtMs ?? this.#nowMs + 1_000 / ORIGIN_PER_SECOND;
    const timer = this.#owner.runtime.setTimer(dueAtMs - this.#nowMs, () => {
      this.#held.delete(id);
      this.#table.get(id)?.pace.take(this.#nowMs);
      if (this.#table.standingOf(signed, this.#nowMs) === 'newer') this.#believe(signed, from);
    });
    this.#held.set(id, { signed, from, dueAtMs, timer });
  }

  #believe(signed: SignedAnnouncement, from: NodeId): void {
    const { id } = signed.announcement;
    const held = this.#held.get(id);
    if (held !== undefined) {
      held.timer.cancel();
      this.#held.delete(id);
    }
    const before = this.#table.get(id) ?? null;
    const put = this.#table.put(signed, from, this.#nowMs);
    if (put === null) {
      this.counters.full++;
      return;
    }
    this.counters.believed++;
    if (put.evicted !== null) this.#owner.onEnded(put.evicted, 'gave-way');
    this.#watch(put.known.endsAtMs);
    this.#owner.onBelieved(put.known, before);
  }

  #end(known: KnownAnnouncement, cause: EndCause): void {
    this.#table.remove(known, known.announcement.sequence + 1, this.#nowMs);
    this.#owner.onEnded(known, cause);
  }

  /** Looks for what ends at `atMs`, or sooner. */
  #watch(atMs: number): void {
    if (this.#isClosed || (this.#expiry !== null && this.#expiry.atMs <= atMs)) return;
    this.#expiry?.timer.cancel();
    const timer = this.#owner.runtime.setTimer(atMs - this.#nowMs, () => {
      this.#expiry = null;
      for (const known of this.#table.expired(this.#nowMs).ended) this.#end(known, 'expired');
      const { nextMs } = this.#table.expired(this.#nowMs);
      if (nextMs !== null) this.#watch(nextMs);
    });
    this.#expiry = { atMs, timer };
  }
}
