//! The bytes that are sent: a random block repeated for ever. Its length is a prime, so that a packet that is lost, repeated or moved does not fit.

/// Length of the block.
pub const BLOCK_BYTES: usize = 1_048_573;

/// The endless sequence of bytes, by position.
pub struct Pattern(Vec<u8>);

impl Pattern {
    /// Makes the block by SplitMix64 from a fixed seed: both ends have the same.
    pub fn new() -> Self {
        let mut state = 0x6f73_6965_7221_u64;
        let mut block: Vec<u8> = std::iter::repeat_with(|| split_mix(&mut state).to_le_bytes())
            .take(BLOCK_BYTES / 8 + 1)
            .flatten()
            .collect();
        block.truncate(BLOCK_BYTES);
        // Twice in a row, so that every range up to a block long is contiguous.
        block.extend_from_within(..);
        Self(block)
    }

    /// Whether `bytes`, however many, are those that belong at `position`.
    pub fn matches(&self, position: u64, bytes: &[u8]) -> bool {
        let parts = bytes.chunks(BLOCK_BYTES).enumerate();
        parts
            .into_iter()
            .all(|(index, part)| part == self.at(position + (index * BLOCK_BYTES) as u64, part.len()))
    }

    /// The `len` bytes from `position` on; at most a block.
    pub fn at(&self, position: u64, len: usize) -> &[u8] {
        let start = (position % BLOCK_BYTES as u64) as usize;
        &self.0[start..start + len]
    }
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
