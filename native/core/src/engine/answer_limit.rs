//! How often answers go out that cost nobody anything to ask for, RESETs and version hints, and how often a RESET that came is told.

use crate::time::Instant;

/// Answers of one kind sent at most each second, to all addresses together: enough for a restarted node to tell all its peers within seconds, too few
/// to be worth a flood.
const SENT_PER_SECOND: u64 = 1_000;
/// RESET hints told for one association: at most one in this time.
pub(super) const HINT_INTERVAL_MICROS: u64 = 1_000_000;

/// A token bucket that fills within one second.
#[derive(Debug, Default)]
pub(super) struct AnswerLimit {
    window_start: Option<Instant>,
    sent: u64,
}

impl AnswerLimit {
    /// Whether one more answer may be sent now; counts it when so.
    pub(super) fn admit(&mut self, now: Instant) -> bool {
        let fresh = self.window_start.is_none_or(|start| now.saturating_micros_since(start) >= 1_000_000);
        if fresh {
            self.window_start = Some(now);
            self.sent = 0;
        }
        self.sent += 1;
        self.sent <= SENT_PER_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_bounded_in_every_second_and_allowed_again_in_the_next() {
        let mut limit = AnswerLimit::default();
        let now = Instant::from_micros(5);
        let admitted = (0..5_000).filter(|_| limit.admit(now)).count();
        assert_eq!(admitted as u64, SENT_PER_SECOND);
        assert!(limit.admit(now.plus_micros(1_000_000)));
    }
}
