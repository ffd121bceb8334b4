//! Deadlines of one association: one for each reason to wake up.

use crate::time::Instant;

/// Why an association wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Timer {
    /// A packet counts as lost, or a probe is due.
    LossDetection,
    /// A delayed acknowledgement is due.
    Acknowledgement,
    /// The pacer allows the next packet.
    Pacing,
    /// The lifetime of a message is over.
    Lifetime,
    /// A path challenge is to be repeated, given up or decided.
    PathValidation,
    /// A candidate is to be asked again, or given up.
    PathProbes,
    /// A hop that is in use is to be asked, or judged.
    Liveness,
    /// Silence for so long that memory is given back.
    Release,
    /// Silence for the idle time-out.
    Idle,
    /// What was sent stayed unanswered.
    PeerLost,
    /// Silence for the keep-alive interval.
    KeepAlive,
    /// Nothing heard for so long that the peer of open streams is asked.
    Silence,
    /// A superseded or unconfirmed session is to be dropped.
    Session,
    /// The closing or draining period is over.
    Closed,
}

const TIMERS: usize = Timer::Closed as usize + 1;

/// One optional deadline per [`Timer`].
#[derive(Debug, Default)]
pub(crate) struct TimerTable {
    deadlines: [Option<Instant>; TIMERS],
}

impl TimerTable {
    /// Sets or clears a deadline.
    pub(crate) fn set(&mut self, timer: Timer, deadline: Option<Instant>) {
        self.deadlines[timer as usize] = deadline;
    }

    /// The deadline of one timer.
    pub(crate) fn get(&self, timer: Timer) -> Option<Instant> {
        self.deadlines[timer as usize]
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.deadlines.iter().flatten().min().copied()
    }

    /// Whether `timer` has passed; clears it when it has.
    pub(crate) fn take_expired(&mut self, now: Instant, timer: Timer) -> bool {
        let expired = self.get(timer).is_some_and(|deadline| deadline <= now);
        if expired {
            self.set(timer, None);
        }
        expired
    }

    /// Clears everything.
    pub(crate) fn clear(&mut self) {
        self.deadlines = [None; TIMERS];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_deadline_comes_first_and_is_taken_once() {
        let mut table = TimerTable::default();
        assert_eq!(table.next(), None);
        table.set(Timer::Idle, Some(Instant::from_micros(50)));
        table.set(Timer::Pacing, Some(Instant::from_micros(20)));
        assert_eq!(table.next(), Some(Instant::from_micros(20)));
        assert!(!table.take_expired(Instant::from_micros(19), Timer::Pacing));
        assert!(table.take_expired(Instant::from_micros(20), Timer::Pacing));
        assert!(!table.take_expired(Instant::from_micros(20), Timer::Pacing));
        assert_eq!(table.next(), Some(Instant::from_micros(50)));
    }
}
