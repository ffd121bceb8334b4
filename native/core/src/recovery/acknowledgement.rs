//! What an ACK frame does (RFC 9002 §A.7).

use super::ack_in_progress::AckInProgress;
use super::{AckOfUnsent, AckOutcome, FrameFate, Recovery};
use crate::path_control::PathControl;
use crate::sent_packets::{PacketState, SentRecord};
use crate::time::Instant;
use std::ops::RangeInclusive;

impl<F: Copy> Recovery<F> {
    /// Takes an ACK frame: `ranges` descend without touching each other, the largest first.
    ///
    /// # Errors
    /// A number that was never sent: the association must close. What was acknowledged before it stays so.
    pub(crate) fn on_ack(
        &mut self,
        now: Instant,
        ack_delay_micros: u64,
        ranges: impl Iterator<Item = RangeInclusive<u64>>,
        path: &mut PathControl,
        fate: &mut impl FrameFate<F>,
    ) -> Result<AckOutcome, AckOfUnsent> {
        self.notice_suspension(now, path);
        let mut ack = AckInProgress { now, largest_before: self.largest_acked, ..AckInProgress::default() };
        for range in ranges {
            let (low, high) = range.into_inner();
            if high >= self.sent.next_number() {
                return Err(AckOfUnsent { number: high });
            }
            if let Some(number) = self.sent.skipped_in(low, high) {
                return Err(AckOfUnsent { number });
            }
            if ack.largest.is_none() {
                ack.largest = Some(high);
                self.largest_acked = self.largest_acked.max(Some(high));
            }
            if high < self.sent.first_number() {
                break;
            }
            self.acknowledge_range(low, high, &mut ack, path, fate);
        }
        ack.outcome.is_newest = self.largest_acked > ack.largest_before;
        ack.outcome.newest_sent_at = ack.largest_sent_at;
        if ack.outcome.newly_acked_packets > 0 {
            self.settle(ack_delay_micros, &mut ack, path, fate);
        } else if self.is_crowded() {
            self.forget_settled(now, path);
        }
        Ok(ack.outcome)
    }

    fn acknowledge_range(
        &mut self,
        low: u64,
        high: u64,
        ack: &mut AckInProgress,
        path: &mut PathControl,
        fate: &mut impl FrameFate<F>,
    ) {
        let mut from = low;
        while let Some(number) = self.sent.next_unacknowledged(from, high) {
            let Some(&record) = self.sent.get(number) else { break };
            self.sent.acknowledge(number);
            match record.state {
                PacketState::Lost => self.take_late(number, &record, ack, path),
                _ => {
                    self.ack_eliciting_in_flight -= u64::from(record.ack_eliciting);
                    ack.count(number, &record, path);
                }
            }
            self.sent.frames_of(&record).for_each(|frame| fate.acknowledged(frame));
            from = number + 1;
        }
    }

    /// A packet that was declared lost is here after all.
    fn take_late(
        &mut self,
        number: u64,
        record: &SentRecord,
        ack: &mut AckInProgress,
        path: &mut PathControl,
    ) {
        ack.outcome.newly_acked_packets += 1;
        ack.outcome.spurious_losses += 1;
        if record.path != path.tag() {
            return;
        }
        ack.outcome.newly_acked_marked += u64::from(record.marked);
        if record.mtu_probe {
            path.on_mtu_probe_acked(ack.now, record.size_bytes);
            return;
        }
        self.loss.on_spurious(ack.now, number, record, ack.largest_before.unwrap_or(number), &path.rtt);
        path.on_spurious_loss(record);
    }

    /// All that follows from what was newly acknowledged, in the order of RFC 9002 §A.7: round trip, losses, window.
    fn settle(
        &mut self,
        ack_delay_micros: u64,
        ack: &mut AckInProgress,
        path: &mut PathControl,
        fate: &mut impl FrameFate<F>,
    ) {
        let sample = ack.rtt_sample(self.resumed_at);
        if let Some(sample_micros) = sample {
            path.take_rtt_sample(ack.now, sample_micros, ack_delay_micros);
            ack.outcome.rtt_sample_micros = sample;
        }
        if ack.elicited {
            self.probes.on_answered();
        }
        path.on_packet_passed(ack.passed.0, ack.passed.1);
        if let Some(largest_acked) = self.largest_acked {
            let losses = self.detect_losses(ack.now, largest_acked, path, fate);
            ack.outcome.lost_packets = losses.packets;
            ack.outcome.mtu_probe_lost_bytes = losses.mtu_probe_bytes;
            if losses.began_recovery {
                ack.on_path.growth_bytes = 0;
            }
        }
        if ack.on_path.bytes > 0 {
            ack.on_path.rtt_micros = sample;
            path.on_acked(ack.now, ack.on_path, self.sent.next_number());
        }
        self.forget_settled(ack.now, path);
    }
}
