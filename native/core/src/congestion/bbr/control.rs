//! From the model to pacing rate, train size and window (draft-ietf-ccwg-bbr §5.6).

use super::ack_aggregation::bytes_in;
use super::state::State;
use super::Bbr;
use crate::congestion::initial_window;
use crate::constants::{
    BBR_DRAIN_PACING_PERCENT, BBR_HEADROOM_PERCENT, BBR_OFFLOAD_QUANTA, BBR_PACING_MARGIN_PERCENT,
    BBR_PROBE_RTT_CWND_PERCENT, BBR_SEND_QUANTUM_BYTES, BBR_SEND_QUANTUM_MICROS, BBR_STARTUP_PACING_PERCENT,
    MAXIMUM_WINDOW_BYTES,
};
use crate::time::Instant;

/// Rate of Startup before any delivery was measured: the first window in a round trip, or in a millisecond while that is not known.
pub(super) fn startup_rate(initial_window: u64, rtt_micros: Option<u64>) -> u64 {
    let rtt_micros = rtt_micros.unwrap_or(UNKNOWN_RTT_MICROS).max(1);
    initial_window * BBR_STARTUP_PACING_PERCENT / 100 * 1_000_000 / rtt_micros
}

/// Draft §5.6.2: a millisecond.
const UNKNOWN_RTT_MICROS: u64 = 1_000;

impl Bbr {
    /// Bandwidth-delay product.
    pub(super) fn bdp(&self) -> u64 {
        self.bdp_at(self.bandwidth())
    }

    /// Bytes in flight that `percent` of the bandwidth-delay product takes, with room for whole trains.
    pub(super) fn inflight(&self, percent: u64) -> u64 {
        self.inflight_at(self.bandwidth(), percent)
    }

    /// The same at another bandwidth than the present bounds leave.
    pub(super) fn inflight_at(&self, bandwidth: u64, percent: u64) -> u64 {
        self.with_room_for_trains(self.bdp_at(bandwidth).saturating_mul(percent) / 100)
    }

    /// The long-term bound less what is left to others.
    pub(super) fn inflight_with_headroom(&self) -> u64 {
        if self.inflight_longterm == u64::MAX {
            return u64::MAX;
        }
        let headroom = (self.inflight_longterm / 100 * BBR_HEADROOM_PERCENT).max(self.mtu);
        self.inflight_longterm.saturating_sub(headroom).max(self.minimum_window())
    }

    /// Bytes in flight that show the round trip without a queue.
    pub(super) fn probe_rtt_window(&self) -> u64 {
        self.bdp_percent(BBR_PROBE_RTT_CWND_PERCENT).max(self.minimum_window())
    }

    /// As the state says. Where the least window is more than a probe of the round trip should leave in flight, no window drains the queue, and a
    /// slower pace has to.
    pub(super) fn pacing_percent(&self) -> u64 {
        let is_held_by_window = self.bdp_percent(BBR_PROBE_RTT_CWND_PERCENT) >= self.minimum_window();
        if self.state.is_probe_rtt() && !is_held_by_window {
            return BBR_DRAIN_PACING_PERCENT;
        }
        self.state.pacing_percent()
    }

    /// Until the pipe is known to be full, the rate only rises: samples that the application limited must not slow it down.
    pub(super) fn set_pacing_rate(&mut self, percent: u64) {
        let rate =
            u128::from(self.bandwidth()) * u128::from(percent) * u128::from(100 - BBR_PACING_MARGIN_PERCENT)
                / 10_000;
        let rate = self.random_loss.made_up_for(u64::try_from(rate).unwrap_or(u64::MAX));
        if self.full_pipe.was_ever_full() || rate > self.pacing_rate {
            self.pacing_rate = rate;
        }
    }

    pub(super) fn set_window(&mut self, newly_acked: u64) {
        let inflight = self.bdp_percent(self.state.cwnd_percent());
        let target = self.with_room_for_trains(inflight.saturating_add(self.aggregation.extra_bytes()));
        let grown = self.window.saturating_add(newly_acked).min(MAXIMUM_WINDOW_BYTES);
        if self.full_pipe.was_ever_full() {
            self.window = grown.min(target);
        } else if self.window < target || self.delivery.delivered() < initial_window(self.mtu) {
            self.window = grown;
        }
        let cap = match self.state {
            State::Startup | State::Drain { .. } => u64::MAX,
            State::Cruise => self.inflight_with_headroom(),
            State::ProbeRtt { .. } => self.inflight_with_headroom().min(self.probe_rtt_window()),
            State::Down | State::Refill | State::Up(_) => self.inflight_longterm,
        };
        let cap = cap.min(self.short_term.bounds.inflight);
        self.window = self.window.min(cap).max(self.minimum_window());
    }

    /// The window that is known to be good, before something else than the path takes it away.
    pub(super) fn save_window(&mut self) {
        let keeps = self.in_recovery || self.state.is_probe_rtt();
        self.prior_window = if keeps { self.prior_window.max(self.window) } else { self.window };
    }

    pub(super) fn restore_window(&mut self) {
        self.window = self.window.max(self.prior_window);
    }

    /// Sends again after a silence: at the rate of the path, since there is no queue to drain and nothing to probe with.
    pub(super) fn restart_from_idle(&mut self, now: Instant) {
        self.restarts_from_idle = true;
        self.aggregation.restart(now);
        if self.state.is_probe_bw() {
            self.set_pacing_rate(100);
        } else if self.state.is_probe_rtt() {
            self.end_probe_rtt(now);
        }
    }

    fn bdp_at(&self, bandwidth: u64) -> u64 {
        match self.min_rtt.micros() {
            Some(micros) => bytes_in(bandwidth, micros),
            None => initial_window(self.mtu),
        }
    }

    fn bdp_percent(&self, percent: u64) -> u64 {
        self.bdp().saturating_mul(percent) / 100
    }

    fn with_room_for_trains(&self, inflight: u64) -> u64 {
        let least = (BBR_OFFLOAD_QUANTA * self.send_quantum()).max(self.minimum_window());
        let probing = if matches!(self.state, State::Up(_)) { 2 * self.mtu } else { 0 };
        inflight.max(least).saturating_add(probing)
    }

    /// A train that the rate is worth.
    fn send_quantum(&self) -> u64 {
        bytes_in(self.pacing_rate, BBR_SEND_QUANTUM_MICROS).min(BBR_SEND_QUANTUM_BYTES).max(2 * self.mtu)
    }
}
