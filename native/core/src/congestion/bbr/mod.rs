//! BBR version 3 (draft-ietf-ccwg-bbr of August 2026): it models the path, its rate and its round trip without a queue, and sends by that
//! model. Loss bounds it only beyond what probing is allowed to cost.
//!
//! A mark (ECN) counts as a loss beyond the threshold; how many packets are marked makes no difference.

mod ack_aggregation;
mod control;
mod delivery_rate;
mod full_pipe;
mod loss;
mod max_filter;
mod min_rtt;
mod probe_bw;
mod probe_rtt;
mod random_loss;
mod rounds;
mod short_term;
mod startup;
mod state;
#[cfg(test)]
mod tests;

use super::{initial_window, AckSample, CongestionControl, CongestionEvent, LostPacket, SnapshotSerial};
use crate::constants::{BBR_MIN_WINDOW_PACKETS, MAXIMUM_WINDOW_BYTES};
use crate::time::Instant;
use ack_aggregation::AckAggregation;
use control::startup_rate;
use delivery_rate::{DeliveryRate, RateSample};
use full_pipe::FullPipe;
use loss::Undo;
use max_filter::MaxFilter;
use min_rtt::MinRtt;
use probe_bw::BandwidthProbe;
use random_loss::RandomLoss;
use rounds::Rounds;
use short_term::ShortTermModel;
use state::State;

/// Model and controls of one path. Rates in bytes a second.
#[derive(Clone, Debug)]
pub(crate) struct Bbr {
    mtu: u64,
    state: State,
    // The model.
    delivery: DeliveryRate,
    rounds: Rounds,
    max_bandwidth: MaxFilter,
    min_rtt: MinRtt,
    full_pipe: FullPipe,
    aggregation: AckAggregation,
    short_term: ShortTermModel,
    probe: BandwidthProbe,
    /// Most bytes in flight that probing has found harmless; `u64::MAX` while it has met no bound.
    inflight_longterm: u64,
    // Loss.
    recovery_start: Option<Instant>,
    in_recovery: bool,
    undo: Undo,
    random_loss: RandomLoss,
    // The controls.
    window: u64,
    /// The window before loss or a probe of the round trip cut it.
    prior_window: u64,
    pacing_rate: u64,
    restarts_from_idle: bool,
}

impl Bbr {
    pub(crate) fn new(mtu_bytes: u64) -> Self {
        let window = initial_window(mtu_bytes);
        Self {
            mtu: mtu_bytes,
            state: State::Startup,
            delivery: DeliveryRate::default(),
            rounds: Rounds::default(),
            max_bandwidth: MaxFilter::default(),
            min_rtt: MinRtt::default(),
            full_pipe: FullPipe::default(),
            aggregation: AckAggregation::default(),
            short_term: ShortTermModel::new(),
            probe: BandwidthProbe::default(),
            inflight_longterm: u64::MAX,
            recovery_start: None,
            in_recovery: false,
            undo: Undo::default(),
            random_loss: RandomLoss::default(),
            window,
            prior_window: 0,
            pacing_rate: startup_rate(window, None),
            restarts_from_idle: false,
        }
    }

    /// What the path can take, by all that is known of it at any time scale.
    fn bandwidth(&self) -> u64 {
        self.max_bandwidth.largest().min(self.short_term.bounds.bandwidth)
    }

    /// Of the present round.
    #[cfg(test)]
    pub(crate) fn lost_runs(&self) -> u32 {
        self.short_term.loss_ranges()
    }

    fn minimum_window(&self) -> u64 {
        BBR_MIN_WINDOW_PACKETS * self.mtu
    }

