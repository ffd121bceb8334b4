//! A part of a byte sequence in a block of memory that is used in a circle.

use super::block::{Block, BlockSource};
use crate::constants::RING_MIN_BYTES;
use std::cell::RefCell;
use std::ops::Range;

/// Bytes by their absolute offset; the byte at `offset` lies at `offset mod capacity`.
///
/// The ring knows nothing of what it holds: its owner says which offsets count, and never lets them span more than the capacity.
/// It has no memory until it is needed, gives it back when its owner has nothing left, and comes back at the size that it last needed.
#[derive(Default)]
pub(crate) struct Ring {
    block: Option<Box<dyn Block>>,
    /// A power of two, or 0 without a block.
    capacity: usize,
    /// Most bytes held since the block was attached.
    peak: u64,
    /// What the block before this one would have had to hold.
    usual: u64,
}

impl Ring {
    /// Bytes of memory that it has.
    #[inline]
    pub(crate) fn capacity(&self) -> u64 {
        self.capacity as u64
    }

    /// The capacity to ask for so that `needed` bytes fit; the usual one where `spare` bytes on top of the present one allow it,
    /// which saves growing there step by step.
    pub(crate) fn capacity_for(&self, needed: u64, spare: u64) -> u64 {
        let least = needed.max(RING_MIN_BYTES as u64).next_power_of_two();
        let usual = self.usual.next_power_of_two();
        if usual <= spare.saturating_add(self.capacity()) {
            least.max(usual)
        } else {
            least
        }
    }

    /// Notes that `bytes` are held at once.
    #[inline]
    pub(crate) fn note_use(&mut self, bytes: u64) {
        self.peak = self.peak.max(bytes);
    }

    /// Moves the bytes of `held` into a block of `capacity`, a power of two. Offsets beyond the present capacity may count as held: no byte
    /// was ever put there.
    pub(crate) fn resize(&mut self, blocks: &RefCell<dyn BlockSource>, capacity: u64, held: Range<u64>) {
        let mut block = blocks.borrow_mut().allocate(capacity as usize);
        debug_assert_eq!(block.bytes().len() as u64, capacity);
        let end = held.end.min(held.start + self.capacity());
        let mut offset = held.start;
        while offset < end {
            let piece = self.contiguous(offset, end - offset);
            // Aligned pieces of the smaller ring never straddle the end of the larger one.
            let to = (offset & (capacity - 1)) as usize;
            block.bytes_mut()[to..to + piece.len()].copy_from_slice(piece);
            offset += piece.len() as u64;
        }
        if let Some(old) = self.block.replace(block) {
            blocks.borrow_mut().release(old);
        }
        self.capacity = capacity as usize;
    }

    /// Gives the memory back. What it held is gone.
    pub(crate) fn release(&mut self, blocks: &RefCell<dyn BlockSource>) {
        if let Some(block) = self.block.take() {
            blocks.borrow_mut().release(block);
            self.usual = self.peak;
            self.peak = 0;
            self.capacity = 0;
        }
    }

    /// Puts `bytes` at `offset`: one copy, two where the circle closes.
    #[inline]
    pub(crate) fn write_at(&mut self, offset: u64, bytes: &[u8]) {
        let at = self.position(offset);
        let Some(block) = &mut self.block else { return };
        let (first, rest) = bytes.split_at(bytes.len().min(self.capacity - at));
        let memory = block.bytes_mut();
        memory[at..at + first.len()].copy_from_slice(first);
        if !rest.is_empty() {
            memory[..rest.len()].copy_from_slice(rest);
        }
    }

    /// Fills `into` with the bytes at `offset`: one copy, two where the circle closes.
    #[inline]
    pub(crate) fn read_at(&self, offset: u64, into: &mut [u8]) {
        let at = self.position(offset);
        let Some(block) = &self.block else { return };
        let (first, rest) = into.split_at_mut(into.len().min(self.capacity - at));
        let memory = block.bytes();
        first.copy_from_slice(&memory[at..at + first.len()]);
        if !rest.is_empty() {
            rest.copy_from_slice(&memory[..rest.len()]);
        }
    }

    /// The block, where in it `offset` lies, and how many of `len` bytes lie there in one piece.
    pub(crate) fn locate(&self, offset: u64, len: u64) -> Option<(&dyn Block, usize, usize)> {
        let block = self.block.as_deref()?;
        let at = self.position(offset);
        Some((block, at, len.min((self.capacity - at) as u64) as usize))
    }

    fn contiguous(&self, offset: u64, len: u64) -> &[u8] {
        self.locate(offset, len).map_or(&[], |(block, at, len)| &block.bytes()[at..at + len])
    }

    #[inline]
    fn position(&self, offset: u64) -> usize {
        offset as usize & self.capacity.wrapping_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::block::HeapBlocks;
    use super::*;

    fn numbered(range: Range<u64>) -> Vec<u8> {
        range.map(|n| (n % 251) as u8).collect()
    }

    #[test]
    fn bytes_keep_their_offsets_round_the_circle_and_through_growth() {
        let blocks = RefCell::new(HeapBlocks::new());
        let mut ring = Ring::default();
        let held = 10_000..14_000;
        ring.resize(&blocks, ring.capacity_for(4000, 0), 0..0);
        assert_eq!(ring.capacity(), 4096);
        ring.write_at(held.start, &numbered(held.clone()));
        ring.resize(&blocks, ring.capacity_for(5000, 0), held.clone());
        assert_eq!(ring.capacity(), 8192);
        ring.write_at(held.end, &numbered(14_000..18_000));
        let mut out = vec![0; 8000];
        ring.read_at(10_000, &mut out);
        assert_eq!(out, numbered(10_000..18_000));
    }

    #[test]
    fn what_counts_as_held_without_memory_is_not_looked_for() {
        let blocks = RefCell::new(HeapBlocks::new());
        let mut ring = Ring::default();
        ring.resize(&blocks, 8192, 0..5000);
        ring.write_at(5000, &numbered(0..100));
        let mut out = vec![0; 100];
        ring.read_at(5000, &mut out);
        assert_eq!((ring.capacity(), out), (8192, numbered(0..100)));
        // Nor is what counts as held far beyond the memory: it would take minutes.
        ring.resize(&blocks, 16_384, 5000..1 << 40);
        let mut out = vec![0; 100];
        ring.read_at(5000, &mut out);
        assert_eq!(out, numbered(0..100));
    }

    #[test]
    fn memory_comes_back_at_the_size_that_was_last_needed() {
        let blocks = RefCell::new(HeapBlocks::new());
        let mut ring = Ring::default();
        ring.resize(&blocks, ring.capacity_for(1, 128 << 10), 0..0);
        ring.note_use(70_000);
        ring.release(&blocks);
        assert_eq!((ring.capacity(), ring.capacity_for(1, 128 << 10)), (0, 128 << 10));
        assert_eq!(ring.capacity_for(1, (128 << 10) - 1), 4096);
        ring.resize(&blocks, ring.capacity_for(1, 128 << 10), 0..0);
        ring.note_use(10);
        ring.release(&blocks);
        assert_eq!(ring.capacity_for(1, 128 << 10), 4096);
    }
}
