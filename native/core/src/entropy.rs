//! Unpredictable numbers from one seed, so that a run with the same seed is the same run.
//!
//! Receiver indices, path challenges and jitter come from here. Keys never do: they come from the handshake.

use crate::keyed_hash::keyed_hash_512;

const BLOCK_LENGTH: usize = 64;
const BLOCKS_PER_REFILL: usize = 8;
const KEY_LENGTH: usize = 32;
const LABEL: &[u8] = b"osier v1 entropy";

/// A generator of unpredictable bytes: keyed BLAKE2b-512 in counter mode, in batches.
///
/// Each batch begins with the key of the next, so that what was given out cannot be computed again from the present state
/// (fast key erasure); bytes given out are erased from the batch.
pub(crate) struct Entropy {
    key: [u8; KEY_LENGTH],
    batch: [u8; BLOCK_LENGTH * BLOCKS_PER_REFILL],
    /// Bytes of `batch` that are spent.
    spent: usize,
}

impl Entropy {
    /// A generator whose output is fixed by `seed`: 32 bytes from the system's generator, or a chosen one in a simulation.
    pub(crate) fn new(seed: [u8; KEY_LENGTH]) -> Self {
        let batch = [0; BLOCK_LENGTH * BLOCKS_PER_REFILL];
        Self { key: seed, spent: batch.len(), batch }
    }

    /// Fills `out` with unpredictable bytes.
    pub(crate) fn fill(&mut self, out: &mut [u8]) {
        let mut rest = out;
        while !rest.is_empty() {
            if self.spent == self.batch.len() {
                self.refill();
            }
            let taken = rest.len().min(self.batch.len() - self.spent);
            let (now, later) = rest.split_at_mut(taken);
            let source = &mut self.batch[self.spent..self.spent + taken];
            now.copy_from_slice(source);
            source.fill(0);
            self.spent += taken;
            rest = later;
        }
    }

    /// An unpredictable u32.
    pub(crate) fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn refill(&mut self) {
        for (counter, block) in (0_u64..).zip(self.batch.chunks_exact_mut(BLOCK_LENGTH)) {
            block.copy_from_slice(&keyed_hash_512(&self.key, &[LABEL, &counter.to_le_bytes()]));
        }
        let next_key = &mut self.batch[..KEY_LENGTH];
        self.key.copy_from_slice(next_key);
        next_key.fill(0);
        self.spent = KEY_LENGTH;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn next_u64(generator: &mut Entropy) -> u64 {
        let mut bytes = [0; 8];
        generator.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    #[test]
    fn one_seed_gives_one_sequence_however_it_is_asked_for() {
        let (mut whole, mut parts) = ([0; 3000], Vec::new());
        Entropy::new([7; 32]).fill(&mut whole);
        let mut generator = Entropy::new([7; 32]);
        while parts.len() < whole.len() {
            let mut part = vec![0; (parts.len() % 97).min(whole.len() - parts.len())];
            generator.fill(&mut part);
            parts.extend(part);
            if parts.len() + 12 <= whole.len() {
                parts.extend(next_u64(&mut generator).to_le_bytes());
                parts.extend(generator.next_u32().to_le_bytes());
            }
        }
        assert_eq!(parts, whole);
    }

    #[test]
    fn the_sequence_is_that_of_an_independent_implementation() {
        let mut generator = Entropy::new(std::array::from_fn(|i| i as u8));
        let first = next_u64(&mut generator);
        generator.fill(&mut [0; 512 - 32 - 8]);
        let after_one_refill = next_u64(&mut generator);
        assert_eq!((first, after_one_refill), (0x423e_2bc6_b97c_d333, 0x0363_fcd5_1418_c994));
    }

    #[test]
    fn another_seed_gives_another_sequence_and_no_value_comes_twice() {
        let mut values = HashSet::new();
        for seed in 0..4 {
            let mut generator = Entropy::new([seed; 32]);
            for _ in 0..5_000 {
                assert!(values.insert(next_u64(&mut generator)));
            }
        }
    }

    #[test]
    fn what_was_given_out_is_no_longer_held() {
        let mut generator = Entropy::new([1; 32]);
        let mut out = [0; 100];
        generator.fill(&mut out);
        assert!(generator.batch[..KEY_LENGTH + out.len()].iter().all(|byte| *byte == 0));
        assert!(!generator.batch.windows(8).any(|window| window == &out[..8]));
    }
}
