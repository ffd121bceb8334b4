import type { Runtime, Timer } from '../../engine/runtime.js';
import type { HostAndPort, Identity } from '../../identity/index.js';
import { type Extension, type SignedAnnouncement, signAnnouncement } from './announcement.js';
import { SEQUENCE_MAX } from './limits.js';

/** How long an announcement counts, unless it is asked for otherwise. */
export const LIFETIME_SECONDS = 600;
/** Share of its lifetime after which it is renewed: half on average, and never in step with those that began together. */
const RENEWED_FROM = 0.45;
const RENEWED_TO = 0.55;
/** Time between two for changes of address, or because a newer one was heard: what comes sooner waits, and goes together. */
const DAMPING_MS = 2_000;
/** Time between two that others asked for. */
const ANSWER_INTERVAL_MS = 100;

/** What a node announces of itself. */
export interface OwnFacts {
  readonly identity: Identity;
  /** This run of the node; 32 hex digits. */ readonly instance: string;
  readonly isRelay: boolean;
  readonly extensions: readonly Extension[];
  readonly lifetimeSeconds?: number;
  /** Where it may be reached at present, the best first. */
  hosts(): readonly HostAndPort[];
}

/** The announcements of this very node: signed anew when something changes, and in time. Each has a larger sequence than all before, also across restarts. */
export class OwnAnnouncement {
  readonly #runtime: Pick<Runtime, 'clock' | 'wallClockMs' | 'setTimer' | 'randomBytes'>;
  readonly #facts: OwnFacts;
  readonly #onSigned: (signed: SignedAnnouncement) => void;
  #present: SignedAnnouncement | null = null;
  /** The largest that is known to have been used. */
  #sequence: number;
  #signedAtMs = Number.NEGATIVE_INFINITY;
  /** The next signing. */
  #next: { readonly atMs: number; readonly timer: Timer } | null = null;
  #isClosed = false;

  /** `onSigned`: there is another, which is to be passed on. */
  constructor(
    runtime: Pick<Runtime, 'clock' | 'wallClockMs' | 'setTimer' | 'randomBytes'>,
    facts: OwnFacts,
    onSigned: (signed: SignedAnnouncement) => void,
  ) {
    this.#runtime = runtime;
    this.#facts = facts;
    this.#onSigned = onSigned;
    this.#sequence = Math.min(Math.max(0, Math.floor(runtime.wallClockMs()) - 1), SEQUENCE_MAX - 1);
  }

  /** `null` before {@link OwnAnnouncement.begin}. */
  get present(): SignedAnnouncement | null {
    return this.#present;
  }

  /** Signs the first. */
  begin(): void {
    this.#sign();
  }

  /** The addresses may be others: signs anew when they are, at once or after a pause since the last. */
  onAddresses(): void {
    if (this.#present === null || this.#isClosed || !this.#hasOtherHosts()) return;
    this.#need();
  }

  /** One with this sequence exists, from a run before this one or from another node with the same key: the next is above. */
  onOwnHeard(sequence: number): void {
    this.#sequence = Math.max(this.#sequence, Math.min(sequence, SEQUENCE_MAX - 1));
    if (this.#present !== null && !this.#isClosed) this.#need();
  }

  /** Somebody needs a sequence of at least `sequence`: signs one at once, ten times a second at the most. Returns whether the present one will do now. */
  answer(sequence: number): boolean {
    if (this.#present === null || this.#isClosed) return false;
    if (this.#present.announcement.sequence >= sequence) return true;
    if (this.#nowMs - this.#signedAtMs < ANSWER_INTERVAL_MS || sequence > this.#sequence + 1) return false;
    this.#sign();
    return true;
  }

  /** Signs no more. */
  close(): void {
    this.#isClosed = true;
    this.#next?.timer.cancel();
    this.#next = null;
  }

  get #nowMs(): number {
    return this.#runtime.clock.nowMs();
  }

  #hasOtherHosts(): boolean {
    const { bytes, announcement } = this.#present as SignedAnnouncement;
    const { identity, hosts } = this.#facts;
    // What the same sequence would be now.
    return Buffer.compare(signAnnouncement(identity, { ...announcement, hosts: hosts() }).bytes, bytes) !== 0;
  }

  #need(): void {
    const waitMs = this.#signedAtMs + DAMPING_MS - this.#nowMs;
    if (waitMs <= 0) this.#sign();
    else this.#schedule(waitMs);
  }

  #sign(): void {
    const { identity, instance, isRelay, extensions, lifetimeSeconds = LIFETIME_SECONDS, hosts } = this.#facts;
    this.#sequence = Math.min(this.#sequence + 1, SEQUENCE_MAX);
    this.#signedAtMs = this.#nowMs;
    this.#present = signAnnouncement(identity, { sequence: this.#sequence, instance, isRelay, extensions, lifetimeSeconds, hosts: hosts() });
    this.#next?.timer.cancel();
    this.#next = null;
    const [random = 0] = this.#runtime.randomBytes(1);
    this.#schedule(1_000 * lifetimeSeconds * (RENEWED_FROM + ((RENEWED_TO - RENEWED_FROM) * random) / 255));
    this.#onSigned(this.#present);
  }

  /** Signs after `delayMs`, or sooner where that is planned already. */
  #schedule(delayMs: number): void {
    const atMs = this.#nowMs + delayMs;
    if (this.#next !== null && this.#next.atMs <= atMs) return;
    this.#next?.timer.cancel();
    const timer = this.#runtime.setTimer(delayMs, () => {
      this.#next = null;
      this.#sign();
    });
    this.#next = { atMs, timer };
  }
}
