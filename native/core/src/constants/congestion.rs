//! Tuning constants of congestion control: free choices of one end.

// Tuning: congestion control

/// The initial window: RFC 9002's bound (§7.2), which is what TCP sends first in its ten segments. Sessions begin with packets of 1,200 bytes
/// wherever 1,472 fit; ten of those would be a fifth less, and stay a fifth behind in each round trip of slow start.
pub(crate) const INITIAL_WINDOW_BYTES: u64 = 14_720;

/// RFC 9002 §7.2.
pub(crate) const MINIMUM_WINDOW_PACKETS: u64 = 2;

/// No congestion window is larger: 100 Gbit/s over 80 ms, and sums stay far from overflow.
pub(crate) const MAXIMUM_WINDOW_BYTES: u64 = 1 << 30;

// Tuning: pacing

/// Pacing in congestion avoidance, in percent of a window a round trip (RFC 9002 §7.7: 1.25), so that the window, not the pacer, limits.
pub(crate) const PACING_PERCENT: u64 = 125;

/// Pacing in slow start, percent: the window doubles within the round trip.
pub(crate) const PACING_SLOW_START_PERCENT: u64 = 200;

/// Time's worth of sending that a burst may hold: a 1 ms timer that fires a whole tick late loses nothing.
pub(crate) const PACER_BURST_MICROS: u64 = 2_000;

/// Longer bursts make up for an event loop that was busy: up to this time's worth of sending ...
pub const PACER_BUSY_LOOP_MICROS: u64 = 10_000;

/// ... and this part of the window, which a queue that the window was sized by can take.
pub const PACER_BUSY_LOOP_WINDOW_PART: u64 = 8;

/// Time's worth of sending that a paced sender waits for: what a 1 ms timer can express.
pub(crate) const PACER_QUANTUM_MICROS: u64 = 1_000;

/// Packets that a paced sender waits for at most: one train of segments.
pub(crate) const PACER_QUANTUM_PACKETS: u64 = 64;

// Tuning: HyStart++ (RFC 9406 §4.3)

/// Growth of the round trip that ends slow start is at least this: what scheduling adds on a path under a millisecond is no queue.
pub(crate) const HYSTART_MIN_RTT_THRESHOLD_MICROS: u64 = 4_000;

/// Growth of the round trip that ends slow start is at most this.
pub(crate) const HYSTART_MAX_RTT_THRESHOLD_MICROS: u64 = 16_000;

/// Growth of the round trip that ends slow start is otherwise this part of it.
pub(crate) const HYSTART_RTT_DIVISOR: u64 = 8;

/// Samples in a row whose least means something. The RFC takes 8 of acknowledgements for every second packet; ours
/// are thinned down to 8 a round trip.
pub(crate) const HYSTART_SAMPLES: u32 = 3;

/// Conservative slow start grows by this part of what was acknowledged.
pub(crate) const HYSTART_CONSERVATIVE_DIVISOR: u64 = 4;

/// Round trips of conservative slow start.
pub(crate) const HYSTART_CONSERVATIVE_ROUNDS: u32 = 5;

// Tuning: CUBIC (RFC 9438)

/// What is left of the window after a loss (§4.6).
pub(crate) const CUBIC_BETA: f64 = 0.7;

/// Aggressiveness, segments a cubic second (§5).
pub(crate) const CUBIC_C: f64 = 0.4;

// Tuning: BBR (draft-ietf-ccwg-bbr §2.4 ff.; gains in percent)

/// Doubles the rate each round (4 x ln 2).
pub(crate) const BBR_STARTUP_PACING_PERCENT: u64 = 277;

/// Drains what Startup queued within a round trip.
pub(crate) const BBR_DRAIN_PACING_PERCENT: u64 = 50;

/// The least that lets flows converge to equal shares while UP probes by 1.25.
pub(crate) const BBR_DOWN_PACING_PERCENT: u64 = 90;

/// Probes for bandwidth.
pub(crate) const BBR_UP_PACING_PERCENT: u64 = 125;

/// Percent of the bandwidth that is left unused on average, so that no queue persists.
pub(crate) const BBR_PACING_MARGIN_PERCENT: u64 = 1;

/// Window in bandwidth-delay products: delayed and thinned acknowledgements.
pub(crate) const BBR_CWND_GAIN_PERCENT: u64 = 200;

