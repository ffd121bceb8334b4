//! Measuring the round trip without a queue (draft-ietf-ccwg-bbr §5.3.4).

use super::state::State;
use super::Bbr;
use crate::congestion::AckSample;
use crate::constants::BBR_PROBE_RTT_MICROS;
use crate::time::Instant;

impl Bbr {
    /// Begins, continues and ends it.
    pub(super) fn update_probe_rtt(&mut self, ack: &AckSample) {
        if !self.state.is_probe_rtt() && self.min_rtt.is_expired() && !self.restarts_from_idle {
            self.save_window();
            self.state = State::ProbeRtt { until: None, round_passed: false };
            self.probe.stop();
            self.rounds.restart(self.delivery.delivered());
        }
        let State::ProbeRtt { until, round_passed } = self.state else { return };
        // Rates measured with so little in flight say nothing of the path.
        self.delivery.mark_app_limited(ack.bytes_in_flight);
        if until.is_some() {
            let round_passed = round_passed || self.rounds.started();
            self.state = State::ProbeRtt { until, round_passed };
            if round_passed {
                self.end_probe_rtt(ack.now);
            }
        } else if ack.bytes_in_flight <= self.probe_rtt_window() {
            let until = Some(ack.now.plus_micros(BBR_PROBE_RTT_MICROS));
            self.state = State::ProbeRtt { until, round_passed: false };
            self.rounds.restart(self.delivery.delivered());
        }
    }

    /// Ends it where it has lasted long enough.
    pub(super) fn end_probe_rtt(&mut self, now: Instant) {
        let State::ProbeRtt { until: Some(until), .. } = self.state else { return };
        if now <= until {
            return;
        }
        self.min_rtt.on_probed(now);
        self.restore_window();
        self.short_term.bounds = super::short_term::Bounds::NONE;
        if self.full_pipe.was_ever_full() {
            self.start_down(now);
            self.state = State::Cruise;
        } else {
            self.state = State::Startup;
        }
    }
}
