//! What an engine is told once.

use crate::congestion::CongestionAlgorithm;
use crate::constants::{CREDIT_INITIAL_BYTES, MESSAGE_MAX_BYTES, MTU_CEILING_BYTES, STREAM_WINDOW_MAX_BYTES};
use osier_wire::limits::BASE_DATAGRAM_BYTES;
use osier_wire::RouteId;

/// Bounds and times of an [`Engine`](crate::Engine). Times in microseconds; 0 switches a timer off.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Top byte of every receiver index.
    pub shard: u8,
    /// Engines that share this one's port, itself included: a packet for another of them is a [`Stray`](crate::Stray). 1: none are.
    pub shards: u16,
    /// An association without open streams ends after this much silence.
    pub idle_timeout_micros: u64,
    /// An association ends when what it sent stays unanswered for this long.
    pub peer_lost_after_micros: u64,
    /// A PING goes out after this much silence.
    pub keep_alive_micros: u64,
    /// Everything held for peers: credit given out, send buffers.
    pub memory_bytes: u64,
    /// Associations at once.
    pub peers: usize,
    /// Streams open at once that a peer may have opened.
    pub streams_per_peer: u64,
    /// What a stream's receive window may grow to.
    pub stream_window_bytes: u64,
    /// Association credit that the handshake tells the peer.
    pub initial_data_bytes: u64,
    /// Stream credit that the handshake tells the peer.
    pub initial_stream_data_bytes: u64,
    /// The largest message or datagram, either way.
    pub message_bytes: u64,
    /// UDP payload of a full packet at first, and what every path must carry.
    pub mtu_bytes: usize,
    /// Larger sizes are probed for up to this (at most 65,507); at or below `mtu_bytes` the size is fixed.
    pub mtu_ceiling_bytes: usize,
    /// How new associations find their window.
    pub congestion: CongestionAlgorithm,
    /// What relays know this node by; none: nothing is relayed to it or by it.
    pub route_id: Option<RouteId>,
    /// Whether packets are forwarded for others.
    pub relay: Option<RelayConfig>,
    /// The packet number that associations begin with. Both ends of a session reckon generations of keys from its own first number, so another than 0 is
    /// for tests that want to be near the end of one.
    pub first_packet_number: u64,
}

/// What a relay lets others take of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayConfig {
    /// Bytes forwarded a second, headers included; 0: no bound.
    pub max_bytes_per_second: u64,
    /// Bytes that may wait for one neighbour.
    pub queue_bytes: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            shard: 0,
            shards: 1,
            idle_timeout_micros: 600_000_000,
            peer_lost_after_micros: 30_000_000,
            keep_alive_micros: 0,
            memory_bytes: 512 << 20,
            peers: 10_000,
            streams_per_peer: 1024,
            stream_window_bytes: STREAM_WINDOW_MAX_BYTES,
            initial_data_bytes: CREDIT_INITIAL_BYTES,
            initial_stream_data_bytes: CREDIT_INITIAL_BYTES,
            message_bytes: MESSAGE_MAX_BYTES,
            mtu_bytes: BASE_DATAGRAM_BYTES,
            mtu_ceiling_bytes: MTU_CEILING_BYTES,
            congestion: CongestionAlgorithm::Cubic,
            route_id: None,
            relay: None,
            first_packet_number: 0,
        }
    }
}

/// One association's fixed facts.
#[derive(Clone, Debug)]
pub struct AssociationConfig {
    /// 0 at the end whose NodeId is smaller, else 1: the lowest bit of the stream ids it opens.
    pub parity: u8,
    /// Association credit that the peer gave in its handshake.
    pub peer_max_data: u64,
    /// Stream credit that the peer gave in its handshake.
    pub peer_max_stream_data: u64,
    /// Streams that the peer allows at first.
    pub peer_max_streams: u64,
    /// What relays know the peer by; none: nothing is relayed by it or through it.
    pub peer_route_id: Option<RouteId>,
}
