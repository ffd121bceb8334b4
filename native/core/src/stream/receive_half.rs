//! The receiving half of one stream.

mod messages;

use super::association_credit::AssociationCredit;
use super::block::BlockSource;
use super::credit_window::CreditWindow;
use super::error::ProtocolViolation;
use super::receive_buffer::ReceiveBuffer;
use super::receive_state::ReceiveState;
use crate::time::Instant;
use osier_wire::ResetReason;
use std::cell::RefCell;

pub(crate) use messages::{Arrivals, Taken};

/// What the peer sends on a stream: its bytes, how far they were read, and how far it may go.
pub(crate) struct ReceiveHalf {
    pub(crate) state: ReceiveState,
    pub(crate) buffer: ReceiveBuffer,
    /// What the bytes of the buffer are.
    pub(crate) arrivals: Arrivals,
    window: CreditWindow,
    grant_owed: bool,
    /// A message of so many bytes was larger than this end takes: why it reads no more.
    pub(crate) too_large_bytes: Option<u64>,
    /// Bytes that the peer passed over: the association counts them as consumed since then, and not again when their turn comes.
    prepaid: u64,
}

impl ReceiveHalf {
    /// Nothing received; the peer may send `initial` bytes.
    pub(crate) fn new(initial: u64, cap: u64) -> Self {
        Self {
            state: ReceiveState::Receiving,
            buffer: ReceiveBuffer::default(),
            arrivals: Arrivals::Unknown,
            window: CreditWindow::new(initial, cap),
            grant_owed: false,
            too_large_bytes: None,
            prepaid: 0,
        }
    }

    /// A STREAM frame came. Returns whether the application has something new to read: bytes, or the end.
    #[inline]
    pub(crate) fn on_data(
        &mut self,
        blocks: &RefCell<dyn BlockSource>,
        credit: &mut AssociationCredit,
        offset: u64,
        data: &[u8],
        fin: bool,
    ) -> Result<bool, ProtocolViolation> {
        if self.state.is_terminal() {
            return Ok(false);
        }
        let end = offset + data.len() as u64;
        self.state.on_data(end, fin, self.buffer.highest())?;
        if fin {
            self.use_final_credit(credit, end)?;
        } else {
            self.use_credit(credit, end)?;
        }
        if !self.state.is_reading() {
            self.drop_up_to(blocks, credit, end);
            return Ok(false);
        }
        let before = self.buffer.memory_bytes();
        let more = self.buffer.insert(blocks, offset, data, credit.spare_bytes())?;
        credit.on_memory(before, self.buffer.memory_bytes());
        if self.buffer.highest() > self.buffer.ready() && self.buffer.ready() == self.buffer.consumed() {
            self.window.on_gap(self.buffer.highest());
        }
        Ok(more || (fin && self.is_complete()))
    }

    /// RESET_STREAM came. Returns whether it ended this half.
    pub(crate) fn on_reset(
        &mut self,
        blocks: &RefCell<dyn BlockSource>,
        credit: &mut AssociationCredit,
        why: (ResetReason, u32),
        final_offset: u64,
    ) -> Result<bool, ProtocolViolation> {
        let ended = self.state.on_reset(why, final_offset, self.buffer.highest(), self.is_complete())?;
        if ended {
            self.use_final_credit(credit, final_offset)?;
            self.drop_up_to(blocks, credit, final_offset);
        }
        Ok(ended)
    }

    /// The application wants no more. Returns whether anything changed.
    pub(crate) fn stop(
        &mut self,
        blocks: &RefCell<dyn BlockSource>,
        credit: &mut AssociationCredit,
        why: (ResetReason, u32),
    ) -> bool {
        let changed = self.state.stop(why, self.is_complete());
        if changed {
            self.drop_up_to(blocks, credit, self.buffer.highest());
        }
        changed
    }

    /// The application has read the first `bytes`, at most what is readable. Returns how many they were and whether the stream
    /// ended with them.
    #[inline]
    pub(crate) fn consume(
        &mut self,
        blocks: &RefCell<dyn BlockSource>,
        credit: &mut AssociationCredit,
        (now, rtt_micros): (Instant, u64),
        bytes: usize,
    ) -> (usize, bool) {
        let before = self.buffer.memory_bytes();
        let consumed = self.buffer.consume(blocks, bytes as u64);
        credit.on_memory(before, self.buffer.memory_bytes());
        if consumed > 0 {
            let unpaid = self.take_prepaid(consumed);
            credit.on_consumed(now, rtt_micros, unpaid);
            let due = self.window.on_consumed(now, rtt_micros, consumed, credit.budget());
            self.grant_owed |= due && self.state == ReceiveState::Receiving;
        }
        (consumed as usize, self.state.on_consumed(self.buffer.consumed()))
    }

    /// Whether MAX_STREAM_DATA has to be sent.
    #[inline]
    pub(crate) fn owes_grant(&self) -> bool {
        self.grant_owed && self.state == ReceiveState::Receiving
    }

    /// The credit to tell the peer now.
    pub(crate) fn take_grant(&mut self) -> u64 {
        self.grant_owed = false;
        self.window.grant_beyond(self.beyond_window())
    }

    /// MAX_STREAM_DATA was lost: the present value has to be sent.
    pub(crate) fn on_grant_lost(&mut self) {
        self.grant_owed = true;
    }

    /// Whether every byte came and the end, and the application has not heard of the end.
    pub(crate) fn is_complete(&self) -> bool {
        self.state == ReceiveState::SizeKnown { final_offset: self.buffer.ready() }
    }

    /// The end of what came counts against the credit of the stream and of the association.
    #[inline]
    fn use_credit(&mut self, credit: &mut AssociationCredit, end: u64) -> Result<(), ProtocolViolation> {
        let highest = self.buffer.highest();
        if end <= highest {
            return Ok(());
        }
        if end > self.window.granted() {
            return Err(ProtocolViolation::StreamCredit);
        }
        credit.on_received(end - highest)
    }

    fn drop_up_to(&mut self, blocks: &RefCell<dyn BlockSource>, credit: &mut AssociationCredit, end: u64) {
        let before = self.buffer.memory_bytes();
        self.clear_arrivals(credit);
        let freed = self.buffer.skip_to(blocks, end);
        credit.on_memory(before, self.buffer.memory_bytes());
        let unpaid = self.take_prepaid(freed);
        credit.on_discarded(unpaid);
    }

    /// What of `bytes` the association has not counted yet.
    #[inline]
    fn take_prepaid(&mut self, bytes: u64) -> u64 {
        let prepaid = self.prepaid.min(bytes);
        self.prepaid -= prepaid;
        bytes - prepaid
    }
}
