//! Which associations are to be woken when, and which have something to send.

use crate::time::Instant;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Entries an owner may have on average before the stale ones are dropped: dropping then costs each push a constant.
const STALE_RATIO: usize = 4;
/// Entries that are never worth a search.
const STALE_MIN: usize = 64;

/// A lazy queue of deadlines and a round-robin queue of senders.
///
/// A deadline that moved later stays in the heap: its owner is looked at early and put back. One that moved earlier is pushed again, and the
/// entry that it replaces is ignored when it comes up: an owner's last pushed deadline is the one that counts.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    deadlines: BinaryHeap<Reverse<(Instant, u32)>>,
    ready: VecDeque<u32>,
}

impl Schedule {
    /// `handle` wants to be woken at `deadline`.
    pub(super) fn push_deadline(&mut self, deadline: Instant, handle: u32) {
        self.deadlines.push(Reverse((deadline, handle)));
    }

    /// Drops the entries that no longer count once they are the most by far. `counts` says whether an entry is its owner's last one.
    pub(super) fn drop_stale(&mut self, owners: usize, counts: impl Fn(Instant, u32) -> bool) {
        if self.deadlines.len() > STALE_RATIO * owners + STALE_MIN {
            self.deadlines.retain(|Reverse((deadline, handle))| counts(*deadline, *handle));
        }
    }

    /// Entries, stale ones included.
    pub(super) fn waiting(&self) -> usize {
        self.deadlines.len()
    }

    /// The earliest entry.
    pub(super) fn first(&self) -> Option<(Instant, u32)> {
        self.deadlines.peek().map(|Reverse(entry)| *entry)
    }

    /// Takes the earliest entry away.
    pub(super) fn pop_first(&mut self) {
        self.deadlines.pop();
    }

    /// Takes the earliest entry that is due.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<(Instant, u32)> {
        let Reverse((deadline, _)) = self.deadlines.peek()?;
        if *deadline > now {
            return None;
        }
        self.deadlines.pop().map(|Reverse(entry)| entry)
    }

    /// `handle` has something to send.
    pub(super) fn push_ready(&mut self, handle: u32) {
        self.ready.push_back(handle);
    }

    /// Whose turn it is to send.
    pub(super) fn pop_ready(&mut self) -> Option<u32> {
        self.ready.pop_front()
    }
}
