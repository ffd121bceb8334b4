//! What an engine counts.

/// Counters since the start and present levels.
#[derive(Clone, Copy, Debug, Default)]
pub struct EngineStats {
    /// Datagrams sent, handshakes included.
    pub packets_sent: u64,
    /// Datagrams received, whatever came of them.
    pub packets_received: u64,
    /// UDP payload bytes sent.
    pub bytes_sent: u64,
    /// UDP payload bytes received.
    pub bytes_received: u64,
    /// Failed authentication, replayed, malformed or not admitted.
    pub packets_rejected: u64,
    /// Streams open now.
    pub streams_open: u64,
    /// Held for peers now: credit given out and buffers.
    pub memory_bytes: u64,
    /// Datagrams that arrived here for another shard and went there.
    pub strays_forwarded: u64,
    /// Datagrams that arrived at another shard and came here. They are not among `packets_received`.
    pub strays_received: u64,
    /// Datagrams for another shard that were dropped: too many waited, or it is gone.
    pub strays_dropped: u64,
    /// Reports of the network about datagrams sent that led to something.
    pub reports_heeded: u64,
    /// Packets forwarded for others.
    pub relayed_packets: u64,
    /// Bytes of those, their routing headers included.
    pub relayed_bytes: u64,
    /// Packets of others, and of this node's own, that found no way on, or no room.
    pub relay_dropped_packets: u64,
    /// Relayed packets that were not believed or not taken on. They are among `packets_rejected`.
    pub relay_rejected: RelayRejected,
}

/// Relayed packets that were dropped, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelayRejected {
    /// The hop tag was wrong.
    pub forged: u64,
    /// The hop packet number came before.
    pub replayed: u64,
    /// They came from nobody who may send such packets here, or to a node that relays nothing.
    pub strangers: u64,
    /// They had no hop left, or more than there are.
    pub expired: u64,
    /// They came back to who sent them, or were to go back where they came from.
    pub looped: u64,
}
