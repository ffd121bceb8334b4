//! Packet numbers, now and then one that is never used: a peer that acknowledges what it did not receive, to be sent to faster than its path allows,
//! gives itself away (RFC 9000 §21.4).

use crate::constants::{SKIPPED_NUMBER_DISTANCE_MIN, SKIPPED_NUMBER_DISTANCE_SPREAD};
use crate::entropy::Entropy;

/// The next number, and the one that will be passed over.
#[derive(Debug)]
pub(super) struct PacketNumbers {
    next: u64,
    skipped: Option<u64>,
}

impl PacketNumbers {
    /// The first packet takes `next`.
    pub(super) fn starting_at(next: u64) -> Self {
        Self { next, skipped: None }
    }

    /// The number that the next packet takes. All below it are used, or never will be.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// A packet took it.
    pub(super) fn on_used(&mut self) {
        self.next += 1;
        if self.skipped == Some(self.next) {
            self.next += 1;
            self.skipped = None;
        }
    }

    /// Chooses a number to be passed over, unless one is chosen. Call when something arrives: who hears nothing has no need of it.
    pub(super) fn choose_skipped(&mut self, entropy: &mut Entropy) {
        if self.skipped.is_none() {
            let random = u64::from(entropy.next_u32()) % SKIPPED_NUMBER_DISTANCE_SPREAD;
            self.skipped = Some(self.next + SKIPPED_NUMBER_DISTANCE_MIN + random);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_few_hundred_to_few_thousand_numbers_one_that_nobody_can_tell_is_passed_over() {
        let gaps = |seed| {
            let (mut numbers, mut entropy) = (PacketNumbers::starting_at(0), Entropy::new([seed; 32]));
            let (mut gaps, mut last) = (Vec::new(), 0);
            while gaps.len() < 200 {
                numbers.choose_skipped(&mut entropy);
                let number = numbers.next();
                numbers.on_used();
                if numbers.next() != number + 1 {
                    assert_eq!(numbers.next(), number + 2);
                    gaps.push(number + 1 - last);
                    last = number + 1;
                }
            }
            gaps
        };
        let distances =
            SKIPPED_NUMBER_DISTANCE_MIN..SKIPPED_NUMBER_DISTANCE_MIN + SKIPPED_NUMBER_DISTANCE_SPREAD + 1;
        let found = gaps(1);
        assert!(found.iter().all(|gap| distances.contains(gap)), "{found:?}");
        let mean = found.iter().sum::<u64>() / 200;
        assert!((1_100..1_500).contains(&mean), "{mean}");
        assert_ne!(found, gaps(2));
    }

    #[test]
    fn nothing_is_passed_over_before_anything_arrived() {
        let mut numbers = PacketNumbers::starting_at(0);
        (0..10_000).for_each(|_| numbers.on_used());
        assert_eq!(numbers.next(), 10_000);
    }
}
