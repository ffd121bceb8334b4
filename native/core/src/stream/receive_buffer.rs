//! Bytes that arrived and the application has not read.

mod messages;

use super::block::BlockSource;
use super::error::ProtocolViolation;
use super::ring::Ring;
use crate::constants::STREAM_GAPS_MAX;
use crate::range_set::RangeSet;
use std::cell::RefCell;

/// One stream's bytes between arrival and `read`, put at once where they belong.
///
/// ```text
///  0 ─────── consumed ──────── ready ──────────────── highest
///   all gone          readable       in pieces, with
///                                    holes between
/// ```
///
/// What may arrive is bounded by the stream's credit, which the caller checks; beyond what the association has reserved anyway, the
/// ring is never larger than twice the credit that the peer has used.
#[derive(Default)]
pub(crate) struct ReceiveBuffer {
    ring: Ring,
    consumed: u64,
    ready: u64,
    highest: u64,
    /// The pieces above `ready`.
    pieces: RangeSet,
}

impl ReceiveBuffer {
    /// Puts `data`, which may be none, at `offset`. Returns whether there is more to read than before. `spare` is memory that the association has
    /// reserved and does not use.
    #[inline]
    pub(crate) fn insert(
        &mut self,
        blocks: &RefCell<dyn BlockSource>,
        offset: u64,
        data: &[u8],
        spare: u64,
    ) -> Result<bool, ProtocolViolation> {
        let end = offset + data.len() as u64;
        self.highest = self.highest.max(end);
        if end <= self.ready || data.is_empty() {
            return Ok(false);
        }
        let known = self.ready.saturating_sub(offset);
        let (offset, data) = (offset + known, &data[known as usize..]);
        let span = end - self.consumed;
        if span > self.ring.capacity() {
            self.grow(blocks, span, spare);
        }
        self.ring.note_use(span);
        self.ring.write_at(offset, data);
        if offset > self.ready {
            self.pieces.insert(offset..end);
            return if self.pieces.len() > STREAM_GAPS_MAX {
                Err(ProtocolViolation::TooManyGaps)
            } else {
                Ok(false)
            };
        }
        self.ready = end;
        if !self.pieces.is_empty() {
            self.absorb();
        }
        Ok(true)
    }

    /// Copies what is readable into `into`; returns how much. It stays readable until [`ReceiveBuffer::consume`].
    #[inline]
    pub(crate) fn copy_out(&self, into: &mut [u8]) -> usize {
        let len = (into.len() as u64).min(self.readable()) as usize;
        self.ring.read_at(self.consumed, &mut into[..len]);
        len
    }

    /// The ring; where in it the readable bytes begin, and how many lie there in one piece.
    pub(crate) fn peek(&self) -> Option<(&dyn super::block::Block, usize, usize)> {
        if self.readable() == 0 {
            return None;
        }
        self.ring.locate(self.consumed, self.readable())
    }

    /// The first `bytes` (at most all) readable ones are no longer needed; returns how many they were.
    #[inline]
    pub(crate) fn consume(&mut self, blocks: &RefCell<dyn BlockSource>, bytes: u64) -> u64 {
        let bytes = bytes.min(self.readable());
        self.consumed += bytes;
        if self.consumed == self.highest {
            self.ring.release(blocks);
        }
        bytes
    }

    /// Drops all that is here and counts all up to `end` as consumed; returns how many bytes of credit that frees.
    pub(crate) fn skip_to(&mut self, blocks: &RefCell<dyn BlockSource>, end: u64) -> u64 {
        let end = end.max(self.highest);
        let freed = end - self.consumed;
        self.ring.release(blocks);
        self.pieces = RangeSet::new();
        (self.consumed, self.ready, self.highest) = (end, end, end);
        freed
    }

    /// Bytes that can be read.
    #[inline]
    pub(crate) fn readable(&self) -> u64 {
        self.ready - self.consumed
    }

    /// The offset before which all came.
    #[inline]
    pub(crate) fn ready(&self) -> u64 {
        self.ready
    }

    /// The offset before which all is consumed.
    #[inline]
    pub(crate) fn consumed(&self) -> u64 {
        self.consumed
    }

    /// The end of what came: what the peer has used of its credit.
    #[inline]
    pub(crate) fn highest(&self) -> u64 {
        self.highest
    }

    /// Bytes of memory that it has.
    #[inline]
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.ring.capacity()
    }

    #[cold]
    fn grow(&mut self, blocks: &RefCell<dyn BlockSource>, span: u64, spare: u64) {
        let held = self.consumed..self.pieces.last().map_or(self.ready, |last| last.end);
        let capacity = self.ring.capacity_for(span, spare);
        self.ring.resize(blocks, capacity, held);
    }

    fn absorb(&mut self) {
        while let Some(first) = self.pieces.first() {
            if first.start > self.ready {
                break;
            }
            self.ready = self.ready.max(first.end);
            self.pieces.pop_front_up_to(u64::MAX);
        }
    }
}
