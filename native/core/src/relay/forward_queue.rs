//! Packets that wait to be passed on: bounded for each next hop, fair between the neighbours that they come from, and told early that they wait.
//!
//! ```text
//! push -> control, while the neighbour's grant lasts ------------------------------> pop, before all else
//!     \-> bulk: neighbour -> one of its flows, by a hash of (next hop, source) -> CoDel -> pop, by turns
//! ```
//!
//! Turns are deficit round robin (Shreedhar and Varghese 1995) among the neighbours, whatever they send where, and inside a neighbour's turn among its
//! flows: a source is what a packet says it is, so counting sources alike would give most to whom invents most. All that leaves shares
//! one rate, which is why the round is one of the node and not one a next hop.
//!
//! It neither reads nor writes packets: whoever pops a train makes it the next hop's.

mod byte_fifo;
mod chunk_pool;
mod codel;
mod flow;
mod lane;
mod lane_table;
mod ledger;
mod rate_bound;
mod run_pool;
#[cfg(test)]
mod tests;

use crate::association::TRAIN_BYTES_MAX;
use crate::constants::{
    RELAY_CONTROL_BYTES_PER_SECOND, RELAY_CONTROL_RATE_PARTS, RELAY_DROP_BATCH_PACKETS, RELAY_TURN_BYTES_MIN,
    RELAY_TURN_MICROS,
};
use crate::path::Ecn;
use crate::time::Instant;
use chunk_pool::ChunkPool;
use flow::{Store, Train};
use lane::{flow_number, is_turn_over};
use lane_table::LaneTable;
pub(crate) use ledger::ForwardCounters;
use ledger::Ledger;
use osier_wire::RouteId;
use rate_bound::RateBound;
use run_pool::{Run, RunPool, NO_RUN};
use std::collections::VecDeque;

/// What the packets of a train that came have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// The association that they came over.
    pub(crate) neighbour: u32,
    /// Where they say that they come from.
    pub(crate) source: RouteId,
    /// The association that they leave over.
    pub(crate) hop: u32,
    pub(crate) ecn: Ecn,
    /// They ask to go first.
    pub(crate) control: bool,
}

/// See the file's head. Its memory is kept: once it has grown, nothing is allocated.
pub(crate) struct ForwardQueue {
    /// What may wait for one next hop.
    queue_bytes: usize,
    /// What a neighbour, and a flow of one, sends in its turn.
    quantum: i64,
    rate: RateBound,
    /// The last pop found something that the rate bound let wait.
    is_held: bool,
    /// Odd; what flows are hashed by is nobody else's to know.
    hash_factor: u64,
    store: Store,
    lanes: LaneTable,
    /// Lanes with bulk, the one whose turn it is first.
    turns: VecDeque<u32>,
    /// Lanes with control.
    control_turns: VecDeque<u32>,
}

impl ForwardQueue {
    /// `bytes_per_second`: of the whole node, 0: no bound. `queue_bytes`: for each next hop. `seed` must be unpredictable.
    pub(crate) fn new(bytes_per_second: u64, queue_bytes: usize, seed: u64) -> Self {
        let turn_bytes = match bytes_per_second {
            0 => TRAIN_BYTES_MAX as u64,
            rate => (rate.saturating_mul(RELAY_TURN_MICROS) / 1_000_000)
                .clamp(RELAY_TURN_BYTES_MIN, TRAIN_BYTES_MAX as u64),
        };
        let control_bytes_per_second = match bytes_per_second {
            0 => RELAY_CONTROL_BYTES_PER_SECOND,
            rate => (rate / RELAY_CONTROL_RATE_PARTS).clamp(1, RELAY_CONTROL_BYTES_PER_SECOND),
        };
        Self {
            queue_bytes,
            quantum: turn_bytes as i64,
            rate: RateBound::new(bytes_per_second),
            is_held: false,
            hash_factor: seed | 1,
            store: Store { chunks: ChunkPool::new(), runs: RunPool::new(), ledger: Ledger::default() },
            lanes: LaneTable::new(control_bytes_per_second),
            turns: VecDeque::new(),
            control_turns: VecDeque::new(),
        }
    }

    /// Takes packets of `segment_size` bytes each, back to back; the last one may be shorter.
    pub(crate) fn push(&mut self, now: Instant, arrival: &Arrival, segment_size: usize, train: &[u8]) {
        let segment_size = segment_size.clamp(1, train.len().max(1));
        let (full, rest) = train.split_at(train.len() - train.len() % segment_size);
        let at = self.lanes.of(arrival.neighbour);
        for (size, bytes) in [(segment_size, full), (rest.len(), rest)] {
            if !bytes.is_empty() {
                let run = Run {
                    hop: arrival.hop,
                    packet_bytes: size as u32,
                    packets: (bytes.len() / size) as u32,
                    ecn: arrival.ecn,
                    arrived_at: now,
                    next: NO_RUN,
                };
                self.push_run(now, at, arrival, run, bytes);
            }
        }
        while self.store.ledger.hop_bytes(arrival.hop) > self.queue_bytes && self.drop_longest(arrival.hop) {}
    }

