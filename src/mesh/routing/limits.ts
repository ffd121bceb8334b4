/** What others can make the routing table hold or do. */

/** Metric of a way that is none. Metrics add up to no more. */
export const METRIC_INFINITE = 0xffff_ffff;
/** Links on a way, as many as the ttl of a relayed packet allows. */
export const HOPS_MAX = 32;
/** Destinations in the table, announced or not: about 300 bytes each. */
export const DESTINATIONS_MAX = 16_384;
/** Neighbours; each may cost a route for every destination. */
export const NEIGHBOURS_MAX = 1_024;
/** Routes of all neighbours together: about 100 bytes each. */
export const ROUTES_MAX = 524_288;
/** Routes of one neighbour to destinations whose announcement is not known: as many as come in the moments before their announcements are verified. */
export const UNANNOUNCED_MAX = 4_096;
/** Neighbours that went down of late, whose flapping is remembered; the one that went down the longest ago is forgotten first. */
export const FLAPPING_MAX = 1_024;
/** How far ahead of the newest known announcement a sequence may be asked for: what comes in ten seconds. */
export const SEQUENCES_AHEAD_MAX = 100;
/** Sequence requests a second to one origin, and new sequences that an origin makes for them. */
export const SEQUENCE_REQUESTS_PER_SECOND = 10;
