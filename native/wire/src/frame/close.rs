//! CLOSE: the association is over.

use super::frame_type::FrameType;
use crate::close_code::CloseCode;
use crate::error::{DecodeError, EncodeError, Field};
use crate::limits::MAX_CLOSE_REASON_BYTES;
use crate::reader::Reader;
use crate::varint;
use crate::writer::Writer;

/// Why the association ends. Nothing is sent on it after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseFrame<'a> {
    /// Why, for programs.
    pub code: CloseCode,
    /// Why, for people: at most [`MAX_CLOSE_REASON_BYTES`] of UTF-8. May be empty.
    pub reason: &'a str,
}

impl<'a> CloseFrame<'a> {
    pub(super) fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let code = CloseCode::try_from(r.u8()?)?;
        let reason = r.prefixed(MAX_CLOSE_REASON_BYTES, Field::CloseReason)?;
        let reason = core::str::from_utf8(reason).map_err(|_| DecodeError::NotText(Field::CloseReason))?;
        Ok(Self { code, reason })
    }

    pub(super) fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.put_slice(&[FrameType::Close as u8, self.code as u8])?;
        w.put_prefixed(self.reason.as_bytes(), MAX_CLOSE_REASON_BYTES, Field::CloseReason)
    }

    pub(super) const fn encoded_len(&self) -> usize {
        2 + varint::len(self.reason.len() as u64) + self.reason.len()
    }
}
