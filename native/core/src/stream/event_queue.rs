//! Events that the application has not fetched: at most one of each sort for each stream.

use std::collections::VecDeque;

/// A sort of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum EventSort {
    Opened,
    Readable,
    Writable,
    Settled,
    Flushed,
    SendFinished,
    ResetByPeer,
    StoppedByPeer,
    Closed,
}

impl EventSort {
    /// All, in the order that they are told in when they could not be told before.
    const ALL: [Self; 9] = [
        Self::Opened,
        Self::Readable,
        Self::Writable,
        Self::Settled,
        Self::Flushed,
        Self::SendFinished,
        Self::ResetByPeer,
        Self::StoppedByPeer,
        Self::Closed,
    ];
}

/// Sorts of event of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct EventSet(u16);

impl EventSet {
    /// Adds `sort`; returns whether it is new.
    #[inline]
    fn insert(&mut self, sort: EventSort) -> bool {
        let before = self.0;
        self.0 |= 1 << sort as u8;
        self.0 != before
    }

    /// Takes `sort` out.
    pub(crate) fn remove(&mut self, sort: EventSort) {
        self.0 &= !(1 << sort as u8);
    }

    fn contains(self, sort: EventSort) -> bool {
        self.0 & 1 << sort as u8 != 0
    }
}

/// Who has something to be told, in order. What exactly is found out when it is told, so that nothing is told late.
#[derive(Debug, Default)]
pub(crate) struct EventQueue {
    waiting: VecDeque<(u32, EventSort)>,
}

impl EventQueue {
    /// Something happened to a stream. Nothing happens when the same still waits; a stream that is not `announced` keeps
    /// it in `raised` until it is.
    #[inline]
    pub(crate) fn raise(&mut self, handle: u32, raised: &mut EventSet, announced: bool, sort: EventSort) {
        if raised.insert(sort) && announced {
            self.waiting.push_back((handle, sort));
        }
    }

    /// There is more of the sort that was taken last.
    pub(crate) fn raise_next(&mut self, handle: u32, raised: &mut EventSet, sort: EventSort) {
        raised.insert(sort);
        self.waiting.push_front((handle, sort));
    }

    /// A stream is announced: first that, then what happened to it before.
    pub(crate) fn announce(&mut self, handle: u32, raised: &mut EventSet) {
        raised.insert(EventSort::Opened);
        let sorts = EventSort::ALL.into_iter().filter(|sort| raised.contains(*sort));
        self.waiting.extend(sorts.map(|sort| (handle, sort)));
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The next one.
    pub(crate) fn pop(&mut self) -> Option<(u32, EventSort)> {
        self.waiting.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_waits_only_once() {
        let (mut queue, mut raised) = (EventQueue::default(), EventSet::default());
        for _ in 0..3 {
            queue.raise(1, &mut raised, true, EventSort::Readable);
        }
        assert_eq!(queue.pop(), Some((1, EventSort::Readable)));
        assert_eq!(queue.pop(), None);
        raised.remove(EventSort::Readable);
        queue.raise(1, &mut raised, true, EventSort::Readable);
        assert_eq!(queue.pop(), Some((1, EventSort::Readable)));
    }

    #[test]
    fn what_overtakes_the_opening_is_told_after_it() {
        let (mut queue, mut raised) = (EventQueue::default(), EventSet::default());
        queue.raise(1, &mut raised, false, EventSort::ResetByPeer);
        queue.raise(1, &mut raised, false, EventSort::Readable);
        assert_eq!(queue.pop(), None);
        queue.announce(1, &mut raised);
        let told: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(_, sort)| sort).collect();
        assert_eq!(told, [EventSort::Opened, EventSort::Readable, EventSort::ResetByPeer]);
    }
}
