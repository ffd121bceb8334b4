//! What one neighbour sent on: its flows take turns, and all of them together have one turn among the neighbours.

use super::flow::{Flow, Store, Train};
use super::ledger::Loss;
use super::rate_bound::RateBound;
use super::run_pool::Run;
use super::Arrival;
use crate::constants::{RELAY_CONTROL_QUEUE_BYTES, RELAY_FLOWS};
use crate::time::Instant;
use std::collections::VecDeque;

/// See the file's head. Flows are told apart by a hash (RFC 8290 §4.1), so no neighbour makes a relay remember more than [`RELAY_FLOWS`] of them.
pub(super) struct Lane {
    flows: Vec<Flow>,
    /// Flows with packets, the one whose turn it is first.
    turns: VecDeque<u8>,
    control: Flow,
    /// What may go as control.
    grant: RateBound,
    /// What its flows may still send in this turn.
    pub(super) deficit: i64,
    /// It has turns among the neighbours.
    pub(super) is_listed: bool,
    /// The neighbour has gone: the lane ends when it is empty.
    pub(super) is_orphan: bool,
}

impl Lane {
    /// `control_bytes_per_second`: what may go before bulk.
    pub(super) fn new(control_bytes_per_second: u64) -> Self {
        Self {
            flows: (0..RELAY_FLOWS).map(|_| Flow::new()).collect(),
            turns: VecDeque::with_capacity(RELAY_FLOWS),
            control: Flow::new(),
            grant: RateBound::new(control_bytes_per_second),
            deficit: 0,
            is_listed: false,
            is_orphan: false,
        }
    }

    /// Has packets that are not control, or had when its turn last ended.
    pub(super) fn has_bulk(&self) -> bool {
        !self.turns.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.control.is_empty() && self.turns.iter().all(|flow| self.flows[usize::from(*flow)].is_empty())
    }

    /// Appends packets to the flow with this number.
    pub(super) fn push(&mut self, store: &mut Store, number: u8, run: Run, bytes: &[u8], quantum: i64) {
        let flow = &mut self.flows[usize::from(number)];
        flow.push(store, run, bytes);
        if !std::mem::replace(&mut flow.is_listed, true) {
            flow.deficit = flow.deficit.min(0) + quantum;
            self.turns.push_back(number);
        }
    }

    /// Appends packets to what goes first; true when nothing was there before. `Err`: the neighbour has used up what it is granted.
    pub(super) fn push_control(
        &mut self,
        now: Instant,
        store: &mut Store,
        run: Run,
        bytes: &[u8],
    ) -> Result<bool, ()> {
        let queued = self.control.queued_bytes() + bytes.len();
        if queued > RELAY_CONTROL_QUEUE_BYTES || !self.grant.permits(now) {
            return Err(());
        }
        self.grant.spend(now, bytes.len());
        let was_empty = self.control.is_empty();
        self.control.push(store, run, bytes);
        Ok(was_empty)
    }

    /// The next train of control. It is taken from the neighbour's own turns: going first is not going more.
    pub(super) fn pop_control(&mut self, store: &mut Store, out: &mut [u8]) -> Option<Train> {
        let train = self.control.take(i64::MAX, store, out)?;
        self.deficit -= train.len as i64;
        Some(train)
    }

    pub(super) fn has_control(&self) -> bool {
        !self.control.is_empty()
    }

    /// The next train of the flow whose turn it is.
    pub(super) fn pop(
        &mut self,
        now: Instant,
        quantum: i64,
        store: &mut Store,
        out: &mut [u8],
    ) -> Option<Train> {
        while let Some(&number) = self.turns.front() {
            let flow = &mut self.flows[usize::from(number)];
            if !flow.is_empty() && is_turn_over(flow.deficit, quantum) {
                flow.deficit += quantum;
                self.turns.rotate_left(1);
                continue;
            }
            let train = flow.pop(now, flow.deficit.min(self.deficit), store, out);
            flow.deficit -= train.map_or(0, |train| train.len as i64);
            if flow.is_empty() {
                flow.is_listed = false;
                self.turns.pop_front();
            }
            if let Some(train) = train {
                self.deficit -= train.len as i64;
                return Some(train);
            }
            if !self.flows[usize::from(number)].is_empty() {
                // Its first packet fits into no train.
                return None;
            }
        }
        None
    }

    /// Bytes of the longest flow whose head goes to `hop`, and its number.
    pub(super) fn longest(&self, store: &Store, hop: u32) -> Option<(usize, u8)> {
        let flows = self.turns.iter().map(|number| (&self.flows[usize::from(*number)], *number));
        flows
            .filter(|(flow, _)| flow.head_hop(store) == Some(hop))
            .map(|(flow, number)| (flow.queued_bytes(), number))
            .max()
    }

    /// Drops from the head of a flow what goes to `hop`: half of what it has, and no more than `packets`.
    pub(super) fn drop_head(&mut self, store: &mut Store, number: u8, hop: u32, packets: usize) {
        let flow = &mut self.flows[usize::from(number)];
        let half = flow.queued_bytes() / 2;
        let mut left = packets;
        while left > 0 && flow.head_hop(store) == Some(hop) {
            left -= flow.drop_packets(store, 1, Loss::Full);
            if flow.queued_bytes() <= half {
                break;
            }
        }
    }
}

/// What is left of a turn when it makes no train worth its call: it is kept for the next one.
pub(super) const fn is_turn_over(deficit: i64, quantum: i64) -> bool {
    deficit <= quantum / 8
}

/// Multiplicative hashing by a secret factor: who chooses sources does not choose whom they meet.
pub(super) fn flow_number(factor: u64, arrival: &Arrival) -> u8 {
    let source = u64::from_le_bytes(arrival.source.0) ^ u64::from(arrival.hop).rotate_left(32);
    (source.wrapping_mul(factor) >> (u64::BITS - RELAY_FLOWS.ilog2())) as u8
}
