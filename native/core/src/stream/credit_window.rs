//! How far a sender may go, by what its receiver has consumed.

use super::memory_budget::MemoryBudget;
use crate::constants::{
    GAP_GROWTH_MIN_RTT_MICROS, GRANT_FRACTION, LARGE_WINDOW_MEASUREMENT_MICROS, SMALL_WINDOW_BYTES,
    WINDOW_GROWTH_MIN_RTT_MICROS, WINDOW_GROWTH_RATE_PERCENT, WINDOW_GROWTH_ROUND_TRIPS,
    WINDOW_LOSS_MEASUREMENTS, WINDOW_LOSS_RATE_PERCENT,
};
use crate::time::Instant;
use osier_wire::limits::MAX_STREAM_OFFSET;

/// Absolute credit given to the peer, for one stream or for an association.
///
/// Credit follows consumption, never receipt. The window grows while the peer uses it up within two round trips, so that any
/// path is filled, and stays where it is once the memory budget is spent. A large one stays too when its last growth brought no rate: the more of
/// it stood in a queue, which has made the round trips longer since.
#[derive(Debug)]
pub(crate) struct CreditWindow {
    granted: u64,
    consumed: u64,
    window: u64,
    cap: u64,
    /// Since when consumption is timed, and from which offset.
    epoch: Option<(Instant, u64)>,
    /// Bytes a second when the window last grew; 0 before.
    rate_at_growth: u64,
    /// Measurements in a row that were clearly below it.
    slow_measurements: u8,
    /// Since the last measurement the peer used its credit up while a part was missing, so that nothing could be consumed.
    was_used_up: bool,
}

impl CreditWindow {
    /// The credit `initial` given before any frame; the window will not grow beyond `cap`.
    pub(crate) fn new(initial: u64, cap: u64) -> Self {
        Self {
            granted: initial,
            consumed: 0,
            window: initial,
            cap: cap.max(initial),
            epoch: None,
            rate_at_growth: 0,
            slow_measurements: 0,
            was_used_up: false,
        }
    }

    /// The offset that the peer may not pass.
    #[inline]
    pub(crate) fn granted(&self) -> u64 {
        self.granted
    }

    /// Bytes consumed since the start.
    #[inline]
    pub(crate) fn consumed(&self) -> u64 {
        self.consumed
    }

    /// Bytes that the peer may be ahead of consumption.
    #[inline]
    pub(crate) fn window(&self) -> u64 {
        self.window
    }

    /// The application has consumed `bytes` more. Returns whether a grant is due.
    #[inline]
    pub(crate) fn on_consumed(
        &mut self,
        now: Instant,
        rtt_micros: u64,
        bytes: u64,
        budget: &MemoryBudget,
    ) -> bool {
        self.consumed += bytes;
        match self.epoch {
            None => self.epoch = Some((now, self.consumed)),
            Some((began, from)) => self.measure(now, rtt_micros, began, from, budget),
        }
        self.is_due()
    }

    /// What came up to `highest` waits for a missing part, and not for its reader. Where the peer had hardly credit for more, it is the window that holds
    /// it up, whatever the rate: bytes are sent, found lost and sent again in two round trips and more, and the window has to hold what comes meanwhile.
    #[inline]
    pub(crate) fn on_gap(&mut self, highest: u64) {
        self.was_used_up |= self.granted.saturating_sub(highest) < self.window / GRANT_FRACTION;
    }

    /// `bytes` more were dropped unread. Returns whether a grant is due.
    pub(crate) fn on_discarded(&mut self, bytes: u64) -> bool {
        self.consumed += bytes;
        self.is_due()
    }

    /// The credit to tell the peer now.
    #[cfg(test)]
    pub(crate) fn grant(&mut self) -> u64 {
        self.grant_beyond(0)
    }

    /// The peer went on `bytes` further, to `offset`, without credit and without having sent them.
    pub(crate) fn pass_over(&mut self, bytes: u64, offset: u64) {
        self.consumed += bytes;
        self.granted = self.granted.max(offset);
    }

    /// The credit to tell the peer now, `unread` bytes being excused from it.
    pub(crate) fn grant_beyond(&mut self, unread: u64) -> u64 {
        let target = self.consumed.saturating_add(self.window).saturating_add(unread);
        self.granted = self.granted.max(target).min(MAX_STREAM_OFFSET);
        self.granted
    }

    fn is_due(&self) -> bool {
        (self.consumed + self.window).saturating_sub(self.granted) >= (self.window / GRANT_FRACTION).max(1)
    }

