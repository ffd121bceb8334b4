import { Destination, NO_SEQUENCE } from './destination.js';
import { FifoDeadlines } from './fifo-deadlines.js';
import { DESTINATIONS_MAX } from './limits.js';
import type { RouteKey } from './route-key.js';
import { DISTANCE_KEPT_MS } from './tuning.js';

/** All destinations. One that is gone stays for some time, so that its feasibility distance outlives what others still hold of before. */
export class DestinationTable {
  readonly #destinations = new Map<RouteKey, Destination>();
  readonly #leaving = new FifoDeadlines<Destination>(DISTANCE_KEPT_MS);
  readonly #freeSlots: number[] = [];
  readonly #onForgotten: (destination: Destination) => void;

  constructor(onForgotten: (destination: Destination) => void) {
    this.#onForgotten = onForgotten;
  }

  get size(): number {
    return this.#destinations.size;
  }

  get(key: RouteKey): Destination | undefined {
    return this.#destinations.get(key);
  }

  values(): IterableIterator<Destination> {
    return this.#destinations.values();
  }

  /** The destination; a new one takes the place of the longest gone where the table is full. `null`: there is no room. */
  findOrAdd(key: RouteKey): Destination | null {
    const present = this.#destinations.get(key);
    if (present !== undefined) return present;
    if (this.#destinations.size >= DESTINATIONS_MAX) {
      const longestGone = this.#leaving.oldest;
      if (longestGone === undefined) return null;
      this.#forget(longestGone);
    }
    const destination = new Destination(key, this.#freeSlots.pop() ?? this.#destinations.size);
    this.#destinations.set(key, destination);
    return destination;
  }

  /** To be called when a destination gained or lost its announcement or a route. */
  settle(destination: Destination, nowMs: number): void {
    const isGone = destination.announced === NO_SEQUENCE && destination.routes.length === 0;
    if (!isGone) this.#leaving.delete(destination);
    else if (destination.distanceSequence === NO_SEQUENCE) this.#forget(destination);
    else this.#leaving.add(destination, nowMs);
  }

  expire(nowMs: number): void {
    for (const destination of this.#leaving.takeDue(nowMs)) this.#forget(destination);
  }

  get nextAtMs(): number {
    return this.#leaving.nextAtMs;
  }

  #forget(destination: Destination): void {
    this.#leaving.delete(destination);
    if (this.#destinations.delete(destination.key)) this.#freeSlots.push(destination.slot);
    this.#onForgotten(destination);
  }
}
