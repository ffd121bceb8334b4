//! The name of a stream within its association.

use crate::error::{DecodeError, EncodeError, Field};
use crate::limits::{MAX_STREAM_COUNT, MAX_STREAM_ID};
use crate::reader::Reader;
use crate::varint;
use crate::writer::Writer;

/// A stream's id: `number << 1 | parity`. The parity says who opened it: 0 the end whose NodeId is smaller (compared as bytes), 1 the
/// other. The numbers of each opener count 0, 1, 2, ...
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

impl StreamId {
    /// The id of the `number`th stream, from 0, that the end of `parity` (0 or 1) opens; `None` past the last.
    #[inline]
    pub const fn new(number: u64, parity: u8) -> Option<Self> {
        if number >= MAX_STREAM_COUNT || parity > 1 {
            return None;
        }
        Some(Self(number << 1 | parity as u64))
    }

    /// Who opened it: 0 the end with the smaller NodeId, 1 the other.
    #[inline]
    pub const fn parity(self) -> u8 {
        (self.0 & 1) as u8
    }

    /// Which of its opener's streams it is, from 0.
    #[inline]
    pub const fn number(self) -> u64 {
        self.0 >> 1
    }

    #[inline]
    pub(crate) const fn encoded_len(self) -> usize {
        varint::len(self.0)
    }

    #[inline]
    pub(crate) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.varint().map(Self)
    }

    #[inline]
    pub(crate) fn encode(self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.put_varint_at_most(self.0, MAX_STREAM_ID, Field::StreamId)
    }
}