    /// Times what was consumed, over a round trip or more: what a reader that was held up takes at once says nothing of the rate.
    #[inline]
    fn measure(&mut self, now: Instant, rtt_micros: u64, began: Instant, from: u64, budget: &MemoryBudget) {
        let rtt_micros = rtt_micros.max(WINDOW_GROWTH_MIN_RTT_MICROS);
        let elapsed_micros = now.saturating_micros_since(began);
        if elapsed_micros < rtt_micros.max(self.least_measurement_micros()) {
            return;
        }
        self.epoch = Some((now, self.consumed));
        let at_this_rate =
            u128::from(self.consumed - from) * u128::from(WINDOW_GROWTH_ROUND_TRIPS * rtt_micros);
        let rate = (self.consumed - from).saturating_mul(1_000_000) / elapsed_micros;
        let was_used_up = std::mem::take(&mut self.was_used_up) && rtt_micros >= GAP_GROWTH_MIN_RTT_MICROS;
        let may_help = self.growth_may_help(rate) || was_used_up;
        if may_help && at_this_rate >= u128::from(self.window / 2) * u128::from(elapsed_micros) {
            self.grow(rate, budget);
            // Repairing the gap took a round trip, in which a sender in slow start would have doubled its flight once more.
            if was_used_up {
                self.grow(rate, budget);
            }
        }
    }

    /// What a reader takes at once after it was busy is no rate. A small window has to grow by it all the same: it is what a first flight is like.
    #[inline]
    fn least_measurement_micros(&self) -> u64 {
        if self.window < SMALL_WINDOW_BYTES {
            0
        } else {
            LARGE_WINDOW_MEASUREMENT_MICROS
        }
    }

    /// Whether a larger window could bring more than this rate. A queue that a large window fills lengthens even the least round trip after a while:
    /// only the rate tells it from a long way.
    #[inline]
    fn growth_may_help(&mut self, rate: u64) -> bool {
        let (percent, before) = (u128::from(rate) * 100, u128::from(self.rate_at_growth));
        let is_slow = percent < before * WINDOW_LOSS_RATE_PERCENT;
        self.slow_measurements = if is_slow { self.slow_measurements.saturating_add(1) } else { 0 };
        self.window <= SMALL_WINDOW_BYTES
            || percent >= before * WINDOW_GROWTH_RATE_PERCENT
            || self.slow_measurements >= WINDOW_LOSS_MEASUREMENTS
    }

