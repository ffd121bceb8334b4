//! How much of the work is done.

use serde::Deserialize;

/// Sizes in bytes, times in milliseconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Plan {
    /// UDP payload of a full packet; 0: as the peer likes.
    pub packet_bytes: u16,
    /// `chacha20-poly1305` or `aes-256-gcm`.
    pub cipher: String,
    /// `cubic` or `bbr`.
    pub congestion: String,
    /// Streams at once.
    pub streams: usize,
    /// Both directions at once.
    pub both: u8,
    /// Round trips or connections to measure.
    pub trips: usize,
    /// As many more before them.
    pub warm_up_trips: usize,
    /// After each connection.
    pub pause_ms: u64,
    /// Handshakes to measure.
    pub connections: usize,
    /// Not 0: connections come from one endpoint, not from one each.
    pub dialers: usize,
    /// Held at once.
    pub sessions: usize,
    /// Of them, before the memory is first looked at.
    pub warm_up_sessions: usize,
    /// Length of a transfer.
    pub bytes: u64,
    /// Between two messages of a steady pace.
    pub interval_ms: u64,
    /// Length of a message.
    pub message_bytes: usize,
    /// Messages collected for one write; 1: each is handed over by itself.
    pub coalesced: usize,
    /// Before anything counts.
    pub warm_up_ms: u64,
    /// How long it counts.
    pub measure_ms: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            packet_bytes: 0,
            cipher: "aes-256-gcm".into(),
            congestion: "cubic".into(),
            streams: 1,
            both: 0,
            trips: 1,
            warm_up_trips: 0,
            pause_ms: 0,
            connections: 1,
            dialers: 0,
            sessions: 1,
            warm_up_sessions: 0,
            bytes: 0,
            interval_ms: 1,
            message_bytes: 64,
            coalesced: 1,
            warm_up_ms: 0,
            measure_ms: 0,
        }
    }
}
