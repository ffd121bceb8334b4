//! When to ask a peer that does not answer (RFC 9002 §6.2).

use crate::constants::{MAX_ACK_DELAY_MICROS, PEER_LOST_PROBES, PTO_MAX_MICROS};
use crate::rtt::RttEstimator;
use crate::time::Instant;

/// RFC 9002 §6.2.4: at most two.
pub(super) const PROBES_MAX: usize = 2;

/// Beyond it every back-off is capped anyway.
const MAX_BACK_OFF_SHIFT: u32 = 20;

/// Probe time-outs of one association, and their back-off.
#[derive(Debug)]
pub(super) struct ProbeTimer {
    ack_eliciting_sent_at: Instant,
    expired_at: Instant,
    count: u32,
    wait_max_micros: u64,
}

impl ProbeTimer {
    pub(super) const fn new() -> Self {
        Self {
            ack_eliciting_sent_at: Instant::from_micros(0),
            expired_at: Instant::from_micros(0),
            count: 0,
            wait_max_micros: u64::MAX,
        }
    }

    /// Bounds every wait, for a peer that counts as lost after so long; 0: it never does.
    pub(super) fn bound(&mut self, peer_lost_after_micros: u64) {
        if peer_lost_after_micros > 0 {
            self.wait_max_micros = (peer_lost_after_micros / PEER_LOST_PROBES).max(1);
        }
    }

    pub(super) fn on_ack_eliciting_sent(&mut self, now: Instant) {
        self.ack_eliciting_sent_at = now;
    }

    /// The peer answered.
    pub(super) fn on_answered(&mut self) {
        self.count = 0;
    }

    /// What was under way goes again: nothing was asked for yet.
    pub(super) fn restart(&mut self, now: Instant) {
        self.count = 0;
        self.expired_at = now;
    }

    /// Time-outs in a row.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// The deadline has come. Returns how many probes to send.
    pub(super) fn on_expired(&mut self, now: Instant) -> u8 {
        let packets = if self.count == 0 { 1 } else { PROBES_MAX as u8 };
        self.count = self.count.saturating_add(1);
        self.expired_at = now;
        packets
    }

    /// When the next probe is due, while something ack-eliciting is in flight.
    pub(super) fn deadline(&self, rtt: &RttEstimator) -> Instant {
        let plain = rtt.pto_micros();
        let backed_off = plain.saturating_mul(1 << self.count.min(MAX_BACK_OFF_SHIFT));
        let wait = self.bounded(backed_off.min(plain.max(PTO_MAX_MICROS)), rtt);
        self.ack_eliciting_sent_at.max(self.expired_at).plus_micros(wait)
    }

    /// How long an answer takes at most, as far as is known: a probe time-out, unless the peer would count as lost too soon after it.
    pub(super) fn answer_wait_micros(&self, rtt: &RttEstimator) -> u64 {
        self.bounded(rtt.pto_micros(), rtt)
    }

    /// Never less than a round trip and some more: the answers to probes would always be late, and each would be asked for again.
    fn bounded(&self, micros: u64, rtt: &RttEstimator) -> u64 {
        let rtt_micros = rtt.smoothed_micros();
        micros.min(self.wait_max_micros.max(rtt_micros + rtt_micros / 4 + MAX_ACK_DELAY_MICROS))
    }
}
