import { METRIC_INFINITE } from './limits.js';
import type { Neighbour } from './neighbour.js';
import type { RouteKey } from './route-key.js';
import type { RouteUpdate, Way } from './types.js';

/** Older than every sequence. */
export const NO_SEQUENCE = -1n;

/** What one neighbour told of one destination. */
export interface Route {
  readonly neighbour: Neighbour;
  readonly destination: Destination;
  /** As told last. */
  sequence: bigint;
  metricMicros: number;
  mtuBytes: number;
  hops: number;
  /**
   * The best (sequence, metric) that was told since this route is there. The neighbour's feasibility distance is no larger, now and later, so this route is
   * feasible while this is below this router's: an update that is worse does not take that away, which is more than the leave of RFC 8966, section 3.5.3,
   * to ignore it.
   */
  bestSequence: bigint;
  bestMetricMicros: number;
  /** Told, and not in use until an announcement of its sequence is known. */
  pending: RouteUpdate | null;
}

/** The best of some routes, of either kind. */
export interface Choice {
  /** May be taken. */
  readonly feasible: Route | null;
  /** May not be taken until there is a newer sequence. */
  readonly unfeasible: Route | null;
}

/** A node that others told of, with all ways there and the feasibility distance (RFC 8966, section 3.2.5). */
export class Destination {
  readonly key: RouteKey;
  /** A small number that no other destination has. */
  readonly slot: number;
  readonly routes: Route[] = [];
  /** The newest sequence whose announcement is known. */
  announced = NO_SEQUENCE;

  distanceSequence = NO_SEQUENCE;
  distanceMicros = METRIC_INFINITE;

  selected: Route | null = null;
  backup: Route | null = null;
  /** When the next hop became what it is. */
  selectedAtMs = 0;
  /** What the caller was told last. */
  way: Way | null = null;

  /** What neighbours were told last, of {@link Destination.toldVia}; without that: nothing, or that there is no way. */
  toldVia: Neighbour | null = null;
  toldSequence = NO_SEQUENCE;
  toldMetricMicros = METRIC_INFINITE;
  toldMtuBytes = 0;
  toldHops = 0;

  /** The newest sequence that this router asked for, for itself or another, and when. */
  wantedSequence = NO_SEQUENCE;
  askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(key: RouteKey, slot: number) {
    this.key = key;
    this.slot = slot;
  }

  /** Whether no router that told this could have its way through this one: RFC 8966, section 3.5.1. */
  isFeasible(sequence: bigint, metricMicros: number): boolean {
    return sequence > this.distanceSequence || (sequence === this.distanceSequence && metricMicros < this.distanceMicros);
  }

  /** Neighbours were told this. The distance only ever becomes smaller. Returns whether it did. */
  lowerDistance(sequence: bigint, metricMicros: number): boolean {
    if (!this.isFeasible(sequence, metricMicros)) return false;
    this.distanceSequence = sequence;
    this.distanceMicros = metricMicros;
    return true;
  }

  /** The best route that may be taken, and the best that may not, of other neighbours than `except`. */
  choose(except: Neighbour | null): Choice {
    let feasible: Route | null = null;
    let unfeasible: Route | null = null;
    for (const route of this.routes) {
      if (route.neighbour === except || !isUsable(route)) continue;
      if (isRouteFeasible(route)) feasible = betterOf(route, feasible);
      else unfeasible = betterOf(route, unfeasible);
    }
    return { feasible, unfeasible };
  }

  /** The best route of all by another neighbour than `except`, whether it may be taken or not. */
  best(except: Neighbour | null): Route | null {
    const { feasible, unfeasible } = this.choose(except);
    return feasible === null ? unfeasible : betterOf(feasible, unfeasible);
  }

  removeRoute(route: Route): void {
    const at = this.routes.indexOf(route);
    const last = this.routes.pop();
    if (last !== undefined && last !== route) this.routes[at] = last;
    if (this.selected === route) this.selected = null;
    if (this.backup === route) this.backup = null;
  }
}

/** The metric of a route from this router on; it never wraps. */
export function metricOf(route: Route): number {
  return Math.min(route.metricMicros + route.neighbour.costMicros, METRIC_INFINITE);
}

/** The largest packet on a route, this router's link included. */
export function mtuOf(route: Route): number {
  return Math.min(route.mtuBytes, route.neighbour.mtuBytes);
}

/** Whether a route leads anywhere, and its destination is announced. */
export function isUsable(route: Route): boolean {
  return route.destination.announced >= route.sequence && metricOf(route) < METRIC_INFINITE;
}

export function isRouteFeasible(route: Route): boolean {
  return route.destination.isFeasible(route.bestSequence, route.bestMetricMicros);
}

/** An order without ties, so that the same routes give the same choice. */
function betterOf(one: Route, other: Route | null): Route {
  if (other === null) return one;
  const difference = metricOf(one) - metricOf(other) || one.hops - other.hops;
  if (difference !== 0) return difference < 0 ? one : other;
  return one.neighbour.key < other.neighbour.key ? one : other;
}
