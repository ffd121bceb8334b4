//! What a lost packet changes, and how that is taken back when it was not lost (draft-ietf-ccwg-bbr §5.5.10, §5.5.11).

use super::delivery_rate::RateSample;
use super::short_term::Bounds;
use super::state::State;
use super::Bbr;
use crate::congestion::LostPacket;
use crate::constants::{
    BBR_BETA_PERCENT, BBR_LOSS_THRESHOLD_PERCENT, BBR_LOSS_WITHOUT_QUEUE_PERCENT, BBR_QUEUE_RTT_PERCENT,
};
use crate::time::Instant;

/// What the first loss of a recovery period found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Undo {
    /// More losses may belong to the same event: what is found now is no longer what was before.
    pub(super) is_held: bool,
    /// The state that loss ended.
    pub(super) left: Option<State>,
    bounds: Bounds,
    inflight_longterm: u64,
    /// Of the recovery period before.
    recovery_start: Option<Instant>,
}

impl Default for Undo {
    fn default() -> Self {
        Self {
            is_held: false,
            left: None,
            bounds: Bounds::NONE,
            inflight_longterm: u64::MAX,
            recovery_start: None,
        }
    }
}

impl RateSample {
    /// More was lost than probing may cost.
    pub(super) fn is_inflight_too_high(&self) -> bool {
        is_too_much(self.lost, self.sent_in_flight)
    }
}

/// Whether `lost` of so many bytes in flight is more than probing may cost.
pub(super) fn is_too_much(lost: u64, in_flight: u64) -> bool {
    lost > in_flight * BBR_LOSS_THRESHOLD_PERCENT / 100
}

impl Bbr {
    pub(super) fn take_lost_packet(&mut self, lost: &LostPacket) {
        let lost = &LostPacket { bytes: self.counted_bytes(lost), ..*lost };
        self.short_term.on_lost(lost, self.delivery.delivered(), self.delivery.lost());
        if !self.undo.is_held && self.recovery_start.is_none_or(|start| lost.sent_at > start) {
            self.undo = Undo {
                is_held: true,
                left: None,
                bounds: self.short_term.bounds,
                inflight_longterm: self.inflight_longterm,
                recovery_start: self.recovery_start,
            };
        }
        let sample = self.delivery.on_lost(lost.bytes, lost.snapshot);
        if self.probe.is_sampling && sample.is_inflight_too_high() {
            self.bound_inflight(lost.now, inflight_at_loss(&sample, lost.bytes), sample.app_limited);
        }
    }

    /// What a lost packet counts for. No queue overflowed where the round trip shows none, and some are lost whether or not one does.
    fn counted_bytes(&mut self, lost: &LostPacket) -> u64 {
        if self.shows_queue(lost.rtt_micros) {
            return self.random_loss.counted_beside_queue(lost.bytes);
        }
        self.random_loss.on_lost(lost.bytes);
        lost.bytes * BBR_LOSS_THRESHOLD_PERCENT / BBR_LOSS_WITHOUT_QUEUE_PERCENT
    }

    /// Whether a packet with this round trip met a queue.
    pub(super) fn shows_queue(&self, rtt_micros: u64) -> bool {
        self.min_rtt.micros().is_none_or(|least| rtt_micros * 100 >= least.max(1) * BBR_QUEUE_RTT_PERCENT)
    }

    /// The network marked packets that the last acknowledgement was about, or some before them: an answer to a probe, or else a reason to slow
    /// down once in this round.
    pub(super) fn take_mark(&mut self, now: Instant) {
        if self.state == State::Startup {
            self.bound_startup();
        } else if self.probe.is_sampling {
            let sample = self.delivery.newest_sample();
            self.bound_inflight(now, sample.sent_in_flight, sample.app_limited);
        } else {
            self.short_term.on_marked(self.delivery.delivered());
        }
    }

    /// Nothing was lost after all.
    pub(super) fn undo_loss(&mut self) {
        self.restore_window();
        self.recovery_start = self.undo.recovery_start;
        self.short_term.forget_losses();
        self.full_pipe.restart(0);
        let Bounds { bandwidth, inflight } = self.short_term.bounds;
        self.short_term.bounds = Bounds {
            bandwidth: bandwidth.max(self.undo.bounds.bandwidth),
            inflight: inflight.max(self.undo.bounds.inflight),
        };
        self.inflight_longterm = self.inflight_longterm.max(self.undo.inflight_longterm);
        match self.undo.left.take() {
            Some(State::Startup) if self.state != State::Startup => {
                self.full_pipe.set_ever_full(false);
                if !self.state.is_probe_rtt() {
                    self.state = State::Startup;
                }
            }
            Some(State::Up(_)) if !matches!(self.state, State::Up(_)) && !self.state.is_probe_rtt() => {
                self.start_refill();
            }
            _ => {}
        }
    }

    /// Probing has met a bound. Once a probe; never lower than CUBIC would go.
    fn bound_inflight(&mut self, now: Instant, inflight: u64, app_limited: bool) {
        self.probe.on_too_high();
        if !app_limited {
            let least = self.target_inflight() * BBR_BETA_PERCENT / 100;
            self.inflight_longterm = inflight.max(least);
        }
        if matches!(self.state, State::Up(_)) {
            self.undo.left = Some(self.state);
            self.start_down(now);
        }
    }
}

/// How much was in flight when losses crossed the threshold, somewhere within the lost packet.
fn inflight_at_loss(sample: &RateSample, bytes: u64) -> u64 {
    let inflight_before = sample.sent_in_flight.saturating_sub(bytes);
    let lost_before = sample.lost.saturating_sub(bytes);
    let allowed = inflight_before * BBR_LOSS_THRESHOLD_PERCENT / 100;
    let within = allowed.saturating_sub(lost_before) * 100 / (100 - BBR_LOSS_THRESHOLD_PERCENT);
    inflight_before + within
}
