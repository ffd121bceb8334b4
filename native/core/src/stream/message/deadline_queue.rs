//! When which message expires.

use crate::time::Instant;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Entries for each live message before those of settled ones are dropped: dropping then costs each push a constant.
const STALE_RATIO: usize = 2;
/// Entries that are never worth a search.
const STALE_MIN: usize = 64;

/// Messages by the time that they expire. One that is settled before stays until it comes up, or until there are too many such.
#[derive(Debug, Default)]
pub(super) struct DeadlineQueue {
    waiting: BinaryHeap<Reverse<(Instant, u64)>>,
}

impl DeadlineQueue {
    /// The message at `offset` expires at `at`. `live`: how many messages there are; `is_live` says whether an offset is one of them.
    pub(super) fn push(&mut self, at: Instant, offset: u64, live: usize, is_live: impl Fn(u64) -> bool) {
        if self.waiting.len() >= STALE_RATIO * live + STALE_MIN {
            self.waiting.retain(|Reverse((_, offset))| is_live(*offset));
        }
        self.waiting.push(Reverse((at, offset)));
    }

    /// Entries, those of settled messages included.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The earliest deadline.
    #[inline]
    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes the earliest message that is due.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<u64> {
        let due = self.next().is_some_and(|at| at <= now);
        if !due {
            return None;
        }
        self.waiting.pop().map(|Reverse((_, offset))| offset)
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.waiting = BinaryHeap::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_comes_in_the_order_of_time() {
        let mut queue = DeadlineQueue::default();
        for (at, offset) in [(30, 1), (10, 2), (20, 3)] {
            queue.push(Instant::from_micros(at), offset, 3, |_| true);
        }
        assert_eq!(queue.pop_due(Instant::from_micros(9)), None);
        let due: Vec<u64> = std::iter::from_fn(|| queue.pop_due(Instant::from_micros(25))).collect();
        assert_eq!(due, [2, 3]);
        assert_eq!(queue.next(), Some(Instant::from_micros(30)));
    }

    #[test]
    fn settled_messages_with_long_lifetimes_do_not_pile_up() {
        let mut queue = DeadlineQueue::default();
        for offset in 0..100_000 {
            queue.push(Instant::FAR_FUTURE, offset, 10, |other| other + 10 > offset);
            assert!(queue.waiting.len() <= 10 * STALE_RATIO + STALE_MIN);
        }
    }
}
