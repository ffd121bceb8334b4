//! Round trips counted by packets (draft-ietf-ccwg-bbr §5.5.1).

/// A round ends when a packet is acknowledged that was sent after it began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rounds {
    end_delivered: u64,
    started: bool,
    count: u64,
}

impl Rounds {
    /// Takes an acknowledgement of a packet that was sent when `prior_delivered` bytes had been delivered.
    pub(super) fn on_acked(&mut self, prior_delivered: Option<u64>, delivered: u64) {
        self.started = prior_delivered.is_some_and(|prior| prior >= self.end_delivered);
        if self.started {
            self.count += 1;
            self.restart(delivered);
        }
    }

    /// A round begins now, whatever was in flight before.
    pub(super) fn restart(&mut self, delivered: u64) {
        self.end_delivered = delivered;
    }

    /// Whether the last acknowledgement began a round.
    pub(super) fn started(&self) -> bool {
        self.started
    }

    /// Rounds since the start.
    pub(super) fn count(&self) -> u64 {
        self.count
    }
}
