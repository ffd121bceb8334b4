//! Round-trip time of one path (RFC 9002 §5).

use crate::constants::{INITIAL_RTT_MICROS, MAX_ACK_DELAY_MICROS, TIMER_GRANULARITY_MICROS};

/// Smoothed, minimum and latest round-trip time, and their variance.
///
/// Averages are kept in eighths and quarters of a microsecond: on a loopback of 30 us, whole microseconds would let the
/// average stick up to 7 us beside the truth.
#[derive(Clone, Debug)]
pub(crate) struct RttEstimator {
    smoothed_eighths: u64,
    variance_quarters: u64,
    latest_micros: u64,
    /// Smallest sample. The peer's acknowledgement delay is not taken off.
    min_micros: u64,
    has_sample: bool,
}

impl RttEstimator {
    /// Nothing measured yet: `INITIAL_RTT_MICROS` is assumed.
    pub(crate) const fn new() -> Self {
        Self::assuming(INITIAL_RTT_MICROS)
    }

    /// Nothing measured yet; assumes `micros`, for example what the handshake took or the path before.
    pub(crate) const fn assuming(micros: u64) -> Self {
        Self {
            smoothed_eighths: micros * 8,
            variance_quarters: micros / 2 * 4,
            latest_micros: micros,
            min_micros: micros,
            has_sample: false,
        }
    }

    /// Takes a sample: the time from sending the largest acknowledged packet to the arrival of its acknowledgement.
    ///
    /// `ack_delay_micros` is the peer's claim of how long it held the acknowledgement back. It is believed up to
    /// [`MAX_ACK_DELAY_MICROS`], and only where what is left is no less than the minimum ever measured.
    pub(crate) fn update(&mut self, sample_micros: u64, ack_delay_micros: u64) {
        let sample = sample_micros.clamp(1, MAX_SAMPLE_MICROS);
        self.latest_micros = sample;
        if !self.has_sample {
            self.has_sample = true;
            self.min_micros = sample;
            self.smoothed_eighths = sample * 8;
            self.variance_quarters = sample * 2;
            return;
        }
        self.min_micros = self.min_micros.min(sample);
        let delay = ack_delay_micros.min(MAX_ACK_DELAY_MICROS);
        let adjusted = if sample >= self.min_micros + delay { sample - delay } else { sample };
        let deviation = (self.smoothed_eighths / 8).abs_diff(adjusted);
        self.variance_quarters = self.variance_quarters - self.variance_quarters / 4 + deviation;
        self.smoothed_eighths = self.smoothed_eighths - self.smoothed_eighths / 8 + adjusted;
    }

    /// Forgets the minimum in favour of the latest sample: after persistent congestion the way may be another (RFC 9002 §5.2).
    pub(crate) fn restart_minimum(&mut self) {
        self.min_micros = self.latest_micros;
    }

    /// Exponentially weighted average, microseconds, at least 1.
    pub(crate) fn smoothed_micros(&self) -> u64 {
        (self.smoothed_eighths / 8).max(1)
    }

    /// Mean deviation, microseconds.
    pub(crate) fn variance_micros(&self) -> u64 {
        self.variance_quarters / 4
    }

    /// Last sample, microseconds.
    pub(crate) fn latest_micros(&self) -> u64 {
        self.latest_micros
    }

    /// Whether anything was measured.
    pub(crate) fn has_sample(&self) -> bool {
        self.has_sample
    }

    /// Probe time-out without back-off (RFC 9002 §6.2.1), microseconds.
    pub(crate) fn pto_micros(&self) -> u64 {
        self.smoothed_micros() + self.variance_quarters.max(TIMER_GRANULARITY_MICROS) + MAX_ACK_DELAY_MICROS
    }
}

/// An hour: no sum of samples can overflow, and no path is slower.
const MAX_SAMPLE_MICROS: u64 = 3_600_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn after(samples: &[(u64, u64)]) -> RttEstimator {
        let mut rtt = RttEstimator::new();
        samples.iter().for_each(|&(sample, delay)| rtt.update(sample, delay));
        rtt
    }

    #[test]
    fn before_any_sample_the_first_probe_comes_after_305_ms() {
        let rtt = RttEstimator::new();
        assert!(!rtt.has_sample());
        assert_eq!(rtt.pto_micros(), 100_000 + 4 * 50_000 + 5_000);
    }

    #[test]
    fn the_first_sample_replaces_the_assumption() {
        let rtt = after(&[(40_000, 3_000)]);
        assert_eq!((rtt.smoothed_micros(), rtt.variance_micros()), (40_000, 20_000));
        assert_eq!((rtt.min_micros, rtt.latest_micros), (40_000, 40_000));
    }

    #[test]
    fn later_samples_move_average_and_variance_by_an_eighth_and_a_quarter() {
        let rtt = after(&[(40_000, 0), (48_000, 0)]);
        assert_eq!(rtt.smoothed_micros(), 41_000);
        assert_eq!(rtt.variance_micros(), 17_000);
    }

    #[test]
    fn the_peers_delay_is_believed_within_its_bound_and_above_the_minimum() {
        assert_eq!(after(&[(40_000, 0), (44_000, 4_000)]).smoothed_micros(), 40_000, "taken off");
        assert_eq!(
            after(&[(40_000, 0), (44_000, 4_001)]).smoothed_micros(),
            40_500,
            "would fall below the minimum"
        );
        assert_eq!(after(&[(40_000, 0), (61_000, 20_000)]).smoothed_micros(), 42_000, "5 ms at most");
    }

    #[test]
    fn a_short_round_trip_is_averaged_without_bias() {
        for truth in [(20, 33), (33, 20)] {
            let mut rtt = after(&[(truth.0, 0)]);
            (0..100).for_each(|_| rtt.update(truth.1, 0));
            assert!(
                rtt.smoothed_micros().abs_diff(truth.1) <= 1,
                "{} for {}",
                rtt.smoothed_micros(),
                truth.1
            );
        }
    }

    #[test]
    fn absurd_samples_are_survived() {
        let rtt = after(&[(0, u64::MAX), (u64::MAX, u64::MAX), (u64::MAX, 0), (0, 0)]);
        assert_eq!(rtt.min_micros, 1);
        assert!(rtt.pto_micros() < u64::MAX / 1_000);
    }
}
