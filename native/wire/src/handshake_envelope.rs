//! What surrounds a Noise message: indices, version, and the two MACs by which strangers and floods are turned away.

use crate::error::{DecodeError, EncodeError, Field};
use crate::limits::{MAC_BYTES, MAX_NOISE_MESSAGE_BYTES, VERSION};
use crate::packet_kind::PacketKind;
use crate::reader::Reader;
use crate::writer::Writer;

/// Which message of which Noise pattern a handshake packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum HandshakeMessage {
    /// IK, message 1: `e, es, s, ss`.
    Ik1 = 1,
    /// IK, message 2: `e, ee, se`.
    Ik2 = 2,
    /// XXpsk0, message 1: `psk, e`.
    Xx1 = 3,
    /// XXpsk0, message 2: `e, ee, s, es`.
    Xx2 = 4,
    /// XXpsk0, message 3: `s, se`.
    Xx3 = 5,
}

impl HandshakeMessage {
    /// All messages, in the order of their numbers, which begin at 1.
    pub const ALL: [Self; 5] = [Self::Ik1, Self::Ik2, Self::Xx1, Self::Xx2, Self::Xx3];

    /// The bytes of the Noise message when its payload is empty: 32 a key in clear, 48 a sealed one, 16 the tag of a sealed payload.
    pub const fn min_noise_bytes(self) -> usize {
        match self {
            Self::Ik1 => 32 + 48 + 16,
            Self::Ik2 => 32 + 16,
            Self::Xx1 => 32 + 16,
            Self::Xx2 => 32 + 48 + 16,
            Self::Xx3 => 48 + 16,
        }
    }
}

impl TryFrom<u8> for HandshakeMessage {
    type Error = DecodeError;

    fn try_from(value: u8) -> Result<Self, DecodeError> {
        let index = usize::from(value).checked_sub(1);
        let message = index.and_then(|index| Self::ALL.get(index));
        message.copied().ok_or(DecodeError::Unknown(Field::HandshakeMessage))
    }
}

/// The fields of a handshake packet that no version may move: enough to check `mac1`, and to answer an unknown version with a hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandshakeInvariants<'a> {
    /// The session of the receiver that this handshake is about to replace or answers; 0 for none.
    pub receiver_index: u32,
    /// The version of everything between the header and the MACs.
    pub version: u8,
    /// The session being made, as the sender calls it.
    pub sender_index: u32,
    /// What `mac1` covers: all before it.
    pub before_mac1: &'a [u8],
    /// BLAKE2b-128 under a key that only members of the network can know.
    pub mac1: [u8; MAC_BYTES],
    /// What `mac2` covers: all before it, `mac1` included.
    pub before_mac2: &'a [u8],
    /// BLAKE2b-128 under the cookie; zero when the sender has none.
    pub mac2: [u8; MAC_BYTES],
}

impl<'a> HandshakeInvariants<'a> {
    /// Reads a handshake packet of any version.
    pub fn decode(packet: &'a [u8]) -> Result<Self, DecodeError> {
        PacketKind::Handshake.require(packet)?;
        let mut r = Reader::new(packet);
        r.bytes(4)?;
        let receiver_index = r.u32()?;
        let version = r.u8()?;
        r.bytes(3)?;
        let sender_index = r.u32()?;
        let (before_mac2, mac2) = packet.split_last_chunk().ok_or(DecodeError::Truncated)?;
        let (before_mac1, mac1) = before_mac2.split_last_chunk().ok_or(DecodeError::Truncated)?;
        Ok(Self { receiver_index, version, sender_index, before_mac1, mac1: *mac1, before_mac2, mac2: *mac2 })
    }
}

/// A handshake packet of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandshakeEnvelope<'a> {
    /// What the Noise message is.
    pub message: HandshakeMessage,
    /// In a first message the receiver's session that it would replace, or 0; in the others the index that the peer asked to be
    /// answered at.
    pub receiver_index: u32,
    /// The session being made, as the sender calls it. The top byte is the sender's shard.
    pub sender_index: u32,
    /// At least [`HandshakeMessage::min_noise_bytes`], at most [`MAX_NOISE_MESSAGE_BYTES`].
    pub noise: &'a [u8],
    /// See [`HandshakeInvariants::mac1`].
    pub mac1: [u8; MAC_BYTES],
    /// See [`HandshakeInvariants::mac2`].
    pub mac2: [u8; MAC_BYTES],
}

impl<'a> HandshakeEnvelope<'a> {
    /// Reads a handshake packet. Of another version than [`VERSION`] it is [`DecodeError::UnknownVersion`].
    pub fn decode(packet: &'a [u8]) -> Result<Self, DecodeError> {
        let HandshakeInvariants { receiver_index, version, sender_index, before_mac1, mac1, mac2, .. } =
            HandshakeInvariants::decode(packet)?;
        if version != VERSION {
            return Err(DecodeError::UnknownVersion(version));
        }
        let mut r = Reader::new(before_mac1);
        r.u8()?;
        let message = HandshakeMessage::try_from(r.u8()?)?;
        r.reserved::<2>()?;
        r.bytes(5)?;
        r.reserved::<3>()?;
        r.bytes(4)?;
        let noise = r.take_rest();
        if noise.len() < message.min_noise_bytes() {
            return Err(DecodeError::TooShort(Field::NoiseMessage));
        }
        Ok(Self { message, receiver_index, sender_index, noise, mac1, mac2 })
    }

    /// Writes the packet. A caller that has no MACs yet writes zeros, computes them over what was written, and writes again.
    pub fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.noise.len() < self.message.min_noise_bytes() {
            return Err(EncodeError::TooShort(Field::NoiseMessage));
        }
        if self.noise.len() > MAX_NOISE_MESSAGE_BYTES {
            return Err(EncodeError::TooLong(Field::NoiseMessage));
        }
        w.whole(|w| {
            w.put_slice(&[PacketKind::Handshake as u8, self.message as u8, 0, 0])?;
            w.put_u32(self.receiver_index)?;
            w.put_slice(&[VERSION, 0, 0, 0])?;
            w.put_u32(self.sender_index)?;
            w.put_slice(self.noise)?;
            w.put_slice(&self.mac1)?;
            w.put_slice(&self.mac2)
        })
    }
}
