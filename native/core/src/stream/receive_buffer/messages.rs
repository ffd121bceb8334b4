//! Messages in a receive buffer: they come and go out of order.

use super::ReceiveBuffer;
use crate::stream::block::BlockSource;
use crate::stream::error::ProtocolViolation;
use crate::stream::message::MESSAGE_RECORD_BYTES;
use std::cell::RefCell;
use std::ops::Range;

impl ReceiveBuffer {
    /// Puts a part of a message that lies at `offset`, with its record when it is the first.
    pub(crate) fn insert_part(
        &mut self,
        blocks: &RefCell<dyn BlockSource>,
        offset: u64,
        position: u64,
        data: &[u8],
        spare: u64,
    ) -> Result<(), ProtocolViolation> {
        if position == 0 {
            self.insert(blocks, offset, &[0; MESSAGE_RECORD_BYTES as usize], spare)?;
        }
        self.insert(blocks, offset + MESSAGE_RECORD_BYTES + position, data, spare)?;
        Ok(())
    }

    /// Whether all of `range` came, or counts as if it had.
    #[inline]
    pub(crate) fn has(&self, range: Range<u64>) -> bool {
        range.end <= self.ready || self.pieces.covers(range.start.max(self.ready)..range.end)
    }

    /// The bytes at `offset`, which came and were not consumed.
    pub(crate) fn copy_at(&self, offset: u64, into: &mut [u8]) {
        if !into.is_empty() {
            self.ring.read_at(offset, into);
        }
    }

    /// `range` counts as if it had come. Returns by how much it goes beyond everything that came.
    pub(crate) fn fill(&mut self, range: Range<u64>) -> u64 {
        let beyond = range.end.saturating_sub(self.highest);
        self.highest += beyond;
        if range.start > self.ready {
            self.pieces.insert(range);
        } else {
            self.ready = self.ready.max(range.end);
            self.absorb();
        }
        beyond
    }

    /// The credit up to `end` is used, although nothing came there.
    pub(crate) fn use_up_to(&mut self, end: u64) {
        self.highest = self.highest.max(end);
    }
}