/// Window while probing for bandwidth: the window must not hide what pacing tries to find.
pub(crate) const BBR_UP_CWND_PERCENT: u64 = 225;

/// Window while probing for the round trip without a queue.
pub(crate) const BBR_PROBE_RTT_CWND_PERCENT: u64 = 50;

/// Packets that are always allowed in flight, so that a receiver that acknowledges every second one keeps the pipe going.
pub(crate) const BBR_MIN_WINDOW_PACKETS: u64 = 4;

/// Loss in a round trip that says that probing went too far.
pub(crate) const BBR_LOSS_THRESHOLD_PERCENT: u64 = 2;

/// The same where the round trip shows that the lost packets met no queue: they were lost to the medium, or to a policer, to which more than this is due.
pub(crate) const BBR_LOSS_WITHOUT_QUEUE_PERCENT: u64 = 15;

/// A round trip of so many percent of the least one shows a queue: one that overflows holds a sixth of a bandwidth-delay product at least.
pub(crate) const BBR_QUEUE_RTT_PERCENT: u64 = 115;

/// What is left of a bound after a round with losses, at least.
pub(crate) const BBR_BETA_PERCENT: u64 = 70;

/// Part of the long-term bound that is left to others while cruising.
pub(crate) const BBR_HEADROOM_PERCENT: u64 = 15;

/// Runs of lost packets in a round that end Startup, with a loss rate beyond the threshold: a single burst does not.
pub(crate) const BBR_STARTUP_LOSS_RANGES: u32 = 6;

/// Growth of the delivery rate, in percent of what it was, that shows that the pipe is not full ...
pub(crate) const BBR_FULL_PIPE_GROWTH_PERCENT: u64 = 125;

/// ... and rounds without it that show that it is.
pub(crate) const BBR_FULL_PIPE_ROUNDS: u32 = 3;

/// Rounds after which Drain ends whatever is in flight.
pub(crate) const BBR_DRAIN_ROUNDS: u64 = 3;

/// Rounds whose aggregation of acknowledgements the window makes up for.
pub(crate) const BBR_EXTRA_ACKED_ROUNDS: u64 = 10;

/// A smallest round trip counts for this long.
pub(crate) const BBR_MIN_RTT_FILTER_MICROS: u64 = 10_000_000;

/// After so long without one as small, it is measured with little in flight ...
pub(crate) const BBR_PROBE_RTT_INTERVAL_MICROS: u64 = 5_000_000;

/// ... and no sooner than after so many of them: as many as a Startup of ten doublings takes. Where a round trip is half a second and more, the
/// path would otherwise be probed most of the time, and no round would be left to see that it is full. The filter holds for twice as many.
pub(crate) const BBR_PROBE_RTT_ROUND_TRIPS: u64 = 16;

/// ... for this long.
pub(crate) const BBR_PROBE_RTT_MICROS: u64 = 200_000;

/// Time between two probes for bandwidth at least, and what chance adds to it at most.
pub(crate) const BBR_PROBE_WAIT_MICROS: u64 = 2_000_000;

/// See [`BBR_PROBE_WAIT_MICROS`].
pub(crate) const BBR_PROBE_WAIT_RANDOM_MICROS: u64 = 1_000_000;

/// Rounds between two probes at most: a Reno flow would recover from a loss in as many rounds as it has packets in flight, and this is
/// how many those are at 25 Mbit/s over 30 ms.
pub(crate) const BBR_PROBE_ROUNDS_MAX: u64 = 63;

/// Largest train that a bandwidth is given room for in the window: one system call.
pub(crate) const BBR_SEND_QUANTUM_BYTES: u64 = 64 << 10;

/// The time's worth of sending that such a train is.
pub(crate) const BBR_SEND_QUANTUM_MICROS: u64 = 1_000;

/// Trains that the window holds at least: one in the sender's queue, one in the network card, one that the receiver has yet to acknowledge.
pub(crate) const BBR_OFFLOAD_QUANTA: u64 = 3;

/// Snapshots of the delivery a round trip: rates are exact to about 1.5 %.
pub(crate) const BBR_SNAPSHOTS_PER_ROUND_TRIP: u64 = 64;

/// Four round trips of them: 14 KiB where a flow ever was so long in flight, and next to nothing where it was not.
pub(crate) const BBR_SNAPSHOTS_MAX: usize = 256;
