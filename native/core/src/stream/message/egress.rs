//! Frames of messages and datagrams that go to the peer, what becomes of them, and the end of lifetimes.

use super::frame_writer::{write_datagram_part, write_message_part};
use super::MESSAGE_RECORD_BYTES;
use crate::constants::TURN_BYTES;
use crate::sent_frame::{FrameLog, SentFrame};
use crate::stream::block::BlockSource;
use crate::stream::egress::write;
use crate::stream::entry::Stream;
use crate::stream::event_queue::EventSort;
use crate::stream::receive_half::Arrivals;
use crate::stream::send_half::SendProgress;
use crate::stream::{Shared, Streams};
use crate::time::Instant;
use osier_wire::{encode_stream_header, ExpireFrame, ExpireReplyFrame, Frame, MessageFate, Writer};
use std::cell::RefCell;
use std::ops::Range;

impl Streams {
    /// When [`Streams::on_timeout`] wants to be called: a lifetime is over then.
    #[inline]
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.shared.deadlines.first().map(|(at, _)| *at)
    }

    /// Ends the lifetimes that are over.
    pub(crate) fn on_timeout(&mut self, now: Instant) {
        while let Some((_, handle)) = self.shared.deadlines.first().copied().filter(|(at, _)| *at <= now) {
            self.shared.deadlines.pop_first();
            let Some(stream) = self.table.get_mut(handle) else { continue };
            stream.wakes_at = None;
            let Shared { blocks, credit, send_credit, .. } = &mut self.shared;
            let more = stream.receive.expire(credit, now);
            let expired = stream.send.expire(blocks, now);
            send_credit.on_sent(expired.unsent_bytes);
            if more {
                self.shared.raise(handle, stream, EventSort::Readable);
            }
            self.after_progress(handle, expired.progress);
        }
    }

    /// The sending half of a stream of messages came further.
    pub(in crate::stream) fn after_progress(&mut self, handle: u32, progress: SendProgress) {
        let Some(stream) = self.table.get_mut(handle) else { return };
        if stream.send.outbox().is_some_and(super::Outbox::has_untold) {
            self.shared.raise(handle, stream, EventSort::Settled);
        }
        self.shared.raise_progress(handle, stream, progress);
        self.shared.rearm(handle, stream);
        self.settle(handle);
    }

    /// Answers EXPIREs for streams that are forgotten: everything on them was settled, and what was dropped is known to the peer. An answer that is
    /// lost is asked for again. False when the packet is full.
    pub(in crate::stream) fn write_forgotten(&mut self, w: &mut Writer<'_>) -> bool {
        while let Some((id, offset)) = self.shared.forgotten_replies.front().copied() {
            let frame = Frame::ExpireReply(ExpireReplyFrame { id, offset, fate: MessageFate::Delivered });
            if frame.encode(w).is_err() {
                return false;
            }
            self.shared.forgotten_replies.pop_front();
        }
        true
    }

    /// A part of a message or datagram was acknowledged.
    pub(in crate::stream) fn on_part_acknowledged(&mut self, now: Instant, handle: u32, range: Range<u64>) {
        let Some(stream) = self.table.get_mut(handle) else { return };
        let progress = stream.send.on_part_acknowledged(&self.shared.blocks, now, range);
        self.after_progress(handle, progress);
    }

    /// A part of a message or datagram counts as lost.
    pub(in crate::stream) fn on_part_lost(&mut self, handle: u32, range: Range<u64>) {
        let Some(stream) = self.table.get_mut(handle) else { return };
        let one_shot = stream.send.contents.as_ref().is_some_and(|contents| contents.one_shot);
        let progress = if one_shot {
            stream.send.on_datagram_lost(&self.shared.blocks, range.start)
        } else {
            stream.send.on_lost(range, false);
            SendProgress::default()
        };
        self.after_progress(handle, progress);
    }

    /// EXPIRE_REPLY was acknowledged: what was dropped need not be remembered.
    pub(in crate::stream) fn on_reply_acknowledged(&mut self, handle: u32, offset: u64, dropped: bool) {
        let Some(stream) = self.table.get_mut(handle) else { return };
        if !dropped {
            return;
        }
        let Shared { blocks, credit, .. } = &mut self.shared;
        if stream.receive.on_drop_known(blocks, credit, offset) {
            self.shared.raise(handle, stream, EventSort::Readable);
        }
        self.shared.reschedule(handle, stream);
    }

    /// EXPIRE_REPLY counts as lost.
    pub(in crate::stream) fn on_reply_lost(&mut self, handle: u32, offset: u64, dropped: bool) {
        let Some(stream) = self.table.get_mut(handle) else { return };
        let fate = if dropped { MessageFate::Dropped } else { MessageFate::Delivered };
        if let Arrivals::Messages(inbox) = &mut stream.receive.arrivals {
            inbox.on_reply_lost(offset, fate);
        }
        self.shared.reschedule(handle, stream);
    }
}

impl Shared {
    /// Sees to it that `stream` is looked at when its next lifetime is over. A lifetime that no longer matters wakes nobody but this end.
    pub(in crate::stream) fn rearm(&mut self, handle: u32, stream: &mut Stream) {
        let Some(at) = stream.deadline() else { return };
        if stream.wakes_at.is_none_or(|wakes_at| at < wakes_at) {
            if let Some(before) = stream.wakes_at.replace(at) {
                self.deadlines.remove(&(before, handle));
            }
            self.deadlines.insert((at, handle));
        }
    }
}

