//! RESET_STREAM and STOP: a stream ends before its end.

use super::frame_type::FrameType;
use crate::error::{DecodeError, EncodeError, Field};
use crate::limits::MAX_STREAM_OFFSET;
use crate::reader::Reader;
use crate::reset_reason::ResetReason;
use crate::stream_id::StreamId;
use crate::varint;
use crate::writer::Writer;

/// The sender of this frame sends no more on the stream, and repeats nothing of what it sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResetStreamFrame {
    /// The stream.
    pub id: StreamId,
    /// Why.
    pub reason: ResetReason,
    /// Of the application, or what `reason` says about it; else 0.
    pub code: u32,
    /// The end of what was ever sent: both ends settle the stream's credit by it.
    pub final_offset: u64,
}

impl ResetStreamFrame {
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = StreamId::decode(r)?;
        let reason = ResetReason::try_from(r.u8()?)?;
        let code = decode_code(r)?;
        let final_offset = r.varint()?;
        Ok(Self { id, reason, code, final_offset })
    }

    pub(super) fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.put_u8(FrameType::ResetStream as u8)?;
        self.id.encode(w)?;
        w.put_u8(self.reason as u8)?;
        w.put_varint(u64::from(self.code))?;
        w.put_varint_at_most(self.final_offset, MAX_STREAM_OFFSET, Field::StreamOffset)
    }

    pub(super) const fn encoded_len(&self) -> usize {
        1 + self.id.encoded_len() + 1 + varint::len(self.code as u64) + varint::len(self.final_offset)
    }
}

/// The sender of this frame reads no more of the stream; the receiver answers with RESET_STREAM, unless it has ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopFrame {
    /// The stream.
    pub id: StreamId,
    /// Why.
    pub reason: ResetReason,
    /// Of the application, or what `reason` says about it; else 0.
    pub code: u32,
}

impl StopFrame {
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = StreamId::decode(r)?;
        let reason = ResetReason::try_from(r.u8()?)?;
        Ok(Self { id, reason, code: decode_code(r)? })
    }

    pub(super) fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.put_u8(FrameType::Stop as u8)?;
        self.id.encode(w)?;
        w.put_u8(self.reason as u8)?;
        w.put_varint(u64::from(self.code))
    }

    pub(super) const fn encoded_len(&self) -> usize {
        1 + self.id.encoded_len() + 1 + varint::len(self.code as u64)
    }
}

fn decode_code(r: &mut Reader<'_>) -> Result<u32, DecodeError> {
    u32::try_from(r.varint()?).map_err(|_| DecodeError::OutOfRange(Field::ApplicationCode))
}
