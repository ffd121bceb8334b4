import type { Destination } from './destination.js';
import { NO_SEQUENCE } from './destination.js';
import { DestinationTable } from './destination-table.js';
import { FlapDamping } from './flap-damping.js';
import { NEIGHBOURS_MAX } from './limits.js';
import { Neighbour } from './neighbour.js';
import { NeighbourRoutes } from './neighbour-routes.js';
import { OwnSequence } from './own-sequence.js';
import type { RouteKey } from './route-key.js';
import { Selection } from './selection.js';
import { SequenceRequests } from './sequence-requests.js';
import { FLAP_HALF_LIFE_MS } from './tuning.js';
import type { RouterCounters, RouterOutputs, RouteUpdate, Way } from './types.js';
import { Updates } from './updates.js';
import { WayChanges } from './way-changes.js';

export interface RouterOptions {
  /** This node. */
  readonly self: RouteKey;
  /** Of this node's present announcement. */
  readonly sequence: bigint;
  /** Whether it forwards for others; one that does not tells of itself alone. */
  readonly isRelay: boolean;
}

/** Packets of any size: links set the bound. */
const MTU_UNBOUNDED = 0xffff;

/** The routing of one node: distance vector with a feasibility condition (RFC 8966). See index.ts for how it is driven. */
export class Router {
  readonly #self: RouteKey;
  readonly #outputs: RouterOutputs;
  readonly #counters: RouterCounters = { updatesOutdated: 0, routesRefused: 0, requestsDropped: 0 };
  readonly #neighbours = new Map<RouteKey, Neighbour>();
  readonly #own: OwnSequence;
  readonly #changes = new WayChanges();
  readonly #damping = new FlapDamping();
  #dampingAtMs = Number.POSITIVE_INFINITY;
  readonly #updates: Updates;
  readonly #requests: SequenceRequests;
  readonly #selection: Selection;
  readonly #table: DestinationTable;
  readonly #routes: NeighbourRoutes;
  /** Requests to send at the end of a call. */
  #asks: (readonly [neighbour: RouteKey, destination: RouteKey, sequence: bigint, ttl: number])[] = [];

