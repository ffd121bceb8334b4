//! What the layer above decides about an association's paths, and what it watches: the way that packets take, candidates for it, and whether the other end
//! answers.

use super::liveness::{HopChange, Liveness, Tick};
use super::path_probes::{PathProbes, ProbeOutcome};
use super::traces::{TraceAnswer, Traces};
use super::{Association, Phase, Timer, UNKNOWN_PATH};
use crate::entropy::Entropy;
use crate::path::Path;
use crate::time::Instant;
use osier_wire::RouteId;

impl Association {
    /// New packets go this way from now on, until this is called again or the peer proves that it has moved; the peer is told at once what arrived. False:
    /// the association has ended, or has no session yet.
    pub(crate) fn move_path(&mut self, now: Instant, path: Path) -> bool {
        if !self.is_open() || self.path == UNKNOWN_PATH {
            return false;
        }
        if self.path.is_same_choice(&path) {
            self.learn_local_end(path);
        } else {
            self.trust_other_path(now);
            self.switch_path(now, path);
            let measured = self.path_probes.as_ref().and_then(|probes| probes.rtt_micros(&path));
            if let Some(rtt_micros) = measured.filter(|_| !self.control.rtt.has_sample()) {
                self.control.take_rtt_of_challenge(now, rtt_micros, true);
            }
            self.path_probes = self.path_probes.take().filter(|probes| !probes.is_idle());
            self.tell_at_once();
        }
        self.path_is_chosen = true;
        self.update_timers(now);
        true
    }

    /// Asks whether the peer answers at `path`; what comes of it is told under `token`. False: the association cannot send, or as many are asked as may be
    /// at once.
    pub(crate) fn probe_path(&mut self, now: Instant, path: Path, token: u32, entropy: &mut Entropy) -> bool {
        if !self.is_open() || !self.sessions.can_send() {
            return false;
        }
        let wait_micros = self.recovery.answer_wait_micros(&self.control);
        let probes = self.path_probes.get_or_insert_with(Box::<PathProbes>::default);
        let is_asked = probes.request(now, (path, token), wait_micros, entropy);
        self.update_timers(now);
        is_asked
    }

    /// The next outcome of a probe.
    pub(crate) fn poll_probe_outcome(&mut self) -> Option<ProbeOutcome> {
        self.path_probes.as_mut()?.poll_outcome()
    }

    pub(super) fn on_probes_timeout(&mut self, now: Instant) {
        if let Some(probes) = &mut self.path_probes {
            probes.on_timeout(now);
        }
    }

    /// Asks the peer every so often while the path is in use; 0: no more.
    pub(crate) fn set_liveness(&mut self, now: Instant, interval_micros: u64) {
        match &mut self.liveness {
            _ if interval_micros == 0 => self.liveness = None,
            Some(liveness) => liveness.set_interval(interval_micros),
            None => self.liveness = Some(Box::new(Liveness::new(now, interval_micros))),
        }
        self.update_timers(now);
    }

    /// Something of an application's went or came.
    pub(super) fn note_use(&mut self, now: Instant) {
        self.counters.packets_in_use += 1;
        if let Some(liveness) = &mut self.liveness {
            liveness.on_use(now);
        }
    }

    /// Something came on the present path.
    pub(super) fn note_arrival(&mut self, now: Instant) {
        if let Some(liveness) = &mut self.liveness {
            liveness.on_heard(now);
        }
    }

    /// Something of this library's own went.
    pub(super) fn note_own_use(&mut self, now: Instant) {
        if let Some(liveness) = &mut self.liveness {
            liveness.on_own_use(now);
        }
    }

    /// The other end has acknowledged what went on the present path.
    pub(super) fn note_proof(&mut self, now: Instant) {
        if let Some(liveness) = &mut self.liveness {
            liveness.on_proof(now);
        }
    }

    /// The layer above has the packets go another way, whose end begins as a trusted one.
    pub(super) fn trust_other_path(&mut self, now: Instant) {
        if let Some(liveness) = &mut self.liveness {
            liveness.forgive(now);
            liveness.on_other_path(now);
        }
    }

    /// Something of others went to the peer or came. True: its timer was set.
    pub(super) fn watch_hop(&mut self, now: Instant) -> bool {
        let Some(liveness) = self.liveness.as_mut().filter(|_| matches!(self.phase, Phase::Open)) else {
            return false;
        };
        let was_asleep = liveness.deadline().is_none();
        liveness.on_use(now);
        if was_asleep {
            self.timers.set(Timer::Liveness, liveness.deadline());
        }
        was_asleep
    }

    pub(super) fn on_liveness_timeout(&mut self, now: Instant) {
        let Some(liveness) = &mut self.liveness else { return };
        match liveness.on_timeout(now, &self.control.rtt) {
            Tick::Nothing => {}
            Tick::Ask => self.pings.request_probe(),
            Tick::AskAnyway => {
                self.control.owe_one_probe();
                self.pings.request_probe();
            }
        }
    }

    /// Asks the relay that is `ttl` hops away who it is, or the peer where the way is no longer. False: the path is not relayed, or nothing can be sent.
    pub(crate) fn trace_hop(&mut self, ttl: u8, token: u32) -> bool {
        if !self.is_open() || !self.path.is_relayed() || !self.sessions.can_send() || ttl == 0 {
            return false;
        }
        self.traces.get_or_insert_with(Box::<Traces>::default).request(ttl, token);
        true
    }

    /// A relay says that the packet went no farther. False: it was no trace.
    pub(crate) fn on_trace_expired(&mut self, now: Instant, packet_number: u64, reporter: RouteId) -> bool {
        self.traces.as_mut().is_some_and(|traces| traces.on_expired(now, packet_number, reporter))
    }

    /// The next answer to a trace.
    pub(crate) fn poll_trace_answer(&mut self) -> Option<TraceAnswer> {
        self.traces.as_mut()?.poll_answer()
    }

    /// Whether [`Association::poll_hop_change`] has one.
    pub(crate) fn has_hop_change(&self) -> bool {
        self.liveness.as_ref().is_some_and(|liveness| liveness.has_change())
    }

    /// The last change of the present hop that was not told.
    pub(crate) fn poll_hop_change(&mut self) -> Option<HopChange> {
        self.liveness.as_mut()?.poll_change()
    }
}
