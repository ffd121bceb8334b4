//! Timers, and how an association ends.

use super::{Association, DroppedSession, Phase, Timer};
use crate::constants::{LOCAL_ADDRESS_PTOS, SILENCE_PEER_LOST_PARTS};
use crate::event::CloseCause;
use crate::recovery::TimeoutOutcome;
use crate::time::Instant;
use osier_wire::CloseCode;

/// Silence after which memory for recovery is given back: longer than the pauses between requests, far shorter than the idle time-out.
const RELEASE_AFTER_MICROS: u64 = 5_000_000;

impl Association {
    /// Ends it: the peer is told, and told again when it goes on sending, for 3 PTO.
    pub(crate) fn close(&mut self, now: Instant, code: CloseCode, reason: &str) {
        if !matches!(self.phase, Phase::Open) {
            return;
        }
        self.phase = Phase::Closing {
            code,
            reason: reason.to_owned(),
            owed: self.sessions.can_send(),
            answered: 0,
            seen: 0,
        };
        self.end(now);
    }

    /// The peer ended it.
    pub(super) fn on_close(&mut self, now: Instant, code: CloseCode, reason: &str) {
        self.phase = Phase::Draining;
        self.cause = Some(CloseCause::Remote { code, reason: reason.to_owned() });
        self.end(now);
    }

    /// Why it ended, once, when that was not this end's `close`.
    pub(crate) fn poll_cause(&mut self) -> Option<CloseCause> {
        self.cause.take()
    }

    /// Whether everything is over and the handle can be freed.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// Whether what has arrived can still be read: for as long as it is there, unless this end closed.
    pub(crate) fn is_readable(&self) -> bool {
        !matches!(self.phase, Phase::Closing { .. })
    }

    /// Whether streams can still be used.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// Whether DRAIN came, told once.
    pub(crate) fn poll_peer_draining(&mut self) -> bool {
        std::mem::take(&mut self.peer_draining)
    }

    /// When [`Association::on_timeout`] wants to be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Handles every timer that has passed. `dropped` gets the sessions that ended.
    pub(crate) fn on_timeout(&mut self, now: Instant, dropped: &mut Vec<DroppedSession>) {
        if self.timers.take_expired(now, Timer::Closed) {
            self.phase = Phase::Over;
            self.timers.clear();
            return;
        }
        if !self.is_open() {
            return;
        }
        if self.timers.take_expired(now, Timer::LossDetection) {
            self.on_loss_timeout(now);
        }
        self.timers.take_expired(now, Timer::Pacing);
        if self.timers.take_expired(now, Timer::Lifetime) {
            self.streams.on_timeout(now);
        }
        if self.timers.take_expired(now, Timer::Session) {
            self.sessions.erase_expired_keys(now);
            dropped.extend(std::iter::from_fn(|| self.sessions.drop_expired(now)));
        }
        // After the sessions: those that are dropped are told by the address that they are known by.
        if self.timers.take_expired(now, Timer::PathValidation) {
            self.on_validation_timeout(now);
        }
        if self.timers.take_expired(now, Timer::PathProbes) {
            self.on_probes_timeout(now);
        }
        if self.timers.take_expired(now, Timer::Liveness) {
            self.on_liveness_timeout(now);
        }
        if self.timers.take_expired(now, Timer::Release) {
            self.grown = false;
            self.recovery.release_memory();
        }
        // The last stream may have ended since it was set.
        let asks = self.timers.take_expired(now, Timer::Silence) && self.streams.open_streams() > 0;
        if self.timers.take_expired(now, Timer::KeepAlive) || asks {
            self.pings.request_probe();
        }
        self.end_when_silent(now);
        if self.is_open() {
            self.update_timers(now);
        }
    }

