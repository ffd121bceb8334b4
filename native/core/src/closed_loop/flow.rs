//! A sender: everything is counted in chunks, one a packet; a chunk lost is sent again in a new packet until it arrives.

use super::receiver::Receiver;
use crate::congestion::CongestionAlgorithm;
use crate::path_control::PathControl;
use crate::recovery::{FrameFate, Recovery};
use crate::time::Instant;
use std::collections::VecDeque;

/// A sender and its receiver.
pub(super) struct Flow {
    pub(super) recovery: Recovery<u64>,
    pub(super) path: PathControl,
    pub(super) chunks: Chunks,
    /// Chunks that the application still has to send; a large number is "always".
    pub(super) unsent: u64,
    /// The process does not run until then: its packets and timers wait.
    pub(super) asleep_until: Instant,
    pub(super) stats: FlowStats,
    pub(super) receiver: Receiver,
    pub(super) next_number: u64,
    pub(super) wake_at: Instant,
}

#[derive(Default, Debug)]
pub(super) struct FlowStats {
    pub(super) packets_sent: u64,
    pub(super) retransmitted: u64,
    pub(super) probes: u64,
    pub(super) spurious: u64,
    pub(super) lost: u64,
    pub(super) bytes_delivered: u64,
}

/// What happened to the chunks at the sender.
#[derive(Default)]
pub(super) struct Chunks {
    pub(super) acknowledged: u64,
    pub(super) next: u64,
    pub(super) lost: VecDeque<u64>,
    pub(super) is_acknowledged: Vec<bool>,
}

impl Flow {
    /// One that always has something to send.
    pub(super) fn new(mtu_bytes: u64) -> Self {
        Self {
            recovery: Recovery::new(0),
            path: PathControl::new(0, mtu_bytes as usize, CongestionAlgorithm::Cubic),
            chunks: Chunks::default(),
            unsent: u64::MAX,
            asleep_until: Instant::default(),
            stats: FlowStats::default(),
            receiver: Receiver::new(),
            next_number: 0,
            wake_at: Instant::FAR_FUTURE,
        }
    }

    pub(super) fn has_data(&self) -> bool {
        self.unsent > 0 || !self.chunks.lost.is_empty() || self.path.probes_owed() > 0
    }

    pub(super) fn take_chunk(&mut self) -> Option<u64> {
        while let Some(chunk) = self.chunks.lost.pop_front() {
            if !self.chunks.is_acknowledged[chunk as usize] {
                self.stats.retransmitted += 1;
                return Some(chunk);
            }
        }
        if self.unsent == 0 {
            self.path.owe_probes(0);
            return None;
        }
        self.unsent -= u64::from(self.unsent != u64::MAX);
        let chunk = self.chunks.next;
        self.chunks.next += 1;
        self.chunks.is_acknowledged.push(false);
        Some(chunk)
    }
}

impl FrameFate<u64> for Chunks {
    fn acknowledged(&mut self, chunk: &u64) {
        let seen = &mut self.is_acknowledged[*chunk as usize];
        self.acknowledged += u64::from(!*seen);
        *seen = true;
    }

    fn probed(&mut self, chunk: &u64) {
        self.lost(chunk, false);
    }

    fn lost(&mut self, chunk: &u64, was_probed: bool) {
        if !was_probed && !self.is_acknowledged[*chunk as usize] {
            self.lost.push_back(*chunk);
        }
    }
}
