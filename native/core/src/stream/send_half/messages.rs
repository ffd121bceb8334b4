//! Messages and datagrams in the sending half.

use super::{Contents, SendHalf, SendProgress};
use crate::stream::block::BlockSource;
use crate::stream::error::StreamError;
use crate::stream::message::{MessageFate, MessageOptions, Outbox, MESSAGE_RECORD_BYTES};
use crate::stream::send_state::SendState;
use crate::time::Instant;
use std::cell::RefCell;
use std::ops::Range;

/// What the end of lifetimes brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expired {
    /// Bytes of places that are used up without having been sent.
    pub(crate) unsent_bytes: u64,
    /// As for an acknowledgement.
    pub(crate) progress: SendProgress,
}

impl SendHalf {
    /// From now on the buffer holds messages, or datagrams.
    pub(crate) fn carry_messages(&mut self, one_shot: bool) {
        self.contents.get_or_insert_with(|| Contents { one_shot, outbox: Box::default() });
    }

    /// Takes a message, or nothing where there is no room. Returns whether it was taken.
    pub(crate) fn send_message(
        &mut self,
        blocks: &RefCell<dyn BlockSource>,
        now: Instant,
        bytes: &[u8],
        options: &MessageOptions,
    ) -> Result<bool, StreamError> {
        if let Some(refusal) = self.state.refusal() {
            return Err(refusal);
        }
        let Some(Contents { outbox, .. }) = &mut self.contents else { return Err(StreamError::WrongKind) };
        let start = self.buffer.write_message(blocks, bytes);
        match start {
            Some(start) => outbox.push(now, start, bytes.len() as u32, options),
            None => outbox.wanted_bytes = MESSAGE_RECORD_BYTES + bytes.len() as u64,
        }
        self.writer_had_more = start.is_none();
        self.writer_waits |= self.writer_had_more;
        Ok(start.is_some())
    }

    /// The stream's offset of the buffer's `offset`, which is not before anything that was passed over.
    #[inline]
    pub(crate) fn stream_offset(&self, offset: u64) -> u64 {
        offset - self.passed_over
    }

    /// Where the stream ends, when the end comes now.
    pub(crate) fn final_offset(&self) -> u64 {
        match &self.contents {
            Some(Contents { one_shot: true, .. }) => 0,
            _ => self.stream_offset(self.buffer.sent()),
        }
    }

    /// Where the first byte of the buffer lies whose fate is open.
    #[inline]
    pub(crate) fn settled(&self) -> u64 {
        match &self.contents {
            None => self.buffer.acknowledged(),
            Some(contents) => contents.outbox.first_pending().unwrap_or(self.buffer.end()),
        }
    }

    /// Whether there are datagrams to be sent, which takes no credit.
    #[inline]
    pub(crate) fn owes_datagrams(&self) -> bool {
        self.buffer.unsent() > 0 && self.contents.as_ref().is_some_and(|contents| contents.one_shot)
    }

    /// Datagrams are over when all are settled: else the end could overtake them.
    pub(super) fn may_end(&self) -> bool {
        match &self.contents {
            Some(Contents { one_shot: true, .. }) => self.settled() == self.buffer.end(),
            _ => true,
        }
    }

    /// The first part of a message needs its record and a byte.
    pub(super) fn sendable_message_bytes(&self, contents: &Contents) -> u64 {
        let sent = self.buffer.sent();
        if contents.one_shot || self.buffer.unsent() == 0 {
            return 0;
        }
        let allowed = (self.maximum + self.passed_over).saturating_sub(sent).min(self.buffer.unsent());
        if contents.outbox.may_send(sent..sent + allowed) {
            allowed
        } else {
            0
        }
    }

    /// The next `len` bytes never sent are in a packet now.
    #[inline]
    pub(crate) fn on_sent(&mut self, blocks: &RefCell<dyn BlockSource>, len: u64) {
        self.buffer.on_sent(len);
        if self.contents.is_some() {
            self.pass_over(blocks);
        }
    }

    /// Messages, or parts of them, were acknowledged.
    pub(crate) fn on_part_acknowledged(
        &mut self,
        blocks: &RefCell<dyn BlockSource>,
        now: Instant,
        range: Range<u64>,
    ) -> SendProgress {
        self.buffer.on_acknowledged(blocks, range.clone());
        let Some(Contents { outbox, one_shot }) = &mut self.contents else {
            return SendProgress::default();
        };
        outbox.on_acknowledged(now, &range, *one_shot, |range| self.buffer.has_acknowledged(range));
        self.after_settling(blocks)
    }

    /// A part of a datagram is lost, and so is the datagram.
    pub(crate) fn on_datagram_lost(&mut self, blocks: &RefCell<dyn BlockSource>, start: u64) -> SendProgress {
        let Some(Contents { outbox, .. }) = &mut self.contents else { return SendProgress::default() };
        let Some(message) = outbox.at(start) else { return SendProgress::default() };
        if outbox.on_datagram_lost(message.start) {
            self.buffer.give_up(blocks, message.start..message.end());
        }
        self.after_settling(blocks)
    }

    /// Ends the lifetimes that are over.
    pub(crate) fn expire(&mut self, blocks: &RefCell<dyn BlockSource>, now: Instant) -> Expired {
        let Some(Contents { outbox, one_shot }) = &mut self.contents else { return Expired::default() };
        let mut unsent_bytes = 0;
        while let Some(message) = outbox.pop_expired(now, *one_shot) {
            if message.has_place() {
                unsent_bytes += self.buffer.give_up(blocks, message.start..message.end());
            }
        }
        Expired { unsent_bytes, progress: self.after_settling(blocks) }
    }

    /// EXPIRE_REPLY came.
    pub(crate) fn on_expire_reply(
        &mut self,
        blocks: &RefCell<dyn BlockSource>,
        place: u64,
        fate: MessageFate,
    ) -> SendProgress {
        let Some(Contents { outbox, .. }) = &mut self.contents else { return SendProgress::default() };
        outbox.on_reply(place, fate);
        self.after_settling(blocks)
    }

    /// The outbox, when there is one.
    pub(crate) fn outbox_mut(&mut self) -> Option<&mut Outbox> {
        self.contents.as_mut().map(|contents| &mut *contents.outbox)
    }

    /// The outbox, when there is one.
    pub(crate) fn outbox(&self) -> Option<&Outbox> {
        self.contents.as_ref().map(|contents| &*contents.outbox)
    }

    /// Passes over what expired unsent, and sees what has come to its end.
    fn after_settling(&mut self, blocks: &RefCell<dyn BlockSource>) -> SendProgress {
        self.pass_over(blocks);
        let all_settled = self.settled() == self.buffer.end();
        let finished = self.state.on_acknowledged(false, all_settled);
        SendProgress { writable: self.take_writable(), flushed: self.take_flushed(), finished }
    }

    fn pass_over(&mut self, blocks: &RefCell<dyn BlockSource>) {
        let Some(Contents { outbox, .. }) = &mut self.contents else { return };
        let mut place = self.buffer.sent() - self.passed_over;
        while let Some(message) = outbox.next_passed_over(self.buffer.sent(), place) {
            // The rest of a datagram was given up with its first part; a message that is settled here never had one.
            self.passed_over += self.buffer.give_up(blocks, message.start..message.end());
            place = self.buffer.sent() - self.passed_over;
        }
        outbox.forget_settled();
        debug_assert!(self.state != SendState::Finished || outbox.first_pending().is_none());
    }
}
