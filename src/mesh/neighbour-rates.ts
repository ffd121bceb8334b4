import { TokenBucket } from '../handshake/token-bucket.js';
import type { NodeId } from '../identity/index.js';

/** Neighbours whose rate is remembered, those that are gone included: who comes back has spent what it had. */
export const NEIGHBOUR_RATES_MAX = 10_000;

/** What each neighbour may have done for it: `burst` at once, `perSecond` for ever. */
export class NeighbourRates {
  readonly #burst: number;
  readonly #perSecond: number;
  /** In the order that they came first. */
  readonly #buckets = new Map<NodeId, TokenBucket>();

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
  }

  /** Whether one more may be done for `neighbour`; counts it when so. */
  take(neighbour: NodeId, nowMs: number): boolean {
    let bucket = this.#buckets.get(neighbour);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#burst, this.#perSecond, nowMs);
      this.#buckets.set(neighbour, bucket);
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined && this.#buckets.size > NEIGHBOUR_RATES_MAX) this.#buckets.delete(oldest);
    }
    return bucket.take(nowMs);
  }
}
