//! AEAD of one packet under one key. No allocation, no randomness: the nonce is the packet number.

use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};

/// Length of the tag after every payload, in bytes.
pub(crate) const TAG_LENGTH: usize = 16;

/// The AEAD of a session, agreed in the handshake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cipher {
    /// RFC 8439. Every node has it.
    ChaCha20Poly1305,
    /// NIST SP 800-38D. About three times as fast where both ends have the instructions.
    Aes256Gcm,
}

impl Cipher {
    /// The name that goes into key labels and options.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChaCha20Poly1305 => "chacha20-poly1305",
            Self::Aes256Gcm => "aes-256-gcm",
        }
    }
}

/// The packet is not what its sender sealed, or was not sealed under this key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Unauthentic;

/// One expanded key of one direction. Overwritten when dropped, as far as safe code can.
pub(crate) struct PacketKey {
    /// Boxed, so that a move of the owner leaves no copy behind.
    key: Box<LessSafeKey>,
}

impl PacketKey {
    /// Expands `key`, which the caller erases.
    pub(crate) fn new(cipher: Cipher, key: &[u8; 32]) -> Self {
        Self { key: Box::new(expanded(cipher, key)) }
    }

    /// Encrypts `payload` in place and authenticates it with `header`.
    ///
    /// `number` must never be used twice with one key. Payloads are shorter than a datagram, so that this cannot fail.
    pub(crate) fn seal(&self, number: u64, header: &[u8], payload: &mut [u8], tag: &mut [u8; TAG_LENGTH]) {
        let sealed = self.key.seal_in_place_separate_tag(nonce(number), Aad::from(header), payload);
        // Going on would send plaintext: the one failure, 64 GiB in one packet, has to end the engine instead.
        let Ok(computed) = sealed else { unreachable!("both ciphers seal payloads of up to 64 GiB") };
        tag.copy_from_slice(computed.as_ref());
    }

    /// Decrypts `payload_and_tag` in place if it and `header` are authentic; returns the length of the plaintext.
    ///
    /// # Errors
    /// [`Unauthentic`]; the bytes are overwritten then, so a packet can be tried with one key only.
    pub(crate) fn open(
        &self,
        number: u64,
        header: &[u8],
        payload_and_tag: &mut [u8],
    ) -> Result<usize, Unauthentic> {
        match self.key.open_in_place(nonce(number), Aad::from(header), payload_and_tag) {
            Ok(plaintext) => Ok(plaintext.len()),
            Err(ring::error::Unspecified) => Err(Unauthentic),
        }
    }
}

impl Drop for PacketKey {
    fn drop(&mut self) {
        *self.key = expanded(Cipher::ChaCha20Poly1305, &[0; 32]);
        // Tells the optimiser that the overwritten key is looked at.
        std::hint::black_box(&*self.key);
    }
}

fn expanded(cipher: Cipher, key: &[u8; 32]) -> LessSafeKey {
    let algorithm = match cipher {
        Cipher::ChaCha20Poly1305 => &aead::CHACHA20_POLY1305,
        Cipher::Aes256Gcm => &aead::AES_256_GCM,
    };
    let Ok(key) = UnboundKey::new(algorithm, key) else { unreachable!("keys of both ciphers are 32 bytes") };
    LessSafeKey::new(key)
}

