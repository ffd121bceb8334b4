import { type Destination, metricOf, mtuOf, NO_SEQUENCE, type Route } from './destination.js';
import { HOPS_MAX, METRIC_INFINITE } from './limits.js';
import type { Neighbour } from './neighbour.js';
import { LATE_MS, METRIC_TOLD_SHARE, METRIC_WORSE_SHARE, SOON_MS } from './tuning.js';
import type { RouteUpdate } from './types.js';

type Haste = 'now' | 'soon' | 'late';

/**
 * What is to be told to whom: ways that are lost and ways that were asked for at once, others together after a moment, what nobody waits for late. Tells no
 * neighbour of a way through itself, and lowers the feasibility distance with all that it tells.
 */
export class Updates {
  readonly #neighbours: ReadonlyMap<unknown, Neighbour>;
  /** A distance became smaller: other routes may be feasible no more. */
  readonly #onLowered: (destination: Destination) => void;
  readonly #waiting: Readonly<Record<Haste, Set<Destination>>> = { now: new Set(), soon: new Set(), late: new Set() };
  #soonAtMs = Number.POSITIVE_INFINITY;
  #lateAtMs = Number.POSITIVE_INFINITY;
  #outbox = new Map<Neighbour, RouteUpdate[]>();
  /** Whether ways of others are passed on. */
  isRelay: boolean;

  constructor(neighbours: ReadonlyMap<unknown, Neighbour>, isRelay: boolean, onLowered: (destination: Destination) => void) {
    this.#neighbours = neighbours;
    this.isRelay = isRelay;
    this.#onLowered = onLowered;
  }

  /** The way to a destination may have changed. */
  changed(destination: Destination, nowMs: number): void {
    const haste = hasteOf(destination);
    if (haste === null || !this.isRelay) return;
    this.#waiting[haste].add(destination);
    if (haste === 'soon') this.#soonAtMs = Math.min(this.#soonAtMs, nowMs + SOON_MS);
    else if (haste === 'late') this.#lateAtMs = Math.min(this.#lateAtMs, nowMs + LATE_MS);
  }

  /** Tells one neighbour the way to a destination, at the end of this call. */
  tell(neighbour: Neighbour, destination: Destination): void {
    if (neighbour.deferred !== null) {
      neighbour.deferred.add(destination);
      return;
    }
    const update = this.#updateFor(neighbour, destination);
    if (update !== null) this.post(neighbour, update);
  }

  /** Sends an update at the end of this call. */
  post(neighbour: Neighbour, update: RouteUpdate): void {
    const updates = this.#outbox.get(neighbour);
    if (updates === undefined) this.#outbox.set(neighbour, [update]);
    else updates.push(update);
  }

  /** What is due, and what was posted: to be sent in this order. */
  take(nowMs: number): ReadonlyMap<Neighbour, readonly RouteUpdate[]> {
    this.#tellAll(this.#waiting.now);
    if (this.#soonAtMs <= nowMs) {
      this.#soonAtMs = Number.POSITIVE_INFINITY;
      this.#tellAll(this.#waiting.soon);
    }
    if (this.#lateAtMs <= nowMs) {
      this.#lateAtMs = Number.POSITIVE_INFINITY;
      this.#tellAll(this.#waiting.late);
    }
    const outbox = this.#outbox;
    if (outbox.size > 0) this.#outbox = new Map();
    return outbox;
  }

  get nextAtMs(): number {
    return Math.min(this.#soonAtMs, this.#lateAtMs);
  }

  /** The destination is no more: nobody was told a way that was not retracted. */
  forget(destination: Destination): void {
    for (const waiting of Object.values(this.#waiting)) waiting.delete(destination);
    for (const neighbour of this.#neighbours.values()) {
      neighbour.told.delete(destination.slot);
      neighbour.deferred?.delete(destination);
    }
  }

  #tellAll(destinations: Set<Destination>): void {
    if (destinations.size === 0) return;
    for (const destination of destinations) {
      // Told earlier than it was to be.
      if (hasteOf(destination) === null) continue;
      for (const neighbour of this.#neighbours.values()) this.tell(neighbour, destination);
      setTold(destination, destination.selected);
    }
    destinations.clear();
  }

  /** What a neighbour is to hear of a destination now; `null`: nothing. */
  #updateFor(neighbour: Neighbour, destination: Destination): RouteUpdate | null {
    const route = destination.selected;
    if (route === null || route.neighbour === neighbour || route.hops >= HOPS_MAX || !this.isRelay) {
      if (!neighbour.told.has(destination.slot)) return null;
      neighbour.told.delete(destination.slot);
      return retractionOf(destination);
    }
    const metricMicros = metricOf(route);
    neighbour.told.add(destination.slot);
    if (destination.lowerDistance(route.sequence, metricMicros)) this.#onLowered(destination);
    return { destination: destination.key, sequence: route.sequence, metricMicros, mtuBytes: mtuOf(route), hops: route.hops };
  }
}

function retractionOf(destination: Destination): RouteUpdate {
  const sequence = destination.distanceSequence < 0n ? 0n : destination.distanceSequence;
  return { destination: destination.key, sequence, metricMicros: METRIC_INFINITE, mtuBytes: 0, hops: 0 };
}

function setTold(destination: Destination, route: Route | null): void {
  destination.toldVia = route?.neighbour ?? null;
  destination.toldSequence = route?.sequence ?? NO_SEQUENCE;
  destination.toldMetricMicros = route === null ? METRIC_INFINITE : metricOf(route);
  destination.toldMtuBytes = route === null ? 0 : mtuOf(route);
  destination.toldHops = route?.hops ?? 0;
}

/** How soon neighbours need to hear what differs from what they were told; `null`: nothing that means anything does. */
function hasteOf(destination: Destination): Haste | null {
  const { selected: route, toldVia } = destination;
  if (route === null) return toldVia === null ? null : 'now';
  // They wait for it: those that were told that it was lost, and those that asked.
  if (toldVia === null) return destination.distanceSequence === NO_SEQUENCE ? 'soon' : 'now';
  const isNewer = route.sequence > destination.toldSequence;
  if (isNewer && destination.wantedSequence > destination.toldSequence) return 'now';
  const moved = metricOf(route) - destination.toldMetricMicros;
  const mtuMoved = mtuOf(route) - destination.toldMtuBytes;
  if (route.neighbour !== toldVia || mtuMoved < 0 || moved >= METRIC_WORSE_SHARE * destination.toldMetricMicros) return 'soon';
  const isDifferent = mtuMoved > 0 || route.hops !== destination.toldHops || Math.abs(moved) > METRIC_TOLD_SHARE * destination.toldMetricMicros;
  return isNewer || isDifferent ? 'late' : null;
}
