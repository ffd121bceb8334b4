//! The application's calls on streams of messages and datagrams. Every handle is checked: a dead one is [`StreamError::Unknown`].

use super::Engine;
use crate::association::DATA_OVERHEAD_BYTES;
use crate::stream::{MessageOptions, MessageStats, MessagesRead, SendOutcome, StreamError};
use crate::time::Instant;

impl Engine {
    /// Copies one message or datagram for sending, all or nothing.
    pub fn send_message(
        &mut self,
        now: Instant,
        association: u32,
        stream: u32,
        bytes: &[u8],
        options: &MessageOptions,
    ) -> Result<SendOutcome, StreamError> {
        self.on_stream(now, association, |streams, _| streams.send_message(now, stream, bytes, options))
    }

    /// Copies messages or datagrams, which lie in `bytes` back to back, for sending, in order, until one finds no room or is too large. Returns how many.
    pub fn send_messages(
        &mut self,
        now: Instant,
        association: u32,
        stream: u32,
        (bytes, lengths): (&[u8], &[u32]),
        options: &MessageOptions,
    ) -> Result<usize, StreamError> {
        self.on_stream(now, association, |streams, _| {
            streams.send_messages(now, stream, bytes, lengths, options)
        })
    }

    /// Bytes of messages, 16 more for each, that [`Engine::send_messages`] is sure to take as long as nothing is acknowledged.
    pub fn message_room(&self, association: u32, stream: u32) -> Result<u64, StreamError> {
        let association = self.associations.get(association).ok_or(StreamError::Unknown)?;
        association.streams.message_room(stream)
    }

    /// Copies messages or datagrams, back to back, into `into`, and their lengths into `lengths`, as many as fit, and gives credit for them. What
    /// arrived before the peer ended the association can be read for 3 PTO more.
    pub fn read_messages(
        &mut self,
        now: Instant,
        association: u32,
        stream: u32,
        into: &mut [u8],
        lengths: &mut [u32],
    ) -> Result<MessagesRead, StreamError> {
        self.on_readable_stream(now, association, |streams, rtt| {
            streams.read_messages(now, rtt, stream, into, lengths)
        })
    }

    /// The largest datagram that goes as one packet on the present path.
    pub fn max_datagram_bytes(&self, association: u32, stream: u32) -> Result<usize, StreamError> {
        let association = self.associations.get(association).ok_or(StreamError::Unknown)?;
        let room = association.control().mtu_bytes() - DATA_OVERHEAD_BYTES;
        association.streams.max_datagram_bytes(stream, room)
    }

    /// Totals of the messages or datagrams of a stream.
    pub fn message_stats(&self, association: u32, stream: u32) -> Result<MessageStats, StreamError> {
        self.associations.get(association).ok_or(StreamError::Unknown)?.streams.message_stats(stream)
    }
}