    /// Writes the next train that may go now into `out`, which should hold [`TRAIN_BYTES_MAX`] bytes.
    pub(crate) fn pop(&mut self, now: Instant, out: &mut [u8]) -> Option<Train> {
        self.is_held = !self.is_empty() && !self.rate.permits(now);
        if self.is_empty() || self.is_held {
            return None;
        }
        let room = out.len().min(TRAIN_BYTES_MAX);
        let out = &mut out[..room];
        let train = self.pop_control(out).or_else(|| self.pop_bulk(now, out))?;
        self.rate.spend(now, train.len);
        Some(train)
    }

    /// Whether what comes now may go at once, past the queue, without overtaking anything.
    pub(crate) fn lets_pass(&self, now: Instant) -> bool {
        self.is_empty() && self.rate.permits(now)
    }

    /// Counts what went past the queue.
    pub(crate) fn on_passed(&mut self, now: Instant, packets: usize, bytes: usize) {
        self.rate.spend(now, bytes);
        self.store.ledger.counters.forwarded.add(packets, bytes);
    }

    /// What [`ForwardQueue::pop`] gave last could not be sent: its next hop is gone.
    pub(crate) fn on_hop_gone(&mut self, train: &Train) {
        let packets = train.len.div_ceil(train.segment_size);
        self.store.ledger.counters.forwarded.take_off(packets, train.len);
        self.store.ledger.counters.dropped_gone.add(packets, train.len);
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.queued_bytes() == 0
    }

    /// Bytes that wait.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.store.ledger.queued_bytes
    }

    /// When to call [`ForwardQueue::on_timeout`], and then [`ForwardQueue::pop`].
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.is_held.then(|| self.rate.opens_at())
    }

    /// What was due by `now` is no more waited for.
    pub(crate) fn on_timeout(&mut self, now: Instant) {
        self.is_held &= !self.rate.permits(now);
    }

    /// Counters.
    pub(crate) fn counters(&self) -> &ForwardCounters {
        &self.store.ledger.counters
    }

    /// The association is over. What came over it still goes on; what waits to leave over it is the popper's to drop.
    pub(crate) fn forget(&mut self, association: u32) {
        self.store.ledger.forget_hop(association);
        self.lanes.forget(association);
    }

    fn push_run(&mut self, now: Instant, at: u32, arrival: &Arrival, run: Run, bytes: &[u8]) {
        let lane = &mut self.lanes[at];
        if arrival.control {
            if let Ok(is_first) = lane.push_control(now, &mut self.store, run, bytes) {
                if is_first {
                    self.control_turns.push_back(at);
                }
                return;
            }
        }
        let flow = flow_number(self.hash_factor, arrival);
        lane.push(&mut self.store, flow, run, bytes, self.quantum);
        if !std::mem::replace(&mut lane.is_listed, true) {
            // What control took while no bulk waited delayed nobody: at most one turn is owed for it.
            lane.deficit = lane.deficit.clamp(-self.quantum, 0) + self.quantum;
            self.turns.push_back(at);
        }
    }

    fn pop_control(&mut self, out: &mut [u8]) -> Option<Train> {
        let at = self.control_turns.pop_front()?;
        let lane = &mut self.lanes[at];
        let train = lane.pop_control(&mut self.store, out);
        if lane.has_control() {
            self.control_turns.push_back(at);
        }
        self.lanes.end_if_orphan(at);
        train
    }

    fn pop_bulk(&mut self, now: Instant, out: &mut [u8]) -> Option<Train> {
        while let Some(&at) = self.turns.front() {
            let lane = &mut self.lanes[at];
            if lane.has_bulk() && is_turn_over(lane.deficit, self.quantum) {
                lane.deficit += self.quantum;
                self.turns.rotate_left(1);
                continue;
            }
            let train = lane.pop(now, self.quantum, &mut self.store, out);
            if !lane.has_bulk() {
                lane.is_listed = false;
                self.turns.pop_front();
                self.lanes.end_if_orphan(at);
            } else if train.is_none() {
                return None;
            }
            if train.is_some() {
                return train;
            }
        }
        None
    }

    /// Drops a batch from the head of the longest flow to `hop` (RFC 8290 §4.1.3 drops one packet of it, its implementation a batch: the search
    /// is paid once for many). False when there is none.
    fn drop_longest(&mut self, hop: u32) -> bool {
        let store = &self.store;
        let lanes = self.turns.iter().map(|at| (*at, &self.lanes[*at]));
        let longest = lanes.filter_map(|(at, lane)| lane.longest(store, hop).map(|found| (found, at))).max();
        let Some(((_, flow), at)) = longest else { return false };
        self.lanes[at].drop_head(&mut self.store, flow, hop, RELAY_DROP_BATCH_PACKETS);
        true
    }
}
