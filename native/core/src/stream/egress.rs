//! Frames that go to the peer.

use super::entry::{Opening, Stream};
use super::event_queue::EventSort;
use super::message::MESSAGE_CREDIT_MIN;
use super::stream_frame_writer::{write_stream_frame, PADDING_MAX_BYTES};
use super::{Shared, Streams};
use crate::constants::TURN_BYTES;
use crate::sent_frame::{FrameLog, SentFrame};
use crate::time::Instant;
use osier_wire::{Frame, ResetStreamFrame, StopFrame, Writer};
use std::ops::Range;

/// Whose turn it is to send.
#[derive(Clone, Copy)]
enum Turn {
    /// Something that takes no credit.
    Urgent(u32),
    /// Bytes that were never sent.
    Fresh(u32),
}

impl Streams {
    /// Whether [`Streams::fill`] has something to write under the present credit.
    #[inline]
    pub(crate) fn wants_to_send(&self) -> bool {
        self.shared.next_turn().is_some()
            || !self.shared.control.is_empty()
            || !self.shared.forgotten_replies.is_empty()
            || self.shared.credit.wants_grant()
            || self.table.wants_grant()
    }

    /// Whether the application has more than credit or a send buffer takes. Ask when [`Streams::wants_to_send`] says no: otherwise the application,
    /// and not the peer or the path, holds sending back.
    pub(crate) fn is_held_back(&mut self) -> bool {
        // They want to be sent, were it not for the association's credit.
        if !self.shared.fresh.is_empty() {
            return true;
        }
        while let Some((handle, _)) = self.shared.held_back.first() {
            if self.table.get(handle).is_some_and(|stream| stream.send.is_held_back()) {
                return true;
            }
            self.shared.held_back.remove(handle);
        }
        false
    }

    /// Writes as many frames as fit into a packet and records them. While more is waiting the packet is filled to its last byte, if
    /// need be with PADDING; the last frame may run to the end of the packet, so nothing can follow.
    pub(crate) fn fill(&mut self, now: Instant, w: &mut Writer<'_>, log: &mut FrameLog) {
        if self.deadline().is_some_and(|at| at <= now) {
            self.on_timeout(now);
        }
        let start = w.position();
        if self.write_grants(w, log) && self.write_control(now, w, log) && self.write_forgotten(w) {
            while log.room() > 0 && self.write_turn(now, w, log) {}
        }
        let scrap = 1..=PADDING_MAX_BYTES;
        if w.position() > start && scrap.contains(&w.room()) && self.wants_to_send() {
            // Cannot fail: it is what is left.
            let _ = w.put_zeros(w.room());
        }
    }

    /// Writes what the association and the number of streams are due. False when the packet is full.
    fn write_grants(&mut self, w: &mut Writer<'_>, log: &mut FrameLog) -> bool {
        if self.shared.credit.wants_grant() {
            let maximum = self.shared.credit.take_grant();
            if !write(w, log, &Frame::MaxData { maximum }, SentFrame::MaxData) {
                self.shared.credit.on_grant_lost();
                return false;
            }
        }
        if self.table.wants_grant() {
            let maximum = self.table.take_grant();
            if !write(w, log, &Frame::MaxStreams { maximum }, SentFrame::MaxStreams) {
                self.table.on_grant_lost();
                return false;
            }
        }
        true
    }

    /// Writes what streams have to say about their state. False when the packet is full.
    fn write_control(&mut self, now: Instant, w: &mut Writer<'_>, log: &mut FrameLog) -> bool {
        while let Some((handle, _)) = self.shared.control.first() {
            if let Some(stream) = self.table.get_mut(handle) {
                let all = write_control_of(stream, now, handle, w, log);
                self.shared.rearm(handle, stream);
                if !all {
                    return false;
                }
            }
            self.shared.control.remove(handle);
        }
        true
    }

