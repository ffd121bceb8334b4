//! The least of the last samples: what a path takes without a queue, also after the network has put another way under the same addresses.

use crate::constants::LEAST_RTT_PERIOD_MICROS;
use crate::time::Instant;

/// The least sample of this period and of the one before: a sample counts for one period at least and for two at most.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecentLeast {
    began: Instant,
    present: Option<u64>,
    before: Option<u64>,
}

impl RecentLeast {
    /// Takes a sample.
    pub(crate) fn update(&mut self, now: Instant, sample: u64) {
        let elapsed_micros = now.saturating_micros_since(self.began);
        if elapsed_micros >= LEAST_RTT_PERIOD_MICROS {
            self.before = self.present.filter(|_| elapsed_micros < 2 * LEAST_RTT_PERIOD_MICROS);
            self.present = None;
            self.began = now;
        }
        self.present = Some(self.present.map_or(sample, |least| least.min(sample)));
    }

    /// The least one; none before the first sample.
    pub(crate) fn least(&self) -> Option<u64> {
        self.before.into_iter().chain(self.present).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(periods: f64) -> Instant {
        Instant::from_micros((periods * LEAST_RTT_PERIOD_MICROS as f64) as u64)
    }

    #[test]
    fn the_least_counts_for_one_period_at_least_and_two_at_most() {
        for first in [0.0, 0.5, 0.9] {
            let mut recent = RecentLeast::default();
            recent.update(at(10.0), 7);
            recent.update(at(10.0 + first), 3);
            for step in 1..=40 {
                let later = f64::from(step) / 20.0;
                recent.update(at(10.0 + first + later), 9);
                if later < 1.0 {
                    assert_eq!(recent.least(), Some(3), "{first}, {later} later");
                }
            }
            assert_eq!(recent.least(), Some(9), "{first}");
        }
    }

    #[test]
    fn after_a_long_silence_only_what_comes_then_counts() {
        let mut recent = RecentLeast::default();
        assert_eq!(recent.least(), None);
        recent.update(at(1.0), 3);
        recent.update(at(3.0), 5);
        assert_eq!(recent.least(), Some(5));
    }
}
