//! Memory for queued bytes: chunks of one size, cut from slabs that are never given back and never moved.

/// Bytes of a chunk. A flow wastes less than one at each end, and a train of 64 KiB is sixteen copies.
pub(super) const CHUNK_BYTES: usize = 4_096;
const CHUNKS_A_SLAB: usize = 16;

/// Names no chunk.
pub(super) const NO_CHUNK: u32 = u32::MAX;

/// See the file's head. What it holds is the most that was ever queued at once.
pub(super) struct ChunkPool {
    slabs: Vec<Box<[u8]>>,
    /// The chunk behind each one, in a queue or among the free ones.
    next: Vec<u32>,
    free: u32,
}

impl ChunkPool {
    /// Without a slab.
    pub(super) const fn new() -> Self {
        Self { slabs: Vec::new(), next: Vec::new(), free: NO_CHUNK }
    }

    /// A chunk with nothing behind it.
    pub(super) fn take(&mut self) -> u32 {
        if self.free == NO_CHUNK {
            self.add_slab();
        }
        let chunk = self.free;
        self.free = std::mem::replace(&mut self.next[chunk as usize], NO_CHUNK);
        chunk
    }

    /// Takes `chunk` back; returns the one that was behind it.
    pub(super) fn give_back(&mut self, chunk: u32) -> u32 {
        let behind = std::mem::replace(&mut self.next[chunk as usize], self.free);
        self.free = chunk;
        behind
    }

    /// Puts `chunk` behind `before`.
    pub(super) fn link(&mut self, before: u32, chunk: u32) {
        self.next[before as usize] = chunk;
    }

    pub(super) fn bytes(&self, chunk: u32) -> &[u8] {
        let (slab, start) = place(chunk);
        &self.slabs[slab][start..start + CHUNK_BYTES]
    }

    pub(super) fn bytes_mut(&mut self, chunk: u32) -> &mut [u8] {
        let (slab, start) = place(chunk);
        &mut self.slabs[slab][start..start + CHUNK_BYTES]
    }

    /// Memory taken from the system.
    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        self.next.len() * CHUNK_BYTES
    }

    fn add_slab(&mut self) {
        let first = self.next.len() as u32;
        self.slabs.push(vec![0; CHUNKS_A_SLAB * CHUNK_BYTES].into_boxed_slice());
        self.next.resize(self.next.len() + CHUNKS_A_SLAB, NO_CHUNK);
        for chunk in (first..first + CHUNKS_A_SLAB as u32).rev() {
            self.give_back(chunk);
        }
    }
}

const fn place(chunk: u32) -> (usize, usize) {
    let chunk = chunk as usize;
    (chunk / CHUNKS_A_SLAB, chunk % CHUNKS_A_SLAB * CHUNK_BYTES)
}
