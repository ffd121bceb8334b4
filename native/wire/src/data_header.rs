//! The 16 bytes before an encrypted payload.

use crate::error::{DecodeError, EncodeError, Field};
use crate::limits::{DATA_HEADER_BYTES, MAX_PACKET_NUMBER};
use crate::packet_kind::PacketKind;
use crate::reader::Reader;
use crate::writer::Writer;

/// The header of a data packet. Its 16 encoded bytes are the associated data of the AEAD; the packet number is the nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DataHeader {
    /// The session, as the receiver calls it. The top byte is the receiver's shard.
    pub receiver_index: u32,
    /// At most [`MAX_PACKET_NUMBER`]; never used twice in an association.
    pub packet_number: u64,
}

impl DataHeader {
    /// Reads the header at the front of a whole data packet.
    #[inline]
    pub fn decode(packet: &[u8]) -> Result<Self, DecodeError> {
        PacketKind::Data.require(packet)?;
        let mut r = Reader::new(packet);
        r.u8()?;
        r.reserved::<3>()?;
        let receiver_index = r.u32()?;
        let packet_number = r.u64()?;
        if packet_number > MAX_PACKET_NUMBER {
            return Err(DecodeError::OutOfRange(Field::PacketNumber));
        }
        Ok(Self { receiver_index, packet_number })
    }

    /// The header's bytes. [`EncodeError::OutOfRange`] above [`MAX_PACKET_NUMBER`].
    #[inline]
    pub fn to_bytes(&self) -> Result<[u8; DATA_HEADER_BYTES], EncodeError> {
        if self.packet_number > MAX_PACKET_NUMBER {
            return Err(EncodeError::OutOfRange(Field::PacketNumber));
        }
        let mut bytes = [0; DATA_HEADER_BYTES];
        bytes[0] = PacketKind::Data as u8;
        bytes[4..8].copy_from_slice(&self.receiver_index.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.packet_number.to_le_bytes());
        Ok(bytes)
    }

    /// Writes the header.
    #[inline]
    pub fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.put_slice(&self.to_bytes()?)
    }
}
