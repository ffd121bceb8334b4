import type { NodeId } from '../identity/index.js';
import { TokenBucket } from './token-bucket.js';
import { ANSWERS_BURST, ANSWERS_PER_SECOND, IDENTITIES_REMEMBERED, STALE_ANSWERS_PER_SECOND } from './tuning.js';

/**
 * What is remembered of identities that called: the timestamp of the last handshake of each that was confirmed, and how often it is answered.
 *
 * The timestamp limits cost, not trust. A message 1 that is not newer is a replay, or comes from a node whose clock went back: it is answered, but
 * only to a proven address, rarely, and like every other it replaces nothing before the caller has proved that it is there. The table is bounded; whoever is forgotten is
 * answered like a stranger.
 */
export class CallerLedger {
  readonly #callers = new Map<NodeId, Caller>();

  /** Whether a message 1 of `id` that was made at `timestampMicros` is newer than what was confirmed last. */
  isNewer(id: NodeId, timestampMicros: bigint): boolean {
    const confirmed = this.#callers.get(id)?.confirmedMicros ?? null;
    return confirmed === null || timestampMicros > confirmed;
  }

  /** Whether to answer a message 1 of `id` that was made at `timestampMicros`. */
  admits(id: NodeId, timestampMicros: bigint, nowMs: number): boolean {
    const caller = this.#touch(id, nowMs);
    return (this.isNewer(id, timestampMicros) ? caller.newer : caller.stale).take(nowMs);
  }

  /**
   * The handshake of `id` that began with `timestampMicros` was confirmed. The caller was there just now, so this is its clock, also where it went
   * back. What was confirmed was no flood: the answer does not count against the rate.
   */
  confirm(id: NodeId, timestampMicros: bigint, nowMs: number): void {
    const caller = this.#touch(id, nowMs);
    caller.confirmedMicros = timestampMicros;
    caller.newer.giveBack();
  }

  /** The record of `id`, moved to the end of those to be forgotten. */
  #touch(id: NodeId, nowMs: number): Caller {
    const caller = this.#callers.get(id) ?? {
      confirmedMicros: null,
      newer: new TokenBucket(ANSWERS_BURST, ANSWERS_PER_SECOND, nowMs),
      stale: new TokenBucket(1, STALE_ANSWERS_PER_SECOND, nowMs),
    };
    this.#callers.delete(id);
    this.#callers.set(id, caller);
    if (this.#callers.size > IDENTITIES_REMEMBERED) {
      const [longestSilent] = this.#callers.keys();
      if (longestSilent !== undefined) this.#callers.delete(longestSilent);
    }
    return caller;
  }
}

interface Caller {
  confirmedMicros: bigint | null;
  readonly newer: TokenBucket;
  readonly stale: TokenBucket;
}
