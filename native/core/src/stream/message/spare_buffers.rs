//! Buffers of datagrams that were read, for those to come: in steady state they take no allocation each.

use crate::stream::memory_budget::{MemoryBudget, Reservation};
use std::rc::Rc;

/// Buffers up to this are small.
const SMALL_BYTES: usize = 2 << 10;
/// Small buffers that are kept.
const SMALL_MAX: usize = 32;
/// What all larger buffers that are kept take together.
pub(super) const SPARE_LARGE_BYTES: u64 = 64 << 10;

/// See the file's head. It holds 128 KiB at most, all of it reserved.
pub(super) struct SpareBuffers {
    small: Vec<Vec<u8>>,
    large: Vec<Vec<u8>>,
    large_bytes: usize,
    /// What the buffers take.
    memory: Reservation,
}

impl SpareBuffers {
    /// No buffers.
    pub(super) fn new(budget: &Rc<MemoryBudget>) -> Self {
        Self { small: Vec::new(), large: Vec::new(), large_bytes: 0, memory: Reservation::empty(budget) }
    }

    /// What the buffers take.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> u64 {
        self.memory.bytes()
    }

    /// An empty buffer, if possible one that holds `len` bytes already.
    pub(super) fn take(&mut self, len: usize) -> Vec<u8> {
        if len <= SMALL_BYTES {
            let buffer = self.small.pop().unwrap_or_default();
            self.memory.set(self.memory.bytes() - buffer.capacity() as u64);
            return buffer;
        }
        let found = self.large.iter().position(|buffer| buffer.capacity() >= len);
        let Some(index) = found.or_else(|| self.large.len().checked_sub(1)) else { return Vec::new() };
        let buffer = self.large.swap_remove(index);
        self.large_bytes -= buffer.capacity();
        self.memory.set(self.memory.bytes() - buffer.capacity() as u64);
        buffer
    }

    /// Keeps a buffer, or drops it where enough are kept.
    pub(super) fn keep(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        let capacity = buffer.capacity();
        let is_small = capacity <= SMALL_BYTES;
        let has_room = match is_small {
            true => self.small.len() < SMALL_MAX,
            false => self.large_bytes + capacity <= SPARE_LARGE_BYTES as usize,
        };
        if capacity == 0 || !has_room || !self.memory.budget().may_grow(capacity as u64) {
            return;
        }
        self.memory.set(self.memory.bytes() + capacity as u64);
        if is_small {
            self.small.push(buffer);
        } else {
            self.large_bytes += capacity;
            self.large.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_whatever_it_was_used_for() {
        let budget = MemoryBudget::new(1 << 30);
        let mut spare = SpareBuffers::new(&budget);
        for len in (0..10_000).map(|n| n * 7_919 % 100_000) {
            spare.keep(Vec::with_capacity(len));
            let held: usize = spare.small.iter().chain(&spare.large).map(Vec::capacity).sum();
            assert!(held <= SMALL_MAX * SMALL_BYTES + SPARE_LARGE_BYTES as usize);
            assert_eq!(budget.used_bytes(), held as u64);
        }
        assert!(spare.take(100).capacity() > 0 && spare.take(10_000).capacity() >= 10_000);
        let held: usize = spare.small.iter().chain(&spare.large).map(Vec::capacity).sum();
        assert_eq!(budget.used_bytes(), held as u64);
    }

    #[test]
    fn nothing_is_kept_when_the_budget_is_spent() {
        let budget = MemoryBudget::new(1 << 20);
        let _others = Reservation::of(&budget, 1 << 20);
        let mut spare = SpareBuffers::new(&budget);
        for len in [100, 10_000] {
            spare.keep(Vec::with_capacity(len));
            assert_eq!(spare.take(len).capacity(), 0);
        }
    }
}