impl Stream {
    fn deadline(&self) -> Option<Instant> {
        let sending = self.send.outbox().and_then(super::Outbox::deadline);
        let receiving = match &self.receive.arrivals {
            Arrivals::Messages(inbox) => inbox.deadline(),
            _ => None,
        };
        [sending, receiving].into_iter().flatten().min()
    }

    /// Whether an EXPIRE or an answer to one has to be sent.
    #[inline]
    pub(in crate::stream) fn owes_expiry(&self) -> bool {
        let asks = self.send.outbox().is_some_and(super::Outbox::owes_expire);
        asks || self.receive.owes_reply()
    }

    /// Writes EXPIREs and answers to them. False when not all fit.
    pub(in crate::stream) fn write_expiries(
        &mut self,
        now: Instant,
        handle: u32,
        w: &mut Writer<'_>,
        log: &mut FrameLog,
    ) -> bool {
        let id = self.id;
        if let Arrivals::Messages(inbox) = &mut self.receive.arrivals {
            while let Some((offset, fate)) = inbox.next_reply() {
                let dropped = fate == MessageFate::Dropped;
                let frame = Frame::ExpireReply(ExpireReplyFrame { id, offset, fate });
                if !write(w, log, &frame, SentFrame::ExpireReply { handle, offset, dropped }) {
                    return false;
                }
                inbox.on_replied();
            }
        }
        let Some(outbox) = self.send.outbox_mut() else { return true };
        while let Some(message) = outbox.next_to_ask().filter(|_| outbox.may_ask()) {
            let (offset, total_len) = (message.place, u64::from(message.len));
            let frame = Frame::Expire(ExpireFrame { id, offset, total_len });
            if !write(w, log, &frame, SentFrame::Expire { handle, start: message.start }) {
                return false;
            }
            outbox.on_asked(now);
        }
        true
    }

    /// Writes messages of `range` of the send buffer, none of which was sent before, as many as fit and are a turn. Returns how many bytes of the buffer.
    pub(in crate::stream) fn write_messages(
        &mut self,
        now: Instant,
        range: Range<u64>,
        w: &mut Writer<'_>,
    ) -> Option<u16> {
        let end = range.end.min(range.start + u64::from(u16::MAX));
        let turn_end = end.min(range.start + u64::from(TURN_BYTES));
        let mut at = range.start;
        while at < turn_end && self.send.outbox()?.may_send(at..end) {
            let Some(bytes) = self.write_part(now, at..end, w) else { break };
            at += bytes;
        }
        (at > range.start).then_some((at - range.start) as u16)
    }

    /// Writes as much of `range` of the send buffer as fits and is of one message. Returns how many bytes of the buffer.
    pub(in crate::stream) fn write_part(
        &mut self,
        now: Instant,
        range: Range<u64>,
        w: &mut Writer<'_>,
    ) -> Option<u64> {
        let message = self.send.outbox()?.at(range.start)?;
        let place = if message.has_place() { message.place } else { self.send.stream_offset(message.start) };
        let range = range.start..range.end.min(message.end());
        let bytes = write_message_part(w, self.id, &self.send, &message, place, range, now)?;
        if !message.has_place() {
            self.send.outbox_mut()?.on_begun(message.start, place);
        }
        Some(bytes)
    }

    /// Writes a datagram, or as much of one as fits where no packet holds the whole.
    pub(in crate::stream) fn write_datagram(
        &mut self,
        blocks: &RefCell<dyn BlockSource>,
        handle: u32,
        w: &mut Writer<'_>,
        log: &mut FrameLog,
    ) -> Option<u32> {
        let from = self.send.buffer.sent();
        let outbox = self.send.outbox()?;
        let message = outbox.at(from)?;
        let number = if message.has_place() { message.place } else { outbox.next_number };
        let (bytes, in_parts) = write_datagram_part(w, self.id, &self.send, &message, number, from)?;
        if !message.has_place() {
            let outbox = self.send.outbox_mut()?;
            outbox.next_number += u64::from(in_parts);
            outbox.on_begun(message.start, number);
        }
        log.push(SentFrame::Stream { handle, offset: from, len: bytes as u16, fin: false });
        self.send.on_sent(blocks, bytes);
        Some(bytes as u32)
    }

    /// Writes the end of a stream of messages or datagrams.
    pub(in crate::stream) fn write_last(
        &mut self,
        handle: u32,
        w: &mut Writer<'_>,
        log: &mut FrameLog,
    ) -> Option<u32> {
        let start = w.position();
        if encode_stream_header(w, self.id, self.send.final_offset(), Some(0), true).is_err() {
            w.rewind(start);
            return None;
        }
        let offset = self.send.buffer.end();
        log.push(SentFrame::Stream { handle, offset, len: 0, fin: true });
        self.send.on_fin_sent();
        Some(0)
    }
}

/// The least association credit with which a message can begin.
pub(in crate::stream) const MESSAGE_CREDIT_MIN: u64 = MESSAGE_RECORD_BYTES + 1;
