//! Protocol and tuning constants of the engine. Limits on what peers may send live in `osier_wire::limits`.
//!
//! Protocol constants must be the same at both ends; tuning constants are free choices of one end.

mod congestion;
mod forwarding;
mod path_policy;

pub use congestion::*;
pub(crate) use forwarding::*;
pub(crate) use path_policy::*;

// Protocol: acknowledgement

/// Longest time that a receiver holds back an acknowledgement, in microseconds.
///
/// It enters the other end's probe time-out, so it is fixed rather than negotiated. RFC 9000 takes 25 ms for radios that
/// sleep; services in data centres and on wide-area links lose nothing with 5 ms, and tail loss is found 20 ms earlier.
pub(crate) const MAX_ACK_DELAY_MICROS: u64 = 5_000;

// Tuning: acknowledgement

/// Shortest time that an acknowledgement is held back, in microseconds: the resolution of the timers of an event loop.
pub(crate) const ACK_DELAY_MIN_MICROS: u64 = 1_000;

/// Fewest ack-eliciting packets that call for an acknowledgement at once (RFC 9000 §13.2.2: every second packet).
pub(crate) const ACK_THRESHOLD_MIN: u64 = 2;

/// Most ack-eliciting packets that arrive without an acknowledgement, however fast the path: two trains of 64 segments,
/// so that a sender's window never hangs on one lost acknowledgement for long.
pub(crate) const ACK_THRESHOLD_MAX: u64 = 128;

/// Acknowledgements wanted per round trip when the rate allows thinning. Eight keep the sender's clock even
/// and still cost a fast receiver under 1 % of its packets.
pub(crate) const ACKS_PER_ROUND_TRIP: u64 = 8;

/// Ranges of received packets remembered for acknowledgement. Beyond it the oldest are forgotten (and then never
/// acknowledged): 256 holes in one flight is a path on which they will be declared lost anyway.
pub(crate) const RECEIVED_RANGES_KEPT: usize = 256;

// Protocol: keys

/// Packets protected by one generation of traffic keys, as a power of two. AES-GCM may protect 2^28 packets of up to 2^11 bytes at
/// an attacker's advantage of 2^-57 (RFC 9001 §B.1.1): a sixteenth of that leaves 2^-55 even for packets of 2^16 bytes.
pub(crate) const KEY_GENERATION_BITS: u32 = 24;

// Tuning: paths

/// Probe time-out of a path of which nothing was measured (RFC 9002 §6.2.2).
pub(crate) const INITIAL_PTO_MICROS: u64 = 3 * INITIAL_RTT_MICROS + MAX_ACK_DELAY_MICROS;

/// Challenges that a new path gets before it counts as dead (RFC 9000 §8.2.4: three probe time-outs).
pub(crate) const PATH_CHALLENGES_MAX: u32 = 3;

/// Probe time-outs for which an address is not challenged again after the present path has answered in its stead: an observer who re-sends
/// what he sees costs a few small packets each time, not one a packet. No other address is challenged within one probe time-out of it.
pub(crate) const REFUSED_PATH_PTOS: u64 = 8;

/// ... and no longer than this: a peer that does move there afterwards must not be out of reach for long.
pub(crate) const REFUSED_PATH_MAX_MICROS: u64 = 2_000_000;

/// Probe time-outs in a row after which packets are no longer sent from the address that they used to be sent from: it may be gone, and the
/// kernel then finds another.
pub(crate) const LOCAL_ADDRESS_PTOS: u32 = 2;

/// A peer that the network calls unreachable is asked at once, but no more often than this: a forged report costs a small packet.
pub(crate) const UNREACHABLE_PROBE_INTERVAL_MICROS: u64 = 1_000_000;

/// Packets marked ECT(0) on a new path before the peer's counts decide about the rest (RFC 9000 §A.4).
pub(crate) const ECN_TEST_PACKETS: u64 = 10;

// Tuning: path MTU (RFC 8899)

/// Sizes are probed for up to this by default: jumbo frames. Only a loopback carries more.
pub(crate) const MTU_CEILING_BYTES: usize = 9_000;

