//! Congestion control: how many bytes a path may hold in flight.

mod bbr;
mod cubic;
mod cubic_curve;
mod hystart;

use crate::constants::{INITIAL_WINDOW_BYTES, MINIMUM_WINDOW_PACKETS};
use crate::time::Instant;
use bbr::Bbr;
use cubic::Cubic;

/// Which controller a new path gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CongestionAlgorithm {
    /// Grows until it loses packets (RFC 9438): shares with everything else on the Internet as that does.
    #[default]
    Cubic,
    /// Models the path (draft-ietf-ccwg-bbr): short queues, and little harm by random loss.
    Bbr,
}

/// One acknowledgement, summed over the packets that it newly acknowledged on this path.
#[derive(Clone, Copy, Debug, Default)]
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
    /// All newly acknowledged bytes.
    pub(crate) acked_bytes: u64,
    /// Bytes in flight after it.
    pub(crate) bytes_in_flight: u64,
    /// When the newest of the acknowledged packets was sent.
    pub(crate) newest_sent_at: Instant,
    /// That packet's mark from [`CongestionControl::on_sent`].
    pub(crate) newest_snapshot: SnapshotSerial,
}

/// What a controller remembers of the moment when a packet was sent: two bytes in its record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct SnapshotSerial(u16);

/// One packet was lost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LostPacket {
    /// When it was found.
    pub(crate) now: Instant,
    pub(crate) sent_at: Instant,
    pub(crate) number: u64,
    /// The packet in flight before it, unless that is long settled. Numbers between them only acknowledged, or were never used.
    pub(crate) previous_number: Option<u64>,
    pub(crate) bytes: u64,
    /// The round trip that was measured last: of a packet sent soon after it, unless a timer found it.
    pub(crate) rtt_micros: u64,
    /// Its mark from [`CongestionControl::on_sent`].
    pub(crate) snapshot: SnapshotSerial,
}

/// Packets were lost, or marked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CongestionEvent {
    /// When it was found.
    pub(crate) now: Instant,
    /// When the newest of the lost or marked packets was sent.
    pub(crate) sent_at: Instant,
    /// RFC 9002 §7.6: nothing got through for a long time.
    pub(crate) persistent: bool,
    /// Nothing was lost: the network marked packets instead (ECN).
    pub(crate) marked: bool,
    /// Bytes in flight after it.
    pub(crate) bytes_in_flight: u64,
}

/// What every congestion controller answers to. Bytes are UDP payload.
pub(crate) trait CongestionControl {
    /// A packet of `bytes` goes out while `in_flight_before` bytes are in flight. What it returns comes back with the packet's fate.
    fn on_sent(&mut self, _now: Instant, _bytes: u64, _in_flight_before: u64) -> SnapshotSerial {
        SnapshotSerial::default()
    }
    /// The application has nothing more to send, and `bytes_in_flight` are on the way.
    fn on_application_limited(&mut self, _bytes_in_flight: u64) {}
    /// Takes one lost packet, before the event that it is part of.
    fn on_packet_lost(&mut self, _lost: &LostPacket) {}
    /// `bytes` of a packet that was declared lost have arrived after all.
    fn on_late(&mut self, _bytes: u64) {}
    /// Takes an acknowledgement.
    fn on_ack(&mut self, ack: &AckSample);
    /// Takes a loss or a mark; true when it began a new recovery period (and cut the window).
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
#[expect(clippy::large_enum_variant, reason = "CUBIC, the default, is reached without a pointer")]
pub(crate) enum Controller {
    /// RFC 9438 with RFC 9406.
    Cubic(Cubic),
    /// draft-ietf-ccwg-bbr. Boxed, so that its model costs nothing where it is not used.
    Bbr(Box<Bbr>),
}

impl Controller {
    /// For a path with datagrams of `mtu_bytes`.
    pub(crate) fn new(algorithm: CongestionAlgorithm, mtu_bytes: u64) -> Self {
        match algorithm {
            CongestionAlgorithm::Cubic => Self::Cubic(Cubic::new(mtu_bytes)),
            CongestionAlgorithm::Bbr => Self::Bbr(Box::new(Bbr::new(mtu_bytes))),
        }
    }

