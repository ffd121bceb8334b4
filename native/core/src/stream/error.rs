//! What can go wrong with a stream.

use osier_wire::ResetReason;
use std::fmt;

/// Why a call on a stream did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamError {
    /// The handle is no stream's, or no longer.
    Unknown,
    /// This end has finished or reset its sending: nothing more can be written.
    SendingEnded,
    /// The peer reads no more of this stream.
    StoppedByPeer {
        /// Why it reads no more.
        reason: ResetReason,
        /// As its application gave it, or what `reason` says about it.
        code: u32,
    },
    /// The peer gave up its sending: what was unread is gone.
    ResetByPeer {
        /// Who gave it up.
        reason: ResetReason,
        /// As its application gave it.
        code: u32,
    },
    /// This end has stopped reading.
    ReadingStopped,
    /// The stream carries something else.
    WrongKind,
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("no such stream"),
            Self::SendingEnded => f.write_str("this end has ended its sending"),
            Self::StoppedByPeer { reason, code } => {
                write!(f, "the peer stopped reading: {reason:?}, code {code}")
            }
            Self::ResetByPeer { reason, code } => {
                write!(f, "the peer reset the stream: {reason:?}, code {code}")
            }
            Self::ReadingStopped => f.write_str("this end has stopped reading"),
            Self::WrongKind => f.write_str("the stream carries something else"),
        }
    }
}

impl std::error::Error for StreamError {}

/// Why no stream was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// As many are open as the peer allows. [`StreamEvent::MoreStreams`](super::StreamEvent::MoreStreams) follows.
    StreamLimit,
    /// The node's memory budget is spent.
    MemoryBudget,
    /// The protocol name is empty or too long, or the metadata too long.
    BadRequest,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StreamLimit => "as many streams are open as the peer allows",
            Self::MemoryBudget => "the memory budget is spent",
            Self::BadRequest => "protocol name or metadata break the limits of OPEN",
        })
    }
}

impl std::error::Error for OpenError {}

/// A rule that an authenticated peer broke: its association is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProtocolViolation {
    /// Data beyond what the stream was allowed.
    StreamCredit,
    /// Data beyond what the association was allowed.
    AssociationCredit,
    /// A stream beyond the number allowed.
    StreamLimit,
    /// A stream's end moved, or data lies beyond it.
    FinalSize,
    /// A frame about a stream of this end that it never opened.
    NeverOpened,
    /// OPEN of a stream that only this end can open.
    OpenedByWrongEnd,
    /// A stream in more pieces than any honest sender leaves.
    TooManyGaps,
    /// A frame of another kind of stream.
    WrongKind,
    /// The place of a message lies in that of another.
    MessageOverlap,
    /// Another length or order than another part of the same message told.
    MessageChanged,
}

impl ProtocolViolation {
    /// The rule in words, for the log.
    pub(crate) const fn rule(self) -> &'static str {
        match self {
            Self::StreamCredit => "more data than the stream's credit allows",
            Self::AssociationCredit => "more data than the association's credit allows",
            Self::StreamLimit => "more streams than allowed",
            Self::FinalSize => "the final size of a stream changed",
            Self::NeverOpened => "a frame for a stream that was never opened",
            Self::OpenedByWrongEnd => "OPEN with an id of the other end",
            Self::TooManyGaps => "stream data in too many pieces",
            Self::WrongKind => "a frame of another kind of stream",
            Self::MessageOverlap => "places of messages overlap",
            Self::MessageChanged => "the parts of a message disagree",
        }
    }
}
