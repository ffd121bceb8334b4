//! What one path knows about itself: round trip, congestion window, pacing, bytes in flight, largest datagram.

mod loss_event;
mod marks;
mod mtu;
#[cfg(test)]
mod tests;
mod window_usage;

use crate::congestion::{
    AckSample, CongestionAlgorithm, CongestionControl, CongestionEvent, Controller, LostPacket,
    SnapshotSerial,
};
use crate::constants::INITIAL_RTT_MICROS;
use crate::ecn_validation::EcnValidation;
use crate::mtu_discovery::{LargeLost, MtuDiscovery};
use crate::pacer::{PaceLimits, Pacer};
use crate::recent_least::RecentLeast;
use crate::rtt::RttEstimator;
use crate::sent_packets::SentRecord;
use crate::time::Instant;
use loss_event::LossEvent;
use window_usage::WindowUsage;

/// Whether, and how much, may be sent on a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SendPermit {
    /// At most this many bytes now, never fewer than were asked for.
    Now(u64),
    /// Not before something is acknowledged or lost.
    BlockedByWindow,
    /// Not before this moment.
    PacedUntil(Instant),
}

/// State of one path. A path that is left and returned to later begins anew, under another tag.
#[derive(Clone, Debug)]
pub(crate) struct PathControl {
    /// Round-trip time.
    pub(crate) rtt: RttEstimator,
    tag: u8,
    controller: Controller,
    pacer: Pacer,
    usage: WindowUsage,
    loss_event: LossEvent,
    bytes_in_flight: u64,
    mtu: MtuDiscovery,
    ecn: EcnValidation,
    probes_owed: u8,
    measured_since: Option<Instant>,
    recent_rtt: RecentLeast,
}

/// What an ACK frame acknowledged on this path.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PathAcked {
    /// All newly acknowledged bytes in flight.
    pub(crate) bytes: u64,
    /// Those of packets sent after recovery began.
    pub(crate) growth_bytes: u64,
    /// Highest packet number newly acknowledged.
    pub(crate) largest: u64,
    /// When that packet was sent.
    pub(crate) newest_sent_at: Instant,
    /// What the congestion controller remembers of that moment.
    pub(crate) newest_snapshot: SnapshotSerial,
    /// The round-trip sample, microseconds.
    pub(crate) rtt_micros: Option<u64>,
}

/// What was declared lost on this path in one go.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PathLost {
    /// All lost bytes in flight.
    pub(crate) bytes: u64,
    /// Packets among them that say something about congestion: MTU probes do not.
    pub(crate) packets: u64,
    /// Of those, sent before the present recovery period began, and part of the loss event that began it.
    pub(crate) packets_of_event: u64,
    /// Of those, sent after the present recovery period began.
    pub(crate) packets_after_event: u64,
    /// When the newest of `packets` was sent.
    pub(crate) newest_sent_at: Instant,
    /// RFC 9002 §7.6.
    pub(crate) persistent: bool,
    /// Those above the base MTU.
    pub(crate) large: LargeLost,
}

impl PathControl {
    /// A path that nothing is known of. `tag` marks the packets sent on it, so that acknowledgements of what was sent on another
    /// path leave this one alone: give each new path of an association another one.
    pub(crate) fn new(tag: u8, mtu_bytes: usize, algorithm: CongestionAlgorithm) -> Self {
        let mtu_bytes = mtu_bytes as u64;
        Self {
            rtt: RttEstimator::new(),
            tag,
            controller: Controller::new(algorithm, mtu_bytes),
            pacer: Pacer::new(),
            usage: WindowUsage::default(),
            loss_event: LossEvent::default(),
            bytes_in_flight: 0,
            mtu: MtuDiscovery::fixed(mtu_bytes as usize),
            ecn: EcnValidation::default(),
            probes_owed: 0,
            measured_since: None,
            recent_rtt: RecentLeast::default(),
        }
    }

    /// The same network under another address: round trip, window and MTU stay, but nothing is under way there yet.
    pub(crate) fn renewed(&self, tag: u8) -> Self {
        let mut mtu = self.mtu.clone();
        mtu.forget_probe();
        Self {
            mtu,
            tag,
            usage: WindowUsage::default(),
            loss_event: LossEvent::default(),
            bytes_in_flight: 0,
            probes_owed: 0,
            ..self.clone()
        }
    }

