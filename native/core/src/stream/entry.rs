//! One stream: two halves, and how it began.

use super::delivery::Delivery;
use super::event_queue::EventSet;
use super::memory_budget::Reservation;
use super::receive_half::ReceiveHalf;
use super::send_half::SendHalf;
use crate::constants::STREAM_BYTES;
use crate::time::Instant;
use osier_wire::limits::{MAX_METADATA_BYTES, MAX_PROTOCOL_BYTES};
use osier_wire::{OpenFrame, StreamId, StreamKind};

/// One stream of an association.
pub(crate) struct Stream {
    pub(crate) id: StreamId,
    /// What it carries, once known.
    pub(crate) kind: Option<StreamKind>,
    /// Level of what this end sends: 0 goes first.
    pub(crate) priority: u8,
    pub(crate) opening: Opening,
    pub(crate) send: SendHalf,
    pub(crate) receive: ReceiveHalf,
    /// Events that wait in the queue, or for OPEN.
    pub(crate) raised: EventSet,
    /// When it has to be looked at because a lifetime is over.
    pub(crate) wakes_at: Option<Instant>,
    /// Both directions have ended; only the last events are left.
    pub(crate) closed: bool,
    /// It is Osier's own, and counts nowhere: its protocol name begins with a zero byte. Known of the peer's when OPEN has come.
    pub(crate) is_control: bool,
    /// [`STREAM_BYTES`] of the budget, held while the stream has a handle.
    pub(crate) _memory: Reservation,
}

/// How far the opening of a stream has come.
///
/// ```text
///  opened by this end:   Here ── OPEN acknowledged ──▶ Settled
///  opened by the peer:   Awaited ── OPEN came ──▶ There ── application told ──▶ Settled
///                           └── no room for it ──▶ Refused
/// ```
pub(crate) enum Opening {
    /// This end opened it; the peer may not know.
    Here {
        /// What OPEN says.
        what: Box<OpenedAs>,
        /// Of OPEN.
        frame: Delivery,
    },
    /// Other frames overtook the peer's OPEN.
    Awaited,
    /// The peer opened it; the application has not been told.
    There {
        /// What OPEN said.
        what: Box<OpenedAs>,
    },
    /// The application never hears of it.
    Refused,
    /// Both ends know.
    Settled,
}

/// What a stream is for.
pub(crate) struct OpenedAs {
    pub(crate) kind: StreamKind,
    pub(crate) protocol: Box<str>,
    pub(crate) metadata: Box<[u8]>,
}

/// Whether streams of this protocol are Osier's own.
pub(crate) fn is_control(protocol: &str) -> bool {
    protocol.as_bytes().first() == Some(&0)
}

impl OpenedAs {
    /// The OPEN frame that says so.
    pub(crate) fn frame(&self, id: StreamId) -> OpenFrame<'_> {
        OpenFrame { id, kind: self.kind, protocol: &self.protocol, metadata: &self.metadata }
    }
}

impl Opening {
    /// Whether OPEN has to be sent.
    #[inline]
    pub(crate) fn owes_open(&self) -> bool {
        matches!(self, Self::Here { frame: Delivery::Owed, .. })
    }

    /// Whether the application knows of the stream, or is about to be told.
    pub(crate) fn is_announced(&self) -> bool {
        !matches!(self, Self::Awaited | Self::Refused)
    }
}

impl Stream {
    /// Whether frames about its state, rather than its data, have to be sent.
    #[inline]
    pub(crate) fn owes_control(&self) -> bool {
        self.send.state.owes_reset()
            || self.receive.state.owes_stop()
            || self.receive.owes_grant()
            || self.owes_expiry()
    }

    /// Whether something has to be sent that takes no credit: the opening, lost bytes, datagrams, the bare end.
    #[inline]
    pub(crate) fn is_urgent(&self) -> bool {
        self.opening.owes_open()
            || self.send.buffer.has_lost()
            || self.send.owes_bare_fin()
            || self.send.owes_datagrams()
    }

    /// Whether neither end has anything left to tell the other. As long as the peer may not know of the stream, it must stay.
    pub(crate) fn is_over(&self) -> bool {
        self.send.state.is_terminal()
            && self.receive.state.is_terminal()
            && !matches!(self.opening, Opening::Here { .. })
    }
}

const _: () = assert!(
    size_of::<Stream>() + size_of::<OpenedAs>() + MAX_PROTOCOL_BYTES + MAX_METADATA_BYTES
        <= STREAM_BYTES as usize,
    "a stream costs what the budget reckons"
);
