//! The packets of one flow, in their order, and how long they wait.

use super::byte_fifo::ByteFifo;
use super::chunk_pool::ChunkPool;
use super::codel::{Codel, Verdict};
use super::ledger::{Ledger, Loss};
use super::run_pool::{Run, RunPool, NO_RUN};
use crate::association::TRAIN_PACKETS_MAX;
use crate::constants::RELAY_RUN_MICROS;
use crate::path::Ecn;
use crate::time::Instant;

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

/// What all flows share.
pub(super) struct Store {
    pub(super) chunks: ChunkPool,
    pub(super) runs: RunPool,
    pub(super) ledger: Ledger,
}

/// See the file's head.
pub(super) struct Flow {
    fifo: ByteFifo,
    first: u32,
    last: u32,
    queued_bytes: usize,
    codel: Codel,
    /// What it may still send in this turn; below 0 after a packet that was larger.
    pub(super) deficit: i64,
    /// Its owner has it in a round of turns.
    pub(super) is_listed: bool,
}

impl Flow {
    pub(super) const fn new() -> Self {
        Self {
            fifo: ByteFifo::new(),
            first: NO_RUN,
            last: NO_RUN,
            queued_bytes: 0,
            codel: Codel::new(),
            deficit: 0,
            is_listed: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first == NO_RUN
    }

    pub(super) fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }

    /// The next hop of the packet at the head.
    pub(super) fn head_hop(&self, store: &Store) -> Option<u32> {
        store.runs.get(self.first).map(|run| run.hop)
    }

    /// Appends packets that have everything in common: `bytes` are all of them.
    pub(super) fn push(&mut self, store: &mut Store, run: Run, bytes: &[u8]) {
        self.fifo.push(&mut store.chunks, bytes);
        self.queued_bytes += bytes.len();
        store.ledger.on_pushed(run.hop, bytes.len());
        if let Some(last) = store.runs.get_mut(self.last).filter(|last| joins(last, &run)) {
            last.packets += run.packets;
            return;
        }
        let at = store.runs.keep(run);
        match store.runs.get_mut(self.last) {
            Some(last) => last.next = at,
            None => self.first = at,
        }
        self.last = at;
    }

    /// Writes a train of about `limit_bytes`, and at least one packet, into `out`; drops before it what waited too long. `None` when nothing
    /// is left, or the first packet is longer than `out`.
    pub(super) fn pop(
        &mut self,
        now: Instant,
        limit_bytes: i64,
        store: &mut Store,
        out: &mut [u8],
    ) -> Option<Train> {
        loop {
            let head = *store.runs.get(self.first)?;
            let waited = now.saturating_micros_since(head.arrived_at);
            let is_last = self.queued_bytes <= head.packet_bytes as usize;
            let verdict = self.codel.judge(now, waited, is_last);
            match (verdict, head.ecn) {
                (Verdict::Pass, _) | (Verdict::Signal, Ecn::Ce) => return self.take(limit_bytes, store, out),
                (Verdict::Signal, Ecn::Ect0 | Ecn::Ect1) => {
                    let train = self.take(1, store, out)?;
                    store.ledger.counters.marked_packets += 1;
                    return Some(Train { ecn: Ecn::Ce, ..train });
                }
                (Verdict::Signal, Ecn::NotEct) | (Verdict::Cut, _) => {
                    self.drop_packets(store, 1, Loss::Delay);
                }
            }
        }
    }

    /// The next train as it is, without a judgement.
    pub(super) fn take(&mut self, limit_bytes: i64, store: &mut Store, out: &mut [u8]) -> Option<Train> {
        let Run { hop, packet_bytes, ecn, .. } = *store.runs.get(self.first)?;
        let segment_size = packet_bytes as usize;
        let (mut len, mut packets) = (0, 0);
        while let Some(run) = store.runs.get(self.first).copied() {
            let size = run.packet_bytes as usize;
            if run.hop != hop || run.ecn != ecn || size > segment_size {
                break;
            }
            // A shorter one ends a train.
            let most = if size < segment_size { 1 } else { TRAIN_PACKETS_MAX - packets };
            let by_limit = (limit_bytes - len as i64).max(0) as usize;
            let by_room = (out.len() - len) / size.max(1);
            let count = most.min(by_limit.div_ceil(size.max(1))).min(by_room).min(run.packets as usize);
            self.unlist(store, count);
            len += count * size;
            packets += count;
            if count < run.packets as usize || size < segment_size {
                break;
            }
        }
        if packets == 0 {
            return None;
        }
        self.fifo.take(&mut store.chunks, &mut out[..len]);
        store.ledger.on_forwarded(hop, packets, len);
        Some(Train { hop, ecn, segment_size, len })
    }

    /// Drops up to `count` packets of the run at the head; returns how many.
    pub(super) fn drop_packets(&mut self, store: &mut Store, count: usize, loss: Loss) -> usize {
        let Some(run) = store.runs.get(self.first).copied() else { return 0 };
        let count = count.min(run.packets as usize);
        let bytes = count * run.packet_bytes as usize;
        self.unlist(store, count);
        self.fifo.skip(&mut store.chunks, bytes);
        store.ledger.on_dropped(run.hop, count, bytes, loss);
        count
    }

    /// Takes `count` packets, no more than it has, off the run at the head; their bytes are the caller's to take.
    fn unlist(&mut self, store: &mut Store, count: usize) {
        let Some(run) = store.runs.get_mut(self.first) else { return };
        self.queued_bytes -= count * run.packet_bytes as usize;
        run.packets -= count as u32;
        if run.packets == 0 {
            self.first = store.runs.give_back(self.first);
            if self.first == NO_RUN {
                self.last = NO_RUN;
            }
        }
    }
}

/// Whether `run` may become part of `last`, which then counts as having come when its first packet did.
fn joins(last: &Run, run: &Run) -> bool {
    last.hop == run.hop
        && last.packet_bytes == run.packet_bytes
        && last.ecn == run.ecn
        && run.arrived_at.saturating_micros_since(last.arrived_at) <= RELAY_RUN_MICROS
}
