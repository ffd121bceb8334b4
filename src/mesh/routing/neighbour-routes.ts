import { type Destination, NO_SEQUENCE, type Route } from './destination.js';
import type { DestinationTable } from './destination-table.js';
import { HOPS_MAX, METRIC_INFINITE, ROUTES_MAX, UNANNOUNCED_MAX } from './limits.js';
import type { Neighbour } from './neighbour.js';
import type { RouterCounters, RouteUpdate } from './types.js';

/** What neighbours told: one route for each neighbour and destination at most, within the limits. */
export class NeighbourRoutes {
  readonly #table: DestinationTable;
  readonly #counters: RouterCounters;
  #count = 0;

  constructor(table: DestinationTable, counters: RouterCounters) {
    this.#table = table;
    this.#counters = counters;
  }

  /** Routes of all neighbours. */
  get count(): number {
    return this.#count;
  }

  /** Takes what a neighbour tells of another node. Returns the destination whose routes changed; `null`: nothing did. */
  update(neighbour: Neighbour, update: RouteUpdate, nowMs: number): Destination | null {
    const known = this.#table.get(update.destination);
    const route = known === undefined ? undefined : neighbour.routes.get(known);
    if (update.metricMicros >= METRIC_INFINITE || update.hops >= HOPS_MAX) {
      if (route === undefined) return null;
      this.remove(route, nowMs);
      return route.destination;
    }
    const told = route ?? this.#add(neighbour, update, nowMs);
    if (told === null) return null;
    if (update.sequence < told.sequence || update.sequence < (told.pending?.sequence ?? NO_SEQUENCE)) {
      this.#counters.updatesOutdated++;
      return null;
    }
    if (update.sequence > told.destination.announced) {
      told.pending = update;
      return null;
    }
    apply(told, update);
    return told.destination;
  }

  /** An announcement came: routes that waited for it are in use. */
  announced(destination: Destination, sequence: bigint, nowMs: number): void {
    const isNew = destination.announced === NO_SEQUENCE;
    destination.announced = sequence;
    for (const route of destination.routes) {
      if (isNew) route.neighbour.unannounced--;
      if (route.pending !== null && route.pending.sequence <= sequence) apply(route, route.pending);
    }
    this.#table.settle(destination, nowMs);
  }

  /** The announcement is no more. Routes stay until they are retracted, unused. */
  unannounced(destination: Destination): void {
    destination.announced = NO_SEQUENCE;
    for (const route of destination.routes) route.neighbour.unannounced++;
  }

  remove(route: Route, nowMs: number): void {
    const { neighbour, destination } = route;
    neighbour.routes.delete(destination);
    destination.removeRoute(route);
    if (destination.announced === NO_SEQUENCE) neighbour.unannounced--;
    this.#count--;
    this.#table.settle(destination, nowMs);
  }

  #add(neighbour: Neighbour, update: RouteUpdate, nowMs: number): Route | null {
    const known = this.#table.get(update.destination);
    const isUnannounced = known === undefined || known.announced === NO_SEQUENCE;
    const hasRoom = this.#count < ROUTES_MAX && !(isUnannounced && neighbour.unannounced >= UNANNOUNCED_MAX);
    const destination = hasRoom ? this.#table.findOrAdd(update.destination) : null;
    if (destination === null) {
      this.#counters.routesRefused++;
      neighbour.wasRefused = true;
      return null;
    }
    const route: Route = {
      neighbour,
      destination,
      sequence: NO_SEQUENCE,
      metricMicros: METRIC_INFINITE,
      mtuBytes: 0,
      hops: 0,
      bestSequence: NO_SEQUENCE,
      bestMetricMicros: METRIC_INFINITE,
      pending: null,
    };
    destination.routes.push(route);
    neighbour.routes.set(destination, route);
    if (isUnannounced) neighbour.unannounced++;
    this.#count++;
    this.#table.settle(destination, nowMs);
    return route;
  }
}

function apply(route: Route, update: RouteUpdate): void {
  route.pending = null;
  route.sequence = update.sequence;
  route.metricMicros = update.metricMicros;
  route.mtuBytes = update.mtuBytes;
  route.hops = update.hops + 1;
  const isBest = update.sequence > route.bestSequence || (update.sequence === route.bestSequence && update.metricMicros < route.bestMetricMicros);
  if (!isBest) return;
  route.bestSequence = update.sequence;
  route.bestMetricMicros = update.metricMicros;
}