    /// Whether `wanted_bytes` may be sent now. Ask only while something waits to be sent: a refusal by the window
    /// is taken as proof that the window, not the application, is what limits.
    ///
    /// Probes owed after a time-out pass both window and pacer. Packets that only acknowledge need no permit.
    pub(crate) fn can_send(&mut self, now: Instant, wanted_bytes: u64) -> SendPermit {
        let mtu_bytes = self.mtu.current() as u64;
        let probes = u64::from(self.probes_owed) * mtu_bytes;
        let room = self.room_bytes();
        if room < wanted_bytes {
            self.usage.on_refused();
            return if probes >= wanted_bytes {
                SendPermit::Now(probes)
            } else {
                SendPermit::BlockedByWindow
            };
        }
        let (controller, rtt) = (&self.controller, &self.rtt);
        let limits = || PaceLimits {
            bytes_per_second: controller.pacing_rate_bytes_per_second(rtt.smoothed_micros()),
            window_bytes: controller.window_bytes(),
            mtu_bytes,
        };
        match self.pacer.allowance(now, wanted_bytes, limits) {
            Ok(allowance) => SendPermit::Now(allowance.min(room).max(probes)),
            Err(_) if probes >= wanted_bytes => SendPermit::Now(probes),
            Err(when) => SendPermit::PacedUntil(when),
        }
    }

    /// Bytes that may be in flight.
    pub(crate) fn window_bytes(&self) -> u64 {
        self.controller.window_bytes()
    }

    /// Bytes sent and neither acknowledged nor lost.
    pub(crate) fn bytes_in_flight(&self) -> u64 {
        self.bytes_in_flight
    }

    /// Packets to send whatever window and pacer say (RFC 9002 §6.2.4): data where there is some, else a PING.
    #[cfg(test)]
    pub(crate) fn probes_owed(&self) -> u8 {
        self.probes_owed
    }

    /// Runs of lost packets in the present round, as BBR counts them.
    #[cfg(test)]
    pub(crate) fn lost_runs(&self) -> Option<u32> {
        self.controller.lost_runs()
    }

    /// The application has nothing more to send: what is measured from now on may say nothing of the path.
    pub(crate) fn on_application_limited(&mut self) {
        self.controller.on_application_limited(self.bytes_in_flight);
    }

    /// Mark of the packets sent on this path.
    pub(crate) fn tag(&self) -> u8 {
        self.tag
    }

    /// Start of the present recovery period.
    pub(crate) fn recovery_start(&self) -> Option<Instant> {
        self.controller.recovery_start()
    }

    /// Whether the round trip was known when a packet was sent.
    pub(crate) fn was_measured_before(&self, sent_at: Instant) -> bool {
        self.measured_since.is_some_and(|since| sent_at >= since)
    }

    /// The least round trip of the last seconds, microseconds: about what the path takes without a queue. None before the first sample.
    pub(crate) fn least_rtt_micros(&self) -> Option<u64> {
        self.recent_rtt.least()
    }

    pub(crate) fn take_rtt_sample(&mut self, now: Instant, sample_micros: u64, ack_delay_micros: u64) {
        self.rtt.update(sample_micros, ack_delay_micros);
        self.measured_since.get_or_insert(now);
        self.recent_rtt.update(now, self.rtt.latest_micros());
    }

    /// What a challenge took is the first sample. Of several nobody knows which was answered: then it took so long at most.
    pub(crate) fn take_rtt_of_challenge(&mut self, now: Instant, micros: u64, is_exact: bool) {
        if is_exact {
            self.take_rtt_sample(now, micros, 0);
        } else {
            self.assume_rtt(micros);
        }
    }

    /// What the round trip may be, at most, until it is measured.
    pub(crate) fn assume_rtt(&mut self, micros: u64) {
        self.rtt = RttEstimator::assuming(micros.min(INITIAL_RTT_MICROS));
    }

    pub(crate) fn owe_probes(&mut self, packets: u8) {
        self.probes_owed = packets;
    }

    /// One packet may go out whatever window and pacer say.
    pub(crate) fn owe_one_probe(&mut self) {
        self.probes_owed = self.probes_owed.max(1);
    }

