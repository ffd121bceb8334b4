//! One message on its way out, and how far it has come.

use super::MESSAGE_RECORD_BYTES;
use crate::time::Instant;

/// One message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutMessage {
    /// Where it begins in the send buffer.
    pub(crate) start: u64,
    /// Where its place begins in the stream; of a datagram in parts, its number. [`NO_PLACE`] before its first part is sent.
    pub(crate) place: u64,
    /// [`Instant::FAR_FUTURE`] without a lifetime.
    pub(crate) expires_at: Instant,
    /// Bytes.
    pub(crate) len: u32,
    /// Handed over as soon as it is whole.
    pub(crate) unordered: bool,
    /// Its fate is told under it.
    pub(super) token: Option<u32>,
    /// How far it has come.
    pub(super) state: OutState,
    /// Whether it stands in the queue of deadlines: once at most.
    pub(super) is_watched: bool,
}

/// Of a message that has none.
pub(super) const NO_PLACE: u64 = u64::MAX;

/// ```text
///            first part sent          all parts acknowledged in time
///  Waiting ──────────────────▶ Sent ─────────────────────────────────▶ Settled
///     │                         │ lifetime over    EXPIRE sent            ▲ ▲
///     │                         └──────▶ Expiring ────────────▶ Asked ────┘ │
///     │ lifetime over                       ▲── EXPIRE lost ──────┘ EXPIRE_REPLY
///     └─────────────────────────────────────────────────────────────────────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutState {
    /// No part was sent.
    Waiting,
    /// Its lifetime runs.
    Sent,
    /// EXPIRE has to be sent.
    Expiring,
    /// EXPIRE was sent.
    Asked {
        /// When it is sent again, if no answer came.
        again_at: Instant,
    },
    /// Its fate is known.
    Settled,
}

impl OutMessage {
    /// Where it ends in the send buffer.
    #[inline]
    pub(crate) fn end(&self) -> u64 {
        self.start + MESSAGE_RECORD_BYTES + u64::from(self.len)
    }

    /// Whether the byte at the buffer's `offset` is of this message or its record.
    #[inline]
    pub(super) fn holds(&self, offset: u64) -> bool {
        (self.start..self.end()).contains(&offset)
    }

    /// Where in the message the buffer's `offset` lies.
    #[inline]
    pub(crate) fn position(&self, offset: u64) -> u64 {
        offset.saturating_sub(self.start + MESSAGE_RECORD_BYTES)
    }

    /// What is left of its lifetime.
    pub(crate) fn lifetime_micros(&self, now: Instant) -> Option<u64> {
        (self.expires_at != Instant::FAR_FUTURE).then(|| self.expires_at.saturating_micros_since(now))
    }

    /// Whether its first part was sent.
    pub(crate) fn has_place(&self) -> bool {
        self.state != OutState::Waiting
    }

    /// Whether its fate is known.
    pub(crate) fn is_settled(&self) -> bool {
        self.state == OutState::Settled
    }
}
