//! What is known of queued packets: one record for all that came together and are alike.

use crate::path::Ecn;
use crate::time::Instant;

/// Names no run.
pub(super) const NO_RUN: u32 = u32::MAX;

/// Consecutive packets of one flow that have everything in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// Next hop.
    pub(super) hop: u32,
    /// Bytes of each packet.
    pub(super) packet_bytes: u32,
    /// At least 1.
    pub(super) packets: u32,
    pub(super) ecn: Ecn,
    /// When the first of them came.
    pub(super) arrived_at: Instant,
    /// The run behind it.
    pub(super) next: u32,
}

/// Runs in slots that are used again.
pub(super) struct RunPool {
    runs: Vec<Run>,
    free: u32,
}

impl RunPool {
    pub(super) const fn new() -> Self {
        Self { runs: Vec::new(), free: NO_RUN }
    }

    /// Keeps `run`, with nothing behind it.
    pub(super) fn keep(&mut self, run: Run) -> u32 {
        let run = Run { next: NO_RUN, ..run };
        match self.runs.get_mut(self.free as usize) {
            Some(slot) => {
                let at = self.free;
                self.free = slot.next;
                *slot = run;
                at
            }
            None => {
                self.runs.push(run);
                (self.runs.len() - 1) as u32
            }
        }
    }

    /// Frees a slot; returns the run that was behind it.
    pub(super) fn give_back(&mut self, at: u32) -> u32 {
        let free = self.free;
        let behind = self.get_mut(at).map_or(NO_RUN, |run| std::mem::replace(&mut run.next, free));
        self.free = at;
        behind
    }

    pub(super) fn get(&self, at: u32) -> Option<&Run> {
        self.runs.get(at as usize)
    }

    pub(super) fn get_mut(&mut self, at: u32) -> Option<&mut Run> {
        self.runs.get_mut(at as usize)
    }
}
