/** What goes into and comes out of the routing of a node. */
import type { RouteKey } from './route-key.js';

/** One way that a router offers its neighbour. */
export interface RouteUpdate {
  readonly destination: RouteKey;
  /** Of the destination's announcement. */
  readonly sequence: bigint;
  /** From the router to the destination; `METRIC_INFINITE`: it has no way any more. */
  readonly metricMicros: number;
  /** The largest end-to-end packet on the way. */
  readonly mtuBytes: number;
  /** Links from the router to the destination. */
  readonly hops: number;
}

/** The present way to a destination. */
export interface Way {
  readonly destination: RouteKey;
  readonly nextHop: RouteKey;
  /** The neighbour that is free of loops as well, should {@link Way.nextHop} be lost; `null`: none. */
  readonly backup: RouteKey | null;
  readonly sequence: bigint;
  readonly metricMicros: number;
  readonly mtuBytes: number;
  readonly hops: number;
  /** Since when {@link Way.nextHop} has been the next hop. */
  readonly sinceMs: number;
}

/** What became of a destination; one of the two at least is not `null`. */
export interface WayChange {
  readonly destination: RouteKey;
  readonly before: Way | null;
  readonly after: Way | null;
}

/**
 * Whom a router calls, at the end of each of its own calls and in this order. None of them may call the router: what they bring about comes with a later
 * call.
 */
export interface RouterOutputs {
  /** Ways that changed. They hold before anything that is sent afterwards: forwarding must go by them at once. */
  waysChanged(changes: readonly WayChange[]): void;
  /** Any number of updates, in order. They must arrive in order or not at all, the neighbour being down from then on. */
  sendUpdates(neighbour: RouteKey, updates: readonly RouteUpdate[]): void;
  sendRequest(neighbour: RouteKey, destination: RouteKey, sequence: bigint, ttl: number): void;
  /** Somebody needs a newer sequence of this node: it announces itself anew at once, and says so by `Router.setOwnSequence`. At most ten times a second. */
  sequenceWanted(): void;
  /** A neighbour has this node with a higher sequence, or says so: nobody signed it. The signed announcement, if there is one, is what to jump above. */
  ownSequenceHeard(neighbour: RouteKey, sequence: bigint): void;
}

/** What a router counts. */
export interface RouterCounters {
  /** Updates with an older sequence than the same neighbour told before. */
  updatesOutdated: number;
  /** Routes for which there was no room. */
  routesRefused: number;
  /** Sequence requests that were not passed on: repeated, too many, too far ahead, their ttl used up, or nowhere to send. */
  requestsDropped: number;
}
