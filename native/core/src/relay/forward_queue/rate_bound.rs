//! A bound on bytes a second, reckoned by the moment at which all that went is paid for (GCRA, ITU-T I.371).

use crate::constants::RELAY_BURST_MICROS;
use crate::time::Instant;

const NANOS_A_MICRO: u64 = 1_000;
const NANOS_A_SECOND: u64 = 1_000_000_000;

/// Something may go while nothing is owed; it may then be larger than what was saved up. What is not used is saved for
/// [`RELAY_BURST_MICROS`]: so late may a timer be without loss of rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct RateBound {
    /// 0: no bound.
    bytes_per_second: u64,
    paid_at_nanos: u64,
}

impl RateBound {
    pub(super) const fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second, paid_at_nanos: 0 }
    }

    /// Whether something may go now.
    pub(super) fn permits(&self, now: Instant) -> bool {
        self.bytes_per_second == 0 || self.paid_at_nanos <= nanos(now)
    }

    /// Counts what goes.
    pub(super) fn spend(&mut self, now: Instant, bytes: usize) {
        if self.bytes_per_second == 0 {
            return;
        }
        let saved_since = nanos(now).saturating_sub(RELAY_BURST_MICROS * NANOS_A_MICRO);
        let price = (bytes as u64 * NANOS_A_SECOND).div_ceil(self.bytes_per_second);
        self.paid_at_nanos = self.paid_at_nanos.max(saved_since).saturating_add(price);
    }

    /// From when on something may go.
    pub(super) fn opens_at(&self) -> Instant {
        Instant::from_micros(self.paid_at_nanos.div_ceil(NANOS_A_MICRO))
    }
}

fn nanos(now: Instant) -> u64 {
    now.as_micros().saturating_mul(NANOS_A_MICRO)
}
