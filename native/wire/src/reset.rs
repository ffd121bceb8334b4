//! What a node answers to a data packet of a session that it does not know.

use crate::error::{DecodeError, EncodeError, Field};
use crate::limits::MAX_PACKET_NUMBER;
use crate::packet_kind::PacketKind;
use crate::reader::Reader;
use crate::writer::Writer;

/// A hint that a session is gone. It is not authenticated: it ends nothing, and starts at most a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reset {
    /// The index that is not known, as it came in the data packet.
    pub receiver_index: u32,
    /// The packet number of that packet, by which its sender sees that it was really sent.
    pub packet_number: u64,
}

impl Reset {
    /// Reads a whole reset.
    pub fn decode(packet: &[u8]) -> Result<Self, DecodeError> {
        PacketKind::Reset.require(packet)?;
        let mut r = Reader::new(packet);
        r.u8()?;
        r.reserved::<3>()?;
        let reset = Self { receiver_index: r.u32()?, packet_number: r.u64()? };
        if reset.packet_number > MAX_PACKET_NUMBER {
            return Err(DecodeError::OutOfRange(Field::PacketNumber));
        }
        Ok(reset)
    }

    /// Writes the packet.
    pub fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.packet_number > MAX_PACKET_NUMBER {
            return Err(EncodeError::OutOfRange(Field::PacketNumber));
        }
        w.whole(|w| {
            w.put_slice(&[PacketKind::Reset as u8, 0, 0, 0])?;
            w.put_u32(self.receiver_index)?;
            w.put_u64(self.packet_number)
        })
    }
}
