//! One direction of the link: a drop-tail queue before a bottleneck, then delay, loss and reordering. Knows no devices and no clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::Serialize;

use crate::faults::Faults;
use crate::random::Random;

/// How far a packet is held back, at least, to be overtaken.
const HELD_BACK_NANOS_MIN: f64 = 1_000_000.0;

/// What became of the packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counters {
    pub(crate) sent: u64,
    pub(crate) lost: u64,
    /// Found the queue full.
    pub(crate) overflowed: u64,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    due: u64,
    sequence: u64,
    packet: Vec<u8>,
}

pub(crate) struct Link {
    faults: Faults,
    random: Random,
    /// In the middle of a run of losses.
    is_bursting: bool,
    busy_until: f64,
    last_arrival: f64,
    waiting: BinaryHeap<Reverse<Waiting>>,
    pub(crate) counters: Counters,
}

impl Link {
    pub(crate) fn new(faults: &Faults, seed: u64) -> Self {
        Self {
            faults: faults.clone(),
            random: Random::new(seed),
            is_bursting: false,
            busy_until: 0.0,
            last_arrival: 0.0,
            waiting: BinaryHeap::new(),
            counters: Counters::default(),
        }
    }

    /// Takes one packet at `now`, in nanoseconds.
    pub(crate) fn send(&mut self, now: u64, packet: &[u8]) {
        self.counters.sent += 1;
        let Some(departure) = self.pass_bottleneck(now as f64, packet.len() as f64) else {
            self.counters.overflowed += 1;
            return;
        };
        if self.is_lost() {
            self.counters.lost += 1;
            return;
        }
        let due = self.arrival(departure) as u64;
        self.waiting.push(Reverse(Waiting { due, sequence: self.counters.sent, packet: packet.to_vec() }));
    }

    /// A packet that has arrived by `now`.
    pub(crate) fn take_due(&mut self, now: u64) -> Option<Vec<u8>> {
        if self.next_due()? > now {
            return None;
        }
        self.waiting.pop().map(|Reverse(waiting)| waiting.packet)
    }

    /// When the next packet arrives.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.waiting.peek().map(|Reverse(waiting)| waiting.due)
    }

    /// When the packet has left the bottleneck; `None`: the queue is full.
    fn pass_bottleneck(&mut self, now: f64, byte_count: f64) -> Option<f64> {
        if self.faults.bits_per_second == 0.0 {
            return Some(now);
        }
        let nanos_per_byte = 8e9 / self.faults.bits_per_second;
        let start = self.busy_until.max(now);
        let queued_bytes = (start - now) / nanos_per_byte;
        if queued_bytes + byte_count > self.faults.queue_limit_bytes() {
            return None;
        }
        self.busy_until = start + byte_count * nanos_per_byte;
        Some(self.busy_until)
    }

    /// Gilbert's model: runs of `burst_packets` on average, and `loss` of all packets.
    fn is_lost(&mut self) -> bool {
        let Faults { loss, burst_packets, .. } = self.faults;
        if burst_packets <= 1.0 || loss >= 1.0 {
            return self.random.chance(loss);
        }
        let leave = 1.0 / burst_packets;
        let enter = leave * loss / (1.0 - loss);
        self.is_bursting = self.random.chance(if self.is_bursting { 1.0 - leave } else { enter });
        self.is_bursting
    }

    fn arrival(&mut self, departure: f64) -> f64 {
        let Faults { delay_ms, jitter_ms, reorder, .. } = self.faults;
        let jitter = if jitter_ms > 0.0 { self.random.share() * jitter_ms } else { 0.0 };
        let in_order = (departure + (delay_ms + jitter) * 1e6).max(self.last_arrival);
        if self.random.chance(reorder) {
            return in_order + self.random.share() * HELD_BACK_NANOS_MIN.max((delay_ms + jitter_ms) * 1e6);
        }
        self.last_arrival = in_order;
        in_order
    }
}

#[cfg(test)]
mod tests;
