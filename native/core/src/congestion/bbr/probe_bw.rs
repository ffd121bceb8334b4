//! The steady state: probing for bandwidth, making room, cruising (draft-ietf-ccwg-bbr §5.3.3).

use super::delivery_rate::RateSample;
use super::short_term::Bounds;
use super::state::{InflightGrowth, State};
use super::Bbr;
use crate::congestion::AckSample;
use crate::constants::{BBR_PROBE_ROUNDS_MAX, BBR_PROBE_WAIT_MICROS, BBR_PROBE_WAIT_RANDOM_MICROS};
use crate::time::Instant;

/// Where the path is in its cycle of probes, and what the last one met.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BandwidthProbe {
    /// Losses now are the answer to a probe.
    pub(super) is_sampling: bool,
    feedback: Feedback,
    began_at: Instant,
    wait_micros: u64,
    rounds_since_up: u64,
    went_too_high: bool,
    was_precautionary: bool,
    /// A cycle of the bandwidth filter is over, and waits for a round that says something of the path.
    owes_advance: bool,
}

/// What acknowledgements tell of a probe.
///
/// ```text
///   None --UP--> Starting --a round--> Given --DOWN--> Stopping --a round--> None
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Feedback {
    /// Nothing.
    #[default]
    None,
    /// What was sent before it.
    Starting,
    /// What was sent in it.
    Given,
    /// It is over, and the last of it comes back.
    Stopping,
}

impl BandwidthProbe {
    pub(super) fn on_round(&mut self, started: bool) {
        self.rounds_since_up += u64::from(started);
    }

    /// Whether the last one did.
    #[cfg(test)]
    pub(super) fn was_too_high(&self) -> bool {
        self.went_too_high
    }

    /// No more is sent for probing.
    pub(super) fn stop(&mut self) {
        self.feedback = Feedback::Stopping;
    }

    /// It lost too much.
    pub(super) fn on_too_high(&mut self) {
        self.went_too_high = true;
        self.is_sampling = false;
    }
}

impl Bbr {
    pub(super) fn update_probe_bw(&mut self, ack: &AckSample, sample: &RateSample) {
        if !self.full_pipe.was_ever_full() || self.adapt_long_term(ack, sample) {
            return;
        }
        match self.state {
            State::Down | State::Cruise if self.is_time_to_probe(ack.now) => self.start_refill(),
            State::Down if self.is_time_to_cruise(ack) => self.state = State::Cruise,
            State::Refill if self.rounds.started() => self.start_up(sample),
            State::Up(_) => self.end_up(ack, sample),
            _ => {}
        }
    }

    pub(super) fn start_down(&mut self, now: Instant) {
        self.short_term.forget_signals();
        let random = mixed(now.as_micros() ^ self.delivery.delivered().rotate_left(32));
        self.probe.rounds_since_up = random % 2;
        self.probe.wait_micros = BBR_PROBE_WAIT_MICROS + (random >> 1) % BBR_PROBE_WAIT_RANDOM_MICROS;
        self.probe.began_at = now;
        self.probe.feedback = Feedback::Stopping;
        self.rounds.restart(self.delivery.delivered());
        self.state = State::Down;
    }

    pub(super) fn start_refill(&mut self) {
        self.short_term.bounds = Bounds::NONE;
        self.probe.was_precautionary = false;
        self.probe.feedback = Feedback::None;
        self.rounds.restart(self.delivery.delivered());
        self.state = State::Refill;
    }

    /// What should be in flight: a bandwidth-delay product, unless congestion has cut the window below it.
    pub(super) fn target_inflight(&self) -> u64 {
        self.bdp().min(self.window)
    }

    fn start_up(&mut self, sample: &RateSample) {
        self.probe.is_sampling = true;
        self.probe.feedback = Feedback::Starting;
        self.rounds.restart(self.delivery.delivered());
        self.full_pipe.restart(sample.rate);
        self.state = State::Up(InflightGrowth::new(self.window, self.mtu));
    }

    /// Ends a cycle of the bandwidth filter, and raises the long-term bound where more proved harmless. True: it changed the state.
    fn adapt_long_term(&mut self, ack: &AckSample, sample: &RateSample) -> bool {
        let round_started = self.rounds.started();
        if round_started && self.probe.feedback == Feedback::Starting {
            self.probe.feedback = Feedback::Given;
        }
        if round_started && self.probe.feedback == Feedback::Stopping {
            self.probe.is_sampling = false;
            self.probe.feedback = Feedback::None;
            if self.state.is_probe_bw() {
                self.probe.owes_advance = true;
                self.advance_filter(sample);
                if self.probe.was_precautionary && !self.probe.went_too_high {
                    self.start_refill();
                    return true;
                }
            }
        }
        self.advance_filter(sample);
        if sample.is_inflight_too_high() || self.inflight_longterm == u64::MAX {
            return false;
        }
        self.inflight_longterm = self.inflight_longterm.max(sample.sent_in_flight);
        if let State::Up(mut growth) = self.state {
            if ack.window_limited && self.window >= self.inflight_longterm {
                self.inflight_longterm += growth.on_acked(sample.newly_acked, self.mtu);
                if round_started {
                    growth.on_round(self.window, self.mtu);
                }
                self.state = State::Up(growth);
            }
        }
        false
    }

    /// Where the draft drops the end of a cycle whose last round the application or a probe of the round trip limited, here it waits for the next
    /// round: a probe of the round trip each few seconds could otherwise keep a bandwidth for ever that is long gone.
    fn advance_filter(&mut self, sample: &RateSample) {
        let says_something = self.rounds.started() && self.state.is_probe_bw() && !sample.app_limited;
        if self.probe.owes_advance && says_something {
            self.probe.owes_advance = false;
            self.max_bandwidth.advance();
        }
    }

    /// Two to three seconds after the last probe, or as soon as a Reno flow would be back at its window.
    fn is_time_to_probe(&self, now: Instant) -> bool {
        // Until the last of a probe has come back, what it measured is not in the filter.
        if self.probe.feedback == Feedback::Stopping {
            return false;
        }
        // Never none: the window holds a few packets however small the path.
        let rounds = (self.inflight(100).min(self.window) / self.mtu).min(BBR_PROBE_ROUNDS_MAX);
        now > self.probe.began_at.plus_micros(self.probe.wait_micros) || self.probe.rounds_since_up >= rounds
    }

    fn is_time_to_cruise(&self, ack: &AckSample) -> bool {
        let drained = self.inflight_at(self.max_bandwidth.largest(), 100);
        ack.bytes_in_flight <= self.inflight_with_headroom().min(drained)
    }

    /// Ends UP where the path is full, or where the bound is reached that the last probe found to be too much.
    fn end_up(&mut self, ack: &AckSample, sample: &RateSample) {
        // Before this acknowledgement, after which no window is full, and counting the packet that no longer fits.
        let in_flight = ack.bytes_in_flight + ack.acked_bytes + self.mtu;
        if self.probe.went_too_high && in_flight > self.inflight_longterm {
            self.probe.was_precautionary = true;
        } else if ack.window_limited && self.window >= self.inflight_longterm {
            // The bound, not the path, holds the rate: that is no plateau.
            self.full_pipe.restart(sample.rate);
            return;
        } else if !self.full_pipe.is_full() {
            return;
        }
        self.probe.went_too_high = false;
        self.start_down(ack.now);
    }
}

/// A number in which every bit of `x` counts (splitmix64): the microsecond of an acknowledgement is chance enough to keep flows that share
/// a bottleneck from probing in step.
fn mixed(x: u64) -> u64 {
    let z = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
