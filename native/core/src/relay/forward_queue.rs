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
mod ledger;
mod rate_bound;
mod run_pool;
#[cfg(test)]
mod tests;

use crate::association::{TRAIN_BYTES_MAX, TRAIN_PACKETS_MAX};
use crate::constants::{
    RELAY_CONTROL_BYTES_PER_SECOND, RELAY_CONTROL_RATE_PARTS, RELAY_DROP_BATCH_PACKETS, RELAY_FLOWS,
    RELAY_TURN_BYTES_MIN, RELAY_TURN_MICROS,
};
use crate::path::Ecn;
use crate::time::Instant;
use chunk_pool::ChunkPool;
use flow::Store;
use lane::{is_turn_over, Lane};
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

/// Packets of one flow for one next hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Train {
    /// The association that they leave over.
    pub(crate) hop: u32,
    pub(crate) ecn: Ecn,
    /// Size of every packet but the last, which may be shorter.
    pub(crate) segment_size: usize,
    /// Bytes in all.
    pub(crate) len: usize,
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
    control_bytes_per_second: u64,
    /// Odd; what flows are hashed by is nobody else's to know.
    hash_factor: u64,
    store: Store,
    lanes: Vec<Lane>,
    /// Lanes of no neighbour.
    spare_lanes: Vec<u32>,
    /// Neighbours, sorted, and their lanes.
    lane_of: Vec<(u32, u32)>,
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
            control_bytes_per_second,
            hash_factor: seed | 1,
            store: Store { chunks: ChunkPool::new(), runs: RunPool::new(), ledger: Ledger::default() },
            lanes: Vec::new(),
            spare_lanes: Vec::new(),
            lane_of: Vec::new(),
            turns: VecDeque::new(),
            control_turns: VecDeque::new(),
        }
    }

    /// Takes packets of `segment_size` bytes each, back to back; the last one may be shorter.
    pub(crate) fn push(&mut self, now: Instant, arrival: &Arrival, segment_size: usize, train: &[u8]) {
        let segment_size = segment_size.clamp(1, train.len().max(1));
        let (full, rest) = train.split_at(train.len() - train.len() % segment_size);
        let at = self.lane_for(arrival.neighbour);
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
        if let Ok(place) = self.lane_place(association) {
            let (_, at) = self.lane_of.remove(place);
            self.lanes[at as usize].is_orphan = true;
            self.end_if_orphan(at);
        }
    }

    fn push_run(&mut self, now: Instant, at: u32, arrival: &Arrival, run: Run, bytes: &[u8]) {
        let lane = &mut self.lanes[at as usize];
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
            lane.deficit = lane.deficit.min(0) + self.quantum;
            self.turns.push_back(at);
        }
    }

    fn pop_control(&mut self, out: &mut [u8]) -> Option<Train> {
        let at = self.control_turns.pop_front()?;
        let lane = &mut self.lanes[at as usize];
        let train = lane.pop_control(&mut self.store, out);
        if lane.has_control() {
            self.control_turns.push_back(at);
        }
        self.end_if_orphan(at);
        train
    }

    fn pop_bulk(&mut self, now: Instant, out: &mut [u8]) -> Option<Train> {
        while let Some(&at) = self.turns.front() {
            let lane = &mut self.lanes[at as usize];
            if lane.has_bulk() && is_turn_over(lane.deficit, self.quantum) {
                lane.deficit += self.quantum;
                self.turns.rotate_left(1);
                continue;
            }
            let train = lane.pop(now, self.quantum, &mut self.store, out);
            if !lane.has_bulk() {
                lane.is_listed = false;
                self.turns.pop_front();
                self.end_if_orphan(at);
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
        let lanes = self.turns.iter().map(|at| (*at, &self.lanes[*at as usize]));
        let longest = lanes.filter_map(|(at, lane)| lane.longest(store, hop).map(|found| (found, at))).max();
        let Some(((_, flow), at)) = longest else { return false };
        self.lanes[at as usize].drop_head(&mut self.store, flow, hop, RELAY_DROP_BATCH_PACKETS);
        true
    }

    fn lane_for(&mut self, neighbour: u32) -> u32 {
        let place = match self.lane_place(neighbour) {
            Ok(place) => return self.lane_of[place].1,
            Err(place) => place,
        };
        let lane = Lane::new(self.control_bytes_per_second);
        let at = match self.spare_lanes.pop() {
            Some(at) => {
                self.lanes[at as usize] = lane;
                at
            }
            None => {
                self.lanes.push(lane);
                (self.lanes.len() - 1) as u32
            }
        };
        self.lane_of.insert(place, (neighbour, at));
        at
    }

    fn lane_place(&self, neighbour: u32) -> Result<usize, usize> {
        self.lane_of.binary_search_by_key(&neighbour, |(known, _)| *known)
    }

    fn end_if_orphan(&mut self, at: u32) {
        let lane = &mut self.lanes[at as usize];
        if lane.is_orphan && !lane.is_listed && lane.is_empty() {
            lane.is_orphan = false;
            self.spare_lanes.push(at);
        }
    }
}

/// Multiplicative hashing by a secret factor: who chooses sources does not choose whom they meet.
fn flow_number(factor: u64, arrival: &Arrival) -> u8 {
    let source = u64::from_le_bytes(arrival.source.0) ^ u64::from(arrival.hop).rotate_left(32);
    (source.wrapping_mul(factor) >> (u64::BITS - RELAY_FLOWS.ilog2())) as u8
}
