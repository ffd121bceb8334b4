//! How far the sending of a stream has come.

use super::delivery::Delivery;
use super::error::StreamError;
use osier_wire::ResetReason;

/// The sending half's state (RFC 9000 §3.1, with the states before the first byte folded into one).
///
/// ```text
///        finish                 the peer has all bytes and the end
///  Open ────────▶ Finishing ────────────────────────────────────────▶ Finished
///   │                 │
///   │ reset, or STOP  │ reset, or STOP
///   ▼                 ▼                RESET_STREAM acknowledged
///  Resetting ◀────────┘ ────────────────────────────────────────────▶ Reset
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendState {
    /// The application may write.
    Open,
    /// The application has written everything; bytes or the end are on their way.
    Finishing {
        /// Of the end itself.
        fin: Delivery,
    },
    /// The peer has everything.
    Finished,
    /// Given up; the peer does not know yet.
    Resetting {
        /// What RESET_STREAM says.
        reset: SendReset,
        /// Of RESET_STREAM.
        frame: Delivery,
    },
    /// Given up, and the peer knows.
    Reset {
        /// What RESET_STREAM said.
        reset: SendReset,
    },
}

/// Why and where sending was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SendReset {
    /// Who gave up.
    pub(crate) reason: ResetReason,
    /// Of the application.
    pub(crate) code: u32,
    /// The end of what was ever sent.
    pub(crate) final_offset: u64,
    /// Whether the peer's STOP asked for it.
    pub(crate) stopped_by_peer: bool,
}

impl SendState {
    /// Why nothing can be written; `None` while it can.
    pub(crate) fn refusal(&self) -> Option<StreamError> {
        match self {
            Self::Open => None,
            Self::Finishing { .. } | Self::Finished => Some(StreamError::SendingEnded),
            Self::Resetting { reset, .. } | Self::Reset { reset } if reset.stopped_by_peer => {
                Some(StreamError::StoppedByPeer { reason: reset.reason, code: reset.code })
            }
            Self::Resetting { .. } | Self::Reset { .. } => Some(StreamError::SendingEnded),
        }
    }

    /// Nothing more will be written. Again: nothing changes.
    pub(crate) fn finish(&mut self) -> Result<(), StreamError> {
        match self {
            Self::Open => {
                *self = Self::Finishing { fin: Delivery::Owed };
                Ok(())
            }
            Self::Finishing { .. } | Self::Finished => Ok(()),
            Self::Resetting { .. } | Self::Reset { .. } => self.refusal().map_or(Ok(()), Err),
        }
    }

    /// Gives up, unless it is too late or done already; returns whether anything changed.
    pub(crate) fn reset(&mut self, reset: SendReset) -> bool {
        match self {
            Self::Open | Self::Finishing { .. } => {
                *self = Self::Resetting { reset, frame: Delivery::Owed };
                true
            }
            Self::Finished | Self::Resetting { .. } | Self::Reset { .. } => false,
        }
    }

    /// Bytes or the end were acknowledged; `all_bytes`: the peer has every byte written. Returns whether this finished it.
    pub(crate) fn on_acknowledged(&mut self, fin_too: bool, all_bytes: bool) -> bool {
        let Self::Finishing { fin } = self else { return false };
        if fin_too {
            fin.on_acknowledged();
        }
        let finished = all_bytes && *fin == Delivery::Delivered;
        if finished {
            *self = Self::Finished;
        }
        finished
    }

    /// RESET_STREAM was acknowledged.
    pub(crate) fn on_reset_acknowledged(&mut self) {
        if let Self::Resetting { reset, .. } = *self {
            *self = Self::Reset { reset };
        }
    }

    /// The way of the end, while there is one on the way.
    pub(crate) fn fin_mut(&mut self) -> Option<&mut Delivery> {
        match self {
            Self::Finishing { fin } => Some(fin),
            _ => None,
        }
    }

    /// RESET_STREAM and its way, while it is on the way.
    pub(crate) fn reset_mut(&mut self) -> Option<(SendReset, &mut Delivery)> {
        match self {
            Self::Resetting { reset, frame } => Some((*reset, frame)),
            _ => None,
        }
    }

    /// Whether the end has to be sent, with the last bytes or alone.
    #[inline]
    pub(crate) fn owes_fin(&self) -> bool {
        matches!(self, Self::Finishing { fin: Delivery::Owed })
    }

    /// Whether RESET_STREAM has to be sent.
    #[inline]
    pub(crate) fn owes_reset(&self) -> bool {
        matches!(self, Self::Resetting { frame: Delivery::Owed, .. })
    }

    /// Whether the peer knows how this half ended.
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self, Self::Finished | Self::Reset { .. })
    }

    /// What was ever sent, if sending was given up.
    pub(crate) fn reset_offset(&self) -> Option<u64> {
        match self {
            Self::Resetting { reset, .. } | Self::Reset { reset } => Some(reset.final_offset),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESET: SendReset =
        SendReset { reason: ResetReason::Application, code: 7, final_offset: 3, stopped_by_peer: false };
    const STOPPED: SendReset = SendReset { stopped_by_peer: true, ..RESET };

    #[test]
    fn the_end_needs_both_the_bytes_and_the_fin() {
        for fin_first in [true, false] {
            let mut state = SendState::Open;
            state.finish().unwrap();
            assert!(!state.on_acknowledged(fin_first, !fin_first));
            assert!(!state.is_terminal());
            assert!(state.on_acknowledged(true, true));
            assert_eq!(state, SendState::Finished);
        }
    }

    #[test]
    fn finish_twice_is_finish_once_and_a_reset_stays_one() {
        let mut state = SendState::Open;
        assert_eq!((state.finish(), state.finish()), (Ok(()), Ok(())));
        assert!(state.reset(RESET));
        assert!(!state.reset(STOPPED));
        assert_eq!(state.finish(), Err(StreamError::SendingEnded));
        state.on_reset_acknowledged();
        assert!(state.is_terminal() && !state.reset(STOPPED));
        assert_eq!(state.refusal(), Some(StreamError::SendingEnded));
    }

    #[test]
    fn what_the_peer_has_whole_can_not_be_reset() {
        let mut state = SendState::Finishing { fin: Delivery::InFlight };
        assert!(state.on_acknowledged(true, true));
        assert!(!state.reset(RESET));
    }

    #[test]
    fn writers_learn_that_the_peer_stopped() {
        let mut state = SendState::Open;
        assert!(state.reset(STOPPED));
        assert_eq!(
            state.refusal(),
            Some(StreamError::StoppedByPeer { reason: ResetReason::Application, code: 7 })
        );
        state.on_reset_acknowledged();
        assert_eq!(
            state.finish(),
            Err(StreamError::StoppedByPeer { reason: ResetReason::Application, code: 7 })
        );
    }

    #[test]
    fn an_acknowledgement_after_the_reset_finishes_nothing() {
        let mut state = SendState::Finishing { fin: Delivery::InFlight };
        state.reset(RESET);
        assert!(!state.on_acknowledged(true, true));
        assert!(state.owes_reset());
    }
}
