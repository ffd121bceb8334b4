//! Whether the other end of the present path still answers (RFC 5880 in spirit): asked only while the path is in use, and only when nothing that came of
//! late shows it anyway.
//!
//! ```text
//!            used                      three intervals ended with a question unanswered
//!    Asleep <----> Trusted ------------------------------------------------------------> Suspected
//!           unused    ^                                                                      |
//!                     +-----------------any proof: told once, as the suspicion was-----------+
//! ```
//!
//! A question is any packet that asks for an acknowledgement; a proof is an acknowledgement of one that went this way. An authentic packet that came this
//! way makes a question needless, and is no answer to one: what goes the other way may get lost. There is one timer, which goes off once an interval at most. What lies in the socket is read before it, and a timer that comes late counts once:
//! however long this end did not look, its peer is judged by what it left unanswered while this end did.

#[cfg(test)]
mod tests;

use crate::constants::{
    LIVENESS_BACK_OFF_MAX_MICROS, LIVENESS_INTERVAL_MIN_MICROS, LIVENESS_IN_USE_MICROS, LIVENESS_MISSES,
    LIVENESS_SLOW_MEMORY_MICROS,
};
use crate::rtt::RttEstimator;
use crate::time::Instant;

/// See the file's head.
#[derive(Debug)]
pub(super) struct Liveness {
    interval_micros: u64,
    state: State,
    change: Option<HopChange>,
    used_at: Option<Instant>,
    proven_at: Instant,
    heard_at: Instant,
    /// When the first question went that is unanswered, less the time in which this end did not look.
    asked_since: Option<Instant>,
    /// Times that the timer found a question unanswered.
    misses: u32,
    slowest: Option<SlowAnswer>,
}

/// What the layer above has not been told yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HopChange {
    /// It does not answer.
    Suspected {
        /// For how long.
        silent_micros: u64,
    },
    /// It answers again.
    Recovered,
}

/// What the timer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tick {
    Nothing,
    /// A PING, as soon as window and pacer allow.
    Ask,
    /// A PING, whatever the window says: what fills it may never be acknowledged.
    AskAnyway,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Asleep,
    Trusted { next_at: Instant },
    Suspected { next_at: Instant, wait_micros: u64 },
}

/// An answer that came when the peer was all but given up.
#[derive(Clone, Copy, Debug)]
struct SlowAnswer {
    took_micros: u64,
    until: Instant,
}

impl Liveness {
    /// Probes are so far apart.
    pub(super) fn new(now: Instant, interval_micros: u64) -> Self {
        Self {
            interval_micros: interval_micros.max(LIVENESS_INTERVAL_MIN_MICROS),
            state: State::Asleep,
            change: None,
            used_at: None,
            proven_at: now,
            heard_at: now,
            asked_since: None,
            misses: 0,
            slowest: None,
        }
    }

    /// Probes are so far apart from now on.
    pub(super) fn set_interval(&mut self, interval_micros: u64) {
        self.interval_micros = interval_micros.max(LIVENESS_INTERVAL_MIN_MICROS);
    }

    /// Something of an application's went this way, or came.
    pub(super) fn on_use(&mut self, now: Instant) {
        self.used_at = Some(now);
        self.on_own_use(now);
    }

    /// Something of this library's own went this way: the peer is watched until it has answered, and asked nothing more where that is all.
    pub(super) fn on_own_use(&mut self, now: Instant) {
        if self.state == State::Asleep {
            self.asked_since = None;
            self.misses = 0;
            self.state = State::Trusted { next_at: now.plus_micros(self.interval_micros) };
        }
    }

    /// A packet that asks for an acknowledgement went this way.
    pub(super) fn on_asked(&mut self, now: Instant) {
        self.asked_since.get_or_insert(now);
    }

    /// An authentic packet came this way. A suspected peer that was silent until then is asked soon.
    pub(super) fn on_heard(&mut self, now: Instant) {
        let was_silent = now >= self.heard_at.plus_micros(self.interval_micros);
        self.heard_at = now;
        if let State::Suspected { next_at, .. } = &mut self.state {
            if was_silent {
                *next_at = (*next_at).min(now);
            }
        }
    }

    /// The peer has shown that it is there, and hears this end.
    pub(super) fn on_proof(&mut self, now: Instant) {
        self.proven_at = now;
        self.misses = 0;
        if let Some(since) = self.asked_since.take() {
            self.remember(now, now.saturating_micros_since(since.plus_micros(self.unseen_micros(now))));
        }
        if matches!(self.state, State::Suspected { .. }) {
            self.change = Some(HopChange::Recovered);
            self.state = State::Trusted { next_at: now.plus_micros(self.interval_micros) };
        }
    }

    /// The association goes another way, whose end begins as a trusted one.
    pub(super) fn on_other_path(&mut self, now: Instant) {
        self.on_proof(now);
        self.slowest = None;
    }

    /// The path is left because the layer above says so, which knows what was suspected.
    pub(super) fn forgive(&mut self, now: Instant) {
        self.change = None;
        if matches!(self.state, State::Suspected { .. }) {
            self.state = State::Trusted { next_at: now.plus_micros(self.interval_micros) };
        }
    }

