//! What arrived, and when it is acknowledged: every second segment, at once out of order, after 40 ms otherwise.

use std::collections::BTreeMap;

/// Delayed acknowledgements wait so long at most.
const DELAY_MICROS: u64 = 40_000;
/// Segments at the start that are acknowledged one by one.
const QUICK_SEGMENTS: u64 = 16;
/// Blocks beside timestamps.
const SACK_BLOCKS: usize = 3;

/// Numbers of segments.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Acknowledgement {
    /// All below it have arrived.
    pub(super) next: u64,
    /// (first, behind the last) of others that have, the newest first.
    pub(super) blocks: Vec<(u64, u64)>,
}

#[derive(Default)]
pub(super) struct Receiver {
    next: u64,
    /// First to behind the last.
    out_of_order: BTreeMap<u64, u64>,
    /// First numbers of the blocks, the newest first.
    recent: Vec<u64>,
    waiting: u64,
    deadline: Option<u64>,
}

impl Receiver {
    pub(super) fn in_order(&self) -> u64 {
        self.next
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        self.deadline
    }

    pub(super) fn on_timer(&mut self, now: u64) -> Option<Acknowledgement> {
        self.deadline.is_some_and(|deadline| deadline <= now).then(|| self.acknowledgement())
    }

    /// Takes a segment; returns the acknowledgement that goes out at once.
    pub(super) fn take(&mut self, now: u64, number: u64) -> Option<Acknowledgement> {
        let is_in_order = number == self.next && self.out_of_order.is_empty();
        if number == self.next {
            self.next = self.out_of_order.remove(&(number + 1)).unwrap_or(number + 1);
        } else if number > self.next && !self.is_held(number) {
            self.hold(number);
        }
        self.recent.retain(|first| self.out_of_order.contains_key(first));
        self.waiting += 1;
        self.deadline.get_or_insert(now + DELAY_MICROS);
        let is_quick = self.next <= QUICK_SEGMENTS;
        (!is_in_order || is_quick || self.waiting >= 2).then(|| self.acknowledgement())
    }

    fn is_held(&self, number: u64) -> bool {
        self.out_of_order.range(..=number).next_back().is_some_and(|(_, behind)| number < *behind)
    }

    fn hold(&mut self, number: u64) {
        let behind = self.out_of_order.remove(&(number + 1)).unwrap_or(number + 1);
        let before = self.out_of_order.range(..number).next_back().filter(|(_, end)| **end == number);
        let first = before.map_or(number, |(first, _)| *first);
        self.out_of_order.insert(first, behind);
        self.recent.retain(|block| *block != first);
        self.recent.insert(0, first);
    }

    fn acknowledgement(&mut self) -> Acknowledgement {
        self.waiting = 0;
        self.deadline = None;
        let block = |first: &u64| self.out_of_order.get(first).map(|behind| (*first, *behind));
        Acknowledgement {
            next: self.next,
            blocks: self.recent.iter().filter_map(block).take(SACK_BLOCKS).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_told_at_once_the_newest_block_first() {
        let mut receiver = Receiver::default();
        let next = (0..20).filter_map(|number| receiver.take(number, number)).last().map(|ack| ack.next);
        assert_eq!(next, Some(20));
        let acks = [22, 23, 26, 20, 25]
            .map(|number| receiver.take(number, number).map(|ack| (ack.next, ack.blocks)));
        assert_eq!(acks[1], Some((20, vec![(22, 24)])));
        assert_eq!(acks[2], Some((20, vec![(26, 27), (22, 24)])));
        assert_eq!(acks[3], Some((21, vec![(26, 27), (22, 24)])));
        assert_eq!(acks[4], Some((21, vec![(25, 27), (22, 24)])));
        assert_eq!(receiver.take(27, 21).map(|ack| ack.next), Some(24));
    }

    #[test]
    fn a_lone_segment_is_acknowledged_after_40_ms() {
        let mut receiver = Receiver::default();
        (0..20).for_each(|number| drop(receiver.take(number, number)));
        assert_eq!(receiver.take(100, 20), None);
        assert_eq!(receiver.deadline(), Some(40_100));
        assert_eq!(receiver.on_timer(40_099), None);
        assert_eq!(receiver.on_timer(40_100).map(|ack| ack.next), Some(21));
    }
}
