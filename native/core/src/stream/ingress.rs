//! Frames that came from the peer.

use super::entry::{is_control, OpenedAs, Opening};
use super::error::ProtocolViolation;
use super::event_queue::EventSort;
use super::send_state::SendReset;
use super::stream_table::Found;
use super::{Shared, Streams};
use osier_wire::{OpenFrame, ResetReason, ResetStreamFrame, StopFrame, StreamFrame, StreamId, StreamKind};

/// Level of what this end sends on a stream of the peer before its handler says otherwise.
const PRIORITY_DEFAULT: u8 = 3;

/// An error of any of these ends the association. Frames of closed streams are late and change nothing.
impl Streams {
    /// OPEN came, perhaps again, perhaps after other frames of its stream.
    pub(crate) fn on_open(&mut self, frame: &OpenFrame<'_>) -> Result<(), ProtocolViolation> {
        if frame.id.parity() == self.shared.config.parity {
            return Err(ProtocolViolation::OpenedByWrongEnd);
        }
        let Some(handle) = self.addressee(frame.id)? else { return Ok(()) };
        let Some(stream) = self.table.get_mut(handle) else { return Ok(()) };
        if matches!(stream.opening, Opening::Awaited) {
            stream.carry(frame.kind, &self.shared)?;
            let OpenFrame { kind, protocol, metadata, .. } = *frame;
            let what = Box::new(OpenedAs { kind, protocol: protocol.into(), metadata: metadata.into() });
            stream.opening = Opening::There { what };
            self.shared.events.announce(handle, &mut stream.raised);
            if is_control(protocol) {
                self.table.mark_control(handle);
            }
        }
        Ok(())
    }

    /// STREAM came.
    #[inline]
    pub(crate) fn on_stream(&mut self, frame: &StreamFrame<'_>) -> Result<(), ProtocolViolation> {
        let Some(handle) = self.addressee(frame.id)? else { return Ok(()) };
        let Some(stream) = self.table.get_mut(handle) else { return Ok(()) };
        if !frame.data.is_empty() {
            stream.carry(StreamKind::Bytes, &self.shared)?;
        }
        let Shared { blocks, credit, .. } = &mut self.shared;
        let readable = stream.receive.on_data(blocks, credit, frame.offset, frame.data, frame.fin)?;
        if readable {
            self.shared.raise(handle, stream, EventSort::Readable);
        }
        if frame.fin {
            self.settle(handle);
        }
        Ok(())
    }

    /// RESET_STREAM came: the peer gave up its sending.
    pub(crate) fn on_reset_stream(&mut self, frame: &ResetStreamFrame) -> Result<(), ProtocolViolation> {
        let Some(handle) = self.addressee(frame.id)? else { return Ok(()) };
        let Some(stream) = self.table.get_mut(handle) else { return Ok(()) };
        let Shared { blocks, credit, .. } = &mut self.shared;
        let was_reading = stream.receive.state.is_reading();
        let why = (frame.reason, frame.code);
        if stream.receive.on_reset(blocks, credit, why, frame.final_offset)? {
            if was_reading {
                self.shared.raise(handle, stream, EventSort::ResetByPeer);
            }
            self.settle(handle);
        }
        Ok(())
    }

    /// STOP came: the peer reads no more, so this end's sending is over.
    pub(crate) fn on_stop(&mut self, frame: &StopFrame) -> Result<(), ProtocolViolation> {
        let Some(handle) = self.addressee(frame.id)? else { return Ok(()) };
        let Some(stream) = self.table.get_mut(handle) else { return Ok(()) };
        let reset = SendReset {
            reason: frame.reason,
            code: frame.code,
            final_offset: stream.send.final_offset(),
            stopped_by_peer: true,
        };
        if stream.send.reset(&self.shared.blocks, reset) {
            self.shared.raise(handle, stream, EventSort::StoppedByPeer);
            self.settle(handle);
        }
        Ok(())
    }

    /// MAX_DATA came. Absolute: old and repeated ones change nothing.
    pub(crate) fn on_max_data(&mut self, maximum: u64) {
        self.shared.send_credit.on_max_data(maximum);
    }

    /// MAX_STREAM_DATA came. Absolute, too.
    pub(crate) fn on_max_stream_data(&mut self, id: StreamId, maximum: u64) -> Result<(), ProtocolViolation> {
        let Some(handle) = self.addressee(id)? else { return Ok(()) };
        let Some(stream) = self.table.get_mut(handle) else { return Ok(()) };
        stream.send.on_max_stream_data(maximum);
        self.shared.reschedule(handle, stream);
        Ok(())
    }

    /// MAX_STREAMS came. Absolute, too.
    pub(crate) fn on_max_streams(&mut self, maximum: u64) {
        if self.table.on_max_streams(maximum) {
            self.shared.tell_opener();
        }
    }

    /// The stream that a frame is about. The first frame of a stream of the peer makes it, whichever frame that is.
    #[inline]
    pub(super) fn addressee(&mut self, id: StreamId) -> Result<Option<u32>, ProtocolViolation> {
        match self.table.find(id)? {
            Found::Live(handle) => Ok(Some(handle)),
            Found::Closed => Ok(None),
            Found::New => Ok(self.begin(id)),
        }
    }

    /// The peer began a stream. Where the budget is spent, both directions are given up before anybody hears of it.
    fn begin(&mut self, id: StreamId) -> Option<u32> {
        let welcome = self.shared.has_room_for_stream();
        let opening = if welcome { Opening::Awaited } else { Opening::Refused };
        let handle = self.table.insert(self.shared.new_stream(id, PRIORITY_DEFAULT, opening))?;
        if !welcome {
            // Cannot fail: the stream has just been made.
            let _ = self.reset(handle, ResetReason::Limit, 0);
        }
        Some(handle)
    }
}