    /// This process did not run for long: nothing is known of what was asked before.
    pub(super) fn resume(&mut self, now: Instant) {
        self.asked_since = None;
        self.misses = 0;
        if let State::Trusted { next_at } | State::Suspected { next_at, .. } = &mut self.state {
            *next_at = now.plus_micros(self.interval_micros);
        }
    }

    /// When [`Liveness::on_timeout`] is to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Asleep => None,
            State::Trusted { next_at } | State::Suspected { next_at, .. } => Some(next_at),
        }
    }

    /// Call when [`Liveness::deadline`] has passed, after all packets that have arrived were taken in.
    pub(super) fn on_timeout(&mut self, now: Instant, rtt: &RttEstimator) -> Tick {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return Tick::Nothing;
        }
        if let State::Suspected { wait_micros, .. } = self.state {
            let wait_micros = (2 * wait_micros).min(LIVENESS_BACK_OFF_MAX_MICROS.max(self.interval_micros));
            self.state = State::Suspected { next_at: now.plus_micros(wait_micros), wait_micros };
            return Tick::AskAnyway;
        }
        let unseen_micros = self.unseen_micros(now);
        self.asked_since = self.asked_since.map(|since| since.plus_micros(unseen_micros));
        let used = |at: Instant| now.saturating_micros_since(at) < LIVENESS_IN_USE_MICROS;
        match self.asked_since {
            None if !self.used_at.is_some_and(used) => {
                self.state = State::Asleep;
                Tick::Nothing
            }
            None => self.ask_unless(self.proven_at.max(self.heard_at), now, rtt, Instant::FAR_FUTURE),
            Some(since) => self.judge(now, since, rtt),
        }
    }

    /// Whether [`Liveness::poll_change`] has one.
    pub(super) fn has_change(&self) -> bool {
        self.change.is_some()
    }

    /// The last change that was not told.
    pub(super) fn poll_change(&mut self) -> Option<HopChange> {
        self.change.take()
    }

    fn judge(&mut self, now: Instant, since: Instant, rtt: &RttEstimator) -> Tick {
        self.misses = self.misses.saturating_add(1);
        let given_up_at = since.plus_micros(self.patience_micros(now, rtt));
        if self.misses < LIVENESS_MISSES || now < given_up_at {
            return self.ask_unless(self.proven_at, now, rtt, given_up_at);
        }
        let silent_micros = now.saturating_micros_since(since);
        self.change = Some(HopChange::Suspected { silent_micros });
        let wait_micros = self.interval_micros;
        self.state = State::Suspected { next_at: now.plus_micros(wait_micros), wait_micros };
        Tick::Nothing
    }

    /// A question, unless the peer was there an interval ago or later. Sets the timer, sooner where the peer is to be given up sooner. An end that only hears asks once all the same: how long an answer takes must be known
    /// before one can be missed.
    fn ask_unless(
        &mut self,
        there_at: Instant,
        now: Instant,
        rtt: &RttEstimator,
        given_up_at: Instant,
    ) -> Tick {
        let again_at = there_at.plus_micros(self.interval_micros);
        let is_proven = now < again_at && rtt.has_sample();
        let mut next_at = if is_proven { again_at } else { now.plus_micros(self.interval_micros) };
        if given_up_at > now {
            next_at = next_at.min(given_up_at);
        }
        self.state = State::Trusted { next_at };
        if is_proven {
            Tick::Nothing
        } else {
            Tick::Ask
        }
    }

    /// How long a question may stay unanswered.
    fn patience_micros(&self, now: Instant, rtt: &RttEstimator) -> u64 {
        let usual = self.usual_micros().max(rtt.pto_micros());
        let slowest = self.slowest.filter(|slowest| now < slowest.until);
        slowest.map_or(usual, |slowest| (slowest.took_micros / 4 * 5).clamp(usual, 2 * usual))
    }

    fn usual_micros(&self) -> u64 {
        u64::from(LIVENESS_MISSES) * self.interval_micros
    }

    /// An answer that took most of the time that it had, or little more, says how long the next one may take. What took longer was an outage.
    fn remember(&mut self, now: Instant, took_micros: u64) {
        let usual = self.usual_micros();
        if !(usual - self.interval_micros..2 * usual).contains(&took_micros) {
            return;
        }
        let before =
            self.slowest.filter(|slowest| now < slowest.until).map_or(0, |slowest| slowest.took_micros);
        let until = now.plus_micros(LIVENESS_SLOW_MEMORY_MICROS);
        self.slowest = Some(SlowAnswer { took_micros: took_micros.max(before), until });
    }

    /// How long this process did not look, where that is long enough for the timer to have gone off twice.
    fn unseen_micros(&self, now: Instant) -> u64 {
        let late_micros = self.deadline().map_or(0, |deadline| now.saturating_micros_since(deadline));
        if late_micros < self.interval_micros {
            0
        } else {
            late_micros
        }
    }
}
