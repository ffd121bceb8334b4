//! What the application should know about its streams.

use super::message::MessageFate;
use osier_wire::{ResetReason, StreamKind};

/// Something happened to a stream. Events of one stream come in the order that it happened, `Opened` first, `Closed` last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// The peer opened a stream.
    Opened {
        /// Stream handle.
        handle: u32,
        /// What it carries.
        kind: StreamKind,
        /// UTF-8, 1 to 64 bytes.
        protocol: Vec<u8>,
        /// At most 1024 bytes, as the peer's application gave them.
        metadata: Vec<u8>,
    },
    /// There is something to read: more bytes or messages, or the end.
    Readable {
        /// Stream handle.
        handle: u32,
        /// Bytes, or messages, that can be read now.
        bytes: usize,
        /// Whether the stream ends after them. With 0 bytes this event is itself the end: nothing is left to read.
        end: bool,
    },
    /// A write that did not fit before has room now: half of the buffer, or an eighth when nearly all that it holds is in flight.
    Writable {
        /// Stream handle.
        handle: u32,
    },
    /// The peer has all bytes that were written before a call of `watch_acknowledged`; of messages, the fate of all is known.
    Flushed {
        /// Stream handle.
        handle: u32,
        /// It has all bytes before this offset.
        acknowledged: u64,
    },
    /// The peer has all bytes and the end.
    SendFinished {
        /// Stream handle.
        handle: u32,
        /// Messages that expired, or datagrams presumed lost, of all that were sent; the others were delivered. The handle may die before anybody asks.
        expired: u64,
    },
    /// The peer gave up its sending; what was unread is gone.
    ResetByPeer {
        /// Stream handle.
        handle: u32,
        /// Who gave it up.
        reason: ResetReason,
        /// As its application gave it, or what `reason` says about it.
        code: u32,
    },
    /// The peer reads no more; this end's sending is over.
    StoppedByPeer {
        /// Stream handle.
        handle: u32,
        /// Why it reads no more.
        reason: ResetReason,
        /// As its application gave it, or what `reason` says about it.
        code: u32,
    },
    /// The peer sent a message or datagram that is larger than this end takes: both directions are over.
    MessageTooLarge {
        /// Stream handle.
        handle: u32,
        /// What it sent.
        size_bytes: u64,
        /// The largest that this end takes.
        max_bytes: u64,
    },
    /// What became of a message or datagram that was sent with a token.
    MessageSettled {
        /// Stream handle.
        handle: u32,
        /// As given with the message.
        token: u32,
        /// What became of it.
        fate: MessageFate,
    },
    /// Both directions have ended: the handle is dead.
    Closed {
        /// Stream handle.
        handle: u32,
        /// Datagrams that came and were dropped for want of room.
        dropped: u64,
    },
    /// The peer allows more streams, after [`OpenError::StreamLimit`](super::OpenError::StreamLimit).
    MoreStreams,
}
