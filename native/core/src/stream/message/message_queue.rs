//! Messages in the order of the send buffer, found by where they lie in it.

use super::fingers::Fingers;
use super::out_message::OutMessage;
use std::collections::VecDeque;
use std::ops::Range;

/// A queue of messages that remembers where it was looked into last.
#[derive(Default)]
pub(super) struct MessageQueue {
    messages: VecDeque<OutMessage>,
    /// Messages that have left at the front.
    forgotten: u64,
    fingers: Fingers,
}

impl MessageQueue {
    /// The message whose bytes, or record, lie at `offset` of the buffer.
    #[inline]
    pub(super) fn at(&self, offset: u64) -> Option<OutMessage> {
        let index = self.index_at(offset)?;
        self.messages.get(index).copied()
    }

    /// The message that begins at `start`.
    #[inline]
    pub(super) fn find(&self, start: u64) -> Option<&OutMessage> {
        self.messages.get(self.index_at(start)?).filter(|message| message.start == start)
    }

    /// The message that begins at `start`.
    #[inline]
    pub(super) fn find_mut(&mut self, start: u64) -> Option<&mut OutMessage> {
        let index = self.index_at(start)?;
        self.messages.get_mut(index).filter(|message| message.start == start)
    }

    /// The last message whose place is not behind `place`. Only those that were sent, and those that were passed over before them, have one.
    pub(super) fn before_place(&self, place: u64) -> Option<&OutMessage> {
        let after = self.messages.partition_point(|message| message.place <= place);
        self.messages.get(after.checked_sub(1)?)
    }

    #[inline]
    pub(super) fn front(&self) -> Option<&OutMessage> {
        self.messages.front()
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Adds a message behind all others.
    #[inline]
    pub(super) fn push_back(&mut self, message: OutMessage) {
        self.messages.push_back(message);
    }

    /// Forgets the first message.
    pub(super) fn pop_front(&mut self) {
        if self.messages.pop_front().is_some() {
            self.forgotten += 1;
        }
    }

    /// The index of the first message of which a byte is in `range`.
    #[inline]
    pub(super) fn first_in(&self, range: &Range<u64>) -> Option<usize> {
        let front = self.messages.front()?;
        if front.start >= range.start {
            return (front.start < range.end).then_some(0);
        }
        self.index_at(range.start)
    }

    /// The message at `index`.
    #[inline]
    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut OutMessage> {
        self.messages.get_mut(index)
    }

    fn index_at(&self, offset: u64) -> Option<usize> {
        if self.messages.back().is_none_or(|last| offset >= last.end()) {
            return None;
        }
        let is_it =
            |index| self.messages.get(index).is_some_and(|message: &OutMessage| message.holds(offset));
        self.fingers.find(self.forgotten, is_it, || {
            let index = self.messages.partition_point(|message| message.start <= offset).checked_sub(1)?;
            is_it(index).then_some(index)
        })
    }
}

#[cfg(test)]
mod tests;
