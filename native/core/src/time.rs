//! The clock as `core` sees it: a number that its caller hands in.
//!
//! Nothing in this crate reads a clock. The addon takes `CLOCK_BOOTTIME`, the simulator its virtual time.

/// A moment, in microseconds since an arbitrary start that all instants of one engine share.
///
/// No arithmetic on instants can panic or wrap: differences stop at 0, sums at [`Instant::FAR_FUTURE`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Instant(u64);

impl Instant {
    /// Later than every deadline that can come: 584,542 years after the start.
    pub const FAR_FUTURE: Self = Self(u64::MAX);

    /// The moment `micros` microseconds after the start.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the start.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Microseconds that passed from `earlier` to this moment; 0 when `earlier` is the later one.
    #[must_use]
    pub const fn saturating_micros_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment `micros` microseconds after this one, at most [`Instant::FAR_FUTURE`].
    #[must_use]
    pub const fn plus_micros(self, micros: u64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// The moment `micros` microseconds before this one, at least the start.
    #[must_use]
    pub const fn minus_micros(self, micros: u64) -> Self {
        Self(self.0.saturating_sub(micros))
    }
}

#[cfg(test)]
mod tests {
    use super::Instant;

    #[test]
    fn absurd_durations_stop_at_the_ends_of_time() {
        let middle = Instant::from_micros(1 << 40);
        assert_eq!(middle.plus_micros(u64::MAX), Instant::FAR_FUTURE);
        assert_eq!(middle.minus_micros(u64::MAX), Instant::from_micros(0));
        assert_eq!(Instant::FAR_FUTURE.plus_micros(1), Instant::FAR_FUTURE);
    }

    #[test]
    fn a_clock_that_went_back_counts_as_no_time() {
        let earlier = Instant::from_micros(10);
        let later = Instant::from_micros(17);
        assert_eq!(later.saturating_micros_since(earlier), 7);
        assert_eq!(earlier.saturating_micros_since(later), 0);
    }
}
