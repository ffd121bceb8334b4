//! The packet of Osier's data path: 16 bytes of header, which are authenticated, the sealed payload, 16 bytes of tag.

use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_256_GCM, CHACHA20_POLY1305};

/// Bytes before the payload.
pub const HEADER_BYTES: usize = 16;
/// Bytes after the payload.
pub const TAG_BYTES: usize = 16;

/// Seals and opens packets under a fixed key: what the cipher costs does not depend on it. Without a key they are only copied.
pub struct PacketKey(Option<LessSafeKey>);

impl PacketKey {
    /// The key of both ends, for the cipher of this name, or `none`.
    pub fn fixed(cipher: &str) -> std::io::Result<Self> {
        let algorithm = match cipher {
            "chacha20-poly1305" => &CHACHA20_POLY1305,
            "aes-256-gcm" => &AES_256_GCM,
            "none" => return Ok(Self(None)),
            _ => return Err(std::io::Error::other(format!("no cipher {cipher}"))),
        };
        let key = UnboundKey::new(algorithm, &[7; 32]).map_err(|_| std::io::Error::other("bad key"))?;
        Ok(Self(Some(LessSafeKey::new(key))))
    }

    /// Fills `packet` with a header, `payload` and the tag.
    pub fn seal(&self, packet_number: u64, payload: &[u8], packet: &mut [u8]) {
        let (header, rest) = packet.split_at_mut(HEADER_BYTES);
        let (body, tag_out) = rest.split_at_mut(payload.len());
        header[..8].copy_from_slice(&[4, 0, 0, 0, 1, 0, 0, 0]);
        header[8..].copy_from_slice(&packet_number.to_le_bytes());
        body.copy_from_slice(payload);
        let Some(key) = &self.0 else { return };
        let tag = key.seal_in_place_separate_tag(nonce(packet_number), Aad::from(&*header), body);
        if let Ok(tag) = tag {
            tag_out.copy_from_slice(tag.as_ref());
        }
    }

    /// The number and payload of `packet`, or `None` when it is not authentic.
    pub fn open<'a>(&self, packet: &'a mut [u8]) -> Option<(u64, &'a [u8])> {
        let (header, sealed) = packet.split_at_mut_checked(HEADER_BYTES)?;
        let packet_number = u64::from_le_bytes(header[8..].try_into().ok()?);
        let payload = match &self.0 {
            Some(key) => key.open_in_place(nonce(packet_number), Aad::from(&*header), sealed).ok()?,
            None => sealed.get(..sealed.len().checked_sub(TAG_BYTES)?)?,
        };
        Some((packet_number, payload))
    }
}

fn nonce(packet_number: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&packet_number.to_le_bytes());
    Nonce::assume_unique_for_key(bytes)
}
