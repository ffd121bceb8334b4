//! Spreads packets over the round trip (RFC 9002 §7.7): a token bucket.

use crate::congestion::initial_window;
use crate::constants::{
    PACER_BURST_MICROS, PACER_BUSY_LOOP_MICROS, PACER_BUSY_LOOP_WINDOW_PART, PACER_QUANTUM_MICROS,
    PACER_QUANTUM_PACKETS,
};
use crate::time::Instant;

/// Token bucket of one path.
///
/// Tokens are kept in byte-microseconds-per-second (a byte is 1,000,000 of them), in which `elapsed x rate` is exact: nothing is
/// rounded, so no rate drifts however often the bucket is asked.
#[derive(Clone, Debug)]
pub(crate) struct Pacer {
    tokens: u64,
    refilled_at: Option<Instant>,
}

/// What the bucket is measured by at this moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PaceLimits {
    /// Wanted rate.
    pub(crate) bytes_per_second: u64,
    /// Congestion window: no burst is larger.
    pub(crate) window_bytes: u64,
    /// Largest datagram of the path.
    pub(crate) mtu_bytes: u64,
}

impl Pacer {
    /// A full bucket.
    pub(crate) const fn new() -> Self {
        Self { tokens: 0, refilled_at: None }
    }

    /// Bytes that may go now, or when to ask again if `wanted_bytes` may not. `limits` is asked for only when time has passed:
    /// a train is built at one moment.
    pub(crate) fn allowance(
        &mut self,
        now: Instant,
        wanted_bytes: u64,
        limits: impl FnOnce() -> PaceLimits,
    ) -> Result<u64, Instant> {
        let is_refilled = self.refilled_at == Some(now);
        if is_refilled && self.available_bytes() >= wanted_bytes {
            return Ok(self.available_bytes());
        }
        let limits = limits();
        if !is_refilled {
            self.refill(now, limits);
        }
        if self.available_bytes() >= wanted_bytes {
            return Ok(self.available_bytes());
        }
        let goal = wanted_bytes.max(limits.quantum_bytes()) * TOKENS_PER_BYTE;
        let wait = goal.saturating_sub(self.tokens).div_ceil(limits.rate());
        Err(now.plus_micros(wait.max(1)))
    }

    /// Takes what was sent out of the bucket. Probes may overdraw it; the debt is forgiven.
    pub(crate) fn on_sent(&mut self, bytes: u64) {
        self.tokens = self.tokens.saturating_sub(bytes * TOKENS_PER_BYTE);
    }

    fn available_bytes(&self) -> u64 {
        self.tokens / TOKENS_PER_BYTE
    }

    fn refill(&mut self, now: Instant, limits: PaceLimits) {
        let capacity = limits.burst_bytes() * TOKENS_PER_BYTE;
        self.tokens = match self.refilled_at {
            None => capacity,
            Some(then) => {
                let earned = now.saturating_micros_since(then).saturating_mul(limits.rate());
                self.tokens.saturating_add(earned).min(capacity)
            }
        };
        self.refilled_at = Some(now);
    }
}

impl PaceLimits {
    /// Largest burst: what the time since the last one earned, up to 2 ms, because timers have 1 ms and fire late; up to an eighth of the
    /// window and 10 ms, because event loops do other things too. Below about 2 ms of round trip this is the whole window:
    /// pacing never holds such a path back. Always the initial window (RFC 9002 §7.7).
    fn burst_bytes(&self) -> u64 {
        let late_timer = self.sent_in(PACER_BURST_MICROS);
        let busy_loop =
            self.sent_in(PACER_BUSY_LOOP_MICROS).min(self.window_bytes / PACER_BUSY_LOOP_WINDOW_PART);
        let burst = late_timer.max(busy_loop).max(initial_window(self.mtu_bytes));
        burst.min(self.window_bytes.max(self.mtu_bytes)).min(MAX_BURST_BYTES)
    }

    /// What is worth waking up for.
    fn quantum_bytes(&self) -> u64 {
        self.sent_in(PACER_QUANTUM_MICROS).min(PACER_QUANTUM_PACKETS * self.mtu_bytes).min(self.burst_bytes())
    }

    fn sent_in(&self, micros: u64) -> u64 {
        self.rate().saturating_mul(micros) / TOKENS_PER_BYTE
    }

    fn rate(&self) -> u64 {
        self.bytes_per_second.clamp(1, MAX_RATE)
    }
}

/// Microseconds in a second: see [`Pacer`].
const TOKENS_PER_BYTE: u64 = 1_000_000;

/// 1 TB/s: more than any path, and little enough for sums.
const MAX_RATE: u64 = 1_000_000_000_000;

