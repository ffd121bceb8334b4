//! Controlled delay of one flow (RFC 8289): a queue that stands is told its sender more and more often, until it goes.

use crate::constants::{CODEL_INTERVAL_MICROS, CODEL_OVERLOAD_MICROS, CODEL_TARGET_MICROS};
use crate::time::Instant;

/// What is to become of the packet at the head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It goes.
    Pass,
    /// Its sender is to slow down: it goes marked, or not at all.
    Signal,
    /// It does not go: signals alone did not help.
    Cut,
}

/// See the file's head. Its state in the RFC's words.
pub(super) struct Codel {
    /// When the queue will have stood for an interval; None while it does not.
    first_above: Option<Instant>,
    is_dropping: bool,
    drop_next: Instant,
    count: u64,
    last_count: u64,
}

impl Codel {
    pub(super) const fn new() -> Self {
        Self {
            first_above: None,
            is_dropping: false,
            drop_next: Instant::from_micros(0),
            count: 0,
            last_count: 0,
        }
    }

    /// Judges the packet at the head, which has waited for `sojourn_micros`. Ask again for the next one when it is dropped.
    /// `is_last`: nothing waits behind it.
    pub(super) fn judge(&mut self, now: Instant, sojourn_micros: u64, is_last: bool) -> Verdict {
        if sojourn_micros < CODEL_TARGET_MICROS || is_last {
            self.first_above = None;
            self.is_dropping = false;
            return Verdict::Pass;
        }
        let Some(first_above) = self.first_above else {
            self.first_above = Some(now.plus_micros(CODEL_INTERVAL_MICROS));
            return Verdict::Pass;
        };
        if now < first_above {
            return Verdict::Pass;
        }
        if !self.is_dropping {
            self.begin(now);
            return Verdict::Signal;
        }
        let is_due = now >= self.drop_next;
        if is_due {
            self.count += 1;
            self.drop_next = after(self.drop_next, self.count);
        }
        match (sojourn_micros > CODEL_OVERLOAD_MICROS, is_due) {
            (true, _) => Verdict::Cut,
            (false, true) => Verdict::Signal,
            (false, false) => Verdict::Pass,
        }
    }

    /// Signals begin; as often as they last came, when that is not long ago.
    fn begin(&mut self, now: Instant) {
        self.is_dropping = true;
        let signalled = self.count - self.last_count;
        let is_recent = now.saturating_micros_since(self.drop_next) < 16 * CODEL_INTERVAL_MICROS;
        self.count = if signalled > 1 && is_recent { signalled } else { 1 };
        self.drop_next = after(now, self.count);
        self.last_count = self.count;
    }
}

/// The RFC's control law: interval / sqrt(count) later.
fn after(moment: Instant, count: u64) -> Instant {
    moment.plus_micros((CODEL_INTERVAL_MICROS * CODEL_INTERVAL_MICROS / count.max(1)).isqrt())
}