    /// What it returns belongs into the packet's record.
    pub(crate) fn on_sent(&mut self, now: Instant, bytes: u64, ack_eliciting: bool) -> SnapshotSerial {
        let snapshot = self.controller.on_sent(now, bytes, self.bytes_in_flight);
        self.bytes_in_flight += bytes;
        self.pacer.on_sent(bytes);
        if ack_eliciting {
            self.probes_owed = self.probes_owed.saturating_sub(1);
        }
        self.usage.on_sent(self.bytes_in_flight, self.room_bytes(), self.mtu.current() as u64);
        snapshot
    }

    /// `next_number` is the packet number that will be sent next: it ends the round trip that begins now.
    pub(crate) fn on_acked(&mut self, now: Instant, acked: PathAcked, next_number: u64) {
        let round_started = self.usage.on_acked(acked.largest, next_number, self.bytes_in_flight);
        self.bytes_in_flight = self.bytes_in_flight.saturating_sub(acked.bytes);
        self.probes_owed = 0;
        self.controller.on_ack(&AckSample {
            now,
            bytes: acked.growth_bytes,
            rtt_micros: acked.rtt_micros,
            smoothed_rtt_micros: self.rtt.smoothed_micros(),
            round_started,
            window_limited: self.usage.is_limited(),
            peak_in_flight_bytes: self.usage.peak_in_flight_bytes(),
            acked_bytes: acked.bytes,
            bytes_in_flight: self.bytes_in_flight,
            newest_sent_at: acked.newest_sent_at,
            newest_snapshot: acked.newest_snapshot,
        });
    }

    /// Takes losses; true when they began a new recovery period.
    pub(crate) fn on_lost(&mut self, now: Instant, lost: PathLost) -> bool {
        self.bytes_in_flight = self.bytes_in_flight.saturating_sub(lost.bytes);
        if lost.packets == 0 {
            return false;
        }
        if self.mtu.on_lost(now, &lost.large) {
            self.controller.on_mtu(self.mtu.current() as u64);
        }
        if lost.persistent {
            self.rtt.restart_minimum();
        }
        let before = self.recovery_start();
        let event = CongestionEvent {
            now,
            sent_at: lost.newest_sent_at,
            persistent: lost.persistent,
            marked: false,
            bytes_in_flight: self.bytes_in_flight,
        };
        let is_new = self.controller.on_congestion_event(&event);
        if is_new {
            self.loss_event = LossEvent::begin(before, lost.packets_after_event);
        } else {
            self.loss_event.add(lost.packets_of_event);
        }
        is_new
    }

    /// Counts one lost packet into `lost`; `previous` was in flight before it.
    pub(crate) fn count_lost(
        &mut self,
        now: Instant,
        (previous, number): (Option<u64>, u64),
        packet: &SentRecord,
        lost: &mut PathLost,
    ) {
        let bytes = usize::from(packet.size_bytes);
        lost.bytes += bytes as u64;
        if packet.mtu_probe {
            self.mtu.on_probe_lost(now, bytes);
            return;
        }
        if bytes > self.mtu.base() {
            lost.large.bytes = Some(lost.large.bytes.map_or(bytes, |least| least.min(bytes)));
            lost.large.newest_sent_at = packet.sent_at;
        } else {
            lost.large.small_too = true;
        }
        self.controller.on_packet_lost(&LostPacket {
            now,
            sent_at: packet.sent_at,
            number,
            previous_number: previous,
            bytes: bytes as u64,
            rtt_micros: self.rtt.latest_micros(),
            snapshot: packet.snapshot,
        });
        lost.packets += 1;
        lost.newest_sent_at = packet.sent_at;
        if self.recovery_start().is_none_or(|start| packet.sent_at > start) {
            lost.packets_after_event += 1;
        } else if self.loss_event.covers(packet.sent_at, self.recovery_start()) {
            lost.packets_of_event += 1;
        }
    }

    /// A packet that was declared lost has arrived after all. True when it completes the last loss event: all of it was reordering,
    /// and the window is given back (RFC 9438 §4.9).
    pub(crate) fn on_spurious_loss(&mut self, packet: &SentRecord) -> bool {
        self.controller.on_late(u64::from(packet.size_bytes));
        let is_undone =
            self.loss_event.covers(packet.sent_at, self.recovery_start()) && self.loss_event.on_arrived();
        if is_undone {
            self.controller.on_spurious_loss();
        }
        is_undone
    }

    fn room_bytes(&self) -> u64 {
        self.window_bytes().saturating_sub(self.bytes_in_flight)
    }
}
