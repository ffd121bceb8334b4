//! Datagrams on their way in. Without room the oldest goes, whole or not.

use super::assembly::{Added, Assembly};
use super::request::MessagesRead;
use super::spare_buffers::{SpareBuffers, SPARE_LARGE_BYTES};
use crate::constants::{DATAGRAMS_INCOMPLETE_MAX, DATAGRAM_BUFFER_BYTES, DATAGRAM_RECORD_BYTES};
use crate::stream::memory_budget::{MemoryBudget, Reservation};
use osier_wire::{DatagramFragment, DatagramFrame};
use std::collections::VecDeque;
use std::rc::Rc;

#[cfg(test)]
mod tests;

/// The datagrams of one stream that the application has not read.
pub(crate) struct DatagramInbox {
    whole: VecDeque<Datagram>,
    incomplete: VecDeque<Assembly>,
    /// Arrivals so far: who is older.
    arrivals: u64,
    limit_bytes: u64,
    /// The capacity of every buffer that holds a datagram or parts of one, and a record for each.
    memory: Reservation,
    spare: SpareBuffers,
    /// One that is over, for the next datagram in parts.
    spare_assembly: Assembly,
    /// Handed to the application.
    pub(crate) received: u64,
    /// Dropped for want of room, or because a newer one came.
    pub(crate) dropped: u64,
}

struct Datagram {
    arrival: u64,
    bytes: Vec<u8>,
}

impl DatagramInbox {
    /// No datagrams; the largest that may come has `message_bytes`.
    pub(crate) fn new(budget: &Rc<MemoryBudget>, message_bytes: u64) -> Self {
        Self {
            whole: VecDeque::new(),
            incomplete: VecDeque::new(),
            arrivals: 0,
            limit_bytes: DATAGRAM_BUFFER_BYTES.max(message_bytes + DATAGRAM_RECORD_BYTES),
            memory: Reservation::empty(budget),
            spare: SpareBuffers::new(budget),
            spare_assembly: Assembly::default(),
            received: 0,
            dropped: 0,
        }
    }

    /// DATAGRAM came. Returns whether there is one more to read.
    pub(crate) fn on_datagram(&mut self, frame: &DatagramFrame<'_>) -> bool {
        self.arrivals += 1;
        match frame.header.fragment {
            None => self.take_whole(frame.data),
            Some(fragment) => self.take_part(fragment, frame.data),
        }
    }

    /// Copies datagrams into `into`, as many as fit, and their lengths into `lengths`.
    pub(crate) fn read(&mut self, into: &mut [u8], lengths: &mut [u32]) -> MessagesRead {
        let mut read = MessagesRead { count: 0, end: false, too_long: None };
        let mut used = 0;
        while let (Some(length), Some(first)) = (lengths.get_mut(read.count), self.whole.front()) {
            *length = first.bytes.len() as u32;
            let Some(room) = into.get_mut(used..used + first.bytes.len()) else {
                read.too_long = (read.count == 0).then_some(*length);
                break;
            };
            room.copy_from_slice(&first.bytes);
            used += first.bytes.len();
            read.count += 1;
            self.received += 1;
            self.drop_first_whole();
        }
        read
    }

    /// Datagrams that can be read.
    pub(crate) fn ready_count(&self) -> usize {
        self.whole.len()
    }

    /// Forgets everything that is here.
    pub(crate) fn clear(&mut self) {
        self.whole = VecDeque::new();
        self.incomplete = VecDeque::new();
        self.spare = SpareBuffers::new(self.memory.budget());
        self.spare_assembly = Assembly::default();
        self.memory.set(0);
    }

    fn take_whole(&mut self, data: &[u8]) -> bool {
        if !self.make_room(data.len() as u64) {
            return false;
        }
        let mut bytes = self.spare.take(data.len());
        bytes.extend_from_slice(data);
        self.push_whole(bytes);
        true
    }

    /// Takes a datagram that its length is reserved for. A buffer that was a spare may be larger, and was reserved as that.
    fn push_whole(&mut self, bytes: Vec<u8>) {
        self.memory.set(self.memory.bytes() + (bytes.capacity() - bytes.len()) as u64);
        self.whole.push_back(Datagram { arrival: self.arrivals, bytes });
    }

