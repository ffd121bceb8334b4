//! What the layer above decides about paths, and what it is told of them.

// Tuning: probes of candidates

/// Candidates that one association asks at once: both ends of a rendezvous have a handful of addresses each.
pub(crate) const PATH_PROBES_MAX: usize = 16;

/// Challenges that a candidate gets, whoever does not answer: those that open a NAT on both sides are often the first to be lost.
pub(crate) const PATH_PROBE_ATTEMPTS: usize = 3;

/// They are a probe time-out of the present path apart, and no less than this: the candidate may be slower.
pub(crate) const PATH_PROBE_INTERVAL_MIN_MICROS: u64 = 20_000;

/// Answers that are owed to challenges at once: as many as a peer asks at once.
pub(crate) const PATH_RESPONSES_MAX: usize = PATH_PROBES_MAX;

// Tuning: liveness

/// Intervals in a row that end with a question unanswered before a hop is suspected: one lost packet, or two, are no failure.
pub(crate) const LIVENESS_MISSES: u32 = 3;

/// A hop is probed for so long after it was used.
pub(crate) const LIVENESS_IN_USE_MICROS: u64 = 1_000_000;

/// A suspected hop is asked no less often than this (or once an interval where that is longer).
pub(crate) const LIVENESS_BACK_OFF_MAX_MICROS: u64 = 1_000_000;

/// How long a peer that was slow to answer, and yet there, gets a quarter more than it took, up to twice the time of others: an event loop that is busy
/// for 40 ms each second is so suspected once, and not each second.
pub(crate) const LIVENESS_SLOW_MEMORY_MICROS: u64 = 10_000_000;

/// The shortest interval: the resolution of timers.
pub(crate) const LIVENESS_INTERVAL_MIN_MICROS: u64 = super::TIMER_GRANULARITY_MICROS;
