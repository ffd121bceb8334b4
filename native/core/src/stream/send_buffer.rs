//! Bytes that the application wrote and the peer has not acknowledged.

mod messages;

use super::block::BlockSource;
use super::memory_budget::{MemoryBudget, Reservation};
use super::ring::Ring;
use crate::constants::{
    RING_MIN_BYTES, SEND_BUFFER_BESIDE_OTHERS_BYTES, SEND_BUFFER_BEYOND_FLIGHT_BYTES,
    SEND_BUFFER_INITIAL_BYTES,
};
use crate::range_set::RangeSet;
use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

/// One stream's bytes between `write` and acknowledgement.
///
/// ```text
///  0 ─────── acknowledged ──────────── sent ─────────── end
///   all gone               in flight,        not sent
///                          lost, or           yet
///                          acknowledged
///                          out of order
/// ```
pub(crate) struct SendBuffer {
    ring: Ring,
    memory: Reservation,
    acknowledged: u64,
    sent: u64,
    end: u64,
    /// Acknowledged above `acknowledged`.
    acknowledged_beyond: RangeSet,
    /// To be sent again.
    lost: RangeSet,
    /// Bytes held at most, a power of two; grows with the flight up to `limit_max`.
    limit: u64,
    limit_max: u64,
    /// The budget refused the last growth: the ring's capacity is the limit.
    growth_refused: bool,
}

impl SendBuffer {
    /// An empty buffer without memory, which may come to hold `cap` bytes.
    pub(crate) fn new(budget: &Rc<MemoryBudget>, cap: u64) -> Self {
        let limit_max = floor_power_of_two(cap.max(RING_MIN_BYTES as u64));
        Self {
            ring: Ring::default(),
            memory: Reservation::empty(budget),
            acknowledged: 0,
            sent: 0,
            end: 0,
            acknowledged_beyond: RangeSet::new(),
            lost: RangeSet::new(),
            limit: SEND_BUFFER_INITIAL_BYTES.min(limit_max),
            limit_max,
            growth_refused: false,
        }
    }

    /// Others wait to be sent as well: unless something is held, what is written now begins with a smaller limit, and grows with the flight.
    #[inline]
    pub(crate) fn begin_small(&mut self) {
        if self.is_empty() {
            self.limit = SEND_BUFFER_BESIDE_OTHERS_BYTES.min(self.limit_max);
        }
    }

    /// Takes as many of `bytes` as fit; returns how many.
    pub(crate) fn write(&mut self, blocks: &RefCell<dyn BlockSource>, bytes: &[u8]) -> usize {
        self.growth_refused = false;
        let wanted = (bytes.len() as u64).min(self.limit - self.held());
        if self.held() + wanted > self.ring.capacity() {
            self.grow(blocks, self.held() + wanted);
        }
        let taken = wanted.min(self.ring.capacity() - self.held());
        self.ring.write_at(self.end, &bytes[..taken as usize]);
        self.end += taken;
        self.ring.note_use(self.held());
        taken as usize
    }

    /// Bytes that a write would take now, if the budget allows.
    pub(crate) fn free(&self) -> u64 {
        self.limit - self.held()
    }

    /// Whether it is time to call a writer that had to wait: half is free, or an eighth while little is left to send. The flight may
    /// take nearly all of the buffer, and must not wait for a writer that waits for the flight to land.
    pub(crate) fn wants_more(&self) -> bool {
        let limit = self.present_limit();
        let free = limit.saturating_sub(self.held());
        2 * free >= limit || (8 * free >= limit && 8 * self.unsent() <= limit)
    }

    /// Whether half of what it may hold is free.
    #[inline]
    pub(crate) fn is_half_empty(&self) -> bool {
        2 * self.held() <= self.present_limit()
    }

    /// Bytes never sent.
    #[inline]
    pub(crate) fn unsent(&self) -> u64 {
        self.end - self.sent
    }

    /// The offset of the first byte never sent.
    #[inline]
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// The offset after the last byte written.
    #[inline]
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// The offset below which the peer has everything.
    #[inline]
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Bytes held: written and not acknowledged.
    #[inline]
    pub(crate) fn held(&self) -> u64 {
        self.end - self.acknowledged
    }

