//! What loss says while bandwidth is not probed for: slow down towards what the path delivered of late (draft-ietf-ccwg-bbr §5.5.10.3).

use super::delivery_rate::RateSample;
use super::loss::is_too_much;
use crate::congestion::LostPacket;
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
    is_mark_in_round: bool,
    /// Bytes that were lost up to the first loss of the present round, that one included.
    lost_at_round_start: u64,
    /// More was lost in the round that has just ended than probing may cost.
    was_round_lossy: bool,
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
            is_mark_in_round: false,
            lost_at_round_start: 0,
            was_round_lossy: false,
            loss_ranges: 0,
            last_lost_number: 0,
        }
    }

    /// Near the start of an acknowledgement. `delivered` and `lost` are bytes since the start.
    ///
    /// A round is judged by the packet that ends it, and by all that was lost in it: the packet that ends it may have been sent after the whole of a burst was found lost.
    pub(super) fn on_sample(&mut self, sample: &RateSample, delivered: u64, lost: u64) {
        self.latest_rate = self.latest_rate.max(sample.rate);
        self.latest_inflight = self.latest_inflight.max(sample.delivered);
        self.loss_round_started = sample.prior_delivered.is_some_and(|prior| prior >= self.loss_round_end);
        if self.loss_round_started {
            self.loss_round_end = delivered;
            // The loss that began the round is why there is one: counting it would take two lost at random for three.
            let lost_in_round = lost.saturating_sub(self.lost_at_round_start);
            let is_lossy = sample.is_inflight_too_high() || is_too_much(lost_in_round, sample.sent_in_flight);
            self.was_round_lossy = self.is_loss_in_round && is_lossy;
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

    /// Once a round of losses or marks: follows the path down, unless `is_probing`, which finds out by itself.
    ///
    /// The draft does so whatever was lost. Here losses within the threshold that probing tolerates change nothing: a path that loses a packet or
    /// two each round would otherwise sink a little with each, since every measurement falls short of the rate that it was made at. One mark is
    /// enough: nothing else than a queue makes them.
    pub(super) fn adapt(&mut self, is_probing: bool, max_bandwidth: u64, window: u64) {
        if !self.loss_round_started {
            return;
        }
        self.is_loss_in_round = false;
        let was_marked = std::mem::take(&mut self.is_mark_in_round);
        if (self.was_round_lossy || was_marked) && !is_probing {
            let Bounds { bandwidth, inflight } = self.bounds;
            self.bounds = Bounds {
                bandwidth: lowered(bandwidth, max_bandwidth, self.latest_rate),
                inflight: lowered(inflight, window, self.latest_inflight),
            };
        }
    }

    /// A packet was lost, after `lost_before` bytes in all: the first begins a round.
    pub(super) fn on_lost(&mut self, lost: &LostPacket, delivered: u64, lost_before: u64) {
        if self.loss_ranges == 0 || lost.previous_number != Some(self.last_lost_number) {
            self.loss_ranges += 1;
        }
        self.last_lost_number = lost.number;
        self.begin_round(delivered);
        if !std::mem::replace(&mut self.is_loss_in_round, true) {
            self.lost_at_round_start = lost_before + lost.bytes;
        }
    }

    /// The network marked packets: the first begins a round.
    pub(super) fn on_marked(&mut self, delivered: u64) {
        self.begin_round(delivered);
        self.is_mark_in_round = true;
    }

    /// The losses of this round were none.
    pub(super) fn forget_losses(&mut self) {
        self.is_loss_in_round = false;
    }

    /// What was measured so far belongs to another phase.
    pub(super) fn forget_signals(&mut self) {
        self.is_loss_in_round = false;
        self.is_mark_in_round = false;
        self.latest_rate = 0;
        self.latest_inflight = 0;
    }

    /// Whether a round of losses ended with the last acknowledgement.
    pub(super) fn loss_round_started(&self) -> bool {
        self.loss_round_started
    }

    /// Whether more was lost in that round than probing may cost.
    pub(super) fn was_round_lossy(&self) -> bool {
        self.was_round_lossy
    }

    /// Runs of packets lost in the present round.
    pub(super) fn loss_ranges(&self) -> u32 {
        self.loss_ranges
    }

    /// Most bytes delivered in a round trip of late.
    pub(super) fn latest_inflight(&self) -> u64 {
        self.latest_inflight
    }

    fn begin_round(&mut self, delivered: u64) {
        if !self.is_loss_in_round && !self.is_mark_in_round {
            self.loss_round_end = delivered;
        }
    }
}

/// The bound after a round in which `latest` was measured; `unbounded` stands for one that there was none.
fn lowered(bound: u64, unbounded: u64, latest: u64) -> u64 {
    let bound = if bound == u64::MAX { unbounded } else { bound };
    latest.max(bound / 100 * BBR_BETA_PERCENT)
}
