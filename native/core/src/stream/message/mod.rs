//! Messages and datagrams: what a stream carries that is handed over whole.
//!
//! The bytes lie in the same buffers as those of a byte stream, each message behind [`MESSAGE_RECORD_BYTES`] of room: its *place*. What is known of the
//! messages themselves lies beside them: an [`Outbox`] at the sender, an [`Inbox`] or a [`DatagramInbox`] at the receiver.

mod application;
mod assembly;
mod datagram_inbox;
mod deadline_queue;
mod egress;
mod fates;
mod fingers;
mod frame_writer;
mod inbox;
mod ingress;
mod message_queue;
mod out_message;
mod outbox;
mod place;
mod place_runs;
mod places;
mod request;
mod spare_buffers;

pub(crate) use datagram_inbox::DatagramInbox;
pub(in crate::stream) use egress::MESSAGE_CREDIT_MIN;
pub(crate) use inbox::{Arrival, Inbox};
pub(crate) use outbox::Outbox;
pub use request::{MessageFate, MessageOptions, MessageStats, MessagesRead, SendOutcome};

pub(crate) use osier_wire::limits::MESSAGE_RECORD_BYTES;
