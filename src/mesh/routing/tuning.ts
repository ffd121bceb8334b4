/** Times and shares that each node may choose for itself. */

/** Share of a new measurement in the smoothed cost of a link: eight of them forget the past. */
export const COST_GAIN = 0.25;
/** A link's cost is told when it has moved by this share: round-trip times wander by less without a reason. */
export const COST_MOVED_SHARE = 0.2;
/** Metrics that differ by less are not told again: nobody chooses another way for it. */
export const METRIC_TOLD_SHARE = 0.05;
/** A metric that grew by this share is told soon: others may have a better way. */
export const METRIC_WORSE_SHARE = 0.2;

/** Another way is better when it is by this share of the present metric */
export const BETTER_SHARE = 0.1;
/** and by this much, or shorter by a hop: in a rack all ways take less than that, and still the direct one is meant. */
export const BETTER_MICROS = 1_000;
/** It is taken when it has been better for so long. */
export const BETTER_HOLD_MS = 1_000;
/** A better way that is not feasible is asked for, and again after so long. */
export const BETTER_ASK_PAUSE_MS = 10_000;

/** News wait so long for others that go with them: short beside a second, though thirty hops add up. */
export const SOON_MS = 10;
/** What is of no haste waits so long: a metric that came down, a sequence that nobody asked for. */
export const LATE_MS = 1_000;

/** The first repetition of a sequence request that brought nothing; each further wait is twice as long, */
export const REQUEST_RETRY_MS = 250;
/** but no longer than this. */
export const REQUEST_RETRY_MAX_MS = 10_000;
/** A request for the same sequence is not passed on again for so long: less than {@link REQUEST_RETRY_MS}, so that repetitions pass. */
export const REQUEST_REPEATED_MS = 200;

/** Each time that a neighbour goes down counts one; what is counted halves in so long. */
export const FLAP_HALF_LIFE_MS = 15_000;
/** So many are forgiven: a restart, a cable. */
export const FLAPS_FORGIVEN = 2;
/** What each counts as a link's cost beyond them: more than any way around, and no bar where there is none. */
export const FLAP_COST_MICROS = 100_000;

/** How long the feasibility distance of a destination that is gone is kept: longer than any router may still hold a route of before (RFC 8966, appendix B). */
export const DISTANCE_KEPT_MS = 180_000;
