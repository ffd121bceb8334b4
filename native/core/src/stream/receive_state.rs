//! How far the reading of a stream has come.

use super::delivery::Delivery;
use super::error::{ProtocolViolation, StreamError};
use osier_wire::ResetReason;

/// The receiving half's state (RFC 9000 §3.2).
///
/// ```text
///             fin                    the application read to the end
///  Receiving ─────▶ SizeKnown ─────────────────────────────────────────▶ Finished
///   │  │              │   │
///   │  │ RESET_STREAM │   │ RESET_STREAM before all bytes came
///   │  └──────────────┼───┴───────────────────────────────────────────▶ ResetByPeer
///   │ stop            │ stop
///   ▼                 ▼            RESET_STREAM, or fin and STOP acknowledged
///  Stopping ◀─────────┘ ──────────────────────────────────────────────▶ Stopped
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReceiveState {
    /// The end is not known.
    Receiving,
    /// The end is known; bytes before it may be missing or unread.
    SizeKnown {
        /// Where the stream ends.
        final_offset: u64,
    },
    /// The application has everything.
    Finished,
    /// The application reads no more; what comes is dropped. The peer's end is still open, or it has not heard of it.
    Stopping {
        /// Why, and the code beside it.
        why: (ResetReason, u32),
        /// Of STOP.
        frame: Delivery,
        /// Where the stream ends, once known.
        final_offset: Option<u64>,
    },
    /// The application reads no more, and all credit is settled.
    Stopped,
    /// The peer gave up.
    ResetByPeer {
        /// Who gave up.
        reason: ResetReason,
        /// Of the peer's application.
        code: u32,
    },
}

impl ReceiveState {
    /// Why nothing can be read; `None` while something can, or could.
    pub(crate) fn refusal(&self) -> Option<StreamError> {
        match *self {
            Self::Receiving | Self::SizeKnown { .. } | Self::Finished => None,
            Self::Stopping { .. } | Self::Stopped => Some(StreamError::ReadingStopped),
            Self::ResetByPeer { reason, code } => Some(StreamError::ResetByPeer { reason, code }),
        }
    }

    /// Data up to `end` came, with `fin` when the stream ends there; `highest` is the end of what came before.
    pub(crate) fn on_data(&mut self, end: u64, fin: bool, highest: u64) -> Result<(), ProtocolViolation> {
        match self {
            Self::Receiving if fin => {
                check_final(end, highest)?;
                *self = Self::SizeKnown { final_offset: end };
            }
            Self::Stopping { final_offset: known @ None, frame, .. } if fin => {
                check_final(end, highest)?;
                *known = Some(end);
                if *frame == Delivery::Delivered {
                    *self = Self::Stopped;
                }
            }
            Self::SizeKnown { final_offset } | Self::Stopping { final_offset: Some(final_offset), .. } => {
                if end > *final_offset || (fin && end != *final_offset) {
                    return Err(ProtocolViolation::FinalSize);
                }
            }
            Self::Receiving
            | Self::Stopping { .. }
            | Self::Finished
            | Self::Stopped
            | Self::ResetByPeer { .. } => {}
        }
        Ok(())
    }

    /// The peer gave up at `final_offset`; `highest` is the end of what came, `complete` says that every byte up to the end did.
    /// Returns whether this ended the half.
    pub(crate) fn on_reset(
        &mut self,
        (reason, code): (ResetReason, u32),
        final_offset: u64,
        highest: u64,
        complete: bool,
    ) -> Result<bool, ProtocolViolation> {
        if let Some(known) = self.final_offset() {
            if known != final_offset {
                return Err(ProtocolViolation::FinalSize);
            }
        }
        match self {
            Self::Receiving | Self::SizeKnown { .. } if !complete => {
                check_final(final_offset, highest)?;
                *self = Self::ResetByPeer { reason, code };
                Ok(true)
            }
            Self::Stopping { .. } => {
                check_final(final_offset, highest)?;
                *self = Self::Stopped;
                Ok(true)
            }
            // What is here whole can still be read.
            _ => Ok(false),
        }
    }

    /// The application wants no more; `complete` says that every byte up to the end came. Returns whether anything changed.
    pub(crate) fn stop(&mut self, why: (ResetReason, u32), complete: bool) -> bool {
        match *self {
            Self::SizeKnown { .. } if complete => *self = Self::Stopped,
            Self::SizeKnown { final_offset } => {
                *self = Self::Stopping { why, frame: Delivery::Owed, final_offset: Some(final_offset) };
            }
            Self::Receiving => *self = Self::Stopping { why, frame: Delivery::Owed, final_offset: None },
            Self::Finished | Self::Stopping { .. } | Self::Stopped | Self::ResetByPeer { .. } => {
                return false
            }
        }
        true
    }

