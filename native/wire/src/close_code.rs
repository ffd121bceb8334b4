//! Why an association ended, as CLOSE says it.

use crate::error::{DecodeError, Field};

/// The public table of close codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CloseCode {
    /// The application is done with this peer.
    Normal = 0,
    /// The node shuts down for good.
    Shutdown = 1,
    /// The node shuts down and will be back.
    Restart = 2,
    /// Nothing was carried for as long as the closing end keeps an idle association.
    Idle = 3,
    /// By policy: the peer is not admitted.
    Refused = 4,
    /// The peer broke the protocol.
    Protocol = 5,
    /// The peer's id was revoked.
    Revoked = 6,
    /// One of the closing end's own limits is reached.
    Limit = 7,
    /// The application says why, in the reason.
    Application = 8,
}

impl CloseCode {
    /// All codes, at the index that is their number.
    pub const ALL: [Self; 9] = [
        Self::Normal,
        Self::Shutdown,
        Self::Restart,
        Self::Idle,
        Self::Refused,
        Self::Protocol,
        Self::Revoked,
        Self::Limit,
        Self::Application,
    ];
}

impl TryFrom<u8> for CloseCode {
    type Error = DecodeError;

    fn try_from(value: u8) -> Result<Self, DecodeError> {
        Self::ALL.get(usize::from(value)).copied().ok_or(DecodeError::Unknown(Field::CloseCode))
    }
}
