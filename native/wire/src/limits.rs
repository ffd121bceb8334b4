//! Every limit and constant of the protocol, each with its reason. All sizes are in bytes.
//!
//! A limit here binds both ends for ever: raising one is a new protocol version. What an operator configures (`limits` in the public
//! API) is always at or below it. Tuning, such as how long an acknowledgement may wait, is not here but in `osier-core`.

/// The protocol version that this crate speaks, in every handshake packet.
pub const VERSION: u8 = 1;

// ---- Packets ----

/// The largest UDP payload over IPv4: 65,535 - 20 (IP) - 8 (UDP).
pub const MAX_DATAGRAM_BYTES: usize = 65_507;
/// The datagram that every path must carry, before any probe: fits the smallest IPv6 link (1280) with 32 bytes to spare for tunnels.
pub const BASE_DATAGRAM_BYTES: usize = 1200;
/// What an end-to-end packet may take of [`BASE_DATAGRAM_BYTES`] when a relay carries it.
pub const BASE_RELAYED_BYTES: usize = BASE_DATAGRAM_BYTES - RELAY_HEADER_BYTES;
/// Header of a data packet.
pub const DATA_HEADER_BYTES: usize = 16;
/// AEAD tag at the end of a data packet: of ChaCha20-Poly1305 and AES-256-GCM alike.
pub const TAG_BYTES: usize = 16;
/// The smallest data packet: one frame of one byte. A packet without a frame has no reason to exist.
pub const MIN_DATA_PACKET_BYTES: usize = DATA_HEADER_BYTES + 1 + TAG_BYTES;
/// The largest packet number and the largest varint, 2^62 - 1 (RFC 9000 §12.3, §16).
pub const MAX_VARINT: u64 = (1 << 62) - 1;
/// The largest packet number.
pub const MAX_PACKET_NUMBER: u64 = MAX_VARINT;

// ---- Handshake, cookie, reset, hint ----

/// From the type to the sender index of a handshake packet.
pub const HANDSHAKE_HEADER_BYTES: usize = 16;
/// One MAC at the end of a handshake packet (BLAKE2b-128).
pub const MAC_BYTES: usize = 16;
/// The largest handshake packet: it must pass through relays before any MTU is known.
pub const MAX_HANDSHAKE_BYTES: usize = BASE_RELAYED_BYTES;
/// The smallest handshake packet of any version: header and both MACs.
pub const MIN_HANDSHAKE_BYTES: usize = HANDSHAKE_HEADER_BYTES + 2 * MAC_BYTES;
/// The largest Noise message that fits a handshake packet.
pub const MAX_NOISE_MESSAGE_BYTES: usize = MAX_HANDSHAKE_BYTES - HANDSHAKE_HEADER_BYTES - 2 * MAC_BYTES;
/// A cookie reply, whole.
pub const COOKIE_REPLY_BYTES: usize = 64;
/// The cookie itself: a BLAKE2b-128 of the asker's address.
pub const COOKIE_BYTES: usize = 16;
/// The nonce of XChaCha20-Poly1305.
pub const COOKIE_NONCE_BYTES: usize = 24;
/// A reset, whole: smaller than every data packet, so that it never amplifies.
pub const RESET_BYTES: usize = 16;
/// A hint, whole: smaller than every handshake packet.
pub const HINT_BYTES: usize = 16;
/// The versions that a hint can name: what is left of its 16 bytes.
pub const MAX_HINT_VERSIONS: usize = 7;

// ---- Relay ----

/// The routing header before a relayed packet.
pub const RELAY_HEADER_BYTES: usize = 40;
/// The waypoint that may follow it.
pub const WAYPOINT_BYTES: usize = 8;
/// The most hops that a packet goes: more than any sane mesh has, few enough that a liar's loop ends soon.
pub const MAX_TTL: u8 = 32;
/// The smallest packet that is relayed (reset, hint): the hop tag covers its first and last 16 bytes.
pub const MIN_INNER_PACKET_BYTES: usize = 16;
/// The smallest relayed packet, whole.
pub const MIN_RELAY_PACKET_BYTES: usize = RELAY_HEADER_BYTES + MIN_INNER_PACKET_BYTES;
/// The smallest end-to-end packet size that TOO_BIG may report: what every path must carry, less both relay headers.
pub const MIN_ROUTE_MTU_BYTES: usize = BASE_RELAYED_BYTES - WAYPOINT_BYTES;
/// The largest end-to-end packet size that TOO_BIG may report.
pub const MAX_ROUTE_MTU_BYTES: usize = MAX_DATAGRAM_BYTES - RELAY_HEADER_BYTES;
/// The head of the inner packet that a route error quotes, by which its origin knows that it sent it.
pub const QUOTE_BYTES: usize = 16;

// ---- Frames ----

/// Ranges of one ACK: the count of those after the first then fits one byte; 64 holes are more than recovery needs at a time.
pub const MAX_ACK_RANGES: usize = 64;
/// A stream's protocol name, in UTF-8 bytes; at least 1.
pub const MAX_PROTOCOL_BYTES: usize = 64;
/// A stream's metadata. With the longest protocol name OPEN still fits the smallest packet, over relays and a waypoint.
pub const MAX_METADATA_BYTES: usize = 1024;
/// The longest OPEN: type, id, kind, flags, protocol, metadata.
pub const MAX_OPEN_FRAME_BYTES: usize = 1 + 8 + 1 + 1 + (1 + MAX_PROTOCOL_BYTES) + (2 + MAX_METADATA_BYTES);
/// The reason in CLOSE, in UTF-8 bytes: a sentence for people.
pub const MAX_CLOSE_REASON_BYTES: usize = 256;
/// A stream's last offset, and so the most bytes that a stream carries each way.
pub const MAX_STREAM_OFFSET: u64 = MAX_VARINT;
/// The largest stream id.
pub const MAX_STREAM_ID: u64 = MAX_VARINT;
/// The streams that one end can ever open in an association: ids are `number << 1 | parity`.
pub const MAX_STREAM_COUNT: u64 = 1 << 61;
/// A message or datagram. An operator's `messageBytes` is lower (16 MiB by default); this bounds what a receiver must reckon with.
pub const MAX_MESSAGE_BYTES: u64 = (1 << 30) - 1;
/// What every message takes of its stream's offsets and credit besides its bytes: the receiver's own record of it. So empty messages
/// are not free, and what a peer can make a receiver remember is bounded by the credit that it was given.
pub const MESSAGE_RECORD_BYTES: u64 = 16;
/// The longest remaining lifetime of a message, in microseconds: 2^32 - 1 milliseconds, 49.7 days.
pub const MAX_LIFETIME_MICROS: u64 = 4_294_967_295_000;

const _: () = assert!(
    MAX_OPEN_FRAME_BYTES + DATA_HEADER_BYTES + TAG_BYTES + WAYPOINT_BYTES <= BASE_RELAYED_BYTES,
    "OPEN fits one packet on every path"
);
const _: () = assert!(HINT_BYTES < MIN_HANDSHAKE_BYTES, "a hint never amplifies");
const _: () = assert!(RESET_BYTES < MIN_DATA_PACKET_BYTES, "a reset never amplifies");
