//! When an acknowledgement is due: at once on news that the sender waits for, thinned with the rate otherwise.

use crate::constants::{
    ACKS_PER_ROUND_TRIP, ACK_DELAY_MIN_MICROS, ACK_THRESHOLD_MAX, ACK_THRESHOLD_MIN, MAX_ACK_DELAY_MICROS,
};
use crate::Instant;

/// Decides when an acknowledgement has to be sent of its own accord (RFC 9000 §13.2.1). Only ack-eliciting packets can
/// make one due; otherwise two ends would acknowledge each other's acknowledgements for ever.
pub(crate) struct AckSchedule {
    /// Ack-eliciting packets since the last acknowledgement was sent.
    waiting: u64,
    /// When the oldest of them has waited long enough.
    deadline: Option<Instant>,
    /// Something happened that the sender should learn of without delay.
    urgent: bool,
    rate: PacketRate,
}

impl AckSchedule {
    pub(crate) const fn new() -> Self {
        Self { waiting: 0, deadline: None, urgent: false, rate: PacketRate::new() }
    }

    /// An ack-eliciting packet arrived. `rtt_micros` is the path's smoothed round trip, 0 while unknown.
    pub(crate) fn on_ack_eliciting(&mut self, now: Instant, rtt_micros: u64) {
        self.rate.on_packet(now, rtt_micros);
        self.waiting += 1;
        if self.deadline.is_none() {
            // A quarter of a round trip delays nobody who waits for a window to open; below a millisecond no timer fires.
            let delay = (rtt_micros / 4).clamp(ACK_DELAY_MIN_MICROS, MAX_ACK_DELAY_MICROS);
            self.deadline = Some(now.plus_micros(delay));
        }
    }

    /// The sender should learn at once: of a new hole, of a packet out of order, of a congestion mark.
    pub(crate) fn on_urgent_news(&mut self) {
        self.urgent = true;
    }

    /// An acknowledgement of all that arrived was sent.
    pub(crate) fn on_sent(&mut self) {
        self.waiting = 0;
        self.deadline = None;
        self.urgent = false;
    }

    /// Whether an acknowledgement has to go out now.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        let enough = self.waiting >= self.rate.threshold;
        self.deadline.is_some_and(|deadline| self.urgent || enough || now >= deadline)
    }

    /// When one falls due if nothing else arrives.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

/// Counts ack-eliciting packets over a round trip, and says how many may share one acknowledgement.
struct PacketRate {
    counted_since: Instant,
    packets: u64,
    /// Packets that call for an acknowledgement, by the round trip before.
    threshold: u64,
}

impl PacketRate {
    const fn new() -> Self {
        Self { counted_since: Instant::from_micros(0), packets: 0, threshold: ACK_THRESHOLD_MIN }
    }

    fn on_packet(&mut self, now: Instant, rtt_micros: u64) {
        let elapsed = now.saturating_micros_since(self.counted_since);
        if elapsed >= rtt_micros {
            let per_round_trip = self.packets.saturating_mul(rtt_micros) / elapsed.max(1);
            self.threshold =
                (per_round_trip / ACKS_PER_ROUND_TRIP).clamp(ACK_THRESHOLD_MIN, ACK_THRESHOLD_MAX);
            self.counted_since = now;
            self.packets = 0;
        }
        self.packets += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: u64 = 10_000;

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    /// Packets per acknowledgement when one comes each `interval` microseconds for many round trips of [`RTT`].
    fn packets_per_ack(interval: u64) -> u64 {
        let (mut schedule, mut acks, mut counted) = (AckSchedule::new(), 0, 0);
        for now in (1_000_000..1_000_000 + 100 * RTT).step_by(interval as usize) {
            schedule.on_ack_eliciting(at(now), RTT);
            let measured = now >= 1_000_000 + 10 * RTT;
            counted += u64::from(measured);
            if schedule.is_due(at(now)) {
                acks += u64::from(measured);
                schedule.on_sent();
            }
        }
        counted / acks
    }

    #[test]
    fn acknowledgements_are_thinned_with_the_rate() {
        assert_eq!(packets_per_ack(1_000), 2, "10 packets a round trip");
        assert_eq!(packets_per_ack(125), 10, "80 packets a round trip");
        assert!((18..=21).contains(&packets_per_ack(60)), "166 packets a round trip");
        assert!((126..=128).contains(&packets_per_ack(2)), "5,000 packets a round trip: the bound");
    }

    #[test]
    fn after_a_silence_the_first_packets_are_acknowledged_as_if_slow() {
        let mut schedule = AckSchedule::new();
        for now in 0..30_000 {
            schedule.on_ack_eliciting(at(1_000_000 + now), RTT);
            if schedule.is_due(at(1_000_000 + now)) {
                schedule.on_sent();
            }
        }
        schedule.on_sent();
        assert_eq!(schedule.rate.threshold, ACK_THRESHOLD_MAX);
        let later = at(9_000_000);
        schedule.on_ack_eliciting(later, RTT);
        assert!(!schedule.is_due(later));
        schedule.on_ack_eliciting(later, RTT);
        assert!(schedule.is_due(later));
    }

    #[test]
    fn a_lone_packet_waits_a_quarter_round_trip_within_its_bounds() {
        for (rtt, delay) in [(0, 1_000), (100, 1_000), (12_000, 3_000), (80_000, 5_000), (u64::MAX, 5_000)] {
            let mut schedule = AckSchedule::new();
            schedule.on_ack_eliciting(at(50), rtt);
            assert_eq!(schedule.deadline(), Some(at(50 + delay)), "rtt {rtt}");
            assert!(!schedule.is_due(at(50 + delay - 1)));
            assert!(schedule.is_due(at(50 + delay)));
        }
    }

    #[test]
    fn the_deadline_is_that_of_the_oldest_packet() {
        let mut schedule = AckSchedule::new();
        schedule.rate.threshold = 100;
        for now in 50..60 {
            schedule.on_ack_eliciting(at(now), 1_000);
        }
        assert_eq!(schedule.deadline(), Some(at(50 + ACK_DELAY_MIN_MICROS)));
    }

    #[test]
    fn nothing_is_due_before_an_ack_eliciting_packet() {
        let mut schedule = AckSchedule::new();
        schedule.on_urgent_news();
        assert!(!schedule.is_due(Instant::FAR_FUTURE));
        assert_eq!(schedule.deadline(), None);
        schedule.on_ack_eliciting(at(7), RTT);
        assert!(schedule.is_due(at(7)), "the news was kept for the first packet that may carry it out");
    }
}