    #[cold]
    fn grow(&mut self, rate: u64, budget: &MemoryBudget) {
        let grown = self.window.saturating_mul(2).min(self.cap);
        if grown > self.window && budget.may_grow(grown - self.window) {
            self.window = grown;
            self.rate_at_growth = rate;
            self.slow_measurements = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: u64 = 10_000;

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    #[test]
    fn nothing_is_granted_for_what_is_not_consumed() {
        let mut credit = CreditWindow::new(1000, 8000);
        assert!(!credit.is_due());
        assert_eq!(credit.grant(), 1000);
    }

    #[test]
    fn a_grant_is_due_after_a_quarter_of_the_window() {
        let budget = MemoryBudget::new(1 << 20);
        let mut credit = CreditWindow::new(1000, 1000);
        assert!(!credit.on_consumed(at(0), RTT, 249, &budget));
        assert!(credit.on_consumed(at(0), RTT, 1, &budget));
        assert_eq!(credit.grant(), 1250);
        assert!(!credit.on_consumed(at(0), RTT, 249, &budget));
    }

    #[test]
    fn the_window_doubles_only_while_half_of_it_goes_within_two_round_trips() {
        let budget = MemoryBudget::new(1 << 20);
        let mut credit = CreditWindow::new(1000, 3000);
        credit.on_consumed(at(0), RTT, 1, &budget);
        credit.on_consumed(at(2 * RTT), RTT, 500, &budget);
        assert_eq!(credit.window(), 2000);
        credit.on_consumed(at(4 * RTT + 1), RTT, 1000, &budget);
        assert_eq!(credit.window(), 2000);
        credit.on_consumed(at(5 * RTT + 1), RTT, 1000, &budget);
        assert_eq!(credit.window(), 3000);
    }

    #[test]
    fn a_large_window_whose_growth_brought_no_rate_stays_until_the_rate_changes() {
        const MIB: u64 = 1 << 20;
        let budget = MemoryBudget::new(1 << 40);
        let mut credit = CreditWindow::new(MIB, 1 << 40);
        let mut now = 0;
        let mut run = |rounds: u64, bytes: u64| {
            for _ in 0..rounds {
                now += RTT;
                credit.on_consumed(at(now), RTT, bytes, &budget);
            }
            credit.window()
        };
        assert_eq!(run(100, 4 * MIB), 2 * MIB, "the same rate");
        assert_eq!(run(100, 4 * MIB + MIB / 4), 2 * MIB, "little more");
        assert_eq!(run(100, 5 * MIB), 4 * MIB, "clearly more");
        assert_eq!(run(u64::from(WINDOW_LOSS_MEASUREMENTS) - 1, 3 * MIB), 4 * MIB, "less, by chance");
        assert_eq!(run(1, 3 * MIB), 8 * MIB, "less");
        assert_eq!(run(100, 3 * MIB), 8 * MIB, "the same rate again");
    }

    #[test]
    fn what_a_reader_takes_at_once_after_a_pause_is_no_rate_to_grow_by() {
        const MIB: u64 = 1 << 20;
        const LOOPBACK_RTT: u64 = 100;
        let budget = MemoryBudget::new(1 << 40);
        let mut credit = CreditWindow::new(MIB, 1 << 40);
        let mut now = 0;
        // Half a millisecond at 3 GB/s, two without anything: 0.6 GB/s.
        for _ in 0..1_000 {
            now += 2_000;
            for _ in 0..5 {
                now += 100;
                credit.on_consumed(at(now), LOOPBACK_RTT, 300_000, &budget);
            }
        }
        assert_eq!(credit.window(), MIB);
        // The same all the time.
        for _ in 0..1_000 {
            now += 100;
            credit.on_consumed(at(now), LOOPBACK_RTT, 300_000, &budget);
        }
        assert_eq!(credit.window(), 2 * MIB);
    }

    #[test]
    fn a_window_of_a_mebibyte_still_grows_at_a_rate_that_stays() {
        let budget = MemoryBudget::new(1 << 40);
        let mut credit = CreditWindow::new(SMALL_WINDOW_BYTES / 2, 1 << 40);
        for step in 0..100 {
            credit.on_consumed(at(step * RTT), RTT, SMALL_WINDOW_BYTES, &budget);
        }
        assert_eq!(credit.window(), 2 * SMALL_WINDOW_BYTES);
    }

    /// The peer sends `window` bytes of which the first is found missing, and consumed is all of it a round trip later.
    fn used_up_beside_a_gap(credit: &mut CreditWindow, now: &mut u64, rtt: u64, budget: &MemoryBudget) {
        let bytes = credit.granted() - credit.consumed();
        credit.on_gap(credit.granted());
        *now += rtt + 1;
        credit.on_consumed(at(*now), rtt, bytes, budget);
        credit.grant();
    }

    #[test]
    fn credit_that_is_used_up_beside_a_gap_grows_the_window_twice_and_whatever_the_rate() {
        const MIB: u64 = 1 << 20;
        let budget = MemoryBudget::new(1 << 40);
        for (rtt, small, large) in [(RTT, 4_000, 4 * MIB), (RTT / 2, 2_000, MIB)] {
            let (mut credit, mut now) = (CreditWindow::new(1_000, 1 << 40), 0);
            credit.on_consumed(at(now), rtt, 1, &budget);
            credit.grant();
            used_up_beside_a_gap(&mut credit, &mut now, rtt, &budget);
            assert_eq!(credit.window(), small, "{rtt} us");

            let (mut credit, mut now) = (CreditWindow::new(MIB, 1 << 40), 0);
            credit.rate_at_growth = u64::MAX / 200;
            credit.on_consumed(at(now), rtt, 1, &budget);
            credit.grant();
            used_up_beside_a_gap(&mut credit, &mut now, 2 * rtt, &budget);
            assert!(credit.window() >= large, "{rtt} us: {}", credit.window());
        }
    }

    #[test]
    fn a_gap_beside_which_credit_is_left_grows_nothing() {
        let budget = MemoryBudget::new(1 << 40);
        let mut credit = CreditWindow::new(1_000, 1 << 40);
        credit.on_consumed(at(0), RTT, 1, &budget);
        credit.on_gap(700);
        credit.on_consumed(at(2 * RTT), RTT, 699, &budget);
        assert_eq!(credit.window(), 2_000, "once, by the rate");
    }

    #[test]
    fn a_spent_budget_ends_growth_and_honours_what_was_given() {
        let budget = MemoryBudget::new(3999);
        let mut credit = CreditWindow::new(1000, 8000);
        for step in 0..10 {
            credit.on_consumed(at(step * RTT), RTT, 500, &budget);
        }
        assert_eq!(credit.grant(), 5000 + 1000);
    }

    #[test]
    fn credit_never_passes_the_last_offset() {
        let mut credit = CreditWindow::new(MAX_STREAM_OFFSET - 10, MAX_STREAM_OFFSET);
        credit.on_discarded(100);
        assert_eq!(credit.grant(), MAX_STREAM_OFFSET);
    }
}
