//! The sending half of one stream.

mod messages;

use super::block::BlockSource;
use super::error::StreamError;
use super::memory_budget::MemoryBudget;
use super::message::Outbox;
use super::send_buffer::SendBuffer;
use super::send_state::{SendReset, SendState};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

/// What this end sends on a stream: its bytes, how far they have come, and how far they may go.
pub(crate) struct SendHalf {
    pub(crate) state: SendState,
    pub(crate) buffer: SendBuffer,
    /// The offset that the peer allows.
    maximum: u64,
    /// A write did not fit.
    writer_waits: bool,
    /// The last write did not fit, whether or not there is room again.
    writer_had_more: bool,
    /// Offsets whose acknowledgement somebody waits for, ascending.
    watched: VecDeque<u64>,
    /// What the bytes of the buffer are; `None` for a stream of bytes.
    pub(crate) contents: Option<Contents>,
    /// Bytes of the buffer that were passed over: offsets in the stream are so much smaller than in the buffer.
    passed_over: u64,
}

/// Messages or datagrams in a send buffer.
pub(crate) struct Contents {
    /// Sent once, and without credit.
    pub(crate) one_shot: bool,
    pub(crate) outbox: Box<Outbox>,
}

/// What an acknowledgement brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SendProgress {
    /// A writer that had to wait has room again.
    pub(crate) writable: bool,
    /// An offset that somebody waits for was reached.
    pub(crate) flushed: bool,
    /// The peer has everything.
    pub(crate) finished: bool,
}

impl SendHalf {
    /// Nothing written; the peer allows `maximum` bytes.
    pub(crate) fn new(budget: &Rc<MemoryBudget>, maximum: u64, buffer_cap: u64) -> Self {
        Self {
            state: SendState::Open,
            buffer: SendBuffer::new(budget, buffer_cap),
            maximum,
            writer_waits: false,
            writer_had_more: false,
            watched: VecDeque::new(),
            contents: None,
            passed_over: 0,
        }
    }

    /// Takes as many of `bytes` as fit; returns how many.
    pub(crate) fn write(
        &mut self,
        blocks: &RefCell<dyn BlockSource>,
        bytes: &[u8],
    ) -> Result<usize, StreamError> {
        if let Some(refusal) = self.state.refusal() {
            return Err(refusal);
        }
        let taken = self.buffer.write(blocks, bytes);
        self.writer_had_more = taken < bytes.len();
        self.writer_waits |= self.writer_had_more;
        Ok(taken)
    }

    /// Somebody waits until the peer has all that was written; returns the offset, and whether it has it already.
    pub(crate) fn watch(&mut self) -> (u64, bool) {
        let end = self.buffer.end();
        if self.settled() == end {
            return (end, true);
        }
        if self.watched.back() != Some(&end) {
            self.watched.push_back(end);
        }
        (end, false)
    }

    /// Gives up, unless it is too late or done already; returns whether anything changed.
    pub(crate) fn reset(&mut self, blocks: &RefCell<dyn BlockSource>, reset: SendReset) -> bool {
        let changed = self.state.reset(reset);
        if changed {
            self.buffer.abandon(blocks);
            // The buffer ends now before what was passed over.
            self.passed_over = 0;
            self.writer_waits = false;
            self.watched = VecDeque::new();
            if let Some(contents) = &mut self.contents {
                contents.outbox.abandon();
            }
        }
        changed
    }

    /// MAX_STREAM_DATA came; an old one changes nothing.
    pub(crate) fn on_max_stream_data(&mut self, maximum: u64) {
        self.maximum = self.maximum.max(maximum);
    }

    /// Bytes never sent that the stream's credit allows now.
    #[inline]
    pub(crate) fn sendable(&self) -> u64 {
        match &self.contents {
            None => self.buffer.unsent().min(self.maximum - self.buffer.sent()),
            Some(contents) => self.sendable_message_bytes(contents),
        }
    }

    /// Whether bytes wait for credit, or would be there if the buffer had room for them: a writer that had more is given until the buffer is half
    /// empty to come back.
    #[inline]
    pub(crate) fn is_held_back(&self) -> bool {
        let lacks_credit = self.buffer.unsent() > 0 && self.sendable() == 0 && !self.owes_datagrams();
        lacks_credit
            || (self.writer_had_more && self.state == SendState::Open && !self.buffer.is_half_empty())
    }

    /// Whether the end has to be sent without bytes.
    #[inline]
    pub(crate) fn owes_bare_fin(&self) -> bool {
        self.state.owes_fin() && self.buffer.unsent() == 0 && !self.buffer.has_lost() && self.may_end()
    }

    /// Whether the stream ends at `offset`.
    #[inline]
    pub(crate) fn ends_at(&self, offset: u64) -> bool {
        matches!(self.state, SendState::Finishing { .. }) && offset == self.buffer.end()
    }

    /// A frame with the end was written into a packet.
    pub(crate) fn on_fin_sent(&mut self) {
        if let Some(fin) = self.state.fin_mut() {
            fin.on_sent();
        }
    }

    /// A STREAM frame was acknowledged.
    #[inline]
    pub(crate) fn on_acknowledged(
        &mut self,
        blocks: &RefCell<dyn BlockSource>,
        range: Range<u64>,
        fin: bool,
    ) -> SendProgress {
        let moved = self.buffer.on_acknowledged(blocks, range);
        if !moved && !fin {
            return SendProgress::default();
        }
        let finished = self.state.on_acknowledged(fin, self.settled() == self.buffer.end());
        SendProgress { writable: self.take_writable(), flushed: self.take_flushed(), finished }
    }

    /// A STREAM frame counts as lost.
    pub(crate) fn on_lost(&mut self, range: Range<u64>, fin: bool) {
        self.buffer.on_lost(range);
        if let (true, Some(delivery)) = (fin, self.state.fin_mut()) {
            delivery.on_lost();
        }
    }

    /// Whether a writer that had to wait has room now; then it waits no more.
    pub(crate) fn take_writable(&mut self) -> bool {
        let wanted = match &self.contents {
            None => self.writer_waits && self.buffer.wants_more(),
            Some(contents) => self.writer_waits && self.buffer.wants_message(contents.outbox.wanted_bytes),
        };
        let writable = wanted && self.state == SendState::Open;
        self.writer_waits &= !writable;
        writable
    }

    /// Bytes sent at least once.
    pub(crate) fn sent(&self) -> u64 {
        self.state.reset_offset().unwrap_or(self.stream_offset(self.buffer.sent()))
    }

    fn take_flushed(&mut self) -> bool {
        let waiting = self.watched.len();
        let settled = self.settled();
        while self.watched.front().is_some_and(|offset| *offset <= settled) {
            self.watched.pop_front();
        }
        self.watched.len() != waiting
    }
}
