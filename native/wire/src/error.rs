//! What can be wrong with bytes that came, and with values that are about to leave.

use core::fmt;

/// The part of a packet or frame that an error speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// A packet as a whole.
    Packet,
    /// Bits and bytes that this version does not use and that must be zero.
    Reserved,
    /// A number written as a varint.
    Varint,
    /// The packet number of a data packet, or of an ACK.
    PacketNumber,
    /// The message number of a handshake packet.
    HandshakeMessage,
    /// The Noise message inside a handshake packet.
    NoiseMessage,
    /// The versions that a hint names.
    HintVersions,
    /// The kind of a hint.
    HintKind,
    /// The hops that a relayed packet or route error may still go.
    TimeToLive,
    /// The packet inside a relayed packet.
    InnerPacket,
    /// The ranges of an ACK.
    AckRanges,
    /// A stream id.
    StreamId,
    /// The number of streams that MAX_STREAMS allows.
    StreamCount,
    /// A place in a stream, or its end.
    StreamOffset,
    /// The kind of a stream.
    StreamKind,
    /// The protocol name of OPEN.
    Protocol,
    /// The metadata of OPEN.
    Metadata,
    /// The reason of RESET_STREAM.
    ResetReason,
    /// A code that an application chose.
    ApplicationCode,
    /// The code of CLOSE.
    CloseCode,
    /// A run of PADDING.
    Padding,
    /// The text of CLOSE.
    CloseReason,
    /// The length of a message or datagram.
    MessageLength,
    /// The part of a message or datagram that a frame carries.
    Fragment,
    /// The lifetime that a message has left.
    Lifetime,
    /// The answer of EXPIRE_REPLY.
    MessageFate,
    /// What a route error reports.
    RouteFault,
    /// The packet size that a route error reports.
    Mtu,
}

/// Why bytes are not a packet or frame. None of these is ever the fault of this program: the bytes are a peer's, or a stranger's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DecodeError {
    /// The bytes end before what they announce.
    Truncated,
    /// Bytes follow a packet of fixed size.
    TrailingBytes,
    /// The first byte is no packet type.
    UnknownPacketType(u8),
    /// The byte is no frame type.
    UnknownFrameType(u8),
    /// A handshake packet of another version. [`crate::HandshakeInvariants`] still reads it.
    UnknownVersion(u8),
    /// The field holds a value that this version does not define.
    Unknown(Field),
    /// The field must be zero.
    NotZero(Field),
    /// The field's number is outside its limits.
    OutOfRange(Field),
    /// The field has more bytes, or entries, than its limit.
    TooLong(Field),
    /// The field has fewer bytes, or entries, than it needs.
    TooShort(Field),
    /// The field is not UTF-8.
    NotText(Field),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the bytes end too early"),
            Self::TrailingBytes => f.write_str("bytes follow the end of the packet"),
            Self::UnknownPacketType(value) => write!(f, "unknown packet type {value}"),
            Self::UnknownFrameType(value) => write!(f, "unknown frame type {value:#04x}"),
            Self::UnknownVersion(value) => write!(f, "unknown protocol version {value}"),
            Self::Unknown(field) => write!(f, "unknown value of {field:?}"),
            Self::NotZero(field) => write!(f, "{field:?} must be zero"),
            Self::OutOfRange(field) => write!(f, "{field:?} is out of range"),
            Self::TooLong(field) => write!(f, "{field:?} is too long"),
            Self::TooShort(field) => write!(f, "{field:?} is too short"),
            Self::NotText(field) => write!(f, "{field:?} is not UTF-8"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// Why a value was not written. The writer is as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EncodeError {
    /// The buffer is too small: send what is there and try again in the next packet.
    NoRoom,
    /// The field's number is outside its limits.
    OutOfRange(Field),
    /// The field has more bytes, or entries, than its limit.
    TooLong(Field),
    /// The field has fewer bytes, or entries, than it needs.
    TooShort(Field),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoom => f.write_str("no room left in the packet"),
            Self::OutOfRange(field) => write!(f, "{field:?} is out of range"),
            Self::TooLong(field) => write!(f, "{field:?} is too long"),
            Self::TooShort(field) => write!(f, "{field:?} is too short"),
        }
    }
}

impl core::error::Error for EncodeError {}
