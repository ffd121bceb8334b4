//! Whether sending faster still delivers more (draft-ietf-ccwg-bbr §5.3.1.2).

use crate::constants::{BBR_FULL_PIPE_GROWTH_PERCENT, BBR_FULL_PIPE_ROUNDS};

/// Looks for a plateau of the delivery rate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FullPipe {
    baseline: u64,
    rounds: u32,
    is_full: bool,
    was_ever_full: bool,
}

impl FullPipe {
    /// Looks anew, for growth beyond `baseline` bytes a second.
    pub(super) fn restart(&mut self, baseline: u64) {
        *self = Self { baseline, was_ever_full: self.was_ever_full, ..Self::default() };
    }

    /// Takes the rate of a round trip in which the application did not limit.
    pub(super) fn on_round(&mut self, rate: u64) {
        if self.is_full {
            return;
        }
        if rate >= self.baseline.saturating_mul(BBR_FULL_PIPE_GROWTH_PERCENT) / 100 {
            self.restart(rate);
            return;
        }
        self.rounds += 1;
        if self.rounds >= BBR_FULL_PIPE_ROUNDS {
            self.is_full = true;
            self.was_ever_full = true;
        }
    }

    /// Whether the plateau is found since the last restart.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Whether the path was ever known to be full.
    pub(super) fn was_ever_full(&self) -> bool {
        self.was_ever_full
    }

    /// Loss proved it (true), or that proof turned out wrong (false).
    pub(super) fn set_ever_full(&mut self, was_ever_full: bool) {
        self.was_ever_full = was_ever_full;
    }
}
