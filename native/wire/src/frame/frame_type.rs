//! The numbers of the frames.

use crate::error::DecodeError;

/// The first byte of a frame, always one byte. For STREAM the two flag bits are not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum FrameType {
    Padding = 0x00,
    Ping = 0x01,
    Ack = 0x02,
    AckEcn = 0x03,
    Open = 0x04,
    ResetStream = 0x05,
    Stop = 0x06,
    MaxData = 0x07,
    MaxStreamData = 0x08,
    MaxStreams = 0x09,
    Datagram = 0x0a,
    Message = 0x0b,
    Expire = 0x0c,
    ExpireReply = 0x0d,
    PathChallenge = 0x0e,
    PathResponse = 0x0f,
    Drain = 0x10,
    Close = 0x11,
    RouteError = 0x12,
    Stream = 0x20,
}

/// STREAM: the data are the stream's last.
pub(crate) const STREAM_FIN: u8 = 0x01;
/// STREAM: a length is given; without it the data run to the end of the packet.
pub(crate) const STREAM_LENGTH: u8 = 0x02;

impl TryFrom<u8> for FrameType {
    type Error = DecodeError;

    #[inline]
    fn try_from(value: u8) -> Result<Self, DecodeError> {
        Ok(match value {
            0x20..=0x23 => Self::Stream,
            0x00 => Self::Padding,
            0x01 => Self::Ping,
            0x02 => Self::Ack,
            0x03 => Self::AckEcn,
            0x04 => Self::Open,
            0x05 => Self::ResetStream,
            0x06 => Self::Stop,
            0x07 => Self::MaxData,
            0x08 => Self::MaxStreamData,
            0x09 => Self::MaxStreams,
            0x0a => Self::Datagram,
            0x0b => Self::Message,
            0x0c => Self::Expire,
            0x0d => Self::ExpireReply,
            0x0e => Self::PathChallenge,
            0x0f => Self::PathResponse,
            0x10 => Self::Drain,
            0x11 => Self::Close,
            0x12 => Self::RouteError,
            other => return Err(DecodeError::UnknownFrameType(other)),
        })
    }
}
