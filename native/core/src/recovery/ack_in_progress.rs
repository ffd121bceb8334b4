//! One ACK frame while it is taken in.

use super::AckOutcome;
use crate::path_control::{PathAcked, PathControl};
use crate::sent_packets::SentRecord;
use crate::time::Instant;

/// What an ACK frame has acknowledged so far.
#[derive(Default)]
pub(super) struct AckInProgress {
    pub(super) now: Instant,
    /// The largest number that was acknowledged before this frame.
    pub(super) largest_before: Option<u64>,
    /// The frame's largest number.
    pub(super) largest: Option<u64>,
    /// When the frame's largest was sent, if it is newly acknowledged and was sent on this path.
    pub(super) largest_sent_at: Option<Instant>,
    pub(super) elicited: bool,
    pub(super) on_path: PathAcked,
    /// The largest packet but MTU probes, and when it was sent.
    pub(super) passed: (usize, Instant),
    pub(super) outcome: AckOutcome,
}

impl AckInProgress {
    pub(super) fn count(&mut self, number: u64, record: &SentRecord, path: &mut PathControl) {
        self.elicited |= record.ack_eliciting;
        self.outcome.newly_acked_packets += 1;
        self.outcome.newly_acked_bytes += u64::from(record.size_bytes);
        self.outcome.largest_newly_acked = self.outcome.largest_newly_acked.max(Some(number));
        if record.mtu_probe {
            self.outcome.mtu_probe_acked_bytes = Some(record.size_bytes);
        }
        if record.path != path.tag() {
            return;
        }
        self.outcome.newly_acked_marked += u64::from(record.marked);
        self.outcome.is_of_path = true;
        if self.largest == Some(number) {
            self.largest_sent_at = Some(record.sent_at);
        }
        if record.in_flight {
            let bytes = u64::from(record.size_bytes);
            self.on_path.bytes += bytes;
            if record.mtu_probe {
                path.on_mtu_probe_acked(self.now, record.size_bytes);
            } else {
                self.passed = self.passed.max((usize::from(record.size_bytes), record.sent_at));
            }
            if number >= self.on_path.largest {
                self.on_path.largest = number;
                self.on_path.newest_sent_at = record.sent_at;
                self.on_path.newest_snapshot = record.snapshot;
            }
            if path.recovery_start().is_none_or(|start| record.sent_at > start) {
                self.on_path.growth_bytes += bytes;
            }
        }
    }

    /// RFC 9002 §5.1: only from the largest, newly acknowledged, and only if something asked for the acknowledgement. A packet sent before this
    /// process was stopped tells how long that took, not the path.
    pub(super) fn rtt_sample(&self, resumed_at: Option<Instant>) -> Option<u64> {
        self.largest_sent_at
            .filter(|sent_at| self.elicited && resumed_at.is_none_or(|resumed_at| *sent_at >= resumed_at))
            // The clock's resolution: no path takes no time, and a model that divides by it must not meet one.
            .map(|sent_at| self.now.saturating_micros_since(sent_at).max(1))
    }
}
