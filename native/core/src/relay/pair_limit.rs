//! How often a fault of one pair of source and destination is told.

use super::RouteHashing;
use crate::time::Instant;
use crate::token_bucket::{Rate, TokenBucket};
use osier_wire::RouteId;
use std::collections::HashMap;

/// Ten a second, as the protocol says.
const ONE_PAIR: Rate = Rate { burst: 10, per_second: 10 };
/// Pairs that one turn may count; of others nothing is told for the rest of it.
const TURN_PAIRS_MAX: usize = 4_096;
/// Those of them that one neighbour may bring: what it makes up leaves room for fifteen like it.
const NEIGHBOUR_PAIRS_MAX: u32 = 256;
/// A turn is as long as a bucket takes to fill: a pair that was not told of in a whole turn has nothing to remember, and goes.
const TURN_MICROS: u64 = 1_000_000;
const _: () = assert!(ONE_PAIR.refill_micros() <= TURN_MICROS);

type Buckets = HashMap<(RouteId, RouteId), TokenBucket, RouteHashing>;

/// See the file's head.
pub(crate) struct PairLimit {
    present: Buckets,
    /// Those of the turn before, and not since.
    before: Buckets,
    /// Pairs that each neighbour brought in this turn.
    brought: HashMap<u32, u32>,
    turn: Option<Instant>,
}

impl PairLimit {
    /// `secret` must be unpredictable: strangers choose RouteIds.
    pub(crate) fn new(secret: [u64; 2]) -> Self {
        let buckets = || HashMap::with_hasher(RouteHashing::new(secret));
        Self { present: buckets(), before: buckets(), brought: HashMap::new(), turn: None }
    }

    /// Whether one more fault of packets from one RouteId to another may be told, which the `neighbour` brought; counts it when so.
    pub(crate) fn admit(&mut self, now: Instant, neighbour: u32, pair: (RouteId, RouteId)) -> bool {
        self.turn_over(now);
        if !self.present.contains_key(&pair) {
            let brought = self.brought.entry(neighbour).or_insert(0);
            if self.present.len() >= TURN_PAIRS_MAX || *brought >= NEIGHBOUR_PAIRS_MAX {
                return false;
            }
            *brought += 1;
            let bucket = self.before.remove(&pair).unwrap_or_else(|| TokenBucket::full(now, ONE_PAIR));
            self.present.insert(pair, bucket);
        }
        self.present.get_mut(&pair).is_some_and(|bucket| bucket.take(now, ONE_PAIR))
    }

    fn turn_over(&mut self, now: Instant) {
        if self.turn.is_some_and(|since| now.saturating_micros_since(since) < TURN_MICROS) {
            return;
        }
        self.turn = Some(now);
        std::mem::swap(&mut self.present, &mut self.before);
        self.present.clear();
        self.brought.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> RouteId {
        RouteId(number.to_le_bytes())
    }

    #[test]
    fn a_pair_is_told_of_ten_times_a_second_and_takes_nothing_from_another() {
        let (mut limit, start) = (PairLimit::new([1, 2]), Instant::from_micros(9));
        let mut admitted = |second: u64, destination| {
            let now = start.plus_micros(second * 1_000_000);
            (0..100).filter(|_| limit.admit(now, 1, (id(1), id(destination)))).count()
        };
        assert_eq!((admitted(0, 2), admitted(0, 3), admitted(1, 2), admitted(2, 2)), (10, 10, 10, 10));
    }

    #[test]
    fn a_flood_of_pairs_fills_a_bounded_table_that_is_free_again_after_a_second() {
        let (mut limit, start) = (PairLimit::new([1, 2]), Instant::from_micros(9));
        let admitted = (0..20_000)
            .filter(|number| limit.admit(start, *number as u32 % 100, (id(1), id(*number))))
            .count();
        assert_eq!(admitted, TURN_PAIRS_MAX);
        assert!(limit.admit(start.plus_micros(TURN_MICROS), 1, (id(1), id(30_000))));
        assert!(limit.present.len() + limit.before.len() <= 2 * TURN_PAIRS_MAX);
    }

    #[test]
    fn a_neighbour_with_more_pairs_than_its_own_part_silences_no_other() {
        let (mut limit, now) = (PairLimit::new([1, 2]), Instant::from_micros(9));
        let admitted = (0..20_000).filter(|number| limit.admit(now, 7, (id(1), id(*number)))).count();
        assert_eq!(admitted, NEIGHBOUR_PAIRS_MAX as usize);
        assert!(limit.admit(now, 8, (id(1), id(30_000))));
    }
}
