//! Messages in the order of the send buffer, found by where they lie in it.

use super::out_message::OutMessage;
use std::cell::Cell;
use std::collections::VecDeque;

/// A queue of messages that remembers where it was looked into last.
///
/// Thousands of small messages are in it at a time, and nearly every look is for the one found before or its neighbour: at one place they are sent, at
/// another they are acknowledged. So two fingers, as positions counted from the first message ever, spare most searches.
#[derive(Default)]
pub(super) struct MessageQueue {
    messages: VecDeque<OutMessage>,
    /// Messages that have left at the front.
    forgotten: u64,
    /// The one used last first.
    fingers: Cell<[u64; 2]>,
    /// Searches that no finger spared.
    #[cfg(test)]
    searches: Cell<usize>,
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

    fn index_at(&self, offset: u64) -> Option<usize> {
        let [newer, older] = self.fingers.get();
        if let Some(index) = self.index_near(newer, offset) {
            self.fingers.set([self.forgotten + index as u64, older]);
            return Some(index);
        }
        let index = self.index_near(older, offset).or_else(|| self.search(offset))?;
        self.fingers.set([self.forgotten + index as u64, newer]);
        Some(index)
    }

    /// Of the message at a finger and the one after it, the one with `offset`.
    #[inline]
    fn index_near(&self, finger: u64, offset: u64) -> Option<usize> {
        let index = finger.saturating_sub(self.forgotten) as usize;
        (index..index + 2)
            .find(|index| self.messages.get(*index).is_some_and(|message| message.holds(offset)))
    }

    fn search(&self, offset: u64) -> Option<usize> {
        #[cfg(test)]
        self.searches.set(self.searches.get() + 1);
        let index = self.messages.partition_point(|message| message.start <= offset).checked_sub(1)?;
        self.messages.get(index).is_some_and(|message| message.holds(offset)).then_some(index)
    }
}

#[cfg(test)]
mod tests;
