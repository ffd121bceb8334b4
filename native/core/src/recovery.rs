//! Which packets arrived, which are lost, and when to ask (RFC 9002), for one association's packet numbers.

mod ack_in_progress;
mod acknowledgement;
mod outcome;
mod probe_timer;
#[cfg(test)]
mod tests;

use crate::congestion::SnapshotSerial;
use crate::constants::{
    ACK_ONLY_STREAK, LOST_KEPT_PTOS, SENT_PACKETS_MAX, SUSPENDED_AFTER_MICROS, UNACKNOWLEDGEABLE_KEPT,
};
use crate::loss_detection::{LossDetector, Losses};
use crate::path_control::PathControl;
use crate::sent_packets::{PacketState, SentPackets};
use crate::time::Instant;
use probe_timer::{ProbeTimer, PROBES_MAX};

pub(crate) use crate::sent_packets::PacketSent;
pub(crate) use outcome::{AckOfUnsent, AckOutcome, FrameFate, TimeoutOutcome};

/// Loss recovery of one association.
///
/// A probe time-out resends no flight: the oldest one or two packets' frames are told probed, so that their data goes into
/// the probes, and the packets themselves stay in flight. What else is missing, the probe's acknowledgement will show.
#[derive(Debug)]
pub(crate) struct Recovery<F: Copy> {
    sent: SentPackets<F>,
    loss: LossDetector,
    largest_acked: Option<u64>,
    ack_eliciting_in_flight: u64,
    probes: ProbeTimer,
    ack_only_streak: u32,
    /// End of the last time that this process did not run.
    resumed_at: Option<Instant>,
}

impl<F: Copy> Recovery<F> {
    /// Nothing sent yet; `first_number` is the first packet number that will be.
    pub(crate) const fn new(first_number: u64) -> Self {
        Self {
            sent: SentPackets::new(first_number),
            loss: LossDetector::new(first_number),
            largest_acked: None,
            ack_eliciting_in_flight: 0,
            probes: ProbeTimer::new(),
            ack_only_streak: 0,
            resumed_at: None,
        }
    }

    /// Bounds every wait for an answer, for a peer that counts as lost after so long; 0: it never does.
    pub(crate) fn of_peer_lost_after(mut self, micros: u64) -> Self {
        self.probes.bound(micros);
        self
    }

    /// See [`ProbeTimer::answer_wait_micros`].
    pub(crate) fn answer_wait_micros(&self, path: &PathControl) -> u64 {
        self.probes.answer_wait_micros(&path.rtt)
    }

    /// Whether one more packet can be recorded. False only towards a peer that acknowledges nothing: send nothing then,
    /// acknowledgements included. Each probe time-out makes room for its probes, so that the peer can still be found alive.
    pub(crate) fn has_room(&self) -> bool {
        self.sent.len() < SENT_PACKETS_MAX + PROBES_MAX * self.probes.count() as usize
    }

    /// Records a packet; call once for each, in order, right after it was built. `frames` is what its fate will be told of.
    pub(crate) fn on_packet_sent(
        &mut self,
        now: Instant,
        packet: PacketSent,
        frames: &[F],
        path: &mut PathControl,
    ) {
        let snapshot = if packet.in_flight {
            path.on_sent(now, u64::from(packet.size_bytes), packet.ack_eliciting)
        } else {
            SnapshotSerial::default()
        };
        self.sent.push(now, packet, path.tag(), snapshot, frames);
        if path.on_packet_of_train() {
            self.sent.mark_newest();
        }
        if packet.ack_eliciting {
            self.ack_eliciting_in_flight += 1;
            self.probes.on_ack_eliciting_sent(now);
            self.ack_only_streak = 0;
        } else {
            self.ack_only_streak = self.ack_only_streak.saturating_add(1);
            self.forget_settled(now, path);
        }
    }

    /// Records a packet that went another way than the path's: no window counts it. `tag` is none of a path with packets under way.
    pub(crate) fn on_foreign_packet_sent(&mut self, now: Instant, packet: PacketSent, frames: &[F], tag: u8) {
        self.sent.push(now, packet, tag, SnapshotSerial::default(), frames);
        self.ack_eliciting_in_flight += 1;
        self.probes.on_ack_eliciting_sent(now);
        self.ack_only_streak = 0;
    }

    /// The path on which all that is in flight was sent is left: it goes again on the next one. What arrives after all counts all the same.
    pub(crate) fn on_path_left(&mut self, now: Instant, fate: &mut impl FrameFate<F>) {
        self.probes.restart(now);
        self.hand_over(usize::MAX, fate);
    }

    /// Probe time-outs in a row.
    pub(crate) fn pto_count(&self) -> u32 {
        self.probes.count()
    }

