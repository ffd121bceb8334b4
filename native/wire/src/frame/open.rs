//! OPEN: a new stream.

use super::frame_type::FrameType;
use crate::error::{DecodeError, EncodeError, Field};
use crate::limits::{MAX_METADATA_BYTES, MAX_PROTOCOL_BYTES};
use crate::reader::Reader;
use crate::stream_id::StreamId;
use crate::stream_kind::StreamKind;
use crate::varint;
use crate::writer::Writer;

/// What a stream is for. Repeated until acknowledged; it rides before the stream's first data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFrame<'a> {
    /// The stream, of the opener's parity.
    pub id: StreamId,
    /// What both directions carry.
    pub kind: StreamKind,
    /// The protocol's name: 1 to [`MAX_PROTOCOL_BYTES`] bytes of UTF-8.
    pub protocol: &'a str,
    /// For the handler; opaque here. At most [`MAX_METADATA_BYTES`].
    pub metadata: &'a [u8],
}

impl<'a> OpenFrame<'a> {
    pub(super) fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let id = StreamId::decode(r)?;
        let kind = StreamKind::try_from(r.u8()?)?;
        r.reserved::<1>()?;
        let protocol_len = usize::from(r.u8()?);
        if protocol_len == 0 {
            return Err(DecodeError::TooShort(Field::Protocol));
        }
        if protocol_len > MAX_PROTOCOL_BYTES {
            return Err(DecodeError::TooLong(Field::Protocol));
        }
        let protocol = r.bytes(protocol_len)?;
        let protocol = core::str::from_utf8(protocol).map_err(|_| DecodeError::NotText(Field::Protocol))?;
        let metadata = r.prefixed(MAX_METADATA_BYTES, Field::Metadata)?;
        Ok(Self { id, kind, protocol, metadata })
    }

    pub(super) fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.protocol.is_empty() {
            return Err(EncodeError::TooShort(Field::Protocol));
        }
        if self.protocol.len() > MAX_PROTOCOL_BYTES {
            return Err(EncodeError::TooLong(Field::Protocol));
        }
        w.put_u8(FrameType::Open as u8)?;
        self.id.encode(w)?;
        w.put_slice(&[self.kind as u8, 0, self.protocol.len() as u8])?;
        w.put_slice(self.protocol.as_bytes())?;
        w.put_prefixed(self.metadata, MAX_METADATA_BYTES, Field::Metadata)
    }

    pub(super) fn encoded_len(&self) -> usize {
        let metadata = varint::len(self.metadata.len() as u64) + self.metadata.len();
        1 + self.id.encoded_len() + 1 + 1 + (1 + self.protocol.len()) + metadata
    }
}
