//! How much more than expected is acknowledged at once (draft-ietf-ccwg-bbr §5.5.9).

use super::max_filter::MaxFilter;
use crate::constants::BBR_EXTRA_ACKED_ROUNDS;
use crate::time::Instant;

/// Acknowledgements come in clumps: radios, offloads, thinned acknowledgements. The window makes up for the silence between them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AckAggregation {
    interval_start: Instant,
    interval_acked: u64,
    extra: MaxFilter,
    period_start_round: u64,
}

impl AckAggregation {
    /// Takes an acknowledgement of `newly_acked` bytes in round `round` of a path of `bandwidth` bytes a second.
    pub(super) fn on_acked(
        &mut self,
        now: Instant,
        newly_acked: u64,
        bandwidth: u64,
        window: u64,
        round: u64,
        is_full: bool,
    ) {
        let mut expected = bytes_in(bandwidth, now.saturating_micros_since(self.interval_start));
        if self.interval_acked <= expected {
            self.restart(now);
            expected = 0;
        }
        self.interval_acked += newly_acked;
        // In Startup the rate is not known, so that only the last round means anything.
        let period = if is_full { BBR_EXTRA_ACKED_ROUNDS / 2 } else { 1 };
        if round - self.period_start_round >= period {
            self.extra.advance();
            self.period_start_round = round;
        }
        self.extra.update((self.interval_acked - expected).min(window));
    }

    /// Nothing was in flight: the silence means nothing.
    pub(super) fn restart(&mut self, now: Instant) {
        self.interval_acked = 0;
        self.interval_start = now;
    }

    /// Bytes beyond the expected, at most.
    pub(super) fn extra_bytes(&self) -> u64 {
        self.extra.largest()
    }
}

/// Bytes that `bandwidth` delivers in `micros`.
pub(super) fn bytes_in(bandwidth: u64, micros: u64) -> u64 {
    u64::try_from(u128::from(bandwidth) * u128::from(micros) / 1_000_000).unwrap_or(u64::MAX)
}