/// Keeps `burst x TOKENS_PER_BYTE` within 63 bits.
const MAX_BURST_BYTES: u64 = 1 << 40;

#[cfg(test)]
mod tests {
    use super::*;

    const GIGABIT: u64 = 125_000_000;

    fn limits(bytes_per_second: u64, window_bytes: u64) -> PaceLimits {
        PaceLimits { bytes_per_second, window_bytes, mtu_bytes: 1_200 }
    }

    /// Bytes sent in `micros` by a sender that is called every `tick` and whenever the pacer says, rounded up to `timer`.
    fn sent_in(pacer: &mut Pacer, limits: PaceLimits, micros: u64, timer: u64) -> u64 {
        let (mut now, mut sent) = (0, 0);
        while now < micros {
            match pacer.allowance(Instant::from_micros(now), 1_200, || limits) {
                Ok(bytes) => {
                    let packets = bytes / 1_200 * 1_200;
                    pacer.on_sent(packets);
                    sent += packets;
                }
                Err(when) => now = when.as_micros().next_multiple_of(timer),
            }
        }
        sent
    }

    #[test]
    fn the_rate_is_kept_to_the_byte_over_a_long_time() {
        for rate in [3_333, 1_000_003, GIGABIT, 40 * GIGABIT] {
            let limits = limits(rate, u64::MAX / 4);
            let burst = limits.burst_bytes();
            let sent = sent_in(&mut Pacer::new(), limits, 10_000_000, 1);
            assert!(sent <= 10 * rate + burst, "{rate}: {sent}");
            assert!(sent + 2 * limits.quantum_bytes().max(1_200) >= 10 * rate, "{rate}: {sent}");
        }
    }

    #[test]
    fn a_timer_of_a_millisecond_that_fires_a_millisecond_late_keeps_the_rate() {
        let limits = limits(GIGABIT, 20 << 20);
        let sent = sent_in(&mut Pacer::new(), limits, 10_000_000, 2_000);
        assert!(sent >= 10 * GIGABIT * 99 / 100, "{sent}");
    }

    #[test]
    fn an_event_loop_that_is_busy_for_8_ms_at_a_time_keeps_the_rate_of_a_long_path() {
        let limits = limits(GIGABIT, GIGABIT / 10);
        let sent = sent_in(&mut Pacer::new(), limits, 10_000_000, 8_000);
        assert!(sent >= 10 * GIGABIT * 99 / 100, "{sent}");
    }

    #[test]
    fn below_two_milliseconds_of_round_trip_the_whole_window_is_one_burst() {
        let window = 1 << 20;
        for rtt_micros in [50, 200, 1_000, 2_000] {
            let rate = window * 1_250_000 / rtt_micros;
            let mut pacer = Pacer::new();
            let allowed = pacer.allowance(Instant::from_micros(1), 1_200, || limits(rate, window));
            assert_eq!(allowed, Ok(window), "{rtt_micros} us");
        }
    }

    #[test]
    fn what_was_asked_for_is_there_when_promised_and_not_before() {
        let mut pacer = Pacer::new();
        let limits = limits(100_000, 1 << 20);
        let start = Instant::from_micros(5);
        let burst = pacer.allowance(start, 1, || limits).unwrap();
        pacer.on_sent(burst);
        let when = pacer.allowance(start, 1_200, || limits).unwrap_err();
        assert_eq!(when.saturating_micros_since(start), 12_000);
        assert!(pacer.clone().allowance(when.minus_micros(1), 1_200, || limits).is_err());
        assert_eq!(pacer.allowance(when, 1_200, || limits), Ok(1_200));
    }

    #[test]
    fn silence_saves_up_no_more_than_a_burst() {
        let mut pacer = Pacer::new();
        let limits = limits(GIGABIT, 10 << 20);
        assert!(pacer.allowance(Instant::from_micros(0), 1_200, || limits).is_ok());
        let later = pacer.allowance(Instant::from_micros(3_600_000_000), 1_200, || limits);
        assert_eq!(later, Ok(limits.burst_bytes()));
        assert!(limits.burst_bytes() <= GIGABIT / 100, "10 ms worth");
    }

    #[test]
    fn absurd_rates_and_times_neither_panic_nor_stall() {
        for rate in [0, 1, u64::MAX] {
            let mut pacer = Pacer::new();
            let limits = limits(rate, u64::MAX);
            assert!(pacer.allowance(Instant::default(), 1_200, || limits).is_ok());
            pacer.on_sent(u64::MAX / TOKENS_PER_BYTE);
            assert!(pacer.allowance(Instant::default(), 1_200, || limits).is_err());
            assert!(pacer.allowance(Instant::FAR_FUTURE, 1_200, || limits).is_ok());
        }
    }
}
