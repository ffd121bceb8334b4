//! The MAC that ends every handshake message: who cannot compute it gets no answer and costs one hash.
//!
//! mac1 is keyed by network secret and responder, mac2 by a cookie; both are BLAKE2b-128 over all bytes before them.

use blake2::digest::Mac;

use crate::keyed_hash::keyed_hash_128;

/// Length of mac1 and of mac2 in bytes.
pub(crate) const MAC_LENGTH: usize = 16;

/// The MAC of `message` under `key`. The engine only verifies; whoever writes handshake messages computes it.
#[cfg(test)]
pub(crate) fn mac1(key: &[u8; 32], message: &[u8]) -> [u8; MAC_LENGTH] {
    keyed_hash_128(key, &[message]).finalize().into_bytes().into()
}

/// Whether `tag` is the MAC of `message` under `key`. Takes the same time wherever they differ.
#[must_use]
pub(crate) fn verify(key: &[u8; 32], message: &[u8], tag: &[u8; MAC_LENGTH]) -> bool {
    keyed_hash_128(key, &[message]).verify(&(*tag).into()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Key 00 01 .. 1f; message 00 01 .. of the length given; from Python's `hashlib.blake2b(message, key=key, digest_size=16)`.
    const VECTORS: [(usize, u128); 5] = [
        (0, 0x3daf_97bc_e788_8fd5_9773_c66b_f647_459c),
        (1, 0xcb0f_7736_a539_7423_6661_585b_8842_dd8c),
        (128, 0x45d4_3af0_2414_a146_c880_3c3f_7da3_554d),
        (148, 0x1de0_85bf_0244_f72c_2f85_6720_c80b_ceb1),
        (1144, 0xc15f_73fb_2c67_5d3b_469d_845b_0af1_a698),
    ];

    fn key() -> [u8; 32] {
        std::array::from_fn(|i| i as u8)
    }

    fn message(length: usize) -> Vec<u8> {
        (0..length).map(|i| i as u8).collect()
    }

    #[test]
    fn the_mac_is_that_of_an_independent_implementation() {
        for (length, expected) in VECTORS {
            assert_eq!(mac1(&key(), &message(length)), expected.to_be_bytes(), "message of {length} bytes");
            assert!(verify(&key(), &message(length), &expected.to_be_bytes()));
        }
    }

    #[test]
    fn one_bit_anywhere_is_refused() {
        let (message, tag) = (message(64), mac1(&key(), &message(64)));
        for bit in 0..64 * 8 {
            let mut changed = message.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify(&key(), &changed, &tag), "bit {bit} of the message");
        }
        for bit in 0..32 * 8 {
            let mut changed = key();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify(&changed, &message, &tag), "bit {bit} of the key");
        }
        for bit in 0..128 {
            let mut changed = tag;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify(&key(), &message, &changed), "bit {bit} of the tag");
        }
    }
}