/// Sizes tried first: Ethernet and jumbo frames below UDP over IPv6 and IPv4 (1,500 and 9,000 less 48 or 28).
pub(crate) const MTU_USUAL: [usize; 4] = [1_452, 1_472, 8_952, 8_972];

/// The search ends when what passes is known to less than this: 1 % of the smallest packet.
pub(crate) const MTU_SEARCH_STEP: usize = 16;

/// Probes of one size that are lost before it counts as too large (RFC 8899 §5.1.2: MAX_PROBES).
pub(crate) const MTU_PROBES_MAX: u32 = 3;

/// After so long a larger size is tried again (RFC 8899 §5.1.1: PMTU_RAISE_TIMER).
pub(crate) const MTU_RAISE_MICROS: u64 = 600_000_000;

/// Rounds in a row in which only packets above the base were lost, and none arrived, that make a black hole: a full queue lets some pass.
pub(crate) const MTU_BLACK_HOLE_ROUNDS: u32 = 3;

/// After a black hole sizes above the base are tried again this much later: a route that flaps costs its three rounds once a minute.
pub(crate) const MTU_BLACK_HOLE_PAUSE_MICROS: u64 = 60_000_000;

/// After a relay said what its next hop does not carry, larger sizes are tried again this much later: the hop's own search takes some round trips, and
/// no longer than this where packets are full.
pub(crate) const MTU_RELAYED_PAUSE_MICROS: u64 = 10_000_000;

// Tuning: round trips and loss

/// Round-trip time assumed before the first sample. RFC 9002 takes 333 ms; services talk within a continent, where 100 ms is
/// already long, and a lost first packet is then found after 305 ms instead of a second. A path that is slower costs one probe.
pub(crate) const INITIAL_RTT_MICROS: u64 = 100_000;

/// For how long, or twice as long, a round trip says what its path takes without a queue. A way that becomes longer is
/// filled only after that, and a queue that stands for so long counts as part of the way: half of what BBR takes (10 s) at most.
pub(crate) const LEAST_RTT_PERIOD_MICROS: u64 = 2_500_000;

/// A timer that fires so late was not missed by a busy process: the machine slept, or the process was stopped.
pub(crate) const SUSPENDED_AFTER_MICROS: u64 = 5_000_000;

/// Timers fire no finer than this (RFC 9002 §6.1.2: 1 ms, and so do libuv's).
pub(crate) const TIMER_GRANULARITY_MICROS: u64 = 1_000;

/// A packet is lost when one sent this many later is acknowledged (RFC 9002 §6.1.1).
pub(crate) const PACKET_THRESHOLD: u64 = 3;

/// What the packet threshold may grow to where the network reorders. Beyond it the time threshold decides alone.
pub(crate) const PACKET_THRESHOLD_MAX: u64 = 8_192;

/// A packet is lost when one sent later is acknowledged and this many eighths of a round trip passed (RFC 9002 §6.1.2: 9/8).
pub(crate) const TIME_THRESHOLD_EIGHTHS: u64 = 9;

/// What the time threshold may grow to where the network reorders: two round trips (RFC 8985 §6.2: a window of one round trip more).
pub(crate) const TIME_THRESHOLD_EIGHTHS_MAX: u64 = 16;

/// Loss events in a row without reordering after which raised thresholds fall back (RFC 8985 §6.2: 16 recoveries).
pub(crate) const REORDERING_MEMORY_EVENTS: u32 = 16;

/// Probe time-outs that a lost packet stays recorded after it was sent, so that its late acknowledgement is recognised:
/// as long as the time threshold can wait.
pub(crate) const LOST_KEPT_PTOS: u64 = 2;

/// No back-off makes the wait for the next probe longer than this (or one plain probe time-out where that is longer): after an outage
/// traffic goes on, or a restarted peer is noticed, within a second, and one small packet a second is no storm.
pub(crate) const PTO_MAX_MICROS: u64 = 1_000_000;

/// Probes that go out before a peer that does not answer counts as lost: however much round trips varied, on the path before or while one end was busy,
/// no wait for an answer is longer than such a part of the time that the peer has, unless a round trip and a quarter is.
pub(crate) const PEER_LOST_PROBES: u64 = 4;

