//! Buffers of datagrams that were read, for those to come: in steady state they take no allocation each.

/// Buffers up to this are small.
const SMALL_BYTES: usize = 2 << 10;
/// Small buffers that are kept.
const SMALL_MAX: usize = 32;
/// What all larger buffers that are kept take together.
pub(super) const SPARE_LARGE_BYTES: u64 = 64 << 10;

/// See the file's head. It holds 128 KiB at most.
#[derive(Default)]
pub(super) struct SpareBuffers {
    small: Vec<Vec<u8>>,
    large: Vec<Vec<u8>>,
    large_bytes: usize,
}

impl SpareBuffers {
    /// An empty buffer, if possible one that holds `len` bytes already.
    pub(super) fn take(&mut self, len: usize) -> Vec<u8> {
        if len <= SMALL_BYTES {
            return self.small.pop().unwrap_or_default();
        }
        let found = self.large.iter().position(|buffer| buffer.capacity() >= len);
        let Some(index) = found.or_else(|| self.large.len().checked_sub(1)) else { return Vec::new() };
        let buffer = self.large.swap_remove(index);
        self.large_bytes -= buffer.capacity();
        buffer
    }

    /// Keeps a buffer, or drops it where enough are kept.
    pub(super) fn keep(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        let capacity = buffer.capacity();
        if capacity == 0 {
            return;
        }
        if capacity <= SMALL_BYTES {
            if self.small.len() < SMALL_MAX {
                self.small.push(buffer);
            }
        } else if self.large_bytes + capacity <= SPARE_LARGE_BYTES as usize {
            self.large_bytes += capacity;
            self.large.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_whatever_it_was_used_for() {
        let mut spare = SpareBuffers::default();
        for len in (0..10_000).map(|n| n * 7_919 % 100_000) {
            spare.keep(Vec::with_capacity(len));
            let held: usize = spare.small.iter().chain(&spare.large).map(Vec::capacity).sum();
            assert!(held <= SMALL_MAX * SMALL_BYTES + SPARE_LARGE_BYTES as usize);
        }
        assert!(spare.take(100).capacity() > 0 && spare.take(10_000).capacity() >= 10_000);
    }
}