    /// Writes one frame of the stream whose turn it is. False when there is none or it does not fit.
    #[inline]
    fn write_turn(&mut self, now: Instant, w: &mut Writer<'_>, log: &mut FrameLog) -> bool {
        match self.shared.next_turn() {
            None => false,
            Some(Turn::Urgent(handle)) => self.write_urgent(now, handle, w, log),
            Some(Turn::Fresh(handle)) => self.write_fresh(now, handle, w, log),
        }
    }

    /// The opening and the first bytes right after it; else lost bytes; else the bare end.
    fn write_urgent(&mut self, now: Instant, handle: u32, w: &mut Writer<'_>, log: &mut FrameLog) -> bool {
        let Some(stream) = self.table.get_mut(handle) else {
            self.shared.urgent.remove(handle);
            return true;
        };
        let opening = stream.opening.owes_open();
        let written = if opening {
            write_open(stream, handle, w, log)
        } else if let Some(range) = stream.send.buffer.first_lost() {
            write_lost(stream, handle, (now, range), w, log)
        } else if stream.send.owes_datagrams() {
            stream.write_datagram(&self.shared.blocks, handle, w, log)
        } else {
            write_bare_fin(stream, handle, w, log)
        };
        let Some(bytes) = written else { return false };
        self.shared.urgent.charge(handle, bytes, TURN_BYTES);
        self.shared.reschedule(handle, stream);
        if opening
            && log.room() > 0
            && self.shared.fresh.contains(handle)
            && self.shared.send_credit.left() >= MESSAGE_CREDIT_MIN
        {
            return self.write_fresh(now, handle, w, log);
        }
        true
    }

    #[inline]
    fn write_fresh(&mut self, now: Instant, handle: u32, w: &mut Writer<'_>, log: &mut FrameLog) -> bool {
        let Some(stream) = self.table.get_mut(handle) else {
            self.shared.fresh.remove(handle);
            return true;
        };
        let offset = stream.send.buffer.sent();
        let available = stream.send.sendable().min(self.shared.send_credit.left());
        let range = offset..offset + available;
        let written = if stream.send.contents.is_some() {
            stream.write_messages(now, range, w).map(|len| (len, false))
        } else {
            write_stream_frame(w, stream.id, &stream.send, range)
        };
        let Some((len, fin)) = written else { return false };
        log.push(SentFrame::Stream { handle, offset, len, fin });
        stream.send.on_sent(&self.shared.blocks, u64::from(len));
        self.shared.send_credit.on_sent(u64::from(len));
        if fin {
            stream.send.on_fin_sent();
        }
        if stream.send.take_writable() {
            self.shared.raise(handle, stream, EventSort::Writable);
        }
        self.shared.fresh.charge(handle, u32::from(len), TURN_BYTES);
        if stream.send.sendable() == 0 {
            self.shared.reschedule(handle, stream);
        }
        true
    }
}

impl Shared {
    /// Whose turn it is: the highest level, and on it what takes no credit first.
    #[inline]
    fn next_turn(&self) -> Option<Turn> {
        let fresh = if self.send_credit.left() >= MESSAGE_CREDIT_MIN { self.fresh.first() } else { None };
        match (self.urgent.first(), fresh) {
            (Some((_, urgent_level)), Some((handle, level))) if level < urgent_level => {
                Some(Turn::Fresh(handle))
            }
            (Some((handle, _)), _) => Some(Turn::Urgent(handle)),
            (None, Some((handle, _))) => Some(Turn::Fresh(handle)),
            (None, None) => None,
        }
    }
}

/// Writes and records a frame; false when there is no room for it.
pub(super) fn write(w: &mut Writer<'_>, log: &mut FrameLog, frame: &Frame<'_>, record: SentFrame) -> bool {
    let written = log.room() > 0 && frame.encode(w).is_ok();
    if written {
        log.push(record);
    }
    written
}

