//! Startup and Drain: finding the rate by doubling it, and undoing the queue that came of it (draft-ietf-ccwg-bbr §5.3.1, §5.3.2).

use super::state::State;
use super::Bbr;
use crate::congestion::AckSample;
use crate::constants::{BBR_DRAIN_ROUNDS, BBR_STARTUP_LOSS_RANGES};

impl Bbr {
    /// Ends Startup where more speed brought no more delivery, or too much loss.
    pub(super) fn end_startup(&mut self) {
        if self.state != State::Startup {
            return;
        }
        if !self.full_pipe.was_ever_full() && self.loses_too_much() {
            self.undo.left = Some(State::Startup);
            self.bound_startup();
        }
        if self.full_pipe.was_ever_full() {
            self.state = State::Drain { since_round: self.rounds.count() };
        }
    }

    /// Ends Drain where no queue is left.
    pub(super) fn end_drain(&mut self, ack: &AckSample) {
        let State::Drain { since_round } = self.state else { return };
        let is_late = self.rounds.count() > since_round + BBR_DRAIN_ROUNDS;
        if is_late || ack.bytes_in_flight <= self.inflight(100) {
            self.start_down(ack.now);
        }
    }

    /// Loss or marks say that the pipe is full: Startup ends with the next acknowledgement.
    pub(super) fn bound_startup(&mut self) {
        self.full_pipe.set_ever_full(true);
        self.inflight_longterm = self.bdp().max(self.short_term.latest_inflight());
    }

    /// A whole round of losses in several places, beyond the threshold.
    fn loses_too_much(&self) -> bool {
        self.short_term.loss_round_started()
            && self.short_term.loss_ranges() >= BBR_STARTUP_LOSS_RANGES
            && self.short_term.was_round_lossy()
    }
}
