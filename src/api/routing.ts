/** Ways through the mesh. Types only. */
import type { NodeId } from '../identity/index.js';

/**
 * The way to one id. `nextHop` is the id itself when it is a neighbour; `backup` is ready to take over, without loops; `metricMs` is the smoothed round
 * trip plus the cost of loss, smaller is better.
 */
export interface RouteInfo {
  readonly id: NodeId;
  readonly nextHop: NodeId;
  readonly backup: NodeId | null;
  readonly metricMs: number;
  readonly mtuBytes: number;
  readonly ageMs: number;
}

/** The hops in order, ending with the target when `status` is 'complete'. `rttMs` is `null` for a hop that did not answer. */
export interface TraceResult {
  readonly status: 'complete' | 'incomplete';
  readonly hops: readonly { readonly id: NodeId | null; readonly rttMs: number | null }[];
}
