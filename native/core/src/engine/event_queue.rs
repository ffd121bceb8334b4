//! Events that the layer above has not fetched, in the order that they happened.

use crate::event::Event;
use std::collections::VecDeque;

/// An event, or an association that has some of its own.
pub(super) enum Queued {
    /// Told as it is.
    Event(Event),
    /// What its streams have to say is found out when it is told: a level that is told late would be wrong by what was read meanwhile.
    Association(u32),
}

/// See [`Queued`].
#[derive(Default)]
pub(super) struct EventQueue {
    queued: VecDeque<Queued>,
}

impl EventQueue {
    /// Tells `event` after everything before it.
    pub(super) fn push_back(&mut self, event: Event) {
        self.queued.push_back(Queued::Event(event));
    }

    /// Asks an association for its events after everything before it.
    pub(super) fn push_association(&mut self, handle: u32) {
        self.queued.push_back(Queued::Association(handle));
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.queued.is_empty()
    }

    /// Whether something waits behind what is next.
    pub(super) fn has_several(&self) -> bool {
        self.queued.len() > 1
    }

    /// What is next, still queued.
    pub(super) fn front(&self) -> Option<&Queued> {
        self.queued.front()
    }

    /// Takes what is next.
    pub(super) fn pop_front(&mut self) -> Option<Queued> {
        self.queued.pop_front()
    }
}
