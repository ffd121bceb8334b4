import { FLAPPING_MAX } from './limits.js';
import type { RouteKey } from './route-key.js';
import { FLAP_COST_MICROS, FLAP_HALF_LIFE_MS, FLAPS_FORGIVEN } from './tuning.js';

/** How often a neighbour went down; as of {@link Flapping.atMs}. */
interface Flapping {
  readonly count: number;
  readonly atMs: number;
}

/** Below this nothing is left to remember. */
const NEGLIGIBLE = 0.5;

/**
 * Makes links dear that go up and down, for as long as they do and some time after (after RFC 2439, with a cost in place of suppression: a link that is the
 * only one is used however often it fails).
 */
export class FlapDamping {
  /** The one that went down the longest ago first. */
  readonly #flapping = new Map<RouteKey, Flapping>();

  get size(): number {
    return this.#flapping.size;
  }

  wentDown(neighbour: RouteKey, nowMs: number): void {
    const count = this.#count(neighbour, nowMs) + 1;
    this.#flapping.delete(neighbour);
    this.#flapping.set(neighbour, { count, atMs: nowMs });
    const [oldest] = this.#flapping.keys();
    if (oldest !== undefined && this.#flapping.size > FLAPPING_MAX) this.#flapping.delete(oldest);
  }

  /** What is to be added to the cost of a link. Halves in each half-life and ends at zero; {@link FLAP_HALF_LIFE_MS} is often enough to ask. */
  costMicros(neighbour: RouteKey, nowMs: number): number {
    const count = this.#count(neighbour, nowMs);
    if (count < NEGLIGIBLE) this.#flapping.delete(neighbour);
    return count <= FLAPS_FORGIVEN ? 0 : Math.round((count - FLAPS_FORGIVEN) * FLAP_COST_MICROS);
  }

  /** Forgets what has become negligible. */
  expire(nowMs: number): void {
    for (const neighbour of this.#flapping.keys()) this.costMicros(neighbour, nowMs);
  }

  #count(neighbour: RouteKey, nowMs: number): number {
    const flapping = this.#flapping.get(neighbour);
    return flapping === undefined ? 0 : flapping.count * 0.5 ** ((nowMs - flapping.atMs) / FLAP_HALF_LIFE_MS);
  }
}
