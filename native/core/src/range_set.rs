//! A set of u64 offsets as disjoint ranges: which bytes are acknowledged, which arrived, which packets were received.
//!
//! Ranges are kept sorted and apart (touching ones are merged), in a ring: growth at either end costs no move, any other
//! place is found by binary search. A change in the middle moves the ranges on its shorter side, so that whoever feeds
//! the set from a peer bounds [`RangeSet::len`].

use std::collections::VecDeque;
use std::ops::Range;

/// A set of u64 as sorted, non-empty, non-touching half-open ranges.
///
/// `u64::MAX` itself cannot be a member. Empty (or reversed) arguments are the empty set.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct RangeSet {
    ranges: VecDeque<Range<u64>>,
}

impl RangeSet {
    /// The empty set; allocates nothing.
    pub(crate) const fn new() -> Self {
        Self { ranges: VecDeque::new() }
    }

    /// Adds `range`; returns how many members are new.
    pub(crate) fn insert(&mut self, range: Range<u64>) -> u64 {
        if range.is_empty() {
            return 0;
        }
        match self.ranges.back_mut() {
            Some(last) if range.start > last.end => self.push_back(range),
            Some(last) if range.start >= last.start => {
                let added = range.end.saturating_sub(last.end);
                last.end += added;
                added
            }
            Some(_) => self.merge(range),
            None => self.push_back(range),
        }
    }

    /// Takes `range` out; returns how many members went.
    pub(crate) fn remove(&mut self, range: Range<u64>) -> u64 {
        if range.is_empty() {
            return 0;
        }
        let from = self.ranges.partition_point(|r| r.end <= range.start);
        let to = from + self.ranges.range(from..).take_while(|r| r.start < range.end).count();
        if from == to {
            return 0;
        }
        let covered: u64 = self.ranges.range(from..to).map(length).sum();
        let before = self.ranges[from].start..range.start;
        let after = range.end..self.ranges[to - 1].end;
        let kept = [before, after].into_iter().filter(|r| !r.is_empty());
        let removed = covered - kept.clone().map(|r| length(&r)).sum::<u64>();
        self.replace(from..to, kept);
        removed
    }

    /// Whether `value` is a member.
    pub(crate) fn contains(&self, value: u64) -> bool {
        let at = self.ranges.partition_point(|r| r.end <= value);
        self.ranges.get(at).is_some_and(|r| r.start <= value)
    }

    /// Whether all of `range` is in the set. True of an empty range.
    pub(crate) fn covers(&self, range: Range<u64>) -> bool {
        if range.is_empty() {
            return true;
        }
        let at = self.ranges.partition_point(|r| r.end <= range.start);
        self.ranges.get(at).is_some_and(|r| r.start <= range.start && range.end <= r.end)
    }

    /// The lowest range.
    pub(crate) fn first(&self) -> Option<Range<u64>> {
        self.ranges.front().cloned()
    }

    /// The highest range.
    pub(crate) fn last(&self) -> Option<Range<u64>> {
        self.ranges.back().cloned()
    }

    /// Takes the lowest range out, or its first `max_len` members. None when the set is empty or `max_len` is 0.
    pub(crate) fn pop_front_up_to(&mut self, max_len: u64) -> Option<Range<u64>> {
        let first = self.ranges.front_mut()?;
        let taken = length(first).min(max_len);
        if taken == 0 {
            return None;
        }
        let popped = first.start..first.start + taken;
        first.start = popped.end;
        if first.is_empty() {
            self.ranges.pop_front();
        }
        Some(popped)
    }

    /// The ranges, lowest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Range<u64>> + ExactSizeIterator + '_ {
        self.ranges.iter().cloned()
    }

    /// The ranges, highest first.
    pub(crate) fn iter_rev(&self) -> impl ExactSizeIterator<Item = Range<u64>> + '_ {
        self.iter().rev()
    }

    /// The ranges that have members in `range`, lowest first.
    pub(crate) fn overlapping(&self, range: Range<u64>) -> impl Iterator<Item = Range<u64>> + '_ {
        let from = self.ranges.partition_point(|r| r.end <= range.start);
        self.ranges.range(from..).take_while(move |r| r.start < range.end).cloned()
    }

    /// Number of ranges.
    pub(crate) fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Ranges that there is room for.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.ranges.capacity()
    }

    /// Whether no value is a member.
    pub(crate) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    fn push_back(&mut self, range: Range<u64>) -> u64 {
        let added = length(&range);
        self.ranges.push_back(range);
        added
    }

    /// Inserts a range that begins before the last one, swallowing every range that it overlaps or touches.
    fn merge(&mut self, range: Range<u64>) -> u64 {
        let from = self.ranges.partition_point(|r| r.end < range.start);
        let to = from + self.ranges.range(from..).take_while(|r| r.start <= range.end).count();
        if from == to {
            let added = length(&range);
            self.ranges.insert(from, range);
            return added;
        }
        let swallowed: u64 = self.ranges.range(from..to).map(length).sum();
        let merged = range.start.min(self.ranges[from].start)..range.end.max(self.ranges[to - 1].end);
        let added = length(&merged) - swallowed;
        self.replace(from..to, std::iter::once(merged));
        added
    }

    /// Puts at most two ranges, sorted, where the non-empty run `old` of ranges lies.
    fn replace(&mut self, old: Range<usize>, new: impl Iterator<Item = Range<u64>>) {
        let mut at = old.start;
        for range in new {
            if at < old.end {
                self.ranges[at] = range;
            } else {
                self.ranges.insert(at, range);
            }
            at += 1;
        }
        if at < old.end {
            self.ranges.drain(at..old.end);
        }
    }
}

fn length(range: &Range<u64>) -> u64 {
    range.end - range.start
}

#[cfg(test)]
mod tests;
