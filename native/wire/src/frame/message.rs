//! MESSAGE: a whole message, or a part of one.

use super::frame_type::FrameType;
use crate::error::{DecodeError, EncodeError, Field};
use crate::limits::{MAX_LIFETIME_MICROS, MAX_MESSAGE_BYTES, MAX_STREAM_OFFSET, MESSAGE_RECORD_BYTES};
use crate::reader::Reader;
use crate::stream_id::StreamId;
use crate::varint;
use crate::writer::Writer;

const FLAG_UNORDERED: u8 = 1;
const FLAG_LIFETIME: u8 = 2;
const FLAG_FRAGMENT: u8 = 4;
const FLAGS: u8 = FLAG_UNORDERED | FLAG_LIFETIME | FLAG_FRAGMENT;

/// A message, or a part of one, with all that a receiver needs to make sense of it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageFrame<'a> {
    /// Which message, and which part of it.
    pub header: MessageHeader,
    /// The part: `header.total_len` bytes when it is the whole message. Empty only when the message is.
    pub data: &'a [u8],
}

/// All of a MESSAGE frame but the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageHeader {
    /// The stream.
    pub id: StreamId,
    /// Where the message's place in the stream begins, by which both ends name it. The first is at 0; each takes
    /// [`MESSAGE_RECORD_BYTES`] and its bytes, and the next begins where it ends. Credit is counted in these offsets.
    pub offset: u64,
    /// Hand it over when it is complete. Else it waits until all messages before it are complete or dropped.
    pub unordered: bool,
    /// What it had left to live when this frame was sent, in microseconds; at most [`MAX_LIFETIME_MICROS`]. `None`: for ever.
    pub lifetime_micros: Option<u64>,
    /// Bytes of the whole message: at most [`MAX_MESSAGE_BYTES`].
    pub total_len: u64,
    /// Where in the message the data belong.
    pub fragment_offset: u64,
}

impl MessageHeader {
    /// Where the next message's place begins.
    #[inline]
    pub const fn end_offset(&self) -> u64 {
        self.offset.saturating_add(MESSAGE_RECORD_BYTES).saturating_add(self.total_len)
    }

    /// The bytes that [`MessageHeader::encode`] writes.
    pub const fn encoded_len(&self, data_len: usize) -> usize {
        let lifetime = match self.lifetime_micros {
            Some(micros) => varint::len(micros),
            None => 0,
        };
        let fragment = if self.is_whole(data_len) {
            0
        } else {
            varint::len(self.total_len) + varint::len(self.fragment_offset)
        };
        1 + self.id.encoded_len()
            + 1
            + varint::len(self.offset)
            + lifetime
            + fragment
            + varint::len(data_len as u64)
    }

    /// Writes the frame up to its data, of which the caller writes `data_len` bytes right after.
    /// [`EncodeError::OutOfRange`], [`EncodeError::TooLong`] or [`EncodeError::TooShort`] when a limit is passed.
    pub fn encode(&self, w: &mut Writer<'_>, data_len: usize) -> Result<(), EncodeError> {
        self.check(data_len).map_err(Violation::on_encode)?;
        let whole = self.is_whole(data_len);
        let unordered = if self.unordered { FLAG_UNORDERED } else { 0 };
        let lifetime = if self.lifetime_micros.is_some() { FLAG_LIFETIME } else { 0 };
        let fragment = if whole { 0 } else { FLAG_FRAGMENT };
        w.whole(|w| {
            w.put_u8(FrameType::Message as u8)?;
            self.id.encode(w)?;
            w.put_u8(unordered | lifetime | fragment)?;
            w.put_varint(self.offset)?;
            self.lifetime_micros.map_or(Ok(()), |micros| w.put_varint(micros))?;
            if !whole {
                w.put_varint(self.total_len)?;
                w.put_varint(self.fragment_offset)?;
            }
            w.put_varint(data_len as u64)
        })
    }

    const fn is_whole(&self, data_len: usize) -> bool {
        self.total_len == data_len as u64
    }

    fn check(&self, data_len: usize) -> Result<(), Violation> {
        check_fragment(self.total_len, self.fragment_offset, data_len)?;
        if self.lifetime_micros.is_some_and(|micros| micros > MAX_LIFETIME_MICROS) {
            return Err(Violation::OutOfRange(Field::Lifetime));
        }
        check_place(self.offset, self.total_len)
    }
}

impl<'a> MessageFrame<'a> {
    pub(super) fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let id = StreamId::decode(r)?;
        let flags = r.u8()?;
        if flags & !FLAGS != 0 {
            return Err(DecodeError::NotZero(Field::Reserved));
        }
        let offset = r.varint()?;
        let lifetime_micros = if flags & FLAG_LIFETIME == 0 { None } else { Some(r.varint()?) };
        let fragment = if flags & FLAG_FRAGMENT == 0 { None } else { Some((r.varint()?, r.varint()?)) };
        let data_len = r.varint()?;
        let (total_len, fragment_offset) = fragment.unwrap_or((data_len, 0));
        let unordered = flags & FLAG_UNORDERED != 0;
        let header = MessageHeader { id, offset, unordered, lifetime_micros, total_len, fragment_offset };
        let data_len = usize::try_from(data_len).map_err(|_| DecodeError::TooLong(Field::MessageLength))?;
        header.check(data_len).map_err(Violation::on_decode)?;
        Ok(Self { header, data: r.bytes(data_len)? })
    }

    pub(super) fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        self.header.encode(w, self.data.len())?;
        w.put_slice(self.data)
    }

    pub(super) const fn encoded_len(&self) -> usize {
        self.header.encoded_len(self.data.len()) + self.data.len()
    }
}

/// A limit that a message or datagram breaks, whichever way it goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Violation {
    OutOfRange(Field),
    TooLong(Field),
    TooShort(Field),
}

impl Violation {
    pub(super) fn on_decode(self) -> DecodeError {
        match self {
            Self::OutOfRange(field) => DecodeError::OutOfRange(field),
            Self::TooLong(field) => DecodeError::TooLong(field),
            Self::TooShort(field) => DecodeError::TooShort(field),
        }
    }

    pub(super) fn on_encode(self) -> EncodeError {
        match self {
            Self::OutOfRange(field) => EncodeError::OutOfRange(field),
            Self::TooLong(field) => EncodeError::TooLong(field),
            Self::TooShort(field) => EncodeError::TooShort(field),
        }
    }
}

/// A part lies inside its message, and is empty only when the message is.
pub(super) fn check_fragment(total_len: u64, offset: u64, data_len: usize) -> Result<(), Violation> {
    if total_len > MAX_MESSAGE_BYTES {
        return Err(Violation::TooLong(Field::MessageLength));
    }
    if offset.checked_add(data_len as u64).is_none_or(|end| end > total_len) {
        return Err(Violation::OutOfRange(Field::Fragment));
    }
    if data_len == 0 && total_len > 0 {
        return Err(Violation::TooShort(Field::Fragment));
    }
    Ok(())
}

/// The place of a message lies inside the offsets that a stream has.
pub(super) fn check_place(offset: u64, total_len: u64) -> Result<(), Violation> {
    let end = offset.checked_add(MESSAGE_RECORD_BYTES + total_len);
    if end.is_none_or(|end| end > MAX_STREAM_OFFSET) {
        return Err(Violation::OutOfRange(Field::StreamOffset));
    }
    Ok(())
}
