//! What BBR is doing, and how fast it sends meanwhile (draft-ietf-ccwg-bbr §5.6.1).

use crate::constants::{
    BBR_CWND_GAIN_PERCENT, BBR_DOWN_PACING_PERCENT, BBR_DRAIN_PACING_PERCENT, BBR_PROBE_RTT_CWND_PERCENT,
    BBR_STARTUP_PACING_PERCENT, BBR_UP_CWND_PERCENT, BBR_UP_PACING_PERCENT,
};
use crate::time::Instant;

/// ```text
///   Startup --the pipe is full, or loss--> Drain --the queue is gone--> Down
///
///          queue gone      2 to 3 s          a round         full, or loss
///   Down ------------> Cruise ------> Refill ------> Up --------------------> Down
///     \----------------------------------^ (2 to 3 s)
///
///   any --no small round trip for 5 s--> ProbeRtt --200 ms and a round--> Cruise, or Startup where the pipe was never full
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// The rate doubles each round.
    Startup,
    /// The queue that Startup made drains.
    Drain {
        /// Round in which it began.
        since_round: u64,
    },
    /// Less than the path delivers: queues drain, others get room.
    Down,
    /// As much as the path delivers.
    Cruise,
    /// Short-term bounds are gone; the pipe fills before it is probed.
    Refill,
    /// More than the path delivered so far.
    Up(InflightGrowth),
    /// Little in flight, so that the round trip shows without a queue.
    ProbeRtt {
        /// When it may end, once little was in flight.
        until: Option<Instant>,
        /// A round has passed since then.
        round_passed: bool,
    },
}

/// How the long-term bound rises in [`State::Up`]: each round twice as fast.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct InflightGrowth {
    rounds: u32,
    acked: u64,
    acked_per_packet: u64,
}

impl State {
    pub(super) fn pacing_percent(self) -> u64 {
        match self {
            Self::Startup => BBR_STARTUP_PACING_PERCENT,
            Self::Drain { .. } => BBR_DRAIN_PACING_PERCENT,
            Self::Down => BBR_DOWN_PACING_PERCENT,
            Self::Up(_) => BBR_UP_PACING_PERCENT,
            Self::Cruise | Self::Refill | Self::ProbeRtt { .. } => 100,
        }
    }

    pub(super) fn cwnd_percent(self) -> u64 {
        match self {
            Self::Up(_) => BBR_UP_CWND_PERCENT,
            Self::ProbeRtt { .. } => BBR_PROBE_RTT_CWND_PERCENT,
            _ => BBR_CWND_GAIN_PERCENT,
        }
    }

    pub(super) fn is_probe_bw(self) -> bool {
        matches!(self, Self::Down | Self::Cruise | Self::Refill | Self::Up(_))
    }

    pub(super) fn is_probe_rtt(self) -> bool {
        matches!(self, Self::ProbeRtt { .. })
    }

    /// Whether it looks for more bandwidth, so that loss is an answer and no surprise.
    pub(super) fn is_probing(self) -> bool {
        matches!(self, Self::Startup | Self::Refill | Self::Up(_))
    }
}

impl InflightGrowth {
    pub(super) fn new(window: u64, mtu: u64) -> Self {
        let mut growth = Self { rounds: 0, acked: 0, acked_per_packet: 0 };
        growth.on_round(window, mtu);
        growth
    }

    /// Another round: twice as fast.
    pub(super) fn on_round(&mut self, window: u64, mtu: u64) {
        self.acked_per_packet = (window >> self.rounds).max(mtu);
        self.rounds = (self.rounds + 1).min(MAX_ROUNDS);
    }

    /// Bytes that the bound rises by after `newly_acked` more.
    pub(super) fn on_acked(&mut self, newly_acked: u64, mtu: u64) -> u64 {
        self.acked += newly_acked;
        let packets = self.acked / self.acked_per_packet;
        self.acked -= packets * self.acked_per_packet;
        packets * mtu
    }
}

/// Beyond it every window is below a packet.
const MAX_ROUNDS: u32 = 30;
