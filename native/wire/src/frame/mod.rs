//! Frames: what the encrypted payload of a data packet consists of.

mod ack;
mod ack_encoder;
mod close;
mod datagram;
mod expire;
mod frame_type;
mod message;
mod open;
mod reset_stream;
mod route_error;
mod stream;

pub use ack::{AckFrame, AckRanges, EcnCounts};
pub use ack_encoder::encode_ack;
pub use close::CloseFrame;
pub use datagram::{DatagramFragment, DatagramFrame, DatagramHeader};
pub use expire::{ExpireFrame, ExpireReplyFrame, MessageFate};
pub use message::{MessageFrame, MessageHeader};
pub use open::OpenFrame;
pub use reset_stream::{ResetStreamFrame, StopFrame};
pub use route_error::{RouteErrorFrame, RouteFault};
pub use stream::{encode_stream_header, stream_header_len, StreamFrame};

use self::frame_type::FrameType;
use crate::error::{DecodeError, EncodeError, Field};
use crate::limits::{MAX_STREAM_COUNT, MAX_STREAM_OFFSET};
use crate::reader::Reader;
use crate::stream_id::StreamId;
use crate::varint;
use crate::writer::Writer;

/// One frame. Byte strings borrow from the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Nothing, this many bytes of it (at least 1).
    Padding(usize),
    /// Asks for an acknowledgement.
    Ping,
    /// Which packets came.
    Ack(AckFrame<'a>),
    /// A new stream.
    Open(OpenFrame<'a>),
    /// The sender of this frame gives up sending on a stream.
    ResetStream(ResetStreamFrame),
    /// The sender of this frame reads no more of a stream.
    Stop(StopFrame),
    /// The receiver may send this many bytes of credit over all streams together, counted since the start.
    MaxData {
        /// An absolute count; a smaller one than before changes nothing.
        maximum: u64,
    },
    /// The receiver may send on this stream up to this offset.
    MaxStreamData {
        /// The stream.
        id: StreamId,
        /// An absolute offset; a smaller one than before changes nothing.
        maximum: u64,
    },
    /// The receiver may open this many streams, counted since the start.
    MaxStreams {
        /// At most [`MAX_STREAM_COUNT`]; a smaller one than before changes nothing.
        maximum: u64,
    },
    /// A datagram or a part of one.
    Datagram(DatagramFrame<'a>),
    /// A message or a part of one.
    Message(MessageFrame<'a>),
    /// The sender gives a message up, if it has not arrived.
    Expire(ExpireFrame),
    /// What became of it.
    ExpireReply(ExpireReplyFrame),
    /// To be echoed from where it arrives.
    PathChallenge([u8; 8]),
    /// The echo of a [`Frame::PathChallenge`].
    PathResponse([u8; 8]),
    /// Please open no new streams.
    Drain,
    /// The association is over.
    Close(CloseFrame<'a>),
    /// A relay could not forward a packet.
    RouteError(RouteErrorFrame),
    /// Bytes of a stream.
    Stream(StreamFrame<'a>),
}

impl<'a> Frame<'a> {
    /// Takes the next frame off a payload. After an error the rest of the payload has no meaning.
    #[inline]
    pub fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let first = r.u8()?;
        Ok(match FrameType::try_from(first)? {
            FrameType::Stream => Self::Stream(StreamFrame::decode(first, r)?),
            FrameType::Ack => Self::Ack(AckFrame::decode(r, false)?),
            FrameType::AckEcn => Self::Ack(AckFrame::decode(r, true)?),
            FrameType::Padding => Self::Padding(1 + skip_padding(r)?),
            FrameType::Ping => Self::Ping,
            FrameType::MaxData => Self::MaxData { maximum: r.varint()? },
            FrameType::MaxStreamData => {
                Self::MaxStreamData { id: StreamId::decode(r)?, maximum: r.varint()? }
            }
            FrameType::MaxStreams => {
                Self::MaxStreams { maximum: r.varint_at_most(MAX_STREAM_COUNT, Field::StreamCount)? }
            }
            FrameType::Open => Self::Open(OpenFrame::decode(r)?),
            FrameType::ResetStream => Self::ResetStream(ResetStreamFrame::decode(r)?),
            FrameType::Stop => Self::Stop(StopFrame::decode(r)?),
            FrameType::Datagram => Self::Datagram(DatagramFrame::decode(r)?),
            FrameType::Message => Self::Message(MessageFrame::decode(r)?),
            FrameType::Expire => Self::Expire(ExpireFrame::decode(r)?),
            FrameType::ExpireReply => Self::ExpireReply(ExpireReplyFrame::decode(r)?),
            FrameType::PathChallenge => Self::PathChallenge(r.array()?),
            FrameType::PathResponse => Self::PathResponse(r.array()?),
            FrameType::Drain => Self::Drain,
            FrameType::Close => Self::Close(CloseFrame::decode(r)?),
            FrameType::RouteError => Self::RouteError(RouteErrorFrame::decode(r)?),
        })
    }

    /// Writes the frame whole, or fails and writes nothing. STREAM is written with its length.
    pub fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.whole(|w| match self {
            Self::Padding(len) => encode_padding(*len, w),
            Self::Ping => put_type(w, FrameType::Ping),
            Self::Ack(frame) => frame.encode(w),
            Self::Open(frame) => frame.encode(w),
            Self::ResetStream(frame) => frame.encode(w),
            Self::Stop(frame) => frame.encode(w),
            Self::MaxData { maximum } => {
                put_type(w, FrameType::MaxData)?;
                w.put_varint_at_most(*maximum, MAX_STREAM_OFFSET, Field::StreamOffset)
            }
            Self::MaxStreamData { id, maximum } => {
                put_type(w, FrameType::MaxStreamData)?;
                id.encode(w)?;
                w.put_varint_at_most(*maximum, MAX_STREAM_OFFSET, Field::StreamOffset)
            }
            Self::MaxStreams { maximum } => {
                put_type(w, FrameType::MaxStreams)?;
                w.put_varint_at_most(*maximum, MAX_STREAM_COUNT, Field::StreamCount)
            }
            Self::Datagram(frame) => frame.encode(w),
            Self::Message(frame) => frame.encode(w),
            Self::Expire(frame) => frame.encode(w),
            Self::ExpireReply(frame) => frame.encode(w),
            Self::PathChallenge(data) => {
                put_type(w, FrameType::PathChallenge).and_then(|()| w.put_slice(data))
            }
            Self::PathResponse(data) => put_type(w, FrameType::PathResponse).and_then(|()| w.put_slice(data)),
            Self::Drain => put_type(w, FrameType::Drain),
            Self::Close(frame) => frame.encode(w),
            Self::RouteError(frame) => frame.encode(w),
            Self::Stream(frame) => frame.encode(w),
        })
    }

    /// The bytes that [`Frame::encode`] writes.
    pub fn encoded_len(&self) -> usize {
        match self {
            Self::Padding(len) => *len,
            Self::Ping | Self::Drain => 1,
            Self::Ack(frame) => frame.encoded_len(),
            Self::Open(frame) => frame.encoded_len(),
            Self::ResetStream(frame) => frame.encoded_len(),
            Self::Stop(frame) => frame.encoded_len(),
            Self::MaxData { maximum } | Self::MaxStreams { maximum } => 1 + varint::len(*maximum),
            Self::MaxStreamData { id, maximum } => 1 + id.encoded_len() + varint::len(*maximum),
            Self::Datagram(frame) => frame.encoded_len(),
            Self::Message(frame) => frame.encoded_len(),
            Self::Expire(frame) => frame.encoded_len(),
            Self::ExpireReply(frame) => frame.encoded_len(),
            Self::PathChallenge(_) | Self::PathResponse(_) => 1 + 8,
            Self::Close(frame) => frame.encoded_len(),
            Self::RouteError(frame) => frame.encoded_len(),
            Self::Stream(frame) => frame.encoded_len(),
        }
    }

    /// Whether a packet with this frame must be acknowledged (RFC 9000 §13.2): all but PADDING, ACK and CLOSE.
    #[inline]
    pub const fn is_ack_eliciting(&self) -> bool {
        !matches!(self, Self::Padding(_) | Self::Ack(_) | Self::Close(_))
    }
}

#[inline]
fn put_type(w: &mut Writer<'_>, kind: FrameType) -> Result<(), EncodeError> {
    w.put_u8(kind as u8)
}

fn skip_padding(r: &mut Reader<'_>) -> Result<usize, DecodeError> {
    let zeros = r.as_slice().iter().take_while(|&&byte| byte == 0).count();
    r.bytes(zeros).map(<[u8]>::len)
}

fn encode_padding(len: usize, w: &mut Writer<'_>) -> Result<(), EncodeError> {
    if len == 0 {
        return Err(EncodeError::TooShort(Field::Padding));
    }
    w.put_zeros(len)
}
