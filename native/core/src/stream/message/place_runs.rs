//! Places that came out of order, by their offsets.

use super::place::Place;
use std::collections::{BTreeMap, VecDeque};

/// Places that lie together: what one that comes late moves at most. Runs are split in halves, so that they take at most twice what their places do.
const RUN_MAX: usize = 64;

/// Places come in whatever order the peer likes, and leave in order. One costs a search, and a move within its run, however many there are.
#[derive(Debug, Default)]
pub(super) struct PlaceRuns {
    /// By an offset at or before the first place of each, and after the last place of the run before.
    runs: BTreeMap<u64, VecDeque<Place>>,
    len: usize,
}

impl PlaceRuns {
    /// Places remembered.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The place that begins at `offset`.
    #[inline]
    pub(super) fn get(&self, offset: u64) -> Option<&Place> {
        let (_, run) = self.runs.range(..=offset).next_back()?;
        run.get(run.binary_search_by_key(&offset, |place| place.offset).ok()?)
    }

    /// The place that begins at `offset`.
    #[inline]
    pub(super) fn get_mut(&mut self, offset: u64) -> Option<&mut Place> {
        let (_, run) = self.runs.range_mut(..=offset).next_back()?;
        let index = run.binary_search_by_key(&offset, |place| place.offset).ok()?;
        run.get_mut(index)
    }

    /// The last place that begins before `offset`.
    pub(super) fn before(&self, offset: u64) -> Option<&Place> {
        let (_, run) = self.runs.range(..offset).next_back()?;
        run.get(run.partition_point(|place| place.offset < offset).checked_sub(1)?)
    }

    /// The first place that begins after `offset`.
    pub(super) fn after(&self, offset: u64) -> Option<&Place> {
        let (_, own) = self.runs.range(..=offset).next_back().unzip();
        let after = own.and_then(|run| run.get(run.partition_point(|place| place.offset <= offset)));
        after.or_else(|| self.runs.range(offset + 1..).next().and_then(|(_, run)| run.front()))
    }

    /// Adds a place whose offset is not remembered.
    pub(super) fn insert(&mut self, place: Place) {
        self.len += 1;
        if self.before(place.offset).is_none() {
            // Before all others: the first run begins here now.
            let run = self.runs.pop_first().map_or_else(VecDeque::new, |(_, run)| run);
            self.runs.insert(place.offset, run);
        }
        let Some((_, run)) = self.runs.range_mut(..=place.offset).next_back() else { return };
        if run.len() < RUN_MAX {
            let index = run.partition_point(|known| known.offset < place.offset);
            return run.insert(index, place);
        }
        // In order, runs are filled; in any other, they are halved.
        let (at, mut later) = match run.back() {
            Some(last) if last.offset < place.offset => (place.offset, VecDeque::new()),
            _ => (run[RUN_MAX / 2].offset, run.split_off(RUN_MAX / 2)),
        };
        let target = if place.offset < at { run } else { &mut later };
        let index = target.partition_point(|known| known.offset < place.offset);
        target.insert(index, place);
        self.runs.insert(at, later);
    }

    /// The first place of all.
    pub(super) fn front(&self) -> Option<&Place> {
        self.runs.first_key_value()?.1.front()
    }

    /// Forgets the first place.
    pub(super) fn pop_front(&mut self) {
        let Some(mut first) = self.runs.first_entry() else { return };
        self.len -= usize::from(first.get_mut().pop_front().is_some());
        if first.get().is_empty() {
            first.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::PlaceState;
    use super::*;

    fn filled(offsets: impl Iterator<Item = u64>) -> PlaceRuns {
        let mut places = PlaceRuns::default();
        for offset in offsets {
            places.insert(Place { offset, len: 0, unordered: false, state: PlaceState::Incomplete });
            let fullest = places.runs.values().map(VecDeque::len).max();
            assert!(fullest <= Some(RUN_MAX), "what an insertion moves is bounded");
        }
        places
    }

    /// Neither the moves nor the search of an insertion grow with what is there, and what is there takes no more than twice its size.
    #[test]
    fn no_order_of_arrival_makes_places_dear() {
        const COUNT: u64 = 20_000;
        let scattered = |at: u64| at * 7_919 % COUNT;
        let from_the_middle =
            |at: u64| COUNT / 2 + if at % 2 == 0 { at / 2 } else { COUNT - 1 - at / 2 } % COUNT;
        let orders: [Vec<u64>; 4] = [
            (0..COUNT).collect(),
            (0..COUNT).rev().collect(),
            (0..COUNT).map(scattered).collect(),
            (0..COUNT).map(from_the_middle).collect(),
        ];
        for order in orders {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            let mut places = filled(order.iter().map(|at| at * 16));
            assert!(places.runs.len() <= 2 * COUNT as usize / RUN_MAX + 1, "{} runs", places.runs.len());
            assert_eq!(places.len() as u64, COUNT);
            for at in sorted {
                assert_eq!(places.front().map(|place| place.offset), Some(at * 16));
                places.pop_front();
            }
            assert_eq!((places.len(), places.runs.len()), (0, 0));
        }
    }

    #[test]
    fn every_place_is_found_with_its_neighbours() {
        let mut places = filled((0..1_000).map(|at| at * 7_919 % 1_000 * 16));
        (0..100).for_each(|_| places.pop_front());
        let at = |place: Option<&Place>| place.map(|place| place.offset);
        for number in 100..1_000 {
            let offset = number * 16;
            assert_eq!(at(places.get(offset)), Some(offset));
            assert_eq!(places.get_mut(offset).map(|place| place.offset), Some(offset));
            assert_eq!(at(places.get(offset + 1)), None);
            assert_eq!(at(places.before(offset)), (number > 100).then(|| offset - 16));
            assert_eq!(at(places.after(offset)), (number < 999).then_some(offset + 16));
        }
        assert_eq!(at(places.before(50)), None);
        assert_eq!(at(places.after(50)), Some(1_600));
    }
}
