//! Memory that rings lie in, as the embedding program provides it.

use std::any::Any;

/// A piece of memory of fixed size.
pub trait Block {
    /// All of it.
    fn bytes(&self) -> &[u8];
    /// All of it.
    fn bytes_mut(&mut self) -> &mut [u8];
    /// For the provider, to know its own again.
    fn as_any(&self) -> &dyn Any;
}

/// Where blocks come from and go to. One source serves all associations of an engine.
pub trait BlockSource {
    /// A block of `len` bytes, a power of two; its content is arbitrary.
    fn allocate(&mut self, len: usize) -> Box<dyn Block>;
    /// Takes a block back that is needed no more.
    fn release(&mut self, block: Box<dyn Block>);
}

/// Released blocks kept for the next [`BlockSource::allocate`], by size.
///
/// Rings come and go with every burst of a stream; taking their memory from here costs two moves of a pointer and hands out
/// what is still warm in the cache.
#[derive(Default)]
pub struct BlockPool {
    /// At index `n`: blocks of `2^n` bytes, newest last.
    by_size: Vec<Vec<Box<dyn Block>>>,
    kept_bytes: usize,
}

impl BlockPool {
    /// Bytes kept at most, over all sizes: a few of the largest rings.
    pub const KEPT_BYTES_MAX: usize = 32 << 20;

    /// A block of `len` bytes, if one is kept.
    pub fn take(&mut self, len: usize) -> Option<Box<dyn Block>> {
        let block = self.by_size.get_mut(len.trailing_zeros() as usize)?.pop()?;
        self.kept_bytes -= block.bytes().len();
        Some(block)
    }

    /// Keeps `block` while there is room; else drops it.
    pub fn put(&mut self, block: Box<dyn Block>) {
        let len = block.bytes().len();
        if !len.is_power_of_two() || self.kept_bytes + len > Self::KEPT_BYTES_MAX {
            return;
        }
        let class = len.trailing_zeros() as usize;
        if self.by_size.len() <= class {
            self.by_size.resize_with(class + 1, Vec::new);
        }
        self.by_size[class].push(block);
        self.kept_bytes += len;
    }
}

/// Blocks of plain memory.
#[derive(Default)]
pub struct HeapBlocks {
    pool: BlockPool,
}

impl HeapBlocks {
    /// Holds nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl BlockSource for HeapBlocks {
    fn allocate(&mut self, len: usize) -> Box<dyn Block> {
        self.pool.take(len).unwrap_or_else(|| Box::new(HeapBlock(vec![0; len])))
    }

    fn release(&mut self, block: Box<dyn Block>) {
        self.pool.put(block);
    }
}

struct HeapBlock(Vec<u8>);

impl Block for HeapBlock {
    fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_released_block_is_handed_out_again_for_its_size_only() {
        let mut blocks = HeapBlocks::new();
        let mut block = blocks.allocate(4096);
        block.bytes_mut()[0] = 7;
        blocks.release(block);
        assert_eq!(blocks.allocate(8192).bytes()[0], 0);
        assert_eq!(blocks.allocate(4096).bytes()[0], 7);
        assert_eq!(blocks.allocate(4096).bytes()[0], 0);
    }

    #[test]
    fn released_memory_is_kept_up_to_a_bound() {
        let mut blocks = HeapBlocks::new();
        let len = 16 << 20;
        let all: Vec<_> = (0..4).map(|_| blocks.allocate(len)).collect();
        for block in all {
            blocks.release(block);
        }
        assert_eq!(blocks.pool.kept_bytes, BlockPool::KEPT_BYTES_MAX);
        assert!(blocks.pool.take(len).is_some() && blocks.pool.take(len).is_some());
        assert!(blocks.pool.take(len).is_none());
        assert_eq!(blocks.pool.kept_bytes, 0);
    }
}
