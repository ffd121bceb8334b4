//! The largest of recent samples.

/// Largest sample of the present period and the one before. Who owns it says when a period ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MaxFilter {
    before: u64,
    present: u64,
}

impl MaxFilter {
    pub(super) fn update(&mut self, sample: u64) {
        self.present = self.present.max(sample);
    }

    /// The present period ends.
    pub(super) fn advance(&mut self) {
        // A period without samples does not push out one with.
        if self.present > 0 {
            self.before = std::mem::take(&mut self.present);
        }
    }

    pub(super) fn largest(&self) -> u64 {
        self.before.max(self.present)
    }
}
