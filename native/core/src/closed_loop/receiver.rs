//! A receiver: what has arrived, and what it has not acknowledged yet.

use crate::time::Instant;
use std::collections::VecDeque;

#[derive(Default)]
pub(super) struct Receiver {
    /// Descending, not touching.
    pub(super) ranges: VecDeque<(u64, u64)>,
    pub(super) unacknowledged: u64,
    pub(super) delivered: Vec<bool>,
    pub(super) asleep_until: Instant,
    pub(super) held: Vec<(u64, u64)>,
}

impl Receiver {
    /// True when nothing is missing before it that was not missing already.
    pub(super) fn insert(&mut self, number: u64) -> bool {
        let at = self.ranges.iter().position(|&(low, _)| low <= number + 1);
        match at {
            Some(index) if self.ranges[index].1 + 1 >= number => {
                let extends = self.ranges[index].1 + 1 == number;
                self.ranges[index].1 = self.ranges[index].1.max(number);
                self.ranges[index].0 = self.ranges[index].0.min(number);
                let joined =
                    index + 1 < self.ranges.len() && self.ranges[index + 1].1 + 1 == self.ranges[index].0;
                if joined {
                    self.ranges[index].0 = self.ranges[index + 1].0;
                    self.ranges.remove(index + 1);
                }
                extends && index == 0
            }
            Some(index) => {
                self.ranges.insert(index, (number, number));
                false
            }
            None => {
                self.ranges.push_back((number, number));
                self.ranges.len() == 1
            }
        }
    }
}
