/**
 * Which neighbour leads to which node: a distance vector with the feasibility condition of Babel (RFC 8966) on the sequences of signed announcements, free of
 * loops at every moment among honest routers.
 *
 * A {@link Router} has no socket, clock or timer: its caller hands in the time (milliseconds of one monotonic clock) with every call, calls `onTimer` at
 * `nextAtMs`, which it reads again after every call, and does what the {@link RouterOutputs} say.
 *
 * - `neighbourUp` when the control stream of a link is there, `neighbourDown` when it or the link is gone: before anything of a later stream of the same
 *   neighbour is handed in. Control streams are ordered and complete; there are no periodic updates.
 * - `updated` and `sequenceRequested` with what comes on control streams, `announcementKnown` and `announcementGone` with what was verified. A route whose
 *   announcement is not known yet waits for it, so the order of the two does not matter.
 * - `sequenceWanted` asks for a new announcement of this node; `setOwnSequence` says that there is one.
 * - `setWritable` holds back what a slow neighbour is to hear.
 */
export { DESTINATIONS_MAX, HOPS_MAX, METRIC_INFINITE, NEIGHBOURS_MAX } from './limits.js';
export { type RouteKey, routeIdOfKey, routeKey } from './route-key.js';
export { Router, type RouterOptions } from './router.js';
export type { RouterCounters, RouterOutputs, RouteUpdate, Way, WayChange } from './types.js';