/// 4 zero bytes, then the packet number, little-endian.
fn nonce(number: u64) -> Nonce {
    let mut bytes = [0; aead::NONCE_LEN];
    bytes[4..].copy_from_slice(&number.to_le_bytes());
    Nonce::assume_unique_for_key(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Cipher::{Aes256Gcm, ChaCha20Poly1305};

    const HEADER: [u8; 16] = [4, 0, 0, 0, 0x44, 0x33, 0x22, 0x11, 0x08, 7, 6, 5, 4, 3, 2, 1];
    const NUMBER: u64 = 0x0102_0304_0506_0708;
    const PLAINTEXT: &[u8] = b"Ladies and Gentlemen of the class of '99: willow rods are woven green.";

    /// Key 80 81 .. 9f over the packet above, computed with OpenSSL (Python's `cryptography`): ciphertext, then tag.
    const VECTORS: [(Cipher, &str); 2] = [
        (
            ChaCha20Poly1305,
            concat!(
                "b8d08ad235a97bbc4dd551cc6b1911b3961e31851245f58e7f581dbe0627e811f7465bd39dd94d55",
                "46bf76a356089b28f2a1f495815aeb87abeadf0f33cfea5519f057fc57b292a4265a212a353f5ceb",
                "0485b841206f"
            ),
        ),
        (
            Aes256Gcm,
            concat!(
                "10dba3f189bd5d36f39b31d9c49af38082696bcc927d7c17a77f0211c1f7893abdcdddcae5ffdc5e",
                "8364d9822609ed19bb9910ef71902534061a216b7bf7d3407c40d1e0c40b674bf133de83e0ffe231",
                "d757188cf2d3"
            ),
        ),
    ];

    fn key(cipher: Cipher) -> PacketKey {
        PacketKey::new(cipher, &std::array::from_fn(|i| 0x80 + i as u8))
    }

    fn sealed(cipher: Cipher) -> Vec<u8> {
        let (mut packet, mut tag) = (PLAINTEXT.to_vec(), [0; TAG_LENGTH]);
        key(cipher).seal(NUMBER, &HEADER, &mut packet, &mut tag);
        packet.extend(tag);
        packet
    }

    #[test]
    fn packets_are_sealed_as_an_independent_implementation_seals_them() {
        for (cipher, expected) in VECTORS {
            let hex: String = sealed(cipher).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, expected, "{}", cipher.name());
        }
    }

    #[test]
    fn an_authentic_packet_opens_in_place() {
        for cipher in [ChaCha20Poly1305, Aes256Gcm] {
            let mut packet = sealed(cipher);
            assert_eq!(key(cipher).open(NUMBER, &HEADER, &mut packet), Ok(PLAINTEXT.len()));
            assert_eq!(&packet[..PLAINTEXT.len()], PLAINTEXT);
        }
    }

    #[test]
    fn one_bit_anywhere_is_unauthentic_and_leaks_no_plaintext() {
        for cipher in [ChaCha20Poly1305, Aes256Gcm] {
            let (key, packet) = (key(cipher), sealed(cipher));
            for bit in 0..packet.len() * 8 {
                let mut changed = packet.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(key.open(NUMBER, &HEADER, &mut changed), Err(Unauthentic));
                assert_ne!(changed[16..32], PLAINTEXT[16..32]);
            }
            for bit in 0..HEADER.len() * 8 {
                let mut header = HEADER;
                header[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(key.open(NUMBER, &header, &mut packet.clone()), Err(Unauthentic));
            }
            for bit in 0..64 {
                assert_eq!(key.open(NUMBER ^ (1 << bit), &HEADER, &mut packet.clone()), Err(Unauthentic));
            }
        }
    }

    #[test]
    fn packets_shorter_than_a_tag_are_unauthentic() {
        for cipher in [ChaCha20Poly1305, Aes256Gcm] {
            for length in 0..TAG_LENGTH {
                assert_eq!(key(cipher).open(NUMBER, &HEADER, &mut vec![0; length]), Err(Unauthentic));
            }
        }
    }

    #[test]
    fn an_empty_payload_is_still_authenticated() {
        for cipher in [ChaCha20Poly1305, Aes256Gcm] {
            let mut tag = [0; TAG_LENGTH];
            key(cipher).seal(0, &HEADER, &mut [], &mut tag);
            assert_eq!(key(cipher).open(0, &HEADER, &mut tag.clone()), Ok(0));
            assert_eq!(key(cipher).open(1, &HEADER, &mut tag), Err(Unauthentic));
        }
    }
}