    /// Runs of lost packets in the present round.
    #[cfg(test)]
    pub(crate) fn lost_runs(&self) -> Option<u32> {
        match self {
            Self::Cubic(_) => None,
            Self::Bbr(bbr) => Some(bbr.lost_runs()),
        }
    }

    /// Which one it is.
    pub(crate) fn algorithm(&self) -> CongestionAlgorithm {
        match self {
            Self::Cubic(_) => CongestionAlgorithm::Cubic,
            Self::Bbr(_) => CongestionAlgorithm::Bbr,
        }
    }
}

impl CongestionControl for Controller {
    fn on_sent(&mut self, now: Instant, bytes: u64, in_flight_before: u64) -> SnapshotSerial {
        match self {
            Self::Cubic(cubic) => cubic.on_sent(now, bytes, in_flight_before),
            Self::Bbr(bbr) => bbr.on_sent(now, bytes, in_flight_before),
        }
    }

    fn on_application_limited(&mut self, bytes_in_flight: u64) {
        match self {
            Self::Cubic(cubic) => cubic.on_application_limited(bytes_in_flight),
            Self::Bbr(bbr) => bbr.on_application_limited(bytes_in_flight),
        }
    }

    fn on_packet_lost(&mut self, lost: &LostPacket) {
        match self {
            Self::Cubic(cubic) => cubic.on_packet_lost(lost),
            Self::Bbr(bbr) => bbr.on_packet_lost(lost),
        }
    }

    fn on_late(&mut self, bytes: u64) {
        match self {
            Self::Cubic(cubic) => cubic.on_late(bytes),
            Self::Bbr(bbr) => bbr.on_late(bytes),
        }
    }

    fn on_ack(&mut self, ack: &AckSample) {
        match self {
            Self::Cubic(cubic) => cubic.on_ack(ack),
            Self::Bbr(bbr) => bbr.on_ack(ack),
        }
    }

    fn on_congestion_event(&mut self, event: &CongestionEvent) -> bool {
        match self {
            Self::Cubic(cubic) => cubic.on_congestion_event(event),
            Self::Bbr(bbr) => bbr.on_congestion_event(event),
        }
    }

    fn on_spurious_loss(&mut self) {
        match self {
            Self::Cubic(cubic) => cubic.on_spurious_loss(),
            Self::Bbr(bbr) => bbr.on_spurious_loss(),
        }
    }

    fn on_mtu(&mut self, mtu_bytes: u64) {
        match self {
            Self::Cubic(cubic) => cubic.on_mtu(mtu_bytes),
            Self::Bbr(bbr) => bbr.on_mtu(mtu_bytes),
        }
    }

    fn window_bytes(&self) -> u64 {
        match self {
            Self::Cubic(cubic) => cubic.window_bytes(),
            Self::Bbr(bbr) => bbr.window_bytes(),
        }
    }

    fn recovery_start(&self) -> Option<Instant> {
        match self {
            Self::Cubic(cubic) => cubic.recovery_start(),
            Self::Bbr(bbr) => bbr.recovery_start(),
        }
    }

    fn pacing_rate_bytes_per_second(&self, smoothed_rtt_micros: u64) -> u64 {
        match self {
            Self::Cubic(cubic) => cubic.pacing_rate_bytes_per_second(smoothed_rtt_micros),
            Self::Bbr(bbr) => bbr.pacing_rate_bytes_per_second(smoothed_rtt_micros),
        }
    }
}

/// RFC 9002 §7.2, but the same bytes in smaller packets too.
pub(crate) fn initial_window(mtu_bytes: u64) -> u64 {
    INITIAL_WINDOW_BYTES.max(2 * mtu_bytes)
}

/// RFC 9002 §7.2.
pub(crate) fn minimum_window(mtu_bytes: u64) -> u64 {
    MINIMUM_WINDOW_PACKETS * mtu_bytes
}
