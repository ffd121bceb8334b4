//! From the receiver index of a packet to what it is for.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::entropy::Entropy;

/// Values under receiver indices that this end chooses: the top byte is the shard, the other 24 bits are random.
///
/// The random part is never 0, so no index is 0 and nobody who has not seen a packet can name one.
pub(crate) struct IndexTable<T> {
    shard: u8,
    values: HashMap<u32, T, BuildHasherDefault<IndexHasher>>,
}

/// Half of all indices of a shard: so a random one is free in two draws on average, and guessing one stays hard.
const CAPACITY: usize = 1 << (RANDOM_BITS - 1);
const RANDOM_BITS: u32 = 24;

impl<T> IndexTable<T> {
    /// An empty table for the indices of `shard`.
    pub(crate) fn new(shard: u8) -> Self {
        Self { shard, values: HashMap::default() }
    }

    /// Keeps `value` under a fresh random index, which is returned; None when 2^23 indices are taken.
    pub(crate) fn reserve(&mut self, entropy: &mut Entropy, value: T) -> Option<u32> {
        if self.values.len() >= CAPACITY {
            return None;
        }
        let index = loop {
            match index_from(self.shard, entropy.next_u32()) {
                Some(index) if !self.values.contains_key(&index) => break index,
                _ => {}
            }
        };
        self.values.insert(index, value);
        Some(index)
    }

    /// The value under `index`.
    pub(crate) fn get(&self, index: u32) -> Option<&T> {
        self.values.get(&index)
    }

    /// The value under `index`.
    pub(crate) fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        self.values.get_mut(&index)
    }

    /// Takes the value under `index` out; the index may be drawn again.
    pub(crate) fn remove(&mut self, index: u32) -> Option<T> {
        self.values.remove(&index)
    }
}

/// The index of `shard` with the low bits of `random`; None where those are 0.
fn index_from(shard: u8, random: u32) -> Option<u32> {
    let random = random & (u32::MAX >> (u32::BITS - RANDOM_BITS));
    (random != 0).then_some(u32::from(shard) << RANDOM_BITS | random)
}

/// One multiplication (Knuth's multiplicative hash) instead of SipHash: the keys in the table are drawn by this end, so
/// no peer can choose them to collide.
#[derive(Default)]
struct IndexHasher(u64);

impl Hasher for IndexHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, index: u32) {
        const GOLDEN_RATIO: u64 = 0x9e37_79b9_7f4a_7c15;
        // The table takes its bucket from the low bits and a tag from the high ones: fold the well-mixed half down.
        let mixed = (self.0 ^ u64::from(index)).wrapping_mul(GOLDEN_RATIO);
        self.0 = mixed ^ (mixed >> 32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::hash::BuildHasher;

    #[test]
    fn an_index_carries_the_shard_and_is_never_given_twice() {
        let (mut table, mut entropy, mut seen) =
            (IndexTable::new(0xa5), Entropy::new([3; 32]), HashSet::new());
        for value in 0..20_000_u32 {
            let index = table.reserve(&mut entropy, value).unwrap();
            assert_eq!(index >> 24, 0xa5);
            assert_ne!(index & 0xff_ffff, 0);
            assert!(seen.insert(index));
        }
        assert_eq!(table.values.into_keys().collect::<HashSet<_>>(), seen);
    }

    #[test]
    fn the_random_part_of_an_index_is_never_0() {
        assert_eq!(index_from(0xa5, 0xff00_0000), None);
        assert_eq!(index_from(0xa5, 0xff00_0001), Some(0xa500_0001));
        assert_eq!(index_from(0, u32::MAX), Some(0x00ff_ffff));
    }

    #[test]
    fn an_index_finds_its_value_until_it_is_removed() {
        let (mut table, mut entropy) = (IndexTable::new(0), Entropy::new([4; 32]));
        let (a, b) = (table.reserve(&mut entropy, 'a').unwrap(), table.reserve(&mut entropy, 'b').unwrap());
        *table.get_mut(b).unwrap() = 'B';
        assert_eq!((table.get(a), table.get(b)), (Some(&'a'), Some(&'B')));
        assert_eq!((table.remove(a), table.remove(a), table.get(a)), (Some('a'), None, None));
        assert_eq!((table.get(0), table.values.len()), (None, 1));
    }

    #[test]
    fn a_full_table_says_so_instead_of_searching_for_ever() {
        let (mut table, mut entropy) = (IndexTable::new(0), Entropy::new([5; 32]));
        table.values.extend((1..=CAPACITY as u32).map(|index| (index, ())));
        assert_eq!(table.reserve(&mut entropy, ()), None);
        table.remove(1);
        assert!(table.reserve(&mut entropy, ()).is_some());
    }

    #[test]
    fn indices_of_every_pattern_spread_over_the_buckets() {
        let build = BuildHasherDefault::<IndexHasher>::default();
        for shift in [0, 4, 8, 12] {
            let mut buckets = HashSet::new();
            for i in 0..4096_u32 {
                buckets.insert(build.hash_one(i << shift) & 4095);
            }
            assert!(buckets.len() > 1500, "{} buckets of 4096 at shift {shift}", buckets.len());
        }
    }
}
