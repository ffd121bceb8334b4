//! The round trip without a queue, and when it has to be measured anew (draft-ietf-ccwg-bbr §5.3.4.3).

use crate::constants::{BBR_MIN_RTT_FILTER_MICROS, BBR_PROBE_RTT_INTERVAL_MICROS, BBR_PROBE_RTT_ROUND_TRIPS};
use crate::time::Instant;

/// Smallest round trip of the last ten seconds, and of the last five; on long paths, of the last 32 round trips, and of the last 16.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MinRtt {
    long: Option<Minimum>,
    short: Option<Minimum>,
    expired: bool,
}

#[derive(Clone, Copy, Debug)]
struct Minimum {
    micros: u64,
    at: Instant,
}

impl MinRtt {
    /// Smallest sample that still counts; none before the first.
    pub(super) fn micros(&self) -> Option<u64> {
        self.long.map(|long| long.micros)
    }

    /// Whether, as of the last acknowledgement, nothing was as small as the minimum for five seconds, or 16 round trips.
    pub(super) fn is_expired(&self) -> bool {
        self.expired
    }

    pub(super) fn update(&mut self, now: Instant, sample_micros: Option<u64>) {
        let older = |minimum: Minimum, micros: u64, round_trips: u64| {
            now > minimum.at.plus_micros(micros.max(round_trips.saturating_mul(minimum.micros)))
        };
        let is_due = |short| older(short, BBR_PROBE_RTT_INTERVAL_MICROS, BBR_PROBE_RTT_ROUND_TRIPS);
        self.expired = self.short.is_some_and(is_due);
        if let Some(micros) = sample_micros {
            if self.expired || self.short.is_none_or(|short| micros < short.micros) {
                self.short = Some(Minimum { micros, at: now });
            }
        }
        let Some(short) = self.short else { return };
        let replaces = |long: Minimum| {
            short.micros < long.micros
                || older(long, BBR_MIN_RTT_FILTER_MICROS, 2 * BBR_PROBE_RTT_ROUND_TRIPS)
        };
        if self.long.is_none_or(replaces) {
            self.long = Some(short);
        }
    }

    /// The round trip was just measured without a queue.
    pub(super) fn on_probed(&mut self, now: Instant) {
        if let Some(short) = &mut self.short {
            short.at = now;
        }
    }
}
