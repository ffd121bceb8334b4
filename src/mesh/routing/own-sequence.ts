import { SEQUENCE_REQUESTS_PER_SECOND } from './limits.js';
import { LATE_MS } from './tuning.js';

const WANTED_INTERVAL_MS = 1_000 / SEQUENCE_REQUESTS_PER_SECOND;

/** The sequence of this node itself, and who needs a newer one. */
export class OwnSequence {
  #sequence: bigint;
  /** When a newer one was last asked of the caller. */
  #wantedAtMs = Number.NEGATIVE_INFINITY;
  /** When one is to be asked for. */
  #wantAtMs = Number.POSITIVE_INFINITY;
  /** When all neighbours are to be told. */
  #tellAtMs = Number.POSITIVE_INFINITY;
  #isAwaited = false;

  constructor(sequence: bigint) {
    this.#sequence = sequence;
  }

  get sequence(): bigint {
    return this.#sequence;
  }

  /** A neighbour needs `sequence`; false: there is one already that is as new. Any newer one will do, so that nobody makes it jump. */
  requested(sequence: bigint, nowMs: number): boolean {
    if (sequence <= this.#sequence) return false;
    if (this.#wantAtMs === Number.POSITIVE_INFINITY) this.#wantAtMs = Math.max(nowMs, this.#wantedAtMs + WANTED_INTERVAL_MS);
    return true;
  }

  /** There is a new one: told at once when somebody waits for it. Ignored when it is not newer. */
  set(sequence: bigint, nowMs: number): void {
    if (sequence <= this.#sequence) return;
    this.#sequence = sequence;
    this.#tellAtMs = Math.min(this.#tellAtMs, this.#isAwaited ? nowMs : nowMs + LATE_MS);
    this.#isAwaited = false;
  }

  /** Whether the caller is to be asked for a newer one now. */
  takeWanted(nowMs: number): boolean {
    if (this.#wantAtMs > nowMs) return false;
    this.#wantAtMs = Number.POSITIVE_INFINITY;
    this.#wantedAtMs = nowMs;
    this.#isAwaited = true;
    return true;
  }

  /** Whether all neighbours are to be told now. */
  takeTelling(nowMs: number): boolean {
    if (this.#tellAtMs > nowMs) return false;
    this.#tellAtMs = Number.POSITIVE_INFINITY;
    return true;
  }

  get nextAtMs(): number {
    return Math.min(this.#wantAtMs, this.#tellAtMs);
  }
}
