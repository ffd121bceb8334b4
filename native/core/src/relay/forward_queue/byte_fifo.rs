//! Bytes in the order that they came, in a chain of chunks.

use super::chunk_pool::{ChunkPool, CHUNK_BYTES, NO_CHUNK};

/// See the file's head. Whoever owns it knows how many bytes it holds, and takes no more. Holds no chunk while it is empty.
pub(super) struct ByteFifo {
    head: u32,
    tail: u32,
    /// Bytes of the head that were taken.
    taken: usize,
    /// Bytes of the tail that were written.
    written: usize,
}

impl ByteFifo {
    pub(super) const fn new() -> Self {
        Self { head: NO_CHUNK, tail: NO_CHUNK, taken: 0, written: 0 }
    }

    /// Appends `bytes`.
    pub(super) fn push(&mut self, pool: &mut ChunkPool, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.tail == NO_CHUNK || self.written == CHUNK_BYTES {
                self.grow(pool);
            }
            let room = &mut pool.bytes_mut(self.tail)[self.written..];
            let (now, later) = bytes.split_at(bytes.len().min(room.len()));
            room[..now.len()].copy_from_slice(now);
            self.written += now.len();
            bytes = later;
        }
    }

    /// Moves the oldest bytes to `out`, as many as it has room for.
    pub(super) fn take(&mut self, pool: &mut ChunkPool, out: &mut [u8]) {
        let mut filled = 0;
        self.consume(pool, out.len(), |piece| {
            out[filled..filled + piece.len()].copy_from_slice(piece);
            filled += piece.len();
        });
    }

    /// Drops the oldest `count` bytes.
    pub(super) fn skip(&mut self, pool: &mut ChunkPool, count: usize) {
        self.consume(pool, count, |_| {});
    }

    fn consume(&mut self, pool: &mut ChunkPool, mut count: usize, mut each: impl FnMut(&[u8])) {
        while count > 0 && self.head != NO_CHUNK {
            let end = if self.head == self.tail { self.written } else { CHUNK_BYTES };
            let piece = count.min(end - self.taken);
            each(&pool.bytes(self.head)[self.taken..self.taken + piece]);
            self.taken += piece;
            count -= piece;
            if self.taken == end {
                self.drop_head(pool);
            }
        }
    }

    fn grow(&mut self, pool: &mut ChunkPool) {
        let chunk = pool.take();
        if self.tail == NO_CHUNK {
            self.head = chunk;
            self.taken = 0;
        } else {
            pool.link(self.tail, chunk);
        }
        self.tail = chunk;
        self.written = 0;
    }

    fn drop_head(&mut self, pool: &mut ChunkPool) {
        let was_last = self.head == self.tail;
        self.head = pool.give_back(self.head);
        self.taken = 0;
        if was_last {
            *self = Self::new();
        }
    }
}
