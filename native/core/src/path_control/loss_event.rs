//! Which losses have to turn out late for a cut to be taken back.

use crate::time::Instant;

/// The packets whose loss cut the window last: those sent after the recovery period before, until the one that they began.
#[derive(Clone, Debug, Default)]
pub(super) struct LossEvent {
    after: Option<Instant>,
    lost: u64,
    arrived: u64,
}

/// More packets than an event can have.
const NEVER_ALL: u64 = u64::MAX / 2;

impl LossEvent {
    /// `lost` packets sent after `after` cut the window.
    pub(super) fn begin(after: Option<Instant>, lost: u64) -> Self {
        Self { after, lost, arrived: 0 }
    }

    /// The network said so itself: no packet that comes late takes the cut back.
    pub(super) fn marked(after: Option<Instant>) -> Self {
        Self { after, lost: NEVER_ALL, arrived: 0 }
    }

    /// The network marked packets of the same flight: the cut is justified, whatever arrives late.
    pub(super) fn mark(&mut self) {
        self.lost = NEVER_ALL;
    }

    /// Whether a packet sent at `sent_at` is part of the event that began the recovery period at `recovery_start`.
    pub(super) fn covers(&self, sent_at: Instant, recovery_start: Option<Instant>) -> bool {
        self.after.is_none_or(|after| sent_at > after) && recovery_start.is_some_and(|start| sent_at <= start)
    }

    /// More of its packets were declared lost.
    pub(super) fn add(&mut self, lost: u64) {
        self.lost += lost;
    }

    /// One of its packets came late. True when all have: nothing was lost.
    pub(super) fn on_arrived(&mut self) -> bool {
        self.arrived += 1;
        self.arrived == self.lost
    }
}
