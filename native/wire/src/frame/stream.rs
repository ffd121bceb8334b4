//! STREAM: bytes of a stream. The frame that nearly every packet consists of.

use super::frame_type::{FrameType, STREAM_FIN, STREAM_LENGTH};
use crate::error::{DecodeError, EncodeError, Field};
use crate::limits::MAX_STREAM_OFFSET;
use crate::reader::Reader;
use crate::stream_id::StreamId;
use crate::varint;
use crate::writer::Writer;

/// Bytes of a stream at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamFrame<'a> {
    /// The stream.
    pub id: StreamId,
    /// Where the data begin; `offset + data.len()` is at most [`MAX_STREAM_OFFSET`].
    pub offset: u64,
    /// Whether the stream ends where the data end.
    pub fin: bool,
    /// May be empty, to end a stream.
    pub data: &'a [u8],
}

impl<'a> StreamFrame<'a> {
    #[inline]
    pub(super) fn decode(first: u8, r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let id = StreamId::decode(r)?;
        let offset = r.varint()?;
        let data = if first & STREAM_LENGTH == 0 {
            r.take_rest()
        } else {
            let len = usize::try_from(r.varint()?).map_err(|_| DecodeError::Truncated)?;
            r.bytes(len)?
        };
        if !ends_in_range(offset, data.len()) {
            return Err(DecodeError::OutOfRange(Field::StreamOffset));
        }
        Ok(Self { id, offset, fin: first & STREAM_FIN != 0, data })
    }

    pub(super) fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        encode_stream_header(w, self.id, self.offset, Some(self.data.len()), self.fin)?;
        w.put_slice(self.data)
    }

    pub(super) fn encoded_len(&self) -> usize {
        stream_header_len(self.id, self.offset, Some(self.data.len())) + self.data.len()
    }
}

/// The bytes of a STREAM frame before its data. With `explicit_len` another frame may follow; without it the data run to the packet's
/// end.
#[inline]
pub const fn stream_header_len(id: StreamId, offset: u64, explicit_len: Option<usize>) -> usize {
    let len = match explicit_len {
        Some(len) => varint::len(len as u64),
        None => 0,
    };
    1 + id.encoded_len() + varint::len(offset) + len
}

/// Writes a STREAM frame up to its data, which the caller writes right after: `explicit_len` bytes, or, with `None`, all that the packet
/// will hold. [`EncodeError::OutOfRange`] when the data would pass [`MAX_STREAM_OFFSET`].
#[inline]
pub fn encode_stream_header(
    w: &mut Writer<'_>,
    id: StreamId,
    offset: u64,
    explicit_len: Option<usize>,
    fin: bool,
) -> Result<(), EncodeError> {
    if !ends_in_range(offset, explicit_len.unwrap_or(0)) {
        return Err(EncodeError::OutOfRange(Field::StreamOffset));
    }
    let length_flag = if explicit_len.is_some() { STREAM_LENGTH } else { 0 };
    let fin_flag = if fin { STREAM_FIN } else { 0 };
    w.whole(|w| {
        w.put_u8(FrameType::Stream as u8 | length_flag | fin_flag)?;
        id.encode(w)?;
        w.put_varint(offset)?;
        explicit_len.map_or(Ok(()), |len| w.put_varint(len as u64))
    })
}

#[inline]
fn ends_in_range(offset: u64, len: usize) -> bool {
    offset.checked_add(len as u64).is_some_and(|end| end <= MAX_STREAM_OFFSET)
}
