//! Packets carry what the tests want to know of them: flow, number in the flow, when they were pushed.

mod bounds;
mod control;
mod delay;
mod order;
mod share;

use super::*;
use std::collections::BTreeMap;

pub(super) const MILLI: u64 = 1_000;
pub(super) const SECOND: u64 = 1_000_000;
const SEED: u64 = 0x5eed_0f0f_a5a5_1234;
const MARKER_BYTES: usize = 24;

pub(super) fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

pub(super) fn arrival(neighbour: u32, source: u64, hop: u32) -> Arrival {
    Arrival { neighbour, source: RouteId(source.to_le_bytes()), hop, ecn: Ecn::NotEct, control: false }
}

/// One packet that came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) source: u64,
    pub(super) number: u64,
    pub(super) pushed_at: u64,
    pub(super) hop: u32,
    pub(super) ecn: Ecn,
    pub(super) bytes: usize,
}

/// A queue, and what went into it.
pub(super) struct Rig {
    pub(super) queue: ForwardQueue,
    numbers: BTreeMap<u64, u64>,
    pub(super) pushed_bytes: u64,
    out: Vec<u8>,
}

impl Rig {
    pub(super) fn new(bytes_per_second: u64, queue_bytes: usize) -> Self {
        Self {
            queue: ForwardQueue::new(bytes_per_second, queue_bytes, SEED),
            numbers: BTreeMap::new(),
            pushed_bytes: 0,
            out: vec![0; TRAIN_BYTES_MAX],
        }
    }

    /// Pushes a train of `packets` packets of `size` bytes, at least [`MARKER_BYTES`].
    pub(super) fn push(&mut self, now: u64, arrival: &Arrival, packets: usize, size: usize) {
        let source = u64::from_le_bytes(arrival.source.0);
        let number = self.numbers.entry(source).or_default();
        let mut train = vec![source as u8; packets * size];
        for packet in train.chunks_mut(size) {
            packet[..8].copy_from_slice(&source.to_le_bytes());
            packet[8..16].copy_from_slice(&number.to_le_bytes());
            packet[16..MARKER_BYTES].copy_from_slice(&now.to_le_bytes());
            *number += 1;
        }
        self.pushed_bytes += train.len() as u64;
        self.queue.push(at(now), arrival, size, &train);
    }

    /// The packets of the next train.
    pub(super) fn pop(&mut self, now: u64) -> Vec<Packet> {
        let Some(train) = self.queue.pop(at(now), &mut self.out) else { return Vec::new() };
        let packets = self.out[..train.len].chunks(train.segment_size);
        let word = |packet: &[u8], at: usize| u64::from_le_bytes(packet[at..at + 8].try_into().unwrap());
        let read = packets.map(|packet| {
            let source = word(packet, 0);
            assert!(
                packet[MARKER_BYTES..].iter().all(|byte| *byte == source as u8),
                "bytes of another packet"
            );
            let (number, pushed_at) = (word(packet, 8), word(packet, 16));
            Packet { source, number, pushed_at, hop: train.hop, ecn: train.ecn, bytes: packet.len() }
        });
        read.collect()
    }

    /// All that may go now.
    pub(super) fn drain(&mut self, now: u64) -> Vec<Packet> {
        let trains = std::iter::from_fn(|| Some(self.pop(now)).filter(|packets| !packets.is_empty()));
        trains.flatten().collect()
    }

    /// Pushed = forwarded + dropped + queued.
    pub(super) fn assert_conserved(&self) {
        let counters = self.queue.counters();
        let dropped =
            counters.dropped_full.bytes + counters.dropped_delay.bytes + counters.dropped_gone.bytes;
        let queued = self.queue.store.ledger.queued_bytes as u64;
        assert_eq!(self.pushed_bytes, counters.forwarded.bytes + dropped + queued);
    }
}

/// The delay that `percent` of the packets keep below.
pub(super) fn percentile(delays: &mut [u64], percent: usize) -> u64 {
    delays.sort_unstable();
    delays[(delays.len() * percent / 100).min(delays.len() - 1)]
}
