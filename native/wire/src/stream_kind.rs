//! What a stream carries.

use crate::error::{DecodeError, Field};

/// The kind of a stream, the same in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum StreamKind {
    /// Bytes in order, once: STREAM frames.
    Bytes = 0,
    /// Whole messages: MESSAGE frames.
    Messages = 1,
    /// One-shot datagrams: DATAGRAM frames.
    Datagrams = 2,
}

impl StreamKind {
    /// All kinds, at the index that is their number.
    pub const ALL: [Self; 3] = [Self::Bytes, Self::Messages, Self::Datagrams];
}

impl TryFrom<u8> for StreamKind {
    type Error = DecodeError;

    fn try_from(value: u8) -> Result<Self, DecodeError> {
        Self::ALL.get(usize::from(value)).copied().ok_or(DecodeError::Unknown(Field::StreamKind))
    }
}
