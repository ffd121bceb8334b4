//! Messages in the receiving half.

use super::ReceiveHalf;
use crate::constants::LIFETIME_GRACE_MICROS;
use crate::stream::association_credit::AssociationCredit;
use crate::stream::block::BlockSource;
use crate::stream::error::{ProtocolViolation, StreamError};
use crate::stream::message::{Arrival, DatagramInbox, Inbox, MESSAGE_RECORD_BYTES};
use crate::stream::receive_state::ReceiveState;
use crate::time::Instant;
use osier_wire::limits::MAX_MESSAGE_BYTES;
use osier_wire::{ExpireFrame, MessageFrame, MessageHeader};
use std::cell::RefCell;

/// What a stream brings beside bytes.
pub(crate) enum Arrivals {
    /// Not known yet.
    Unknown,
    /// Bytes.
    Bytes,
    /// Messages, whole or not.
    Messages(Box<Inbox>),
    /// Datagrams, whole or not.
    Datagrams(Box<DatagramInbox>),
}

/// What a MESSAGE frame led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Nothing new for the application.
    Nothing,
    /// There is more to read.
    Readable,
    /// The message is larger than this end takes.
    TooLarge,
}

impl ReceiveHalf {
    /// MESSAGE came. `limit`: the largest message that this end takes.
    pub(crate) fn on_message(
        &mut self,
        blocks: &RefCell<dyn BlockSource>,
        credit: &mut AssociationCredit,
        now: Instant,
        frame: &MessageFrame<'_>,
        limit: u64,
    ) -> Result<Taken, ProtocolViolation> {
        if self.state.is_terminal() {
            return Ok(Taken::Nothing);
        }
        let MessageHeader { offset, unordered, total_len, fragment_offset, .. } = frame.header;
        let part_end = offset + MESSAGE_RECORD_BYTES + fragment_offset + frame.data.len() as u64;
        self.state.on_data(frame.header.end_offset(), false, self.buffer.highest())?;
        self.use_credit(credit, part_end)?;
        self.buffer.use_up_to(part_end);
        if !self.state.is_reading() {
            self.drop_up_to(blocks, credit, part_end);
            return Ok(Taken::Nothing);
        }
        if total_len > limit {
            return Ok(Taken::TooLarge);
        }
        let Arrivals::Messages(inbox) = &mut self.arrivals else { return Ok(Taken::Nothing) };
        if offset < self.buffer.consumed() {
            return Ok(Taken::Nothing);
        }
        let before = inbox.ready_count();
        inbox.expire(now);
        let expires_at = frame.header.lifetime_micros.map(|micros| now.plus_micros(lengthened(micros)));
        if inbox.on_part((offset, total_len as u32, unordered), expires_at)? == Arrival::Wanted {
            let memory = self.buffer.memory_bytes();
            let spare = credit.spare_bytes();
            self.buffer.insert_part(blocks, offset, fragment_offset, frame.data, spare)?;
            credit.on_memory(memory, self.buffer.memory_bytes());
            if self.buffer.has(offset..frame.header.end_offset()) {
                inbox.on_whole(offset);
            }
        }
        let more = inbox.ready_count() > before;
        self.expect(credit);
        Ok(if more { Taken::Readable } else { Taken::Nothing })
    }

    /// EXPIRE came. The record of its place needs credit; the rest may lie beyond it, as nothing of it will be held. Returns whether there is more to read.
    pub(crate) fn on_expire(
        &mut self,
        credit: &mut AssociationCredit,
        frame: &ExpireFrame,
    ) -> Result<bool, ProtocolViolation> {
        if !self.state.is_reading() {
            // Where everything was read, everything was delivered.
            if let (ReceiveState::Finished, Arrivals::Messages(inbox)) = (self.state, &mut self.arrivals) {
                inbox.on_expire(frame.offset, frame.total_len as u32, u64::MAX)?;
            }
            return Ok(false);
        }
        let record_end = frame.offset + MESSAGE_RECORD_BYTES;
        self.state.on_data(record_end + frame.total_len, false, self.buffer.highest())?;
        self.use_credit(credit, record_end)?;
        self.buffer.use_up_to(record_end);
        let consumed = self.buffer.consumed();
        let Arrivals::Messages(inbox) = &mut self.arrivals else { return Ok(false) };
        let before = inbox.ready_count();
        inbox.on_expire(frame.offset, frame.total_len as u32, consumed)?;
        let more = inbox.ready_count() > before;
        self.expect(credit);
        Ok(more)
    }

    /// Drops messages whose lifetime is over. Returns whether there is more to read.
    pub(crate) fn expire(&mut self, credit: &mut AssociationCredit, now: Instant) -> bool {
        let Arrivals::Messages(inbox) = &mut self.arrivals else { return false };
        let before = inbox.ready_count();
        inbox.expire(now);
        let more = inbox.ready_count() > before;
        self.expect(credit);
        more
    }

