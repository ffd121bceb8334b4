//! Congestion control: how many bytes a path may hold in flight.

mod cubic;
mod cubic_curve;
mod hystart;

use crate::constants::{INITIAL_WINDOW_BYTES, INITIAL_WINDOW_PACKETS, MINIMUM_WINDOW_PACKETS};
use crate::time::Instant;
use cubic::Cubic;

/// One acknowledgement, summed over the packets that it newly acknowledged on this path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AckSample {
    /// When it arrived.
    pub(crate) now: Instant,
    /// Newly acknowledged bytes of packets sent after the present recovery period began: what the window may grow by.
    pub(crate) bytes: u64,
    /// The round-trip sample that it gave, microseconds.
    pub(crate) rtt_micros: Option<u64>,
    /// Smoothed round-trip time, microseconds.
    pub(crate) smoothed_rtt_micros: u64,
    /// Whether it is the first of a round trip: it acknowledges a packet sent after the round before ended.
    pub(crate) round_started: bool,
    /// Whether the window, not the application, has held sending back in this or the last round trip.
    pub(crate) window_limited: bool,
    /// Most bytes in flight in this and the last round trip.
    pub(crate) peak_in_flight_bytes: u64,
}

/// Packets were lost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CongestionEvent {
    /// When it was found.
    pub(crate) now: Instant,
    /// When the newest of the lost packets was sent.
    pub(crate) sent_at: Instant,
    /// RFC 9002 §7.6: nothing got through for a long time.
    pub(crate) persistent: bool,
}

/// What every congestion controller answers to. Bytes are UDP payload.
pub(crate) trait CongestionControl {
    /// Takes an acknowledgement.
    fn on_ack(&mut self, ack: &AckSample);
    /// Takes a loss; true when it began a new recovery period (and cut the window).
    fn on_congestion_event(&mut self, event: &CongestionEvent) -> bool;
    /// Every loss of the last recovery period was reordering: the cut is taken back.
    fn on_spurious_loss(&mut self);
    /// The path's largest datagram changed.
    fn on_mtu(&mut self, mtu_bytes: u64);
    /// Bytes that may be in flight.
    fn window_bytes(&self) -> u64;
    /// Start of the last recovery period. What was sent until then neither grows nor cuts the window.
    fn recovery_start(&self) -> Option<Instant>;
    /// Rate at which to pace, bytes a second.
    fn pacing_rate_bytes_per_second(&self, smoothed_rtt_micros: u64) -> u64;
}

/// A path's congestion controller. An enum, so that no packet goes through a table of function pointers.
#[derive(Clone, Debug)]
pub(crate) enum Controller {
    /// RFC 9438 with RFC 9406.
    Cubic(Cubic),
}

impl Controller {
    /// CUBIC with HyStart++, for a path with datagrams of `mtu_bytes`.
    pub(crate) fn cubic(mtu_bytes: u64) -> Self {
        Self::Cubic(Cubic::new(mtu_bytes))
    }
}

impl CongestionControl for Controller {
    fn on_ack(&mut self, ack: &AckSample) {
        match self {
            Self::Cubic(cubic) => cubic.on_ack(ack),
        }
    }

    fn on_congestion_event(&mut self, event: &CongestionEvent) -> bool {
        match self {
            Self::Cubic(cubic) => cubic.on_congestion_event(event),
        }
    }

    fn on_spurious_loss(&mut self) {
        match self {
            Self::Cubic(cubic) => cubic.on_spurious_loss(),
        }
    }

    fn on_mtu(&mut self, mtu_bytes: u64) {
        match self {
            Self::Cubic(cubic) => cubic.on_mtu(mtu_bytes),
        }
    }

    fn window_bytes(&self) -> u64 {
        match self {
            Self::Cubic(cubic) => cubic.window_bytes(),
        }
    }

    fn recovery_start(&self) -> Option<Instant> {
        match self {
            Self::Cubic(cubic) => cubic.recovery_start(),
        }
    }

    fn pacing_rate_bytes_per_second(&self, smoothed_rtt_micros: u64) -> u64 {
        match self {
            Self::Cubic(cubic) => cubic.pacing_rate_bytes_per_second(smoothed_rtt_micros),
        }
    }
}

/// RFC 9002 §7.2.
pub(crate) fn initial_window(mtu_bytes: u64) -> u64 {
    (INITIAL_WINDOW_PACKETS * mtu_bytes).min(INITIAL_WINDOW_BYTES.max(2 * mtu_bytes))
}

/// RFC 9002 §7.2.
pub(crate) fn minimum_window(mtu_bytes: u64) -> u64 {
    MINIMUM_WINDOW_PACKETS * mtu_bytes
}
