//! The wire format of Osier: packet headers and frames, encoded and decoded over plain byte slices.
//!
//! This crate does no I/O, reads no clock, allocates nothing and does no cryptography: MACs, tags and sealed bytes are fields here,
//! computed and verified in `osier-core`. What a frame means to a stream or an association is decided there too.
//! Every byte is described in `docs/protocol.md`; every limit lives in [`limits`] and is enforced by encoders and decoders alike.
//!
//! Bytes that a peer sent become typed values here, once: what decoded needs no second check of its shape.
#![forbid(unsafe_code)]
#![no_std]

pub mod limits;

mod error;
mod reader;
pub mod varint;
mod writer;

mod close_code;
mod reset_reason;
mod route_id;
mod stream_id;
mod stream_kind;

mod cookie_reply;
mod data_header;
mod frame;
mod handshake_envelope;
mod hint;
mod packet_kind;
mod relay_header;
mod reset;

pub use close_code::CloseCode;
pub use cookie_reply::CookieReply;
pub use data_header::DataHeader;
pub use error::{DecodeError, EncodeError, Field};
pub use frame::{
    encode_ack, encode_stream_header, stream_header_len, AckFrame, AckRanges, CloseFrame, DatagramFragment,
    DatagramFrame, DatagramHeader, EcnCounts, ExpireFrame, ExpireReplyFrame, Frame, MessageFate,
    MessageFrame, MessageHeader, OpenFrame, ResetStreamFrame, RouteErrorFrame, RouteFault, StopFrame,
    StreamFrame,
};
pub use handshake_envelope::{HandshakeEnvelope, HandshakeInvariants, HandshakeMessage};
pub use hint::{Hint, HintVersions};
pub use packet_kind::PacketKind;
pub use reader::Reader;
pub use relay_header::RelayHeader;
pub use reset::Reset;
pub use reset_reason::ResetReason;
pub use route_id::RouteId;
pub use stream_id::StreamId;
pub use stream_kind::StreamKind;
pub use writer::Writer;