    /// The peer knows that the message at `offset` was dropped: its place takes no more credit. Returns whether the stream's end is next to read.
    pub(crate) fn on_drop_known(
        &mut self,
        blocks: &RefCell<dyn BlockSource>,
        credit: &mut AssociationCredit,
        offset: u64,
    ) -> bool {
        let Arrivals::Messages(inbox) = &mut self.arrivals else { return false };
        let Some(end) = inbox.on_drop_known(offset) else { return false };
        let passed_over = self.buffer.fill(offset..end);
        credit.on_passed_over(passed_over);
        self.prepaid += passed_over;
        let gone = inbox.forget_gone(self.buffer.consumed());
        let memory = self.buffer.memory_bytes();
        let freed = self.buffer.consume(blocks, gone);
        credit.on_memory(memory, self.buffer.memory_bytes());
        if freed > 0 {
            let unpaid = self.take_prepaid(freed);
            credit.on_discarded(unpaid);
            self.grant_owed |= self.window.on_discarded(freed);
        }
        self.expect(credit);
        self.is_complete()
    }

    /// Refuses calls that are about bytes where none come.
    #[inline]
    pub(crate) fn check_bytes(&self) -> Result<(), StreamError> {
        match self.arrivals {
            Arrivals::Unknown | Arrivals::Bytes => Ok(()),
            Arrivals::Messages(_) | Arrivals::Datagrams(_) => Err(StreamError::WrongKind),
        }
    }

    /// What there is to read: bytes, or messages.
    pub(crate) fn readable(&self) -> usize {
        match &self.arrivals {
            Arrivals::Unknown | Arrivals::Bytes => self.buffer.readable() as usize,
            Arrivals::Messages(_) | Arrivals::Datagrams(_) => self.messages_ready(),
        }
    }

    /// Whether an answer to EXPIRE has to be sent.
    #[inline]
    pub(crate) fn owes_reply(&self) -> bool {
        matches!(&self.arrivals, Arrivals::Messages(inbox) if inbox.next_reply().is_some())
    }

    /// Datagrams that came and were dropped for want of room.
    pub(crate) fn dropped(&self) -> u64 {
        match &self.arrivals {
            Arrivals::Datagrams(inbox) => inbox.dropped,
            Arrivals::Unknown | Arrivals::Bytes | Arrivals::Messages(_) => 0,
        }
    }

    /// Messages that the application may have now.
    pub(crate) fn messages_ready(&self) -> usize {
        match &self.arrivals {
            Arrivals::Unknown | Arrivals::Bytes => 0,
            Arrivals::Messages(inbox) => inbox.ready_count(),
            Arrivals::Datagrams(inbox) => inbox.ready_count(),
        }
    }

    /// The message that is waited for has to come whole before anything of it is consumed. Where that takes more than the window, the peer is
    /// granted the rest: of the stream's credit all, of the association's as far as the budget allows.
    pub(crate) fn expect(&mut self, credit: &mut AssociationCredit) {
        let Arrivals::Messages(inbox) = &mut self.arrivals else { return };
        let awaited_end = inbox.awaited_end().unwrap_or(0);
        self.grant_owed |= awaited_end > self.window.granted() && self.state == ReceiveState::Receiving;
        let expected = awaited_end.saturating_sub(self.buffer.highest());
        credit.on_expected(inbox.expected_bytes, expected);
        inbox.expected_bytes = expected;
    }

    /// How much the stream's credit has to go beyond its window for the message that is waited for.
    pub(super) fn beyond_window(&self) -> u64 {
        let Arrivals::Messages(inbox) = &self.arrivals else { return 0 };
        let plain = self.window.consumed() + self.window.window();
        inbox.awaited_end().map_or(0, |end| end.saturating_sub(plain))
    }

    /// What may be in a final offset that the credit does not cover: the rest of a message that expired while it was being sent.
    pub(super) fn use_final_credit(
        &mut self,
        credit: &mut AssociationCredit,
        final_offset: u64,
    ) -> Result<(), ProtocolViolation> {
        let highest = self.buffer.highest();
        if !matches!(self.arrivals, Arrivals::Messages(_)) || final_offset <= highest {
            return self.use_credit(credit, final_offset);
        }
        let room = credit.left().min(self.window.granted().saturating_sub(highest));
        let covered = final_offset.min(highest + room);
        if final_offset - covered > MESSAGE_RECORD_BYTES + MAX_MESSAGE_BYTES {
            return Err(ProtocolViolation::StreamCredit);
        }
        self.use_credit(credit, covered)?;
        credit.on_passed_over(final_offset - covered);
        self.prepaid += final_offset - covered;
        Ok(())
    }

    /// Nothing more is read: what is here is forgotten.
    pub(super) fn clear_arrivals(&mut self, credit: &mut AssociationCredit) {
        match &mut self.arrivals {
            Arrivals::Unknown | Arrivals::Bytes => {}
            Arrivals::Messages(inbox) => {
                credit.on_expected(inbox.expected_bytes, 0);
                inbox.clear();
            }
            Arrivals::Datagrams(inbox) => inbox.clear(),
        }
    }
}

/// A receiver waits a little longer than a lifetime, for clocks that differ.
fn lengthened(micros: u64) -> u64 {
    micros + micros / 100 + LIFETIME_GRACE_MICROS
}
