//! How often answers go out that cost nobody anything to ask for, RESETs and version hints, and how often a RESET that came is told.

use crate::time::Instant;
use crate::token_bucket::{Rate, TokenBucket};

/// Answers of one kind, to all addresses together: enough for a restarted node to tell all its peers within seconds, too few to be worth a flood.
const SENT: Rate = Rate { burst: 1_000, per_second: 1_000 };
/// RESET hints told for one association: at most one in this time.
pub(super) const HINT_INTERVAL_MICROS: u64 = 1_000_000;

/// Of answers of one kind.
#[derive(Debug, Default)]
pub(super) struct AnswerLimit {
    bucket: Option<TokenBucket>,
}

impl AnswerLimit {
    /// Whether one more answer may be sent now; counts it when so.
    pub(super) fn admit(&mut self, now: Instant) -> bool {
        self.admit_copies(now, 1)
    }

    /// The same for something of which `copies` go out, each time as many.
    pub(super) fn admit_copies(&mut self, now: Instant, copies: u64) -> bool {
        let share = |of: u64| (of / copies.max(1)).max(1);
        let rate = Rate { burst: share(SENT.burst), per_second: share(SENT.per_second) };
        self.bucket.get_or_insert_with(|| TokenBucket::full(now, rate)).take(now, rate)
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
        assert_eq!(admitted as u64, SENT.burst);
        assert!(limit.admit(now.plus_micros(1_000_000)));
    }
}
