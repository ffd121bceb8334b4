//! EXPIRE and EXPIRE_REPLY: the two ends agree on what became of a message whose lifetime has ended.

use super::frame_type::FrameType;
use super::message::{check_place, Violation};
use crate::error::{DecodeError, EncodeError, Field};
use crate::limits::{MAX_MESSAGE_BYTES, MAX_STREAM_OFFSET};
use crate::reader::Reader;
use crate::stream_id::StreamId;
use crate::varint;
use crate::writer::Writer;

/// The sender's lifetime for a message has ended and it was not acknowledged whole: settle it. Repeated until it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpireFrame {
    /// The stream.
    pub id: StreamId,
    /// The message's place.
    pub offset: u64,
    /// Its length, so that the place is known even if no part of it ever came.
    pub total_len: u64,
}

impl ExpireFrame {
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = StreamId::decode(r)?;
        let offset = r.varint()?;
        let total_len = r.varint()?;
        if total_len > MAX_MESSAGE_BYTES {
            return Err(DecodeError::TooLong(Field::MessageLength));
        }
        check_place(offset, total_len).map_err(Violation::on_decode)?;
        Ok(Self { id, offset, total_len })
    }

    pub(super) fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.total_len > MAX_MESSAGE_BYTES {
            return Err(EncodeError::TooLong(Field::MessageLength));
        }
        check_place(self.offset, self.total_len).map_err(Violation::on_encode)?;
        w.put_u8(FrameType::Expire as u8)?;
        self.id.encode(w)?;
        w.put_varint(self.offset)?;
        w.put_varint(self.total_len)
    }

    pub(super) const fn encoded_len(&self) -> usize {
        1 + self.id.encoded_len() + varint::len(self.offset) + varint::len(self.total_len)
    }
}

/// What became of a message, in the receiver's final word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum MessageFate {
    /// It was whole before it expired: its application will get it.
    Delivered = 0,
    /// It was not, and its application will never see it.
    Dropped = 1,
}

impl TryFrom<u8> for MessageFate {
    type Error = DecodeError;

    fn try_from(value: u8) -> Result<Self, DecodeError> {
        match value {
            0 => Ok(Self::Delivered),
            1 => Ok(Self::Dropped),
            _ => Err(DecodeError::Unknown(Field::MessageFate)),
        }
    }
}

/// The answer to [`ExpireFrame`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpireReplyFrame {
    /// The stream.
    pub id: StreamId,
    /// The message's place.
    pub offset: u64,
    /// What became of it.
    pub fate: MessageFate,
}

impl ExpireReplyFrame {
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = StreamId::decode(r)?;
        let offset = r.varint()?;
        let fate = MessageFate::try_from(r.u8()?)?;
        Ok(Self { id, offset, fate })
    }

    pub(super) fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.put_u8(FrameType::ExpireReply as u8)?;
        self.id.encode(w)?;
        w.put_varint_at_most(self.offset, MAX_STREAM_OFFSET, Field::StreamOffset)?;
        w.put_u8(self.fate as u8)
    }

    pub(super) const fn encoded_len(&self) -> usize {
        1 + self.id.encoded_len() + varint::len(self.offset) + 1
    }
}
