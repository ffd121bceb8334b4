import {
  METRIC_INFINITE,
  type RouteKey,
  Router,
  type RouterOptions,
  type RouteUpdate,
  routeKey,
  type WayChange,
} from '../../../../src/mesh/routing/index.js';

export const MTU = 1_400;

/** The key of a made-up node. */
export const id = (number: number): RouteKey => routeKey(Uint8Array.from([0, 0, 0, 0, 0, 0, number >>> 8, number & 255]));

/** This node; its neighbours are {@link B}, {@link C} and {@link D}, and {@link X} is far away. */
export const [SELF, B, C, D, X, Y] = [id(1), id(2), id(3), id(4), id(100), id(101)];

export const retracted = METRIC_INFINITE;

/** A router with all that it says, and its time. */
export class DrivenRouter {
  readonly router: Router;
  nowMs = 1_000;
  changes: WayChange[] = [];
  sent: { readonly to: RouteKey; readonly update: RouteUpdate }[] = [];
  requests: { readonly to: RouteKey; readonly destination: RouteKey; readonly sequence: bigint; readonly ttl: number }[] = [];
  wanted = 0;
  heard: bigint[] = [];

  constructor(options: Partial<RouterOptions> = {}) {
    this.router = new Router(
      { self: SELF, sequence: 50n, isRelay: true, ...options },
      {
        waysChanged: (changes) => this.changes.push(...changes),
        sendUpdates: (to, updates) => this.sent.push(...updates.map((update) => ({ to, update }))),
        sendRequest: (to, destination, sequence, ttl) => this.requests.push({ to, destination, sequence, ttl }),
        sequenceWanted: () => this.wanted++,
        ownSequenceHeard: (_, sequence) => this.heard.push(sequence),
      },
    );
  }

  /** Links to neighbours, at a cost of 10 ms each. */
  up(...neighbours: RouteKey[]): this {
    for (const neighbour of neighbours) this.router.neighbourUp(neighbour, 10_000, MTU, this.nowMs);
    return this;
  }

  known(destination: RouteKey, sequence: bigint): this {
    this.router.announcementKnown(destination, sequence, this.nowMs);
    return this;
  }

  /** A neighbour tells of one destination, milliseconds away. */
  told(neighbour: RouteKey, destination: RouteKey, sequence: bigint, metricMs: number, more: Partial<RouteUpdate> = {}): this {
    const metricMicros = metricMs === retracted ? retracted : 1_000 * metricMs;
    this.router.updated(neighbour, [{ destination, sequence, metricMicros, mtuBytes: 65_535, hops: 1, ...more }], this.nowMs);
    return this;
  }

  asked(neighbour: RouteKey, destination: RouteKey, sequence: bigint, ttl = 32): this {
    this.router.sequenceRequested(neighbour, destination, sequence, ttl, this.nowMs);
    return this;
  }

  /** Time passes, and what is due is done when it is. */
  wait(durationMs: number): this {
    const untilMs = this.nowMs + durationMs;
    while (this.router.nextAtMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.router.nextAtMs);
      this.router.onTimer(this.nowMs);
    }
    this.nowMs = untilMs;
    return this;
  }

  /** Forgets what was said so far. */
  clear(): this {
    [this.changes, this.sent, this.requests, this.heard, this.wanted] = [[], [], [], [], 0];
    return this;
  }

  nextHop(destination: RouteKey): RouteKey | null {
    return this.router.way(destination)?.nextHop ?? null;
  }

  backup(destination: RouteKey): RouteKey | null {
    return this.router.way(destination)?.backup ?? null;
  }

  /** Metrics that a neighbour was told of a destination, in milliseconds; `null`: retracted. */
  metricsSent(to: RouteKey, destination: RouteKey): (number | null)[] {
    const updates = this.sent.filter((one) => one.to === to && one.update.destination === destination);
    return updates.map(({ update }) => (update.metricMicros === METRIC_INFINITE ? null : update.metricMicros / 1_000));
  }
}

/** One with neighbours B, C and D, which knows of X. */
export function drivenRouter(options: Partial<RouterOptions> = {}): DrivenRouter {
  return new DrivenRouter(options).up(B, C, D).known(X, 5n).clear();
}