/// An end with open streams that has heard nothing for this part of the time after which a peer counts as lost asks whether it is there: who only reads
/// has nothing else that stays unanswered. Half of it is one small packet in 15 s by default, and finds a peer behind a NAT that forgot it as soon.
pub(crate) const SILENCE_PEER_LOST_PARTS: u64 = 2;

/// Probe time-outs without any acknowledgement that make loss persistent congestion (RFC 9002 §7.6.1).
pub(crate) const PERSISTENT_CONGESTION_PTOS: u64 = 3;

/// Persistent congestion takes at least this long. Three probe time-outs of a loopback are 20 ms, which is a process that was not
/// scheduled rather than a network without room; 200 ms is the shortest time-out by which TCP senders collapse their window.
pub(crate) const PERSISTENT_CONGESTION_MIN_MICROS: u64 = 200_000;

/// Packets recorded at once, acknowledgements included: 25 Gbit/s over 100 ms. At 24 bytes each this bounds what a peer that never
/// acknowledges can make this end remember.
pub(crate) const SENT_PACKETS_MAX: usize = 1 << 18;

/// Packets that asked for no acknowledgement which stay recorded, oldest forgotten first: nobody may ever acknowledge them.
pub(crate) const UNACKNOWLEDGEABLE_KEPT: usize = 1_024;

/// Packets in a row that asked for no acknowledgement before one should (RFC 9000 §13.2.4), so that the ranges this end
/// reports can be forgotten.
pub(crate) const ACK_ONLY_STREAK: u32 = 32;

/// From one packet number that is never used to the next: more than this, so that they cost nothing, ...
pub(crate) const SKIPPED_NUMBER_DISTANCE_MIN: u64 = 256;

/// ... and up to this more, by chance: a peer that acknowledges ahead of what it received meets one within a few thousand packets. A power of
/// two, so that each is as likely.
pub(crate) const SKIPPED_NUMBER_DISTANCE_SPREAD: u64 = 2_048;

/// Numbers never used that are remembered after all below them is settled: an acknowledgement may name them as late as it likes.
pub(crate) const SKIPPED_NUMBERS_KEPT: usize = 8;

// Tuning: streams

/// Credit of a new stream, and of a new association: four flights of the initial congestion window, so that it never holds up slow
/// start before it grows; and 10,000 associations hold 469 MiB of it, which a node's default budget of 512 MiB can honour.
pub const CREDIT_INITIAL_BYTES: u64 = 48 << 10;

/// What a stream's window grows to by default: 1 Gbit/s over 100 ms is 12.5 MB.
pub const STREAM_WINDOW_MAX_BYTES: u64 = 16 << 20;

/// A grant goes out when this fraction of the window was consumed since the one before: the sender never falls below three quarters
/// of its window, and a window costs four grants.
pub const GRANT_FRACTION: u64 = 4;

/// A window doubles when half of it is consumed within this many round trips, at the rate measured over one or more: the sender is then held
/// up by the window, or soon will be.
pub const WINDOW_GROWTH_ROUND_TRIPS: u64 = 2;

/// Round trips count as at least this long where windows grow: below it scheduling sets the pace. Up to 15 Gbit/s a window then stays at 1.5 MiB.
pub const WINDOW_GROWTH_MIN_RTT_MICROS: u64 = 200;

/// Windows up to this grow by the present round trip, and whether or not the rate rose with the last growth.
pub const SMALL_WINDOW_BYTES: u64 = 1 << 20;
/// A larger window's rate is measured over several batches of a busy loop: what a reader takes at once after a pause adds little to it.
pub const LARGE_WINDOW_MEASUREMENT_MICROS: u64 = 10_000;

/// A large window grows again when the rate is so many percent of what it was at the last growth: with less, the window was not what held it up.
pub const WINDOW_GROWTH_RATE_PERCENT: u128 = 110;

/// A rate below so many percent of that at the last growth, measured so often in a row, is of another way: the window may be too small for it.
pub const WINDOW_LOSS_RATE_PERCENT: u128 = 90;
/// See [`WINDOW_LOSS_RATE_PERCENT`].
pub const WINDOW_LOSS_MEASUREMENTS: u8 = 4;

