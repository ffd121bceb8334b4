import { type Destination, isUsable, metricOf, type Route } from './destination.js';
import { HOPS_MAX, SEQUENCE_REQUESTS_PER_SECOND, SEQUENCES_AHEAD_MAX } from './limits.js';
import type { Neighbour } from './neighbour.js';
import { REQUEST_REPEATED_MS, REQUEST_RETRY_MAX_MS, REQUEST_RETRY_MS } from './tuning.js';

/** What a starving destination has asked. */
interface Asking {
  /** The neighbour whose route is the best: a new one is asked at once. */
  best: Neighbour | null;
  /** The neighbour that was asked last. */
  last: Neighbour | null;
  waitMs: number;
  nextAtMs: number;
}

const REQUEST_INTERVAL_MS = 1_000 / SEQUENCE_REQUESTS_PER_SECOND;

export type SendRequest = (neighbour: Neighbour, destination: Destination, sequence: bigint, ttl: number) => void;

/** Requests for newer sequences (RFC 8966, section 3.8.2): this router's own, repeated until they are answered, and those of others. */
export class SequenceRequests {
  readonly #send: SendRequest;
  /** Destinations that have routes, none of which is feasible. */
  readonly #starving = new Map<Destination, Asking>();
  #nextTickMs = Number.POSITIVE_INFINITY;

  constructor(send: SendRequest) {
    this.#send = send;
  }

  /** Asks `neighbour` for a sequence that makes its route feasible. False when too many were sent. */
  ask(destination: Destination, neighbour: Neighbour, nowMs: number): boolean {
    return this.#sendOne(destination, neighbour, destination.distanceSequence + 1n, HOPS_MAX, nowMs);
  }

  /** Nothing can be taken any more; asks at once where nobody, or another, was asked. */
  starved(destination: Destination, nowMs: number): void {
    const best = destination.choose(null).unfeasible;
    if (best === null) {
      this.#starving.delete(destination);
      return;
    }
    const asking = this.#starving.get(destination);
    if (asking?.best === best.neighbour) return;
    const asks = asking ?? this.#startAsking(destination, nowMs);
    asks.best = best.neighbour;
    this.#askAnew(destination, asks, best.neighbour, nowMs);
  }

  /** There is something to take again. */
  fed(destination: Destination): void {
    this.#starving.delete(destination);
  }

  forget(destination: Destination): void {
    this.#starving.delete(destination);
  }

  /** Repeats what was not answered, by other neighbours in turn. */
  onTimer(nowMs: number): void {
    if (this.#nextTickMs > nowMs) return;
    for (const [destination, asking] of this.#starving) {
      if (asking.nextAtMs > nowMs) continue;
      const next = nextToAsk(destination, asking.last);
      if (next === null) this.#starving.delete(destination);
      else this.#askAnew(destination, asking, next, nowMs);
    }
    this.#nextTickMs = this.#starving.size === 0 ? Number.POSITIVE_INFINITY : nowMs + REQUEST_INTERVAL_MS;
  }

  get nextAtMs(): number {
    return this.#starving.size === 0 ? Number.POSITIVE_INFINITY : this.#nextTickMs;
  }

  /**
   * Passes on what `from` asks, towards the destination: by the present route, or by the best of the others where that leads back. Returns whether it was
   * passed on.
   */
  forward(destination: Destination, from: Neighbour, sequence: bigint, ttl: number, nowMs: number): boolean {
    if (ttl <= 1 || destination.announced + BigInt(SEQUENCES_AHEAD_MAX) < sequence) return false;
    if (sequence <= destination.wantedSequence && nowMs - destination.askedAtMs < REQUEST_REPEATED_MS) return false;
    const { selected } = destination;
    const route = selected !== null && selected.neighbour !== from ? selected : destination.best(from);
    return route !== null && this.#sendOne(destination, route.neighbour, sequence, Math.min(ttl, HOPS_MAX) - 1, nowMs);
  }

  #startAsking(destination: Destination, nowMs: number): Asking {
    const asking: Asking = { best: null, last: null, waitMs: REQUEST_RETRY_MS, nextAtMs: nowMs };
    if (this.#starving.size === 0) this.#nextTickMs = nowMs + REQUEST_INTERVAL_MS;
    this.#starving.set(destination, asking);
    return asking;
  }

  /** One that has to wait for its turn is sent with the next tick. */
  #askAnew(destination: Destination, asking: Asking, neighbour: Neighbour, nowMs: number): void {
    if (!this.ask(destination, neighbour, nowMs)) {
      asking.nextAtMs = nowMs + REQUEST_INTERVAL_MS;
      return;
    }
    asking.last = neighbour;
    asking.nextAtMs = nowMs + asking.waitMs;
    asking.waitMs = Math.min(2 * asking.waitMs, REQUEST_RETRY_MAX_MS);
  }

  #sendOne(destination: Destination, neighbour: Neighbour, sequence: bigint, ttl: number, nowMs: number): boolean {
    if (nowMs - destination.askedAtMs < REQUEST_INTERVAL_MS) return false;
    destination.askedAtMs = nowMs;
    if (sequence > destination.wantedSequence) destination.wantedSequence = sequence;
    this.#send(neighbour, destination, sequence, ttl);
    return true;
  }
}

/** The neighbour whose route is the next worse than that of `last`; after the worst, the best. */
function nextToAsk(destination: Destination, last: Neighbour | null): Neighbour | null {
  const routes = destination.routes.filter(isUsable).sort((one, other) => metricOf(one) - metricOf(other));
  const at = routes.findIndex((route: Route) => route.neighbour === last);
  return (routes[at + 1] ?? routes[0])?.neighbour ?? null;
}
