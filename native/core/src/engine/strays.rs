//! Packets that arrived at another shard than the one that they are for. Several engines share a port, and the kernel steers a whole train by the
//! first of its packets: the others may be for anybody. What is for another shard waits here until the driver takes it there.

use super::admission::{Admission, Verdict};
use super::answer_limit::AnswerLimit;
use super::{Engine, ReceiveMeta};
use crate::event::Event;
use crate::path::Path;
use crate::time::Instant;
use osier_wire::{HandshakeInvariants, PacketKind, Reset};
use std::collections::VecDeque;

/// Bytes of strays that wait for the driver, which takes them after every call that received: what one such call brings at most, four slots of 64 KiB.
const WAITING_BYTES_MAX: usize = 4 * STRAY_BYTES_MAX;
/// Bytes of one stray at most: those of a train.
const STRAY_BYTES_MAX: usize = 65_536;
/// Where the top byte of the receiver index lies in every packet.
const SHARD_OFFSET: usize = 7;

/// Datagrams for another shard, one after the other.
#[derive(Debug)]
pub struct Stray {
    /// Whose they are.
    pub shard: u8,
    /// How they came. The shards bind the same addresses in the same order, so that sockets have the same numbers in all of them.
    pub meta: ReceiveMeta,
    /// The datagrams, `meta.segment_size` bytes each but the last.
    pub bytes: Vec<u8>,
}

impl Stray {
    /// How many there are.
    pub fn packets(&self) -> u64 {
        self.bytes.len().div_ceil(self.meta.segment_size.max(1)) as u64
    }

    /// Whether another packet that came by `meta` may follow these.
    fn takes(&self, shard: u8, meta: &ReceiveMeta, packet: &[u8]) -> bool {
        let size = self.meta.segment_size;
        self.shard == shard
            && self.meta.path == meta.path
            && self.meta.ecn == meta.ecn
            && packet.len() <= size
            && self.bytes.len() % size == 0
            && self.bytes.len() + packet.len() <= STRAY_BYTES_MAX
    }
}

/// Strays that wait for the driver.
#[derive(Debug, Default)]
pub(super) struct StrayQueue {
    queued: VecDeque<Stray>,
    bytes: usize,
    resets: AnswerLimit,
}

impl StrayQueue {
    /// False: there was no room.
    fn push(&mut self, shard: u8, meta: &ReceiveMeta, packet: &[u8]) -> bool {
        if self.bytes + packet.len() > WAITING_BYTES_MAX {
            return false;
        }
        self.bytes += packet.len();
        match self.queued.back_mut() {
            Some(last) if last.takes(shard, meta, packet) => last.bytes.extend_from_slice(packet),
            _ => {
                let meta = ReceiveMeta { segment_size: packet.len(), ..*meta };
                self.queued.push_back(Stray { shard, meta, bytes: packet.to_vec() });
            }
        }
        true
    }

    fn pop(&mut self) -> Option<Stray> {
        let stray = self.queued.pop_front()?;
        self.bytes -= stray.bytes.len();
        Some(stray)
    }
}

impl Engine {
    /// Which of the shards this one is.
    pub fn shard(&self) -> u8 {
        self.config.shard
    }

    /// The next train for another shard; it counts as forwarded. To be asked after every [`Engine::handle_train`].
    pub fn poll_stray(&mut self) -> Option<Stray> {
        let stray = self.strays.pop()?;
        self.stats.strays_forwarded += stray.packets();
        Some(stray)
    }

    /// The shard that a stray is for did not take it.
    pub fn on_stray_refused(&mut self, stray: &Stray) {
        self.stats.strays_forwarded -= stray.packets();
        self.stats.strays_dropped += stray.packets();
    }

    /// Takes what arrived at another shard as if it had arrived here. Nothing of it goes on to a third.
    pub fn handle_stray(&mut self, now: Instant, stray: &mut Stray) {
        self.stats.strays_received += stray.packets();
        let meta = stray.meta;
        self.handle_packets(now, &meta, meta.segment_size.max(1), &mut stray.bytes, false, None);
    }

    /// Takes a first message that another shard admitted and handed over: it is told like one of this engine's own. Both have the same keys, and each
    /// its own cookies: `proven` by one of the other's, or here by one of this engine's. False, and counted as rejected: as many handshake messages
    /// wait as may, too many sessions here wait to be confirmed (its sender gets a cookie of this engine, or nothing if it has proved its address),
    /// there is no such key, or it is no handshake message.
    pub fn handle_handed_over(
        &mut self,
        now: Instant,
        path: Path,
        admission_key: usize,
        proven: bool,
        datagram: Vec<u8>,
    ) -> bool {
        let admitted = self.admit_handed_over(now, path, admission_key, proven, datagram).is_some();
        self.stats.packets_rejected += u64::from(!admitted);
        admitted
    }

    fn admit_handed_over(
        &mut self,
        now: Instant,
        path: Path,
        admission_key: usize,
        proven: bool,
        datagram: Vec<u8>,
    ) -> Option<()> {
        let message = HandshakeInvariants::decode(&datagram).ok()?;
        let proven = proven || self.admission.proves_address(now, path.remote, &message);
        if !self.admission.has_key(admission_key) {
            return None;
        }
        match Admission::judge_handed_over(proven, self.half_open.len()) {
            Verdict::Admitted { proven } => {
                self.admit(Event::Handshake { local_index: None, admission_key, proven, path, datagram })
            }
            Verdict::NeedsCookie => {
                self.answer_with_cookie(now, path, admission_key, &message);
                None
            }
            Verdict::Dropped => None,
        }
    }

    /// Whether `packet` is another shard's: then it waits for the driver, or is dropped and counted.
    pub(super) fn put_aside(&mut self, now: Instant, meta: &ReceiveMeta, packet: &[u8]) -> bool {
        match PacketKind::of(packet) {
            Ok(PacketKind::Reset) => self.put_reset_aside(now, meta, packet),
            Ok(_) => match packet.get(SHARD_OFFSET) {
                Some(&shard) if self.is_other_shard(shard) && !is_unaddressed(packet) => {
                    self.put_aside_for(shard, meta, packet);
                    true
                }
                _ => false,
            },
            Err(_) => false,
        }
    }

    fn is_other_shard(&self, shard: u8) -> bool {
        shard != self.config.shard && u16::from(shard) < self.config.shards
    }

    fn put_aside_for(&mut self, shard: u8, meta: &ReceiveMeta, packet: &[u8]) {
        if !self.strays.push(shard, meta, packet) {
            self.stats.strays_dropped += 1;
        }
    }

    /// A RESET bears the index that its sender does not know, which says nothing of the shard that sent to it: where that is not this one, the
    /// others are asked. Of a flood from all sides each of them is asked no more often than of one from a single side.
    fn put_reset_aside(&mut self, now: Instant, meta: &ReceiveMeta, packet: &[u8]) -> bool {
        let Ok(reset) = Reset::decode(packet) else { return false };
        if self.remotes.find(meta.path.peer_address(), reset.receiver_index).is_some()
            || !self.strays.resets.admit_copies(now, u64::from(self.config.shards) - 1)
        {
            return false;
        }
        for shard in (0..=u8::MAX).take(usize::from(self.config.shards)) {
            if shard != self.config.shard {
                self.put_aside_for(shard, meta, packet);
            }
        }
        true
    }
}

/// A first message for whoever gets it: it replaces no session.
fn is_unaddressed(packet: &[u8]) -> bool {
    packet.get(SHARD_OFFSET - 3..=SHARD_OFFSET) == Some(&[0; 4])
}

#[cfg(test)]
mod tests;
