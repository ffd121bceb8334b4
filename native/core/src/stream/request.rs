//! What the application says to streams, and what it hears from them at once.

use super::block::Block;
use osier_wire::StreamKind;

/// What a stream is opened with.
#[derive(Clone, Copy, Debug)]
pub struct OpenRequest<'a> {
    /// What both directions carry.
    pub kind: StreamKind,
    /// Level of what this end sends: 0 goes first, 7 last.
    pub priority: u8,
    /// 1 to 64 bytes.
    pub protocol: &'a str,
    /// At most 1024 bytes.
    pub metadata: &'a [u8],
}

/// What a read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOutcome {
    /// Bytes read.
    pub bytes: usize,
    /// Whether the stream ends after them.
    pub end: bool,
}

/// Bytes that can be read where they lie.
#[derive(Clone, Copy)]
pub struct Peek<'a> {
    /// The memory that they lie in; `None` when there are none.
    pub block: Option<&'a dyn Block>,
    /// Where in the block they begin.
    pub offset: usize,
    /// How many lie there in one piece; the rest of [`Peek::readable`] follows at the start of the block.
    pub len: usize,
    /// Bytes that can be read in all.
    pub readable: u64,
    /// Whether the stream ends after all of them.
    pub end: bool,
}

impl<'a> Peek<'a> {
    /// The bytes of the first piece.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.block.map_or(&[], |block| &block.bytes()[self.offset..self.offset + self.len])
    }
}

/// Totals and levels of one stream, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamStats {
    /// Sent at least once.
    pub sent: u64,
    /// Acknowledged without a gap.
    pub acknowledged: u64,
    /// Received without a gap.
    pub received: u64,
    /// Handed to the application, or dropped because it wanted no more.
    pub consumed: u64,
    /// Accepted from the application, not yet acknowledged.
    pub send_buffered: u64,
    /// Received, not yet handed to the application.
    pub receive_buffered: u64,
}
