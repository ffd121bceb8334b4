//! The routing header before an end-to-end packet that relays carry.

use crate::error::{DecodeError, EncodeError, Field};
use crate::limits::{MAX_TTL, MIN_INNER_PACKET_BYTES, RELAY_HEADER_BYTES, WAYPOINT_BYTES};
use crate::packet_kind::PacketKind;
use crate::reader::Reader;
use crate::route_id::RouteId;
use crate::writer::Writer;

const FLAG_WAYPOINT: u8 = 1;
const FLAG_CONTROL: u8 = 2;

/// Where a relayed packet comes from, where it goes, and the tag that proves it came from this neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RelayHeader {
    /// The hops that it may still go, this one included: 1 to [`MAX_TTL`].
    pub ttl: u8,
    /// Asks to be forwarded before bulk: handshakes, probes and their answers. Relays bound what they grant to it.
    pub control: bool,
    /// The session with this neighbour, as the receiver calls it.
    pub hop_receiver_index: u32,
    /// The top 8 bits name the sending shard, the rest is its counter; never used twice in a session.
    pub hop_packet_number: u64,
    /// Where the packet goes.
    pub destination: RouteId,
    /// Where it says that it comes from: a hint for the way back, never trusted.
    pub source: RouteId,
    /// SipHash-2-4; what it covers is in `docs/protocol.md`. Verified in the core.
    pub hop_tag: [u8; 8],
    /// A relay to pass through first. That relay takes it out.
    pub waypoint: Option<RouteId>,
}

impl RelayHeader {
    /// Reads the header of a whole relayed packet; the second is the end-to-end packet inside. Of that only the
    /// type is looked at, and only to refuse a relayed packet in a relayed packet: relays forward types that they do not know.
    #[inline]
    pub fn decode(packet: &[u8]) -> Result<(Self, &[u8]), DecodeError> {
        PacketKind::Relay.require(packet)?;
        let mut r = Reader::new(packet);
        r.u8()?;
        let ttl = r.u8()?;
        let flags = r.u8()?;
        r.reserved::<1>()?;
        if ttl == 0 || ttl > MAX_TTL {
            return Err(DecodeError::OutOfRange(Field::TimeToLive));
        }
        if flags & !(FLAG_WAYPOINT | FLAG_CONTROL) != 0 {
            return Err(DecodeError::NotZero(Field::Reserved));
        }
        let mut header = Self {
            ttl,
            control: flags & FLAG_CONTROL != 0,
            hop_receiver_index: r.u32()?,
            hop_packet_number: r.u64()?,
            destination: RouteId(r.array()?),
            source: RouteId(r.array()?),
            hop_tag: r.array()?,
            waypoint: None,
        };
        if flags & FLAG_WAYPOINT != 0 {
            header.waypoint = Some(RouteId(r.array()?));
        }
        let inner = r.take_rest();
        if inner.len() < MIN_INNER_PACKET_BYTES {
            return Err(DecodeError::Truncated);
        }
        if inner.first() == Some(&(PacketKind::Relay as u8)) {
            return Err(DecodeError::Unknown(Field::InnerPacket));
        }
        Ok((header, inner))
    }

    /// Writes the header; the inner packet goes right after it.
    #[inline]
    pub fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.ttl == 0 || self.ttl > MAX_TTL {
            return Err(EncodeError::OutOfRange(Field::TimeToLive));
        }
        let waypoint_flag = if self.waypoint.is_some() { FLAG_WAYPOINT } else { 0 };
        let control_flag = if self.control { FLAG_CONTROL } else { 0 };
        w.whole(|w| {
            w.put_slice(&[PacketKind::Relay as u8, self.ttl, waypoint_flag | control_flag, 0])?;
            w.put_u32(self.hop_receiver_index)?;
            w.put_u64(self.hop_packet_number)?;
            w.put_slice(&self.destination.0)?;
            w.put_slice(&self.source.0)?;
            w.put_slice(&self.hop_tag)?;
            self.waypoint.map_or(Ok(()), |waypoint| w.put_slice(&waypoint.0))
        })
    }

    /// The bytes that [`RelayHeader::encode`] writes.
    #[inline]
    pub const fn encoded_len(&self) -> usize {
        match self.waypoint {
            Some(_) => RELAY_HEADER_BYTES + WAYPOINT_BYTES,
            None => RELAY_HEADER_BYTES,
        }
    }
}
