//! The places of one stream that are not settled, by their offsets.

use super::fingers::Fingers;
use super::place::Place;
use super::place_runs::PlaceRuns;
use std::collections::VecDeque;

/// What comes in order lies in a ring and, once that has grown, takes no allocation. What comes late, however much of it and in whatever order, is kept
/// apart, where a place costs a search and a bounded move.
#[derive(Debug, Default)]
pub(super) struct Places {
    in_order: VecDeque<Place>,
    /// Places that have left at the front of the ring.
    forgotten: u64,
    fingers: Fingers,
    late: PlaceRuns,
}

impl Places {
    /// Places remembered.
    pub(super) fn len(&self) -> usize {
        self.in_order.len() + self.late.len()
    }

    /// The place that begins at `offset`.
    #[inline]
    pub(super) fn get(&self, offset: u64) -> Option<&Place> {
        match self.find(offset) {
            Some(index) => self.in_order.get(index),
            None if self.late.len() == 0 => None,
            None => self.late.get(offset),
        }
    }

    /// The place that begins at `offset`.
    #[inline]
    pub(super) fn get_mut(&mut self, offset: u64) -> Option<&mut Place> {
        match self.find(offset) {
            Some(index) => self.in_order.get_mut(index),
            None if self.late.len() == 0 => None,
            None => self.late.get_mut(offset),
        }
    }

    /// The last place that begins before `offset`.
    pub(super) fn before(&self, offset: u64) -> Option<&Place> {
        let index = self.in_order.partition_point(|place| place.offset < offset);
        let in_order = index.checked_sub(1).and_then(|index| self.in_order.get(index));
        in_order.into_iter().chain(self.late.before(offset)).max_by_key(|place| place.offset)
    }

    /// The first place that begins after `offset`.
    pub(super) fn after(&self, offset: u64) -> Option<&Place> {
        let in_order = self.in_order.get(self.in_order.partition_point(|place| place.offset <= offset));
        in_order.into_iter().chain(self.late.after(offset)).min_by_key(|place| place.offset)
    }

    /// Whether `offset` lies behind all places.
    #[inline]
    pub(super) fn is_behind_all(&self, offset: u64) -> bool {
        let is_behind = |last: Option<&Place>| last.is_none_or(|last| last.end() <= offset);
        is_behind(self.in_order.back()) && (self.late.len() == 0 || is_behind(self.late.before(u64::MAX)))
    }

    /// Adds a place whose offset is not remembered.
    pub(super) fn insert(&mut self, place: Place) {
        if self.in_order.back().is_none_or(|last| last.offset < place.offset) {
            self.in_order.push_back(place);
        } else {
            self.late.insert(place);
        }
    }

    /// The first place of all.
    #[inline]
    pub(super) fn front(&self) -> Option<&Place> {
        if self.late.len() == 0 {
            return self.in_order.front();
        }
        self.in_order.front().into_iter().chain(self.late.front()).min_by_key(|place| place.offset)
    }

    /// Forgets the first place.
    pub(super) fn pop_front(&mut self) {
        let Some(first) = self.front().map(|place| place.offset) else { return };
        if self.in_order.front().is_some_and(|place| place.offset == first) {
            self.in_order.pop_front();
            self.forgotten += 1;
        } else {
            self.late.pop_front();
        }
    }

    #[inline]
    fn find(&self, offset: u64) -> Option<usize> {
        match self.in_order.back() {
            Some(last) if offset < last.offset => {}
            Some(last) if last.offset == offset => return Some(self.in_order.len() - 1),
            _ => return None,
        }
        let is_it = |index| self.in_order.get(index).is_some_and(|place: &Place| place.offset == offset);
        let search = || self.in_order.binary_search_by_key(&offset, |place| place.offset).ok();
        self.fingers.find(self.forgotten, is_it, search)
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::PlaceState;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn place(offset: u64) -> Place {
        Place { offset, len: 0, unordered: false, state: PlaceState::Incomplete }
    }

    #[test]
    fn the_ring_moves_at_its_ends_only() {
        let mut places = Places::default();
        (0..1_000).rev().for_each(|at| places.insert(place(at * 16)));
        assert_eq!((places.in_order.len(), places.late.len()), (1, 999), "all but the last came late");
        (1_000..2_000).for_each(|at| places.insert(place(at * 16)));
        assert_eq!((places.in_order.len(), places.late.len()), (1_001, 999));
    }

    #[test]
    fn who_reads_behind_one_that_comes_searches_for_nothing() {
        let mut places = Places::default();
        (0..1_000).for_each(|at| places.insert(place(at * 16)));
        assert!(places.get(0).is_some());
        let before = places.fingers.searches.get();
        for at in 0..900 {
            places.insert(place((1_000 + at) * 16));
            assert!(places.get_mut((1_000 + at) * 16).is_some());
            assert!(places.get((1_001 + at) * 16).is_none(), "what comes next is not there yet");
            assert!(places.get(at * 16).is_some() && places.get_mut(at * 16).is_some());
            if at % 3 == 2 {
                (0..3).for_each(|_| places.pop_front());
            }
        }
        assert_eq!(places.fingers.searches.get(), before);
    }

    proptest! {
        #[test]
        fn places_agree_with_a_map(offsets in proptest::collection::vec(0..400u64, 1..300), pops in 0..50usize) {
            let (mut places, mut map) = (Places::default(), BTreeMap::new());
            for (at, offset) in offsets.iter().enumerate() {
                if places.get(*offset).is_none() {
                    places.insert(place(*offset));
                }
                map.insert(*offset, ());
                if at % 50 < pops {
                    places.pop_front();
                    map.pop_first();
                }
                prop_assert_eq!(places.front().map(|place| place.offset), map.keys().next().copied());
            }
            prop_assert_eq!(places.len(), map.len());
            let end = map.keys().next_back().map_or(0, |at| place(*at).end());
            prop_assert!(places.is_behind_all(end) && (end == 0 || !places.is_behind_all(end - 1)));
            for offset in 0..400 {
                let (before, after) = (map.range(..offset).next_back(), map.range(offset + 1..).next());
                prop_assert_eq!(places.before(offset).map(|place| place.offset), before.map(|(at, ())| *at));
                prop_assert_eq!(places.after(offset).map(|place| place.offset), after.map(|(at, ())| *at));
                prop_assert_eq!(places.get_mut(offset).is_some(), map.contains_key(&offset));
            }
        }
    }
}
