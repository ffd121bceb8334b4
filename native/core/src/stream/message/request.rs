//! What the application says of a message, and what it hears of it.

/// How one message or datagram is to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageOptions {
    /// Hand it over as soon as it is whole, whatever was sent before it. Datagrams always are.
    pub unordered: bool,
    /// Tell its fate under this token.
    pub token: Option<u32>,
    /// What is not delivered within this time expires; `None`: it waits for as long as its stream lives.
    pub lifetime_micros: Option<u64>,
}

/// What became of a request to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// It will be sent.
    Accepted,
    /// There is no room now; `Writable` follows.
    NoRoom,
    /// It is larger than this end ever sends.
    TooLarge,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageFate {
    /// The peer has it whole. Of a datagram: it was acknowledged.
    Delivered,
    /// The peer's application never sees it. Of a datagram: it is presumed lost.
    Expired,
}

/// What a read of messages brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessagesRead {
    /// Messages read.
    pub count: usize,
    /// Whether the stream ends after them.
    pub end: bool,
    /// The first one does not fit: its length. Nothing was read then.
    pub too_long: Option<u32>,
}

/// Messages or datagrams of one stream since its start: sent = delivered + expired + unknown + pending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageStats {
    /// Accepted from the application.
    pub sent: u64,
    /// [`MessageFate::Delivered`].
    pub delivered: u64,
    /// [`MessageFate::Expired`].
    pub expired: u64,
    /// Their sending was given up before their fate was known.
    pub unknown: u64,
    /// Handed to this end's application.
    pub received: u64,
    /// Datagrams that came and were dropped for want of room.
    pub dropped: u64,
}
