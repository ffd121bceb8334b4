//! What loss says while bandwidth is not probed for: slow down towards what the path delivered of late (draft-ietf-ccwg-bbr §5.5.10.3).

use super::delivery_rate::RateSample;
use crate::constants::BBR_BETA_PERCENT;

/// Bounds that hold until the next probe, and the signals that they follow.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShortTermModel {
    pub(super) bounds: Bounds,
    latest_rate: u64,
    latest_inflight: u64,
    loss_round_end: u64,
    loss_round_started: bool,
    is_loss_in_round: bool,
    loss_ranges: u32,
    last_lost_number: u64,
}

/// Bytes a second and bytes in flight; [`Bounds::NONE`] where nothing was lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bounds {
    pub(super) bandwidth: u64,
    pub(super) inflight: u64,
}

impl Bounds {
    pub(super) const NONE: Self = Self { bandwidth: u64::MAX, inflight: u64::MAX };
}

impl ShortTermModel {
    pub(super) const fn new() -> Self {
        Self {
            bounds: Bounds::NONE,
            latest_rate: 0,
            latest_inflight: 0,
            loss_round_end: 0,
            loss_round_started: false,
            is_loss_in_round: false,
            loss_ranges: 0,
            last_lost_number: 0,
        }
    }

    /// Near the start of an acknowledgement.
    pub(super) fn on_sample(&mut self, sample: &RateSample, delivered: u64) {
        self.latest_rate = self.latest_rate.max(sample.rate);
        self.latest_inflight = self.latest_inflight.max(sample.delivered);
        self.loss_round_started = sample.prior_delivered.is_some_and(|prior| prior >= self.loss_round_end);
        if self.loss_round_started {
            self.loss_round_end = delivered;
        }
    }

    /// At its end.
    pub(super) fn on_sample_used(&mut self, sample: &RateSample) {
        if self.loss_round_started {
            self.latest_rate = sample.rate;
            self.latest_inflight = sample.delivered;
            self.loss_ranges = 0;
        }
    }

    /// Once a round of losses: follows the path down, unless `is_probing`, which finds out by itself.
    ///
    /// The draft does so whatever was lost. Here losses within the threshold that probing tolerates change nothing: a path that loses a packet or
    /// two each round would otherwise sink a little with each, since every measurement falls short of the rate that it was made at.
    pub(super) fn adapt(&mut self, sample: &RateSample, is_probing: bool, max_bandwidth: u64, window: u64) {
        if !self.loss_round_started {
            return;
        }
        let had_loss = std::mem::take(&mut self.is_loss_in_round);
        if had_loss && !is_probing && sample.is_inflight_too_high() {
            let Bounds { bandwidth, inflight } = self.bounds;
            self.bounds = Bounds {
                bandwidth: lowered(bandwidth, max_bandwidth, self.latest_rate),
                inflight: lowered(inflight, window, self.latest_inflight),
            };
        }
    }

    /// A packet was lost: the first begins a round.
    pub(super) fn on_lost(&mut self, number: u64, delivered: u64) {
        if self.loss_ranges == 0 || number != self.last_lost_number + 1 {
            self.loss_ranges += 1;
        }
        self.last_lost_number = number;
        if !std::mem::replace(&mut self.is_loss_in_round, true) {
            self.loss_round_end = delivered;
        }
    }

    /// The losses of this round were none.
    pub(super) fn forget_losses(&mut self) {
        self.is_loss_in_round = false;
    }

    /// What was measured so far belongs to another phase.
    pub(super) fn forget_signals(&mut self) {
        self.is_loss_in_round = false;
        self.latest_rate = 0;
        self.latest_inflight = 0;
    }

    /// Whether a round of losses ended with the last acknowledgement.
    pub(super) fn loss_round_started(&self) -> bool {
        self.loss_round_started
    }

    /// Runs of packets lost in the present round.
    pub(super) fn loss_ranges(&self) -> u32 {
        self.loss_ranges
    }

    /// Most bytes delivered in a round trip of late.
    pub(super) fn latest_inflight(&self) -> u64 {
        self.latest_inflight
    }
}

/// The bound after a round in which `latest` was measured; `unbounded` stands for one that there was none.
fn lowered(bound: u64, unbounded: u64, latest: u64) -> u64 {
    let bound = if bound == u64::MAX { unbounded } else { bound };
    latest.max(bound / 100 * BBR_BETA_PERCENT)
}