  constructor(options: RouterOptions, outputs: RouterOutputs) {
    this.#self = options.self;
    this.#outputs = outputs;
    this.#own = new OwnSequence(options.sequence);
    this.#updates = new Updates(this.#neighbours, options.isRelay, (destination) => this.#distanceLowered(destination));
    this.#requests = new SequenceRequests((neighbour, destination, sequence, ttl) =>
      this.#asks.push([neighbour.key, destination.key, sequence, ttl]),
    );
    this.#selection = new Selection(this.#requests);
    this.#table = new DestinationTable((destination) => this.#forgotten(destination));
    this.#routes = new NeighbourRoutes(this.#table, this.#counters);
  }

  /**
   * A link and its control stream are there; the neighbour is told everything. One that was there already has a new control stream: what it told before is
   * no more. False: there is no room for it.
   */
  neighbourUp(key: RouteKey, costMicros: number, mtuBytes: number, nowMs: number): boolean {
    if (this.#neighbours.has(key)) this.neighbourDown(key, nowMs);
    if (key === this.#self || this.#neighbours.size >= NEIGHBOURS_MAX) return false;
    const neighbour = new Neighbour(key, costMicros, mtuBytes, this.#damping.costMicros(key, nowMs));
    this.#neighbours.set(key, neighbour);
    this.#updates.post(neighbour, this.#ownUpdate());
    for (const destination of this.#table.values()) this.#updates.tell(neighbour, destination);
    this.#finish(nowMs);
    return true;
  }

  /** The link or its control stream is gone, and all that the neighbour told with it. */
  neighbourDown(key: RouteKey, nowMs: number): void {
    const neighbour = this.#neighbours.get(key);
    if (neighbour === undefined) return;
    this.#neighbours.delete(key);
    this.#damping.wentDown(key, nowMs);
    this.#dampingAtMs = Math.min(this.#dampingAtMs, nowMs + FLAP_HALF_LIFE_MS);
    for (const route of [...neighbour.routes.values()]) {
      this.#routes.remove(route, nowMs);
      this.#reselect(route.destination, nowMs);
    }
    this.#finish(nowMs);
  }

  /** What the link costs by the latest measurement: its round-trip time and what losses cost. `Infinity`: nothing passes at present. `isFirst`: it was
   * guessed before. */
  costMeasured(key: RouteKey, costMicros: number, nowMs: number, isFirst = false): void {
    const neighbour = this.#neighbours.get(key);
    if (neighbour?.measured(costMicros, isFirst)) this.#reselectAll(neighbour, nowMs);
    this.#finish(nowMs);
  }

  /** The largest packet on the link is another. */
  mtuChanged(key: RouteKey, mtuBytes: number, nowMs: number): void {
    const neighbour = this.#neighbours.get(key);
    if (neighbour === undefined || neighbour.mtuBytes === mtuBytes) return;
    neighbour.mtuBytes = mtuBytes;
    this.#reselectAll(neighbour, nowMs);
    this.#finish(nowMs);
  }

  /** While a neighbour takes no more, what it is to hear is kept, once for each destination. */
  setWritable(key: RouteKey, isWritable: boolean, nowMs: number): void {
    const neighbour = this.#neighbours.get(key);
    if (neighbour === undefined || (neighbour.deferred === null) === isWritable) return;
    const deferred = neighbour.deferred ?? [];
    neighbour.deferred = isWritable ? null : new Set();
    if (isWritable) this.#updates.post(neighbour, this.#ownUpdate());
    for (const destination of deferred) this.#updates.tell(neighbour, destination);
    this.#finish(nowMs);
  }

  /** What a neighbour tells. */
  updated(key: RouteKey, updates: readonly RouteUpdate[], nowMs: number): void {
    const neighbour = this.#neighbours.get(key);
    if (neighbour === undefined) return;
    let ownHeard = this.#own.sequence;
    for (const update of updates) {
      if (update.destination === this.#self) {
        if (update.sequence > ownHeard) ownHeard = update.sequence;
        continue;
      }
      const destination = this.#routes.update(neighbour, update, nowMs);
      if (destination !== null) this.#reselect(destination, nowMs);
    }
    this.#finish(nowMs);
    if (ownHeard > this.#own.sequence) this.#outputs.ownSequenceHeard(key, ownHeard);
  }

  /** A neighbour asks for a way with `sequence` or a newer one. */
  sequenceRequested(key: RouteKey, destinationKey: RouteKey, sequence: bigint, ttl: number, nowMs: number): void {
    const neighbour = this.#neighbours.get(key);
    if (neighbour === undefined) return;
    if (destinationKey === this.#self) {
      if (!this.#own.requested(sequence, nowMs)) this.#updates.post(neighbour, this.#ownUpdate());
    } else if (this.#updates.isRelay) {
      const destination = this.#table.get(destinationKey);
      const route = destination?.selected ?? null;
      if (destination !== undefined && route !== null && route.sequence >= sequence && route.neighbour !== neighbour) {
        this.#updates.tell(neighbour, destination);
      } else if (destination === undefined || !this.#requests.forward(destination, neighbour, sequence, ttl, nowMs)) this.#counters.requestsDropped++;
    }
    this.#finish(nowMs);
  }

  /** A verified announcement; older ones than are known change nothing. */
  announcementKnown(key: RouteKey, sequence: bigint, nowMs: number): void {
    if (key === this.#self) return;
    const destination = this.#table.findOrAdd(key);
    if (destination === null || sequence <= destination.announced) return;
    this.#routes.announced(destination, sequence, nowMs);
    if (destination.routes.length === 0) this.#askRefused(destination);
    this.#reselect(destination, nowMs);
    this.#finish(nowMs);
  }

  /** An announcement has ended: its node is not to be reached. */
  announcementGone(key: RouteKey, nowMs: number): void {
    const destination = this.#table.get(key);
    if (destination === undefined || destination.announced === NO_SEQUENCE) return;
    this.#routes.unannounced(destination);
    this.#reselect(destination, nowMs);
    this.#finish(nowMs);
    this.#table.settle(destination, nowMs);
  }

  /** This node has announced itself anew. */
  setOwnSequence(sequence: bigint, nowMs: number): void {
    this.#own.set(sequence, nowMs);
    this.#finish(nowMs);
  }

  /** Whether this node forwards for others from now on. */
  setRelay(isRelay: boolean, nowMs: number): void {
    if (this.#updates.isRelay === isRelay) return;
    this.#updates.isRelay = isRelay;
    for (const neighbour of this.#neighbours.values()) {
      for (const destination of this.#table.values()) this.#updates.tell(neighbour, destination);
    }
    this.#finish(nowMs);
  }

  /** When {@link Router.onTimer} is to be called next; `Infinity`: not for what is known now. Changes with every call. */
  get nextAtMs(): number {
    const { nextAtMs } = this.#own;
    return Math.min(nextAtMs, this.#updates.nextAtMs, this.#requests.nextAtMs, this.#selection.nextAtMs, this.#table.nextAtMs, this.#dampingAtMs);
  }

  /** Does what is due. */
  onTimer(nowMs: number): void {
    for (const destination of this.#selection.onTimer(nowMs)) this.#changed(destination, nowMs);
    this.#requests.onTimer(nowMs);
    this.#table.expire(nowMs);
    if (this.#dampingAtMs <= nowMs) this.#relieve(nowMs);
    this.#finish(nowMs);
  }

  /** The present way to a destination. */
  way(key: RouteKey): Way | null {
    return this.#table.get(key)?.way ?? null;
  }

  /** All present ways. */
  *ways(): IterableIterator<Way> {
    for (const { way } of this.#table.values()) if (way !== null) yield way;
  }

  /** The counters, and what is held at present. */
  stats(): RouterCounters & { readonly neighbours: number; readonly destinations: number; readonly routes: number } {
    return { ...this.#counters, neighbours: this.#neighbours.size, destinations: this.#table.size, routes: this.#routes.count };
  }

  #reselect(destination: Destination, nowMs: number): void {
    this.#selection.reselect(destination, nowMs);
    this.#changed(destination, nowMs);
  }

  #reselectAll(neighbour: Neighbour, nowMs: number): void {
    for (const destination of neighbour.routes.keys()) this.#reselect(destination, nowMs);
  }

  #changed(destination: Destination, nowMs: number): void {
    this.#changes.touch(destination);
    this.#updates.changed(destination, nowMs);
  }

  #distanceLowered(destination: Destination): void {
    destination.backup = destination.selected === null ? null : destination.choose(destination.selected.neighbour).feasible;
    this.#changes.touch(destination);
  }

  #forgotten(destination: Destination): void {
    this.#selection.forget(destination);
    this.#updates.forget(destination);
  }

  /** Flapping links become cheaper. */
  #relieve(nowMs: number): void {
    this.#damping.expire(nowMs);
    this.#dampingAtMs = this.#damping.size === 0 ? Number.POSITIVE_INFINITY : nowMs + FLAP_HALF_LIFE_MS;
    for (const neighbour of this.#neighbours.values()) {
      if (neighbour.setFlapCost(this.#damping.costMicros(neighbour.key, nowMs))) this.#reselectAll(neighbour, nowMs);
    }
  }

  /** Asks those again whose routes were refused before the announcement was known: for whatever sequence they have, themselves alone. */
  #askRefused(destination: Destination): void {
    for (const neighbour of this.#neighbours.values()) if (neighbour.wasRefused) this.#asks.push([neighbour.key, destination.key, 0n, 1]);
  }

  #ownUpdate(): RouteUpdate {
    return { destination: this.#self, sequence: this.#own.sequence, metricMicros: 0, mtuBytes: MTU_UNBOUNDED, hops: 0 };
  }

  /** Sends what is due: first the caller's ways, then what others may build on them. */
  #finish(nowMs: number): void {
    if (this.#own.takeTelling(nowMs)) {
      for (const neighbour of this.#neighbours.values()) if (neighbour.deferred === null) this.#updates.post(neighbour, this.#ownUpdate());
    }
    const outbox = this.#updates.take(nowMs);
    const changes = this.#changes.take();
    const asks = this.#asks;
    this.#asks = [];
    if (changes.length > 0) this.#outputs.waysChanged(changes);
    for (const [neighbour, updates] of outbox) this.#outputs.sendUpdates(neighbour.key, updates);
    for (const [neighbour, destination, sequence, ttl] of asks) this.#outputs.sendRequest(neighbour, destination, sequence, ttl);
    if (this.#own.takeWanted(nowMs)) this.#outputs.sequenceWanted();
  }
}