    fn update_model(&mut self, ack: &AckSample, sample: &RateSample) {
        let delivered = self.delivery.delivered();
        self.short_term.on_sample(sample, delivered, self.delivery.lost());
        self.rounds.on_acked(sample.prior_delivered, delivered);
        self.probe.on_round(self.rounds.started());
        // A sample that the application limited counts where it shows more than was known.
        if sample.rate >= self.max_bandwidth.largest() || !sample.app_limited {
            self.max_bandwidth.update(sample.rate);
        }
        let (max_bandwidth, window) = (self.max_bandwidth.largest(), self.window);
        self.short_term.adapt(self.state.is_probing(), max_bandwidth, window);
        self.aggregation.on_acked(
            ack.now,
            sample.newly_acked,
            self.bandwidth(),
            window,
            self.rounds.count(),
            self.full_pipe.was_ever_full(),
        );
        if self.rounds.started() && sample.rate > 0 && !sample.app_limited {
            self.full_pipe.on_round(sample.rate);
        }
    }

    fn update_state(&mut self, ack: &AckSample, sample: &RateSample) {
        self.end_startup();
        self.end_drain(ack);
        self.update_probe_bw(ack, sample);
        self.min_rtt.update(ack.now, ack.rtt_micros);
        self.update_probe_rtt(ack);
        self.short_term.on_sample_used(sample);
        if sample.delivered > 0 {
            self.restarts_from_idle = false;
        }
    }
}

impl CongestionControl for Bbr {
    fn on_sent(&mut self, now: Instant, bytes: u64, in_flight_before: u64) -> SnapshotSerial {
        if in_flight_before == 0 && self.delivery.is_app_limited() {
            self.restart_from_idle(now);
        }
        self.delivery.on_sent(now, bytes, in_flight_before)
    }

    fn on_application_limited(&mut self, bytes_in_flight: u64) {
        if bytes_in_flight < self.window {
            self.delivery.mark_app_limited(bytes_in_flight);
        }
    }

    fn on_ack(&mut self, ack: &AckSample) {
        if let (None, Some(rtt)) = (self.min_rtt.micros(), ack.rtt_micros) {
            self.pacing_rate = startup_rate(initial_window(self.mtu), Some(rtt));
        }
        if self.in_recovery && self.recovery_start.is_none_or(|start| ack.newest_sent_at > start) {
            self.in_recovery = false;
            self.restore_window();
        }
        if ack.rtt_micros.is_some_and(|rtt| !self.shows_queue(rtt)) {
            self.random_loss.on_acked(ack.acked_bytes);
        }
        let sample = self.delivery.on_acked(ack, self.min_rtt.micros());
        self.update_model(ack, &sample);
        self.update_state(ack, &sample);
        self.set_pacing_rate(self.pacing_percent());
        self.set_window(sample.newly_acked);
    }

    fn on_packet_lost(&mut self, lost: &LostPacket) {
        self.take_lost_packet(lost);
    }

    fn on_late(&mut self, bytes: u64) {
        self.delivery.on_late(bytes);
    }

    fn on_congestion_event(&mut self, event: &CongestionEvent) -> bool {
        let is_new = self.recovery_start.is_none_or(|start| event.sent_at > start);
        if is_new {
            self.save_window();
            self.recovery_start = Some(event.now);
            self.in_recovery = true;
        }
        self.undo.is_held = false;
        if event.marked {
            self.take_mark(event.now);
        }
        if event.persistent {
            self.window = (event.bytes_in_flight + self.mtu).max(self.minimum_window()).min(self.window);
        }
        is_new
    }

    fn on_spurious_loss(&mut self) {
        self.undo_loss();
    }

    fn on_mtu(&mut self, mtu_bytes: u64) {
        self.mtu = mtu_bytes;
        self.window = self.window.max(self.minimum_window());
    }

    fn window_bytes(&self) -> u64 {
        self.window.min(MAXIMUM_WINDOW_BYTES)
    }

    fn recovery_start(&self) -> Option<Instant> {
        self.recovery_start
    }

    /// Never less than a packet a round trip: a model that an outage has shrunk must not stall the path. More would be faster than a path whose
    /// round trip is the time of a few packets, and keep its queue as long as the window.
    fn pacing_rate_bytes_per_second(&self, smoothed_rtt_micros: u64) -> u64 {
        self.pacing_rate.max(self.mtu * 1_000_000 / smoothed_rtt_micros.max(1))
    }
}
