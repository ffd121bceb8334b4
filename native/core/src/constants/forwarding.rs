//! Tuning of what a relay does with the packets of others.

/// A queue that makes packets wait for less than this is a good one (RFC 8289 §4.3).
pub(crate) const CODEL_TARGET_MICROS: u64 = 5_000;

/// A queue may stand for this long before anybody is told: a round trip of most ways (RFC 8289 §4.2).
pub(crate) const CODEL_INTERVAL_MICROS: u64 = 100_000;

/// Packets of a queue that stands in spite of signals wait for no more than this: twice the target. Marks and single drops reach senders that listen;
/// from one that does not, a relay takes what is fresh.
pub(crate) const CODEL_OVERLOAD_MICROS: u64 = 2 * CODEL_TARGET_MICROS;

/// Unused rate is saved for so long: timers of an event loop fire a millisecond late, and some more when it is busy.
pub(crate) const RELAY_BURST_MICROS: u64 = 4_000;

/// What a neighbour sends in its turn, as time at the bounded rate: with ten of them busy, a turn comes every 2.5 ms. Without a bound it is
/// a train.
pub(crate) const RELAY_TURN_MICROS: u64 = 250;

/// ... and no less than a packet of the usual size: shorter turns would only take more rounds.
pub(crate) const RELAY_TURN_BYTES_MIN: u64 = 1_500;

/// Flows of one neighbour that are told apart, a power of two. Sources whose hashes meet share a turn and a delay; eight sources
/// at once all have their own in two of three cases.
pub(crate) const RELAY_FLOWS: usize = 64;

/// Packets of a flow that came one by one within this time count as having come together, with the first.
pub(crate) const RELAY_RUN_MICROS: u64 = 250;

/// Packets that the longest flow loses when a queue is full (as in fq_codel of Linux): the search for it costs less than one drop in 64.
pub(crate) const RELAY_DROP_BATCH_PACKETS: usize = 64;

/// What a neighbour may send as control: a hundred handshakes a second. What is more waits with its bulk.
pub(crate) const RELAY_CONTROL_BYTES_PER_SECOND: u64 = 256 << 10;

/// ... and no more than this part of a bounded rate.
pub(crate) const RELAY_CONTROL_RATE_PARTS: u64 = 16;

/// Control of one neighbour that waits; the rest waits with its bulk.
pub(crate) const RELAY_CONTROL_QUEUE_BYTES: usize = 64 << 10;

/// Fewer packets than this that came together are copied and wait for the end of the turn: what comes beside them may go in the same system call,
/// which costs as much as copying some ten packets.
pub(crate) const RELAY_PASS_PACKETS_MIN: usize = 8;
