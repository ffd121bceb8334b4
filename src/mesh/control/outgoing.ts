import type { RouteKey } from '../routing/index.js';
import { encodeControl, ROUTES_PER_MESSAGE_MAX, type RouteAdvert } from './messages.js';

/** Routes that wait before the router is asked to hold back the rest, once for each destination. */
const ROUTES_BEFORE_HELD = 1_024;

/** Statements and requests that wait for a slow neighbour; of more the oldest are left out, and asked for again by whoever needs them. */
const STATEMENTS_MAX = 1_024;
const REQUESTS_MAX = 1_024;

/**
 * What one neighbour is still to be told, in the order in which it goes: announcements before the routes that need them, and a newer announcement of a
 * node instead of an older one. So what waits for a slow neighbour never grows beyond the tables of this node.
 */
export class Outgoing {
  readonly #urgent: Uint8Array[] = [];
  readonly #requests = new Map<string, Uint8Array>();
  readonly #announcements = new Map<RouteKey, Uint8Array>();
  readonly #statements = new Map<string, Uint8Array>();
  #routes: RouteAdvert[] = [];
  #routesTaken = 0;

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** What waits, in entries. */
  get size(): number {
    return this.#urgent.length + this.#requests.size + this.#announcements.size + this.#statements.size + this.#routesWaiting;
  }

  /** So many routes wait that the router is to hold the rest back. */
  get isFull(): boolean {
    return this.#routesWaiting >= ROUTES_BEFORE_HELD;
  }

  get hasRoutes(): boolean {
    return this.#routesWaiting > 0;
  }

  hello(message: Uint8Array): void {
    this.#urgent.push(message);
  }

  announce(routeKey: RouteKey, signed: Uint8Array): void {
    this.#announcements.set(routeKey, signed);
  }

  /** `key` names what it is about. */
  state(key: string, signed: Uint8Array): void {
    setBounded(this.#statements, key, signed, STATEMENTS_MAX);
  }

  /** In order, as the router has it. */
  advertise(routes: readonly RouteAdvert[]): void {
    for (const route of routes) this.#routes.push(route);
  }

  request(destination: RouteKey, sequence: bigint, ttl: number): void {
    setBounded(this.#requests, destination, encodeControl({ type: 'sequence-request', destination, sequence, ttl }), REQUESTS_MAX);
  }

  /** The next message, which no longer waits; `null` where nothing does. */
  next(): Uint8Array | null {
    const hello = this.#urgent.shift();
    if (hello !== undefined) return hello;
    const request = takeFirst(this.#requests);
    if (request !== null) return request;
    const statement = takeFirst(this.#statements);
    if (statement !== null) return encodeControl({ type: 'statement', signed: statement });
    const announcement = takeFirst(this.#announcements);
    if (announcement !== null) return encodeControl({ type: 'announcement', signed: announcement });
    return this.#routesWaiting === 0 ? null : encodeControl({ type: 'routes', routes: this.#takeRoutes() });
  }

  get #routesWaiting(): number {
    return this.#routes.length - this.#routesTaken;
  }

  #takeRoutes(): RouteAdvert[] {
    const routes = this.#routes.slice(this.#routesTaken, this.#routesTaken + ROUTES_PER_MESSAGE_MAX);
    this.#routesTaken += routes.length;
    if (this.#routesWaiting === 0) {
      this.#routes = [];
      this.#routesTaken = 0;
    }
    return routes;
  }
}

function takeFirst<T>(map: Map<string, T>): T | null {
  for (const [key, value] of map) {
    map.delete(key);
    return value;
  }
  return null;
}

/** In its first place, where it waited already. */
function setBounded<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= max) return;
    map.delete(oldest);
  }
}
