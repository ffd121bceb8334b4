//! What the streams of an association are told once.

/// Everything that is fixed when an association begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamsConfig {
    /// Lowest bit of the ids of the streams that this end opens: 0 at the end whose NodeId is smaller, else 1.
    pub(crate) parity: u8,
    /// What the peer's handshake allowed this end.
    pub(crate) peer: PeerCredit,
    /// What this end's handshake allowed the peer, and how far that may grow.
    pub(crate) local: LocalCredit,
    /// Bytes that one stream buffers for sending at most, accepted and not yet acknowledged.
    pub(crate) send_buffer_cap: u64,
    /// The largest message or datagram, either way.
    pub(crate) message_bytes: u64,
}

/// Credit that the peer gave before any frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerCredit {
    /// Bytes on all streams together.
    pub(crate) max_data: u64,
    /// Bytes on each stream.
    pub(crate) max_stream_data: u64,
    /// Streams that this end may open.
    pub(crate) max_streams: u64,
}

/// Credit that this end gave before any frame, and its bounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalCredit {
    /// Bytes on all streams together.
    pub(crate) initial_max_data: u64,
    /// Bytes on each stream.
    pub(crate) initial_max_stream_data: u64,
    /// Streams of the peer that are open at once.
    pub(crate) max_streams: u64,
    /// Bytes that a stream's window grows to at most.
    pub(crate) stream_window_cap: u64,
    /// Bytes that the association's window grows to at most.
    pub(crate) association_window_cap: u64,
}
