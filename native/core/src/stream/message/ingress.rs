//! Frames about messages and datagrams that came from the peer.

use super::request::MessageFate as Fate;
use super::DatagramInbox;
use crate::constants::EXPIRE_REPLIES_MAX;
use crate::stream::entry::Stream;
use crate::stream::error::ProtocolViolation;
use crate::stream::event_queue::EventSort;
use crate::stream::receive_half::{Arrivals, Taken};
use crate::stream::{Shared, Streams};
use crate::time::Instant;
use osier_wire::{
    DatagramFrame, ExpireFrame, ExpireReplyFrame, MessageFate, MessageFrame, ResetReason, StreamKind,
};

/// An error of any of these ends the association. Frames of closed streams are late and change nothing.
impl Streams {
    /// MESSAGE came.
    pub(crate) fn on_message(
        &mut self,
        now: Instant,
        frame: &MessageFrame<'_>,
    ) -> Result<(), ProtocolViolation> {
        let Some(handle) = self.addressee(frame.header.id)? else { return Ok(()) };
        let Some(stream) = self.table.get_mut(handle) else { return Ok(()) };
        stream.carry(StreamKind::Messages, &self.shared)?;
        let Shared { blocks, credit, config, .. } = &mut self.shared;
        let taken = stream.receive.on_message(blocks, credit, now, frame, config.message_bytes)?;
        match taken {
            Taken::Nothing => {}
            Taken::Readable => self.shared.raise(handle, stream, EventSort::Readable),
            Taken::TooLarge => return self.refuse(handle, frame.header.total_len),
        }
        self.shared.after_arrival(handle, stream);
        Ok(())
    }

    /// DATAGRAM came.
    pub(crate) fn on_datagram(&mut self, frame: &DatagramFrame<'_>) -> Result<(), ProtocolViolation> {
        let Some(handle) = self.addressee(frame.header.id)? else { return Ok(()) };
        let Some(stream) = self.table.get_mut(handle) else { return Ok(()) };
        stream.carry(StreamKind::Datagrams, &self.shared)?;
        if !stream.receive.state.is_reading() {
            return Ok(());
        }
        let total_len = frame.header.fragment.map_or(frame.data.len() as u64, |part| part.total_len);
        if total_len > self.shared.config.message_bytes {
            return self.refuse(handle, total_len);
        }
        if let Arrivals::Datagrams(inbox) = &mut stream.receive.arrivals {
            if inbox.on_datagram(frame) {
                self.shared.raise(handle, stream, EventSort::Readable);
            }
        }
        Ok(())
    }

    /// EXPIRE came: the peer asks what became of a message.
    pub(crate) fn on_expire(&mut self, now: Instant, frame: &ExpireFrame) -> Result<(), ProtocolViolation> {
        let Some(handle) = self.addressee(frame.id)? else {
            if self.shared.forgotten_replies.len() < EXPIRE_REPLIES_MAX {
                self.shared.forgotten_replies.push_back((frame.id, frame.offset));
            }
            return Ok(());
        };
        let Some(stream) = self.table.get_mut(handle) else { return Ok(()) };
        stream.carry(StreamKind::Messages, &self.shared)?;
        let more = stream.receive.expire(&mut self.shared.credit, now);
        if stream.receive.on_expire(&mut self.shared.credit, frame)? || more {
            self.shared.raise(handle, stream, EventSort::Readable);
        }
        self.shared.after_arrival(handle, stream);
        Ok(())
    }

    /// EXPIRE_REPLY came: the peer's final word on a message.
    pub(crate) fn on_expire_reply(&mut self, frame: &ExpireReplyFrame) -> Result<(), ProtocolViolation> {
        let Some(handle) = self.addressee(frame.id)? else { return Ok(()) };
        let Some(stream) = self.table.get_mut(handle) else { return Ok(()) };
        stream.carry(StreamKind::Messages, &self.shared)?;
        let fate = match frame.fate {
            MessageFate::Delivered => Fate::Delivered,
            MessageFate::Dropped => Fate::Expired,
        };
        let progress = stream.send.on_expire_reply(&self.shared.blocks, frame.offset, fate);
        self.after_progress(handle, progress);
        Ok(())
    }

    /// The peer sent `size_bytes`, which are more than this end takes: both directions are over, and both applications hear why.
    fn refuse(&mut self, handle: u32, size_bytes: u64) -> Result<(), ProtocolViolation> {
        let max_bytes = self.shared.config.message_bytes as u32;
        // Cannot fail: the stream is there.
        let _ = self.reset(handle, ResetReason::TooLarge, max_bytes);
        if let Some(stream) = self.table.get_mut(handle) {
            stream.receive.too_large_bytes = Some(size_bytes);
            self.shared.raise(handle, stream, EventSort::ResetByPeer);
        }
        Ok(())
    }
}

impl Shared {
    /// A frame about messages changed what `stream` owes, or when it has to be looked at.
    fn after_arrival(&mut self, handle: u32, stream: &mut Stream) {
        if stream.owes_control() {
            self.control.insert(handle, 0);
        }
        self.rearm(handle, stream);
    }
}

impl Stream {
    /// What the stream carries is known now. It never changes.
    pub(in crate::stream) fn carry(
        &mut self,
        kind: StreamKind,
        shared: &Shared,
    ) -> Result<(), ProtocolViolation> {
        match self.kind {
            Some(known) if known == kind => return Ok(()),
            Some(_) => return Err(ProtocolViolation::WrongKind),
            None => self.kind = Some(kind),
        }
        self.receive.arrivals = match kind {
            StreamKind::Bytes => Arrivals::Bytes,
            StreamKind::Messages => Arrivals::Messages(Box::default()),
            StreamKind::Datagrams => {
                let inbox = DatagramInbox::new(&shared.budget, shared.config.message_bytes);
                Arrivals::Datagrams(Box::new(inbox))
            }
        };
        if kind != StreamKind::Bytes {
            self.send.carry_messages(kind == StreamKind::Datagrams);
        }
        Ok(())
    }
}
