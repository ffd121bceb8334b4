//! What a node under load answers to a handshake packet: prove your address first.

use crate::error::{DecodeError, EncodeError};
use crate::limits::{COOKIE_BYTES, COOKIE_NONCE_BYTES, TAG_BYTES};
use crate::packet_kind::PacketKind;
use crate::reader::Reader;
use crate::writer::Writer;

/// A cookie, sealed with XChaCha20-Poly1305 and with the `mac1` of the message that it answers as associated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CookieReply {
    /// The sender index of the message that it answers.
    pub receiver_index: u32,
    /// Random.
    pub nonce: [u8; COOKIE_NONCE_BYTES],
    /// The sealed cookie and its tag.
    pub sealed_cookie: [u8; COOKIE_BYTES + TAG_BYTES],
}

impl CookieReply {
    /// Reads a whole cookie reply.
    pub fn decode(packet: &[u8]) -> Result<Self, DecodeError> {
        PacketKind::Cookie.require(packet)?;
        let mut r = Reader::new(packet);
        r.u8()?;
        r.reserved::<3>()?;
        Ok(Self { receiver_index: r.u32()?, nonce: r.array()?, sealed_cookie: r.array()? })
    }

    /// Writes the packet.
    pub fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.whole(|w| {
            w.put_slice(&[PacketKind::Cookie as u8, 0, 0, 0])?;
            w.put_u32(self.receiver_index)?;
            w.put_slice(&self.nonce)?;
            w.put_slice(&self.sealed_cookie)
        })
    }
}
