//! What the application does with streams.

use super::delivery::Delivery;
use super::entry::{is_control, OpenedAs, Opening, Stream};
use super::error::{OpenError, StreamError};
use super::event::StreamEvent;
use super::event_queue::EventSort;
use super::request::{OpenRequest, Peek, ReadOutcome, StreamStats};
use super::send_state::SendReset;
use super::{Shared, Streams};
use crate::constants::{LARGE_SEND_BUFFERS, RING_MIN_BYTES, STREAM_BYTES};
use crate::time::Instant;
use osier_wire::limits::{MAX_METADATA_BYTES, MAX_PROTOCOL_BYTES};
use osier_wire::ResetReason;

impl Streams {
    /// Opens a stream; returns its handle.
    pub(crate) fn open(&mut self, request: &OpenRequest<'_>) -> Result<u32, OpenError> {
        let OpenRequest { kind, priority, protocol, metadata } = *request;
        if protocol.is_empty() || protocol.len() > MAX_PROTOCOL_BYTES || metadata.len() > MAX_METADATA_BYTES {
            return Err(OpenError::BadRequest);
        }
        if !self.shared.has_room_for_stream() {
            return Err(OpenError::MemoryBudget);
        }
        let what = Box::new(OpenedAs { kind, protocol: protocol.into(), metadata: metadata.into() });
        let opening = Opening::Here { what, frame: Delivery::Owed };
        let is_control = is_control(protocol);
        let handle = self.table.next_id(is_control).and_then(|id| {
            let mut stream = self.shared.new_stream(id, priority, opening);
            stream.is_control = is_control;
            // Cannot fail: nothing else was known of it.
            let _ = stream.carry(kind, &self.shared);
            self.table.insert(stream)
        });
        let Some(handle) = handle else {
            self.shared.opener_waits |= !is_control;
            return Err(OpenError::StreamLimit);
        };
        self.settle(handle);
        Ok(handle)
    }

    /// Changes the level of what this end sends.
    pub(crate) fn set_priority(&mut self, handle: u32, priority: u8) -> Result<(), StreamError> {
        let (stream, shared) = self.live(handle)?;
        stream.priority = priority;
        shared.urgent.remove(handle);
        shared.fresh.remove(handle);
        shared.reschedule(handle, stream);
        Ok(())
    }

    /// Takes as many of `bytes` as fit; returns how many. When not all did, a `Writable` event follows.
    pub(crate) fn write(&mut self, handle: u32, bytes: &[u8]) -> Result<usize, StreamError> {
        let (stream, shared) = self.live(handle)?;
        if stream.send.contents.is_some() {
            return Err(StreamError::WrongKind);
        }
        if shared.fresh.len() >= LARGE_SEND_BUFFERS {
            stream.send.buffer.begin_small();
        }
        let taken = stream.send.write(&shared.blocks, bytes)?;
        if stream.send.sendable() > 0 {
            shared.fresh.insert(handle, stream.priority);
        }
        shared.note_held_back(handle, stream);
        Ok(taken)
    }

    /// Bytes that a write would take now, if the memory budget allows.
    pub(crate) fn writable_bytes(&self, handle: u32) -> Result<usize, StreamError> {
        let stream = self.get(handle)?;
        stream.send.state.refusal().map_or(Ok(stream.send.buffer.free() as usize), Err)
    }

    /// Nothing more will be written: the peer reads the end after the last byte. Again: nothing happens.
    pub(crate) fn finish(&mut self, handle: u32) -> Result<(), StreamError> {
        let (stream, _) = self.live(handle)?;
        stream.send.state.finish()?;
        self.settle(handle);
        Ok(())
    }

    /// Gives up both directions: what is unsent or unread is gone. A direction that has ended stays as it is.
    pub(crate) fn reset(&mut self, handle: u32, reason: ResetReason, code: u32) -> Result<(), StreamError> {
        let (stream, shared) = self.live(handle)?;
        let final_offset = stream.send.final_offset();
        let reset = SendReset { reason, code, final_offset, stopped_by_peer: false };
        stream.send.reset(&shared.blocks, reset);
        stream.receive.stop(&shared.blocks, &mut shared.credit, (reason, code));
        self.settle(handle);
        Ok(())
    }