    /// Call when [`Recovery::deadline`] has come, after all packets that have arrived were taken in: what is acknowledged
    /// in the socket's buffer is not late.
    pub(crate) fn on_timeout(
        &mut self,
        now: Instant,
        path: &mut PathControl,
        fate: &mut impl FrameFate<F>,
    ) -> TimeoutOutcome {
        self.notice_suspension(now, path);
        if self.deadline(path).is_none_or(|deadline| now < deadline) {
            return TimeoutOutcome::Nothing;
        }
        if let (Some(_), Some(largest_acked)) = (self.loss.loss_time(), self.largest_acked) {
            let lost = self.detect_losses(now, largest_acked, path, fate).packets;
            self.forget_settled(now, path);
            return TimeoutOutcome::Lost(lost);
        }
        let packets = self.probes.on_expired(now);
        self.hand_over(usize::from(packets), fate);
        path.owe_probes(packets);
        self.forget_settled(now, path);
        TimeoutOutcome::Probe { packets }
    }

    /// When [`Recovery::on_timeout`] is due; none while nothing ack-eliciting is in flight.
    pub(crate) fn deadline(&self, path: &PathControl) -> Option<Instant> {
        if self.loss.loss_time().is_some() {
            return self.loss.loss_time();
        }
        if self.ack_eliciting_in_flight == 0 {
            return None;
        }
        Some(self.probes.deadline(&path.rtt))
    }

    /// Whether a packet was sent and is neither acknowledged nor lost.
    pub(crate) fn is_under_way(&self, number: u64) -> bool {
        self.sent.get(number).is_some_and(|record| record.state == PacketState::Outstanding)
    }

    /// Bytes of a packet of this path that is neither acknowledged nor lost.
    pub(crate) fn size_under_way(&self, number: u64, path: &PathControl) -> Option<usize> {
        let record = self.sent.get(number).filter(|record| record.path == path.tag())?;
        (record.state == PacketState::Outstanding).then_some(usize::from(record.size_bytes))
    }

    /// True after a long run of packets that nobody has to acknowledge: add a PING to the next one.
    pub(crate) fn wants_ping(&self) -> bool {
        self.ack_only_streak >= ACK_ONLY_STREAK
    }

    /// Gives memory that is not needed now back to the allocator: for associations that have fallen idle. What asked for no acknowledgement gets none
    /// after such a silence, and what was lost does not come late any more.
    pub(crate) fn release_memory(&mut self) {
        self.sent.forget_while(|_, record| record.state != PacketState::Outstanding || !record.in_flight);
        self.sent.shrink();
    }

    /// A deadline that passed long ago was missed because this process did not run: what lay unread meanwhile tells no round trip.
    fn notice_suspension(&mut self, now: Instant, path: &PathControl) {
        let late_micros = self.deadline(path).map_or(0, |deadline| now.saturating_micros_since(deadline));
        if late_micros > SUSPENDED_AFTER_MICROS {
            self.resumed_at = Some(now);
        }
    }

    fn detect_losses(
        &mut self,
        now: Instant,
        largest_acked: u64,
        path: &mut PathControl,
        fate: &mut impl FrameFate<F>,
    ) -> Losses {
        let losses = self.loss.detect(now, largest_acked, &mut self.sent, path, fate);
        self.ack_eliciting_in_flight -= losses.ack_eliciting;
        losses
    }

    /// Tells the frames of so many of the oldest packets probed, so that the next ones carry what they may.
    fn hand_over(&mut self, packets: usize, fate: &mut impl FrameFate<F>) {
        let mut from = self.loss.undecided();
        let mut left = packets;
        while left > 0 {
            let Some(number) = self.sent.next_unacknowledged(from, u64::MAX) else { break };
            let Some(record) = self.sent.get_mut(number) else { break };
            if record.ack_eliciting && !record.handed_over && !record.mtu_probe {
                record.handed_over = true;
                let record = *record;
                self.sent.frames_of(&record).for_each(|frame| fate.probed(frame));
                left -= 1;
            }
            from = number + 1;
        }
    }

    /// So much is recorded that a lost packet's late acknowledgement is no longer worth its record: one of them must not keep all the
    /// settled ones behind it until there is no room to send.
    fn is_crowded(&self) -> bool {
        self.sent.len() > SENT_PACKETS_MAX / 2
    }

    fn forget_settled(&mut self, now: Instant, path: &PathControl) {
        let horizon = now.minus_micros(LOST_KEPT_PTOS * path.rtt.pto_micros());
        let largest_acked = self.largest_acked;
        let crowded = self.is_crowded();
        let spare = self.sent.len().saturating_sub(UNACKNOWLEDGEABLE_KEPT) as u64;
        let dispensable_below = self.sent.first_number() + spare;
        self.sent.forget_while(|number, record| match record.state {
            PacketState::Acknowledged | PacketState::Skipped => true,
            PacketState::Lost => crowded || record.sent_at < horizon,
            PacketState::Outstanding if record.in_flight => false,
            PacketState::Outstanding => {
                number < dispensable_below || (record.sent_at < horizon && Some(number) < largest_acked)
            }
        });
    }
}