    /// The application has read up to `consumed`. Returns whether that was the end.
    pub(crate) fn on_consumed(&mut self, consumed: u64) -> bool {
        match *self {
            Self::SizeKnown { final_offset } if final_offset == consumed => {
                *self = Self::Finished;
                true
            }
            Self::Finished => true,
            _ => false,
        }
    }

    /// STOP was acknowledged.
    pub(crate) fn on_stop_acknowledged(&mut self) {
        if let Self::Stopping { frame, final_offset, .. } = self {
            frame.on_acknowledged();
            if final_offset.is_some() {
                *self = Self::Stopped;
            }
        }
    }

    /// What STOP says and its way, while it is on the way.
    pub(crate) fn stop_mut(&mut self) -> Option<((ResetReason, u32), &mut Delivery)> {
        match self {
            Self::Stopping { why, frame, .. } => Some((*why, frame)),
            _ => None,
        }
    }

    /// Whether STOP has to be sent.
    #[inline]
    pub(crate) fn owes_stop(&self) -> bool {
        matches!(self, Self::Stopping { frame: Delivery::Owed, .. })
    }

    /// Where the stream ends, once known and while it matters.
    #[inline]
    pub(crate) fn final_offset(&self) -> Option<u64> {
        match *self {
            Self::SizeKnown { final_offset } => Some(final_offset),
            Self::Stopping { final_offset, .. } => final_offset,
            _ => None,
        }
    }

    /// Whether bytes that come are for the application.
    #[inline]
    pub(crate) fn is_reading(&self) -> bool {
        matches!(self, Self::Receiving | Self::SizeKnown { .. })
    }

    /// Whether nothing that can still come matters.
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self, Self::Finished | Self::Stopped | Self::ResetByPeer { .. })
    }
}

fn check_final(final_offset: u64, highest: u64) -> Result<(), ProtocolViolation> {
    if final_offset < highest {
        return Err(ProtocolViolation::FinalSize);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN_UP: (ResetReason, u32) = (ResetReason::Application, 9);

    #[test]
    fn the_end_is_where_it_was_first_said_to_be() {
        let mut state = ReceiveState::Receiving;
        assert_eq!(state.on_data(5, true, 8), Err(ProtocolViolation::FinalSize));
        state.on_data(10, true, 8).unwrap();
        assert_eq!(state.on_data(11, false, 10), Err(ProtocolViolation::FinalSize));
        assert_eq!(state.on_data(9, true, 10), Err(ProtocolViolation::FinalSize));
        assert_eq!(state.on_data(10, true, 10), Ok(()));
        assert_eq!(state.on_reset(GIVEN_UP, 11, 10, false), Err(ProtocolViolation::FinalSize));
        assert_eq!(state.on_reset(GIVEN_UP, 10, 10, false), Ok(true));
    }

    #[test]
    fn a_reset_below_what_came_is_a_violation_in_every_state_that_minds() {
        let stopping = ReceiveState::Stopping { why: GIVEN_UP, frame: Delivery::Owed, final_offset: None };
        for mut state in [ReceiveState::Receiving, stopping] {
            assert_eq!(state.on_reset(GIVEN_UP, 3, 4, false), Err(ProtocolViolation::FinalSize));
        }
    }

    #[test]
    fn what_came_whole_survives_a_late_reset() {
        let mut state = ReceiveState::SizeKnown { final_offset: 4 };
        assert_eq!(state.on_reset(GIVEN_UP, 4, 4, true), Ok(false));
        assert!(state.on_consumed(4));
        assert_eq!(state.refusal(), None);
    }

    #[test]
    fn stopping_waits_for_the_final_size_and_for_the_peer_to_know() {
        let mut state = ReceiveState::Receiving;
        assert!(state.stop(GIVEN_UP, false));
        state.on_stop_acknowledged();
        assert!(!state.is_terminal());
        state.on_data(7, true, 3).unwrap();
        assert_eq!(state, ReceiveState::Stopped);

        let mut state = ReceiveState::SizeKnown { final_offset: 7 };
        assert!(state.stop(GIVEN_UP, false) && state.owes_stop());
        state.on_stop_acknowledged();
        assert_eq!(state, ReceiveState::Stopped);
    }

    #[test]
    fn stop_with_everything_here_needs_no_word_to_the_peer() {
        let mut state = ReceiveState::SizeKnown { final_offset: 7 };
        assert!(state.stop(GIVEN_UP, true));
        assert!(state.is_terminal() && !state.owes_stop());
        assert!(!state.stop(GIVEN_UP, true));
    }
}
