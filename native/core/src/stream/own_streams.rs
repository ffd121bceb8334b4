//! What goes on streams of this library's own: it is no use that an application makes of a path.

use super::entry::is_control;
use super::stream_table::Found;
use super::Streams;
use crate::sent_frame::SentFrame;
use osier_wire::{Frame, StreamId};

impl Streams {
    /// Whether frames that were written are all of this library's own. Credit is no one's: what it answers counted when it came.
    pub(crate) fn are_own(&self, frames: &[SentFrame]) -> bool {
        self.table.control_streams() > 0
            && frames.iter().all(|frame| match (frame, frame.stream()) {
                (SentFrame::MaxData | SentFrame::MaxStreams, _) => true,
                (_, Some(handle)) => self.table.get(handle).is_some_and(|stream| stream.is_control),
                (_, None) => false,
            })
    }

    /// Whether a frame that came is of this library's own, or says nothing of any stream.
    pub(crate) fn is_own(&mut self, frame: &Frame<'_>) -> bool {
        match frame {
            Frame::Open(open) => is_control(open.protocol),
            Frame::MaxData { .. } | Frame::MaxStreams { .. } => self.table.control_streams() > 0,
            Frame::Message(message) => self.is_own_stream(message.header.id),
            Frame::MaxStreamData { id, .. } => self.is_own_stream(*id),
            _ => false,
        }
    }

    fn is_own_stream(&mut self, id: StreamId) -> bool {
        self.table.control_streams() > 0
            && matches!(self.table.find(id), Ok(Found::Live(handle)) if self.table.get(handle).is_some_and(|stream| stream.is_control))
    }
}
