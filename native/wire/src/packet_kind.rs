//! The first look at a datagram: what it is, and whether it can be that at its length.

use crate::error::{DecodeError, Field};
use crate::limits;

/// The types of packets, as their first byte says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PacketKind {
    /// See [`crate::HandshakeEnvelope`].
    Handshake = 1,
    /// See [`crate::CookieReply`].
    Cookie = 2,
    /// See [`crate::Reset`].
    Reset = 3,
    /// See [`crate::DataHeader`].
    Data = 4,
    /// See [`crate::RelayHeader`].
    Relay = 5,
    /// See [`crate::Hint`].
    Hint = 6,
}

impl PacketKind {
    /// The kind of `packet`, whose length is one that the kind can have.
    /// [`DecodeError::Truncated`], [`DecodeError::TrailingBytes`], [`DecodeError::TooLong`] or [`DecodeError::UnknownPacketType`].
    #[inline]
    pub fn of(packet: &[u8]) -> Result<Self, DecodeError> {
        let kind = match *packet.first().ok_or(DecodeError::Truncated)? {
            4 => Self::Data,
            1 => Self::Handshake,
            2 => Self::Cookie,
            3 => Self::Reset,
            5 => Self::Relay,
            6 => Self::Hint,
            other => return Err(DecodeError::UnknownPacketType(other)),
        };
        let (min, max) = kind.lengths();
        if packet.len() < min {
            Err(DecodeError::Truncated)
        } else if packet.len() <= max {
            Ok(kind)
        } else if min == max {
            Err(DecodeError::TrailingBytes)
        } else {
            Err(DecodeError::TooLong(Field::Packet))
        }
    }

    /// Succeeds if `packet` is of this kind and of a length that it can have.
    #[inline]
    pub(crate) fn require(self, packet: &[u8]) -> Result<(), DecodeError> {
        let kind = Self::of(packet)?;
        if kind == self {
            Ok(())
        } else {
            Err(DecodeError::UnknownPacketType(kind as u8))
        }
    }

    /// The smallest and the largest length of a packet of this kind, in bytes.
    #[inline]
    const fn lengths(self) -> (usize, usize) {
        match self {
            Self::Handshake => (limits::MIN_HANDSHAKE_BYTES, limits::MAX_HANDSHAKE_BYTES),
            Self::Cookie => (limits::COOKIE_REPLY_BYTES, limits::COOKIE_REPLY_BYTES),
            Self::Reset => (limits::RESET_BYTES, limits::RESET_BYTES),
            Self::Data => (limits::MIN_DATA_PACKET_BYTES, limits::MAX_DATAGRAM_BYTES),
            Self::Relay => (limits::MIN_RELAY_PACKET_BYTES, limits::MAX_DATAGRAM_BYTES),
            Self::Hint => (limits::HINT_BYTES, limits::HINT_BYTES),
        }
    }
}