/// Round trips from here on make a window grow more where it is used up beside a gap: repairing one costs a round trip, and below this it costs less than a
/// busy loop does.
pub const GAP_GROWTH_MIN_RTT_MICROS: u64 = 10_000;

/// Bytes that a stream buffers for sending before its flight has shown that it needs more: ten trains of 64 KiB would not be
/// acknowledged sooner, and less than half of it starves the sender between two batches of the application.
pub const SEND_BUFFER_INITIAL_BYTES: u64 = 256 << 10;

/// The same where so many others wait to be sent: a hundred streams that are kept full hold 6 MiB, which stay in the cache, and not 25.
pub const SEND_BUFFER_BESIDE_OTHERS_BYTES: u64 = 64 << 10;
/// See [`SEND_BUFFER_BESIDE_OTHERS_BYTES`].
pub const LARGE_SEND_BUFFERS: usize = 4;
/// Bytes that may wait beside a flight: two batches. With a window of 1.5 MiB the ring so is one of 2 MiB instead of 4, and nearer to the cache.
pub const SEND_BUFFER_BEYOND_FLIGHT_BYTES: u64 = 512 << 10;

/// The smallest ring, one page: what a stream costs each way that has anything buffered.
pub const RING_MIN_BYTES: usize = 4 << 10;

/// What a stream without a byte in its rings costs: its record, its protocol's name and its metadata, which may be 1,088 bytes.
pub const STREAM_BYTES: u64 = 2 << 10;

/// Bytes that a stream sends before it is the turn of the next of its level: about eleven packets, so that a hundred streams each
/// keep their place in the caches, and wait no more than a millisecond for each other at 10 Gbit/s.
pub const TURN_BYTES: u32 = 16 << 10;

/// Pieces in which the data of one stream may arrive. A flight of [`STREAM_WINDOW_MAX_BYTES`] in full packets, every other one lost, is
/// 7,000; and a piece more costs at most a move of 64 KiB.
pub const STREAM_GAPS_MAX: usize = 8_192;

/// Streams open at once that one end may have opened: with those of both ends, handles of 16 bits suffice.
pub const STREAMS_OPEN_MAX: u64 = 30_000;

/// Streams of Osier's own that one end may have open beyond what its peer allows it: the control stream, and the one for direct ways, each of which may
/// be open anew while the end of the one before is not acknowledged.
pub const CONTROL_STREAMS: u64 = 4;

// Tuning: messages and datagrams

/// The largest message by default: what a stream's window grows to, so that one takes no more than others are granted.
pub const MESSAGE_MAX_BYTES: u64 = 16 << 20;

/// What a receiver adds to a lifetime, beside a hundredth of it: the sender's word that a message was acknowledged in time then always holds
/// (docs/protocol.md, Expiry).
pub(crate) const LIFETIME_GRACE_MICROS: u64 = 1_000;

/// Messages of one stream that a sender asks for by EXPIRE at a time. Each answer takes a round trip, and sixteen packets hold so many.
pub(crate) const EXPIRIES_ASKED_MAX: usize = 1_024;

/// After how long EXPIRE is sent again although it arrived: its answer is repeated by the receiver, unless that has forgotten the whole stream.
pub(crate) const EXPIRE_REPEAT_MICROS: u64 = 1_000_000;

/// EXPIREs of one stream that wait for their answer to be sent: what a sender asks for, and once more each for losses that were none.
pub(crate) const EXPIRE_REPLIES_MAX: usize = 4 * EXPIRIES_ASKED_MAX;

/// Bytes of datagrams that one stream holds for its application, unless a single one is larger: as many as a stream's send buffer has at first.
pub(crate) const DATAGRAM_BUFFER_BYTES: u64 = SEND_BUFFER_INITIAL_BYTES;

/// What a datagram costs the receiver beside its bytes.
pub(crate) const DATAGRAM_RECORD_BYTES: u64 = 128;

/// Datagrams of one stream of which parts have come and parts are missing. The parts of one follow each other: more than a few are of lost ones.
pub(crate) const DATAGRAMS_INCOMPLETE_MAX: usize = 64;