    /// The machine slept, or the process was stopped: silence meanwhile proves nothing. What still lies in the socket is read first, and
    /// the peer is asked.
    pub(crate) fn resume(&mut self, now: Instant) {
        if let Some(liveness) = self.liveness.as_mut().filter(|_| matches!(self.phase, Phase::Open)) {
            liveness.resume(now);
            self.timers.set(Timer::Liveness, liveness.deadline());
        }
        if self.is_open() && self.unanswered_since.is_some() {
            self.unanswered_since = Some(now);
            self.pings.request_probe();
            self.update_timers(now);
        }
    }

    fn on_loss_timeout(&mut self, now: Instant) {
        let (recovery, control, mut fate) = self.recovery_parts(now);
        match recovery.on_timeout(now, control, &mut fate) {
            TimeoutOutcome::Lost(packets) => self.counters.packets_lost += packets,
            TimeoutOutcome::Probe { .. } => {
                if self.recovery.pto_count() >= LOCAL_ADDRESS_PTOS && !self.path.is_relayed() {
                    (self.path.local, self.path.interface) = (None, 0);
                }
                if !self.streams.wants_to_send() {
                    self.pings.request_probe();
                }
            }
            TimeoutOutcome::Nothing => {}
        }
    }

    fn end_when_silent(&mut self, now: Instant) {
        if self.timers.take_expired(now, Timer::PeerLost) {
            let since = self.unanswered_since.unwrap_or(now);
            self.phase = Phase::Draining;
            self.cause = Some(CloseCause::PeerLost { silent_micros: now.saturating_micros_since(since) });
            self.end(now);
        } else if self.timers.take_expired(now, Timer::Idle) {
            self.close(now, CloseCode::Idle, "");
            self.cause = Some(CloseCause::Idle);
        }
    }

    /// Sets every timer from the present state. Called after anything that may have moved one.
    pub(crate) fn update_timers(&mut self, now: Instant) {
        if !self.is_open() {
            return;
        }
        let after = |since: Instant, micros: u64| (micros > 0).then(|| since.plus_micros(micros));
        self.timers.set(Timer::LossDetection, self.recovery.deadline(&self.control));
        // One that is due already needs no timer: the association is ready to send.
        self.timers.set(Timer::Acknowledgement, self.received.deadline().filter(|at| *at > now));
        self.timers.set(Timer::Lifetime, self.streams.deadline());
        self.timers.set(Timer::Session, self.sessions.deadline());
        self.timers.set(Timer::PathValidation, self.validation.deadline());
        self.timers.set(Timer::PathProbes, self.path_probes.as_ref().and_then(|probes| probes.deadline()));
        self.timers.set(Timer::Liveness, self.liveness.as_ref().and_then(|liveness| liveness.deadline()));
        let silent = self.streams.open_streams() == 0;
        let release = self.grown && silent && self.control.bytes_in_flight() == 0;
        self.timers
            .set(Timer::Release, release.then(|| self.last_activity.plus_micros(RELEASE_AFTER_MICROS)));
        let idle = if silent { after(self.last_activity, self.idle_timeout_micros) } else { None };
        self.timers.set(Timer::Idle, idle);
        let lost = self.unanswered_since.and_then(|since| after(since, self.peer_lost_after_micros));
        self.timers.set(Timer::PeerLost, lost);
        let quiet = self.sessions.can_send() && !self.pings.wants_to_send();
        let alive = if quiet { after(self.last_activity, self.keep_alive_micros) } else { None };
        self.timers.set(Timer::KeepAlive, alive);
        let waits = quiet && !silent && self.unanswered_since.is_none();
        let patience_micros = self.peer_lost_after_micros.div_ceil(SILENCE_PEER_LOST_PARTS);
        self.timers.set(Timer::Silence, if waits { after(self.heard_at, patience_micros) } else { None });
    }

    /// It cannot go on: nothing more is sent, and the cause is told.
    pub(super) fn fail(&mut self, now: Instant, rule: &'static str) {
        self.phase = Phase::Draining;
        self.cause = Some(CloseCause::Protocol { rule });
        self.end(now);
    }

    fn end(&mut self, now: Instant) {
        self.timers.clear();
        self.timers.set(Timer::Closed, Some(now.plus_micros(self.linger_micros())));
    }
}
