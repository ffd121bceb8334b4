//! Whole messages in a send buffer, each behind room for its record.

use super::SendBuffer;
use crate::stream::block::BlockSource;
use crate::stream::message::MESSAGE_RECORD_BYTES;
use std::cell::RefCell;
use std::ops::Range;

impl SendBuffer {
    /// Takes a message, all or nothing; returns where it begins. An empty buffer takes any: a stream must be able to send what it may.
    pub(crate) fn write_message(&mut self, blocks: &RefCell<dyn BlockSource>, bytes: &[u8]) -> Option<u64> {
        self.growth_refused = false;
        let needed = self.held() + MESSAGE_RECORD_BYTES + bytes.len() as u64;
        if !self.fits(needed) {
            return None;
        }
        if needed > self.ring.capacity() {
            self.grow_for(blocks, needed);
        }
        if needed > self.ring.capacity() {
            return None;
        }
        let start = self.end;
        self.ring.write_at(start + MESSAGE_RECORD_BYTES, bytes);
        self.end = self.acknowledged + needed;
        self.ring.note_use(needed);
        Some(start)
    }

    /// Bytes, with a record for each message, that messages may take before the ring has to grow.
    pub(crate) fn message_room(&self) -> u64 {
        self.limit.min(self.ring.capacity()).saturating_sub(self.held())
    }

    /// Whether it is time to call somebody whose message of `size` bytes, its record included, found no room.
    pub(crate) fn wants_message(&self, size: u64) -> bool {
        self.is_empty() || (self.wants_more() && self.fits(self.held() + size))
    }

    /// Whether the peer has all of `range`.
    #[inline]
    pub(crate) fn has_acknowledged(&self, range: Range<u64>) -> bool {
        range.end <= self.acknowledged || self.acknowledged_beyond.covers(range)
    }

    /// What is left of `range`, which begins at or before what is to be sent next, is neither sent nor kept. Returns how much of it was never sent.
    pub(crate) fn give_up(&mut self, blocks: &RefCell<dyn BlockSource>, range: Range<u64>) -> u64 {
        let unsent = range.end.saturating_sub(self.sent);
        self.sent += unsent;
        self.on_acknowledged(blocks, range);
        unsent
    }

    fn fits(&self, held: u64) -> bool {
        self.is_empty() || held <= self.limit
    }

    fn grow_for(&mut self, blocks: &RefCell<dyn BlockSource>, needed: u64) {
        let usual = self.ring.capacity_for(needed, self.limit_max);
        let least = self.ring.capacity_for(needed, 0);
        let allowed = [usual, least].into_iter().find(|capacity| self.may_take(*capacity));
        match allowed.or(self.is_empty().then_some(least)) {
            Some(capacity) => {
                self.ring.resize(blocks, capacity, self.acknowledged..self.end);
                self.memory.set(capacity);
            }
            None => self.growth_refused = true,
        }
    }
}