    /// Whether the peer has every byte.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.acknowledged == self.end
    }

    /// The first bytes to be sent again.
    #[inline]
    pub(crate) fn first_lost(&self) -> Option<Range<u64>> {
        self.lost.first()
    }

    /// Whether anything is to be sent again.
    #[inline]
    pub(crate) fn has_lost(&self) -> bool {
        !self.lost.is_empty()
    }

    /// Copies the bytes at `offset` into a packet.
    #[inline]
    pub(crate) fn copy_out(&self, offset: u64, into: &mut [u8]) {
        self.ring.read_at(offset, into);
    }

    /// The next `len` bytes never sent are in a packet now.
    #[inline]
    pub(crate) fn on_sent(&mut self, len: u64) {
        self.sent += len;
        let flight = self.sent - self.acknowledged;
        if beside_flight(flight) > self.limit {
            self.limit = beside_flight(flight).next_power_of_two().min(self.limit_max);
        }
    }

    /// The first `len` bytes that were lost are in a packet again.
    pub(crate) fn on_sent_again(&mut self, len: u64) {
        self.lost.pop_front_up_to(len);
    }

    /// The peer has `range`. Returns whether the offset below which it has everything moved.
    #[inline]
    pub(crate) fn on_acknowledged(&mut self, blocks: &RefCell<dyn BlockSource>, range: Range<u64>) -> bool {
        if range.end <= self.acknowledged || range.end > self.sent {
            return false;
        }
        if self.has_lost() {
            self.lost.remove(range.clone());
        }
        if range.start > self.acknowledged {
            self.acknowledged_beyond.insert(range);
            return false;
        }
        self.acknowledged = range.end;
        if !self.acknowledged_beyond.is_empty() {
            self.absorb();
        }
        if self.is_empty() {
            self.release(blocks);
        }
        true
    }

    /// A packet with `range` counts as lost. Bytes that the peer has all the same, and those that were given up, are not sent again.
    pub(crate) fn on_lost(&mut self, range: Range<u64>) {
        let range = range.start.max(self.acknowledged)..range.end.min(self.sent);
        let mut start = range.start;
        for settled in self.acknowledged_beyond.overlapping(range.clone()) {
            self.lost.insert(start..settled.start);
            start = settled.end;
        }
        self.lost.insert(start..range.end);
    }

    /// Drops everything that is held. From now on nothing counts as written beyond what is acknowledged.
    pub(crate) fn abandon(&mut self, blocks: &RefCell<dyn BlockSource>) {
        self.release(blocks);
        self.lost = RangeSet::new();
        self.acknowledged_beyond = RangeSet::new();
        self.end = self.acknowledged;
        self.sent = self.acknowledged;
    }

    /// Bytes held at most, as far as the budget allows.
    #[inline]
    fn present_limit(&self) -> u64 {
        if self.growth_refused {
            self.ring.capacity().max(RING_MIN_BYTES as u64)
        } else {
            self.limit
        }
    }

    fn release(&mut self, blocks: &RefCell<dyn BlockSource>) {
        self.ring.release(blocks);
        self.memory.set(0);
    }

    fn absorb(&mut self) {
        while let Some(first) = self.acknowledged_beyond.first() {
            if first.start > self.acknowledged {
                break;
            }
            self.acknowledged = self.acknowledged.max(first.end);
            self.acknowledged_beyond.pop_front_up_to(u64::MAX);
        }
    }

    /// Grows the ring to hold `needed` bytes, or as near to that as the budget allows. The smallest ring is always allowed.
    fn grow(&mut self, blocks: &RefCell<dyn BlockSource>, needed: u64) {
        let present = self.ring.capacity();
        let mut capacity = self.ring.capacity_for(needed, self.limit_max).min(self.limit_max);
        while capacity > present.max(RING_MIN_BYTES as u64) && !self.may_take(capacity) {
            self.growth_refused = true;
            capacity /= 2;
        }
        if capacity > present {
            self.ring.resize(blocks, capacity, self.acknowledged..self.end);
            self.memory.set(capacity);
        }
    }

    /// Whether the budget allows a ring of `capacity`. Below the first limit that is no growth but what any stream needs.
    fn may_take(&self, capacity: u64) -> bool {
        let (budget, more) = (self.memory.budget(), capacity - self.ring.capacity());
        if capacity <= SEND_BUFFER_INITIAL_BYTES {
            budget.has_room(more)
        } else {
            budget.may_grow(more)
        }
    }
}

/// Bytes held at most with so much in flight. What lies between the two waits in the buffer and leaves the cache: enough for the flight to double,
/// and for two batches of the application; in a large flight a third of it, so that the writer, who is called when an eighth is free, is not late.
#[inline]
fn beside_flight(flight: u64) -> u64 {
    (2 * flight).min(flight + SEND_BUFFER_BEYOND_FLIGHT_BYTES).max(flight + flight / 3)
}

fn floor_power_of_two(value: u64) -> u64 {
    1 << value.ilog2()
}

#[cfg(test)]
mod tests {
    use super::super::block::HeapBlocks;
    use super::*;

    /// What the buffer holds at most once its flight has grown to `flight` bytes.
    fn held_with_flight(flight: u64) -> u64 {
        let (blocks, budget) = (RefCell::new(HeapBlocks::new()), MemoryBudget::new(1 << 30));
        let mut buffer = SendBuffer::new(&budget, 1 << 30);
        while buffer.sent() < flight {
            buffer.write(&blocks, &[7; 65_536]);
            buffer.on_sent(buffer.unsent().min(flight - buffer.sent()));
        }
        buffer.limit
    }

    #[test]
    fn what_waits_beside_a_flight_is_half_a_mebibyte_or_a_third_of_it() {
        assert_eq!(held_with_flight(64 << 10), 256 << 10, "the first limit");
        assert_eq!(held_with_flight(300 << 10), 1 << 20, "twice as much");
        assert_eq!(held_with_flight(1_536 << 10), 2 << 20, "half a mebibyte more");
        assert_eq!(held_with_flight(6 << 20), 8 << 20, "a third more");
        assert_eq!(held_with_flight((6 << 20) + 4), 16 << 20, "before the writer is late");
    }
}
