//! The application's calls on streams. Every handle is checked: a dead one is [`StreamError::Unknown`].

use super::Engine;
use crate::association::Association;
use crate::stream::{OpenError, OpenRequest, Peek, ReadOutcome, StreamError, StreamStats, Streams};
use crate::time::Instant;
use osier_wire::ResetReason;

/// An association's window up to which its growth goes by the present round trip.
const SMALL_WINDOW_BYTES: u64 = 1 << 20;

impl Engine {
    /// Opens a stream. `None`: the association is dead.
    pub fn open_stream(
        &mut self,
        now: Instant,
        association: u32,
        request: &OpenRequest<'_>,
    ) -> Option<Result<u32, OpenError>> {
        self.with_streams(now, association, |streams, _| streams.open(request))
    }

    /// Sets the level of what this end sends on a stream: 0 goes first, 7 last.
    pub fn set_priority(
        &mut self,
        now: Instant,
        association: u32,
        stream: u32,
        priority: u8,
    ) -> Result<(), StreamError> {
        self.on_stream(now, association, |streams, _| streams.set_priority(stream, priority))
    }

    /// Copies what fits into the send ring and returns how many bytes; fewer than given: `Writable` follows.
    pub fn write(
        &mut self,
        now: Instant,
        association: u32,
        stream: u32,
        bytes: &[u8],
    ) -> Result<usize, StreamError> {
        self.on_stream(now, association, |streams, _| streams.write(stream, bytes))
    }

    /// How many bytes [`Engine::write`] would take now.
    pub fn writable_bytes(&mut self, association: u32, stream: u32) -> Result<usize, StreamError> {
        let association = self.associations.get_mut(association).ok_or(StreamError::Unknown)?;
        association.streams.writable_bytes(stream)
    }

    /// Ends this end's sending.
    pub fn finish(&mut self, now: Instant, association: u32, stream: u32) -> Result<(), StreamError> {
        self.on_stream(now, association, |streams, _| streams.finish(stream))
    }

    /// Gives up both directions.
    pub fn reset(
        &mut self,
        now: Instant,
        association: u32,
        stream: u32,
        reason: ResetReason,
        code: u32,
    ) -> Result<(), StreamError> {
        self.on_stream(now, association, |streams, _| streams.reset(stream, reason, code))
    }

    /// Reads no more; the peer is told.
    pub fn stop(
        &mut self,
        now: Instant,
        association: u32,
        stream: u32,
        code: u32,
    ) -> Result<(), StreamError> {
        self.on_stream(now, association, |streams, _| streams.stop(stream, code))
    }

    /// Copies what there is and gives credit for it. What arrived before the peer ended the association can be read for 3 PTO more.
    pub fn read(
        &mut self,
        now: Instant,
        association: u32,
        stream: u32,
        into: &mut [u8],
    ) -> Result<ReadOutcome, StreamError> {
        self.on_readable_stream(now, association, |streams, rtt| streams.read(now, rtt, stream, into))
    }

    /// What can be read without a copy.
    pub fn peek(&self, association: u32, stream: u32) -> Result<Peek<'_>, StreamError> {
        self.associations.get(association).ok_or(StreamError::Unknown)?.streams.peek(stream)
    }

    /// Gives credit for bytes that [`Engine::peek`] showed.
    pub fn consume(
        &mut self,
        now: Instant,
        association: u32,
        stream: u32,
        bytes: usize,
    ) -> Result<ReadOutcome, StreamError> {
        self.on_readable_stream(now, association, |streams, rtt| streams.consume(now, rtt, stream, bytes))
    }

    /// `Flushed` follows when all that was accepted so far is acknowledged. Returns the offset that it must reach.
    pub fn watch_acknowledged(
        &mut self,
        now: Instant,
        association: u32,
        stream: u32,
    ) -> Result<u64, StreamError> {
        self.on_stream(now, association, |streams, _| streams.watch_acknowledged(stream))
    }

    /// Totals and levels of a stream.
    pub fn stream_stats(&self, association: u32, stream: u32) -> Result<StreamStats, StreamError> {
        self.associations.get(association).ok_or(StreamError::Unknown)?.streams.stats(stream)
    }

    /// Runs a call on the streams of an open association, then queues what it wants to send.
    fn with_streams<R>(
        &mut self,
        now: Instant,
        handle: u32,
        call: impl FnOnce(&mut Streams, u64) -> R,
    ) -> Option<R> {
        self.associations.get(handle).filter(|association| association.is_open())?;
        self.with_association(now, handle, call)
    }

    /// As [`Engine::on_stream`], also for a while after the peer ended the association.
    pub(super) fn on_readable_stream<R>(
        &mut self,
        now: Instant,
        handle: u32,
        call: impl FnOnce(&mut Streams, u64) -> Result<R, StreamError>,
    ) -> Result<R, StreamError> {
        let readable = self.associations.get(handle).is_some_and(Association::is_readable);
        let result = if readable { self.with_association(now, handle, call) } else { None };
        result.unwrap_or(Err(StreamError::Unknown))
    }

    fn with_association<R>(
        &mut self,
        now: Instant,
        handle: u32,
        call: impl FnOnce(&mut Streams, u64) -> R,
    ) -> Option<R> {
        let association = self.associations.get_mut(handle)?;
        let control = association.control();
        let rtt_micros = match association.streams.window_bytes() {
            _ if !control.rtt.has_sample() => 0,
            // What a small window can queue is little; the round trip as it is includes loops that are busy, and a way that has become longer.
            ..=SMALL_WINDOW_BYTES => control.rtt.smoothed_micros(),
            // The least one of late: a queue that a large window fills must not let it grow further.
            _ => control.least_rtt_micros().unwrap_or(0),
        };
        let result = call(&mut association.streams, rtt_micros);
        association.update_timers(now);
        self.settle(now, handle);
        Some(result)
    }

    pub(super) fn on_stream<R>(
        &mut self,
        now: Instant,
        handle: u32,
        call: impl FnOnce(&mut Streams, u64) -> Result<R, StreamError>,
    ) -> Result<R, StreamError> {
        self.with_streams(now, handle, call).unwrap_or(Err(StreamError::Unknown))
    }
}
