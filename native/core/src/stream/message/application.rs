//! What the application does with messages and datagrams.

use super::request::{MessageOptions, MessageStats, MessagesRead, SendOutcome};
use super::MESSAGE_RECORD_BYTES;
use crate::stream::entry::Stream;
use crate::stream::error::StreamError;
use crate::stream::event::StreamEvent;
use crate::stream::event_queue::EventSort;
use crate::stream::receive_half::{Arrivals, ReceiveHalf};
use crate::stream::{Shared, Streams};
use crate::time::Instant;
use osier_wire::limits::MAX_LIFETIME_MICROS;
use osier_wire::DatagramHeader;

impl Streams {
    /// Takes one message or datagram for sending.
    pub(crate) fn send_message(
        &mut self,
        now: Instant,
        handle: u32,
        bytes: &[u8],
        options: &MessageOptions,
    ) -> Result<SendOutcome, StreamError> {
        let (stream, shared) = self.live(handle)?;
        if let Some(refusal) = stream.send.state.refusal() {
            return Err(refusal);
        }
        if bytes.len() as u64 > shared.config.message_bytes {
            return Ok(SendOutcome::TooLarge);
        }
        let lifetime_micros = options.lifetime_micros.map(|micros| micros.min(MAX_LIFETIME_MICROS));
        let options = MessageOptions { lifetime_micros, ..*options };
        let is_taken = stream.send.send_message(&shared.blocks, now, bytes, &options)?;
        shared.after_sending(handle, stream);
        Ok(if is_taken { SendOutcome::Accepted } else { SendOutcome::NoRoom })
    }

    /// Takes messages or datagrams, which lie in `bytes` back to back, in order, until one finds no room or is too large. Returns how many it took.
    pub(crate) fn send_messages(
        &mut self,
        now: Instant,
        handle: u32,
        bytes: &[u8],
        lengths: &[u32],
        options: &MessageOptions,
    ) -> Result<usize, StreamError> {
        let (stream, shared) = self.live(handle)?;
        let (mut rest, mut taken) = (bytes, 0);
        for len in lengths {
            let Some((message, next)) = rest.split_at_checked(*len as usize) else { break };
            let fits = u64::from(*len) <= shared.config.message_bytes;
            // An error means what no room does: what was taken is told.
            if !fits || !stream.send.send_message(&shared.blocks, now, message, options).unwrap_or(false) {
                break;
            }
            (rest, taken) = (next, taken + 1);
        }
        shared.after_sending(handle, stream);
        Ok(taken)
    }

    /// Bytes of messages, a record for each included, that need no more memory than the stream has: sure to be taken until something is acknowledged.
    pub(crate) fn message_room(&self, handle: u32) -> Result<u64, StreamError> {
        let stream = self.get(handle)?;
        match (stream.send.state.refusal(), &stream.send.contents) {
            (Some(refusal), _) => Err(refusal),
            (None, Some(_)) => Ok(stream.send.buffer.message_room()),
            (None, None) => Err(StreamError::WrongKind),
        }
    }

    /// Copies messages into `into`, back to back, as many as fit, and their lengths into `lengths`.
    pub(crate) fn read_messages(
        &mut self,
        now: Instant,
        rtt_micros: u64,
        handle: u32,
        into: &mut [u8],
        lengths: &mut [u32],
    ) -> Result<MessagesRead, StreamError> {
        let (stream, shared) = self.live(handle)?;
        let receive = &mut stream.receive;
        if let Some(refusal) = receive.state.refusal() {
            return Err(refusal);
        }
        let mut read = match &mut receive.arrivals {
            Arrivals::Datagrams(inbox) => inbox.read(into, lengths),
            Arrivals::Messages(_) => copy_messages(receive, into, lengths),
            Arrivals::Unknown | Arrivals::Bytes => return Err(StreamError::WrongKind),
        };
        let gone = receive.forget_read();
        if receive.messages_ready() == 0 || gone > 0 {
            let Shared { blocks, credit, .. } = shared;
            read.end = receive.consume(blocks, credit, (now, rtt_micros), gone as usize).1;
            receive.expect(credit);
        }
        if receive.owes_grant() {
            shared.control.insert(handle, 0);
        }
        if read.end {
            self.settle(handle);
        }
        Ok(read)
    }

    /// The largest datagram that goes as one packet with `room` for its frame.
    pub(crate) fn max_datagram_bytes(&self, handle: u32, room: usize) -> Result<usize, StreamError> {
        let stream = self.get(handle)?;
        let header = DatagramHeader { id: stream.id, fragment: None };
        let limit = self.shared.config.message_bytes;
        Ok(room.saturating_sub(header.encoded_len(room)).min(limit as usize))
    }

    /// Totals of messages or datagrams.
    pub(crate) fn message_stats(&self, handle: u32) -> Result<MessageStats, StreamError> {
        let stream = self.get(handle)?;
        let sent = stream.send.outbox().map(super::Outbox::stats).unwrap_or_default();
        Ok(match &stream.receive.arrivals {
            Arrivals::Unknown | Arrivals::Bytes => sent,
            Arrivals::Messages(inbox) => MessageStats { received: inbox.received, ..sent },
            Arrivals::Datagrams(inbox) => {
                MessageStats { received: inbox.received, dropped: inbox.dropped, ..sent }
            }
        })
    }

    /// The next fate that is to be told. While there are more, they come next.
    pub(in crate::stream) fn settled_event(&mut self, handle: u32) -> Option<StreamEvent> {
        let (stream, shared) = self.live(handle).ok()?;
        let outbox = stream.send.outbox_mut()?;
        let (token, fate) = outbox.pop_untold()?;
        if outbox.has_untold() {
            shared.events.raise_next(handle, &mut stream.raised, EventSort::Settled);
        }
        Some(StreamEvent::MessageSettled { handle, token, fate })
    }
}

impl Shared {
    /// Messages were given to `stream`, or found no room in it.
    fn after_sending(&mut self, handle: u32, stream: &mut Stream) {
        self.note_held_back(handle, stream);
        if stream.send.owes_datagrams() {
            self.urgent.insert(handle, stream.priority);
        } else if stream.send.sendable() > 0 {
            self.fresh.insert(handle, stream.priority);
        }
        self.rearm(handle, stream);
    }
}

impl ReceiveHalf {
    /// Bytes of the buffer that the application has read and that come next.
    fn forget_read(&mut self) -> u64 {
        match &mut self.arrivals {
            Arrivals::Messages(inbox) => inbox.forget_gone(self.buffer.consumed()),
            _ => 0,
        }
    }
}

fn copy_messages(receive: &mut ReceiveHalf, into: &mut [u8], lengths: &mut [u32]) -> MessagesRead {
    let mut read = MessagesRead { count: 0, end: false, too_long: None };
    let Arrivals::Messages(inbox) = &mut receive.arrivals else { return read };
    let mut used = 0;
    while let (Some(length), Some((offset, len))) = (lengths.get_mut(read.count), inbox.first_ready()) {
        *length = len;
        let Some(room) = into.get_mut(used..used + len as usize) else {
            read.too_long = (read.count == 0).then_some(len);
            break;
        };
        receive.buffer.copy_at(offset + MESSAGE_RECORD_BYTES, room);
        used += len as usize;
        read.count += 1;
        inbox.on_read();
    }
    read
}
