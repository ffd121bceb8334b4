//! Why a stream was given up, as RESET_STREAM and STOP say it.

use crate::error::{DecodeError, Field};

/// Why a stream, or one direction of it, was given up. [`ResetReason::Application`], [`ResetReason::KindMismatch`] and [`ResetReason::TooLarge`] give the
/// code beside it a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ResetReason {
    /// The application, with a code of its own.
    Application = 0,
    /// Nothing serves this protocol.
    NoHandler = 1,
    /// The protocol is served with another kind of stream: the code is that [`crate::StreamKind`].
    KindMismatch = 2,
    /// A limit of the resetting end is reached.
    Limit = 3,
    /// The resetting end's policy refuses it.
    Policy = 4,
    /// The resetting end is closing.
    Shutdown = 5,
    /// A message or datagram was larger than this end takes: the code is the largest that it takes, in bytes.
    TooLarge = 6,
}

impl ResetReason {
    /// All reasons, at the index that is their number.
    pub const ALL: [Self; 7] = [
        Self::Application,
        Self::NoHandler,
        Self::KindMismatch,
        Self::Limit,
        Self::Policy,
        Self::Shutdown,
        Self::TooLarge,
    ];
}

impl TryFrom<u8> for ResetReason {
    type Error = DecodeError;

    fn try_from(value: u8) -> Result<Self, DecodeError> {
        Self::ALL.get(usize::from(value)).copied().ok_or(DecodeError::Unknown(Field::ResetReason))
    }
}