    /// Reads no more: drops what came and tells the peer. Again, or at the end: nothing happens.
    pub(crate) fn stop(&mut self, handle: u32, code: u32) -> Result<(), StreamError> {
        let (stream, shared) = self.live(handle)?;
        stream.receive.stop(&shared.blocks, &mut shared.credit, (ResetReason::Application, code));
        self.settle(handle);
        Ok(())
    }

    /// Fills `into` with what is there: 0 bytes when there is nothing now, or, with `end`, nothing any more.
    pub(crate) fn read(
        &mut self,
        now: Instant,
        rtt_micros: u64,
        handle: u32,
        into: &mut [u8],
    ) -> Result<ReadOutcome, StreamError> {
        let stream = self.get(handle)?;
        if let Some(refusal) = stream.receive.state.refusal() {
            return Err(refusal);
        }
        stream.receive.check_bytes()?;
        let bytes = stream.receive.buffer.copy_out(into);
        self.consume(now, rtt_micros, handle, bytes)
    }

    /// Where the readable bytes lie. They stay until [`Streams::consume`].
    pub(crate) fn peek(&self, handle: u32) -> Result<Peek<'_>, StreamError> {
        let receive = &self.get(handle)?.receive;
        if let Some(refusal) = receive.state.refusal() {
            return Err(refusal);
        }
        receive.check_bytes()?;
        let (block, offset, len) =
            receive.buffer.peek().map_or((None, 0, 0), |(block, offset, len)| (Some(block), offset, len));
        let end = receive.is_complete() || receive.state.is_terminal();
        Ok(Peek { block, offset, len, readable: receive.buffer.readable(), end })
    }

    /// The first `bytes` readable ones, at most all, are read.
    pub(crate) fn consume(
        &mut self,
        now: Instant,
        rtt_micros: u64,
        handle: u32,
        bytes: usize,
    ) -> Result<ReadOutcome, StreamError> {
        let (stream, shared) = self.live(handle)?;
        if let Some(refusal) = stream.receive.state.refusal() {
            return Err(refusal);
        }
        stream.receive.check_bytes()?;
        let Shared { blocks, credit, .. } = shared;
        let (bytes, end) = stream.receive.consume(blocks, credit, (now, rtt_micros), bytes);
        if stream.receive.owes_grant() {
            shared.control.insert(handle, 0);
        }
        if end {
            self.settle(handle);
        }
        Ok(ReadOutcome { bytes, end })
    }

    /// Asks for a `Flushed` event when the peer has everything that was written so far. Returns the offset that the event's
    /// `acknowledged` will have reached.
    pub(crate) fn watch_acknowledged(&mut self, handle: u32) -> Result<u64, StreamError> {
        let (stream, shared) = self.live(handle)?;
        if stream.send.state.reset_offset().is_some() {
            return Err(stream.send.state.refusal().unwrap_or(StreamError::SendingEnded));
        }
        let (offset, reached) = stream.send.watch();
        if reached {
            shared.raise(handle, stream, EventSort::Flushed);
        }
        Ok(offset)
    }

    /// Bytes that the peer may be ahead of the application, over all streams.
    pub(crate) fn window_bytes(&self) -> u64 {
        self.shared.credit.window_bytes()
    }

    /// Totals and levels.
    pub(crate) fn stats(&self, handle: u32) -> Result<StreamStats, StreamError> {
        let Stream { send, receive, .. } = self.get(handle)?;
        Ok(StreamStats {
            sent: send.sent(),
            acknowledged: send.buffer.acknowledged(),
            received: receive.buffer.ready(),
            consumed: receive.buffer.consumed(),
            send_buffered: send.buffer.held(),
            receive_buffered: receive.buffer.readable(),
        })
    }

    /// Whether [`Streams::poll_event`] may have something to tell.
    pub(crate) fn has_events(&self) -> bool {
        self.shared.more_streams || !self.shared.events.is_empty()
    }

    /// The next event.
    pub(crate) fn poll_event(&mut self) -> Option<StreamEvent> {
        while let Some((handle, sort)) = self.shared.events.pop() {
            if let Some(event) = self.event(handle, sort) {
                return Some(event);
            }
        }
        std::mem::take(&mut self.shared.more_streams).then_some(StreamEvent::MoreStreams)
    }

    /// The event of `sort` as things are now; `None` when the application has done what it would tell.
    fn event(&mut self, handle: u32, sort: EventSort) -> Option<StreamEvent> {
        let stream = self.table.get_mut(handle)?;
        stream.raised.remove(sort);
        match sort {
            EventSort::Opened => match std::mem::replace(&mut stream.opening, Opening::Settled) {
                Opening::There { what } => Some(StreamEvent::Opened {
                    handle,
                    kind: what.kind,
                    protocol: String::from(what.protocol).into_bytes(),
                    metadata: what.metadata.into_vec(),
                }),
                _ => None,
            },
            EventSort::Readable => self.readable_event(handle),
            EventSort::Writable => {
                (stream.send.state.refusal().is_none()).then_some(StreamEvent::Writable { handle })
            }
            EventSort::Settled => self.settled_event(handle),
            EventSort::Flushed => {
                Some(StreamEvent::Flushed { handle, acknowledged: stream.send.buffer.acknowledged() })
            }
            EventSort::SendFinished => {
                let expired = stream.send.outbox().map_or(0, |outbox| outbox.stats().expired);
                Some(StreamEvent::SendFinished { handle, expired })
            }
            EventSort::ResetByPeer => match stream.receive.state.refusal() {
                Some(StreamError::ResetByPeer { reason, code }) => {
                    Some(StreamEvent::ResetByPeer { handle, reason, code })
                }
                _ => stream.receive.too_large_bytes.map(|size_bytes| StreamEvent::MessageTooLarge {
                    handle,
                    size_bytes,
                    max_bytes: self.shared.config.message_bytes,
                }),
            },
            EventSort::StoppedByPeer => match stream.send.state.refusal() {
                Some(StreamError::StoppedByPeer { reason, code }) => {
                    Some(StreamEvent::StoppedByPeer { handle, reason, code })
                }
                _ => None,
            },
            EventSort::Closed => {
                let dropped = stream.receive.dropped();
                self.release(handle);
                Some(StreamEvent::Closed { handle, dropped })
            }
        }
    }

    /// What there is to read. An end without bytes is consumed by being told.
    fn readable_event(&mut self, handle: u32) -> Option<StreamEvent> {
        let receive = &mut self.table.get_mut(handle)?.receive;
        let (bytes, end) = (receive.readable(), receive.is_complete());
        if bytes == 0 {
            if !end {
                return None;
            }
            receive.state.on_consumed(receive.buffer.consumed());
            self.settle(handle);
        }
        Some(StreamEvent::Readable { handle, bytes, end })
    }

    pub(super) fn get(&self, handle: u32) -> Result<&Stream, StreamError> {
        self.table.get(handle).ok_or(StreamError::Unknown)
    }

    /// The stream under `handle` and what it shares with others.
    pub(super) fn live(&mut self, handle: u32) -> Result<(&mut Stream, &mut Shared), StreamError> {
        let stream = self.table.get_mut(handle).ok_or(StreamError::Unknown)?;
        Ok((stream, &mut self.shared))
    }
}

impl Shared {
    /// Whether the budget allows another stream: itself, and at least a ring each way.
    pub(super) fn has_room_for_stream(&self) -> bool {
        self.budget.has_room(STREAM_BYTES + 2 * RING_MIN_BYTES as u64)
    }
}
