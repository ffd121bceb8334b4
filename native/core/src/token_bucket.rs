//! A token bucket: so many at once, and so many a second for ever.

use crate::time::Instant;

const MICROS: u64 = 1_000_000;

/// What a [`TokenBucket`] lets pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// At once.
    pub(crate) burst: u64,
    /// For ever.
    pub(crate) per_second: u64,
}

impl Rate {
    /// After so long without one taken, a bucket is as full as at its start.
    pub(crate) const fn refill_micros(self) -> u64 {
        (self.burst * MICROS).div_ceil(self.per_second)
    }
}

/// See the file's head. Its owner keeps the [`Rate`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenBucket {
    /// Millionths of a token.
    micro_tokens: u64,
    filled_at: Instant,
}

impl TokenBucket {
    /// With the whole burst in it.
    pub(crate) fn full(now: Instant, rate: Rate) -> Self {
        Self { micro_tokens: rate.burst * MICROS, filled_at: now }
    }

    /// Whether [`TokenBucket::take`] would say yes.
    pub(crate) fn has_one(&mut self, now: Instant, rate: Rate) -> bool {
        let earned = now.saturating_micros_since(self.filled_at).saturating_mul(rate.per_second);
        self.micro_tokens = self.micro_tokens.saturating_add(earned).min(rate.burst * MICROS);
        self.filled_at = self.filled_at.max(now);
        self.micro_tokens >= MICROS
    }

    /// Whether one more may pass now; counts it when so.
    pub(crate) fn take(&mut self, now: Instant, rate: Rate) -> bool {
        let has_one = self.has_one(now, rate);
        self.micro_tokens -= if has_one { MICROS } else { 0 };
        has_one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 4, per_second: 2 };

    fn taken(bucket: &mut TokenBucket, now: Instant) -> usize {
        (0..100).filter(|_| bucket.take(now, RATE)).count()
    }

    #[test]
    fn the_burst_passes_at_once_and_the_rate_for_ever() {
        let start = Instant::from_micros(7);
        let mut bucket = TokenBucket::full(start, RATE);
        assert_eq!(taken(&mut bucket, start), 4);
        assert_eq!(taken(&mut bucket, start.plus_micros(MICROS / 2 - 1)), 0);
        assert_eq!(taken(&mut bucket, start.plus_micros(MICROS / 2)), 1);
        assert_eq!(taken(&mut bucket, start.plus_micros(3 * MICROS / 2)), 2);
        assert_eq!(taken(&mut bucket, start.plus_micros(3 * MICROS / 2 + RATE.refill_micros())), 4);
    }

    #[test]
    fn a_clock_that_went_back_earns_nothing_twice() {
        let (start, later) = (Instant::from_micros(7), Instant::from_micros(7 + MICROS));
        let mut bucket = TokenBucket::full(start, RATE);
        assert_eq!(
            (taken(&mut bucket, later), taken(&mut bucket, start), taken(&mut bucket, later)),
            (4, 0, 0)
        );
    }
}