    fn take_part(&mut self, fragment: DatagramFragment, data: &[u8]) -> bool {
        let DatagramFragment { number, total_len, offset } = fragment;
        if total_len + DATAGRAM_RECORD_BYTES > self.limit_bytes {
            return false;
        }
        let one = self.place_of(number).and_then(|index| self.incomplete.get(index));
        let growth_bytes =
            one.map_or((2 * data.len() as u64).min(total_len), |one| one.growth_bytes(data.len()));
        if !self.make_room(growth_bytes) {
            return false;
        }
        let found = self.place_of(number);
        let held_bytes = |inbox: &Self, index| inbox.incomplete.get(index).map_or(0, Assembly::held_bytes);
        let before = found.map_or(0, |index| held_bytes(self, index));
        let index = found.unwrap_or_else(|| self.begin(number, total_len));
        let added = self.incomplete.get_mut(index).map(|one| one.add(total_len, offset, data));
        self.memory.set(self.memory.bytes() + held_bytes(self, index) - before);
        self.give_back(growth_bytes);
        match added {
            Some(Added::Whole) => return self.join(index),
            Some(Added::Unfit) => self.drop_incomplete(index),
            Some(Added::Lacking | Added::Nothing) | None => {}
        }
        false
    }

    fn place_of(&self, number: u64) -> Option<usize> {
        self.incomplete.iter().rposition(|one| one.number() == number)
    }

    /// Makes one of the parts that are all here.
    fn join(&mut self, index: usize) -> bool {
        let Some(mut one) = self.incomplete.remove(index) else { return false };
        self.memory.set(self.memory.bytes() - one.held_bytes());
        let has_room = self.make_room(one.total_len());
        if has_room {
            let bytes = one.join(|len| self.spare.take(len));
            self.push_whole(bytes);
        }
        self.keep(one);
        has_room
    }

    /// The place among the incomplete of a datagram of which the first part came.
    fn begin(&mut self, number: u64, total_len: u64) -> usize {
        if self.incomplete.len() >= DATAGRAMS_INCOMPLETE_MAX {
            self.drop_incomplete(0);
        }
        let mut one = std::mem::take(&mut self.spare_assembly);
        one.begin(self.arrivals, number, total_len, || {
            self.spare.take(total_len.min(SPARE_LARGE_BYTES) as usize)
        });
        self.incomplete.push_back(one);
        self.incomplete.len() - 1
    }

    /// Drops the oldest until `len` bytes more fit, and reserves them; false, and this one counts as dropped, when they never will.
    fn make_room(&mut self, len: u64) -> bool {
        let needed = len + DATAGRAM_RECORD_BYTES;
        loop {
            let fits = self.memory.bytes() + needed <= self.limit_bytes;
            let budget = self.memory.budget();
            let is_little = self.memory.bytes() + needed <= DATAGRAM_BUFFER_BYTES;
            if fits && if is_little { budget.has_room(needed) } else { budget.may_grow(needed) } {
                self.memory.set(self.memory.bytes() + needed);
                return true;
            }
            if !self.drop_oldest() {
                self.dropped += 1;
                return false;
            }
        }
    }

    fn drop_oldest(&mut self) -> bool {
        let whole = self.whole.front().map(|one| one.arrival);
        let incomplete = self.incomplete.front().map(Assembly::arrival);
        match (whole, incomplete) {
            (None, None) => return false,
            (Some(whole), Some(incomplete)) if incomplete < whole => self.drop_incomplete(0),
            (None, Some(_)) => self.drop_incomplete(0),
            (Some(_), _) => {
                self.drop_first_whole();
                self.dropped += 1;
            }
        }
        true
    }

    fn drop_incomplete(&mut self, index: usize) {
        if let Some(one) = self.incomplete.remove(index) {
            self.memory.set(self.memory.bytes() - one.held_bytes());
            self.dropped += 1;
            self.keep(one);
        }
    }

    fn keep(&mut self, mut one: Assembly) {
        self.spare.keep(one.clear());
        self.spare_assembly = one;
    }

    fn drop_first_whole(&mut self) {
        let Some(Datagram { bytes, .. }) = self.whole.pop_front() else { return };
        self.give_back(bytes.capacity() as u64);
        self.spare.keep(bytes);
    }

    fn give_back(&mut self, len: u64) {
        self.memory.set(self.memory.bytes() - len - DATAGRAM_RECORD_BYTES);
    }
}