/// Writes all that `stream` has to say about its state. False when not all fits.
fn write_control_of(
    stream: &mut Stream,
    now: Instant,
    handle: u32,
    w: &mut Writer<'_>,
    log: &mut FrameLog,
) -> bool {
    let id = stream.id;
    if stream.send.state.owes_reset() {
        if stream.send.contents.is_some() && write_open(stream, handle, w, log).is_none() {
            return false;
        }
        if let Some((reset, delivery)) = stream.send.state.reset_mut() {
            let (reason, code, final_offset) = (reset.reason, reset.code, reset.final_offset);
            let frame = Frame::ResetStream(ResetStreamFrame { id, reason, code, final_offset });
            if !write(w, log, &frame, SentFrame::ResetStream { handle }) {
                return false;
            }
            delivery.on_sent();
        }
    }
    if stream.receive.state.owes_stop() {
        if let Some(((reason, code), delivery)) = stream.receive.state.stop_mut() {
            let frame = Frame::Stop(StopFrame { id, reason, code });
            if !write(w, log, &frame, SentFrame::Stop { handle }) {
                return false;
            }
            delivery.on_sent();
        }
    }
    if stream.receive.owes_grant() {
        let maximum = stream.receive.take_grant();
        if !write(w, log, &Frame::MaxStreamData { id, maximum }, SentFrame::MaxStreamData { handle }) {
            stream.receive.on_grant_lost();
            return false;
        }
    }
    !stream.owes_expiry() || stream.write_expiries(now, handle, w, log)
}

/// Writes OPEN, unless the peer has it; returns what it takes of the stream's turn. The end of a stream of messages is read with what OPEN says, and so
/// comes after it in the same packet.
fn write_open(stream: &mut Stream, handle: u32, w: &mut Writer<'_>, log: &mut FrameLog) -> Option<u32> {
    let Opening::Here { what, frame } = &mut stream.opening else { return Some(0) };
    let start = w.position();
    if !write(w, log, &Frame::Open(what.frame(stream.id)), SentFrame::Open { handle }) {
        return None;
    }
    frame.on_sent();
    Some((w.position() - start) as u32)
}

/// Writes the first of the bytes in `range` of the send buffer, whatever they are; returns how many, and whether they are the last.
#[inline]
fn write_range(
    stream: &mut Stream,
    now: Instant,
    range: Range<u64>,
    w: &mut Writer<'_>,
) -> Option<(u16, bool)> {
    if stream.send.contents.is_some() {
        return stream.write_part(now, range, w).map(|bytes| (bytes as u16, false));
    }
    write_stream_frame(w, stream.id, &stream.send, range)
}

/// Writes lost bytes again; returns how many.
fn write_lost(
    stream: &mut Stream,
    handle: u32,
    (now, range): (Instant, Range<u64>),
    w: &mut Writer<'_>,
    log: &mut FrameLog,
) -> Option<u32> {
    let offset = range.start;
    let (len, fin) = write_range(stream, now, range, w)?;
    log.push(SentFrame::Stream { handle, offset, len, fin });
    stream.send.buffer.on_sent_again(u64::from(len));
    if fin {
        stream.send.on_fin_sent();
    }
    Some(u32::from(len))
}

/// Writes the end of a stream whose bytes were all sent before.
fn write_bare_fin(stream: &mut Stream, handle: u32, w: &mut Writer<'_>, log: &mut FrameLog) -> Option<u32> {
    if stream.send.contents.is_some() {
        // Its opening goes along, until that is acknowledged: both or neither.
        if log.room() < 2 {
            return None;
        }
        write_open(stream, handle, w, log)?;
        return stream.write_last(handle, w, log);
    }
    let offset = stream.send.buffer.end();
    let (len, fin) = write_stream_frame(w, stream.id, &stream.send, offset..offset)?;
    log.push(SentFrame::Stream { handle, offset, len, fin });
    stream.send.on_fin_sent();
    Some(0)
}
