//! Keyed BLAKE2b (RFC 7693) at the lengths that the protocol uses, over a message in parts.

use blake2::digest::typenum::{U16, U32, U64};
use blake2::digest::{KeyInit, Mac};
use blake2::Blake2bMac;

/// BLAKE2b-128 of the parts joined, under a key of 16 or 32 bytes, as a running MAC, so that its user chooses between the tag and a comparison.
pub(crate) fn keyed_hash_128(key: &[u8], parts: &[&[u8]]) -> impl Mac<OutputSize = U16> {
    absorbed(keyed::<Blake2bMac<U16>>(key), parts)
}

/// BLAKE2b-256 of the parts joined.
pub(crate) fn keyed_hash_256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    absorbed(keyed::<Blake2bMac<U32>>(key), parts).finalize().into_bytes().into()
}

/// BLAKE2b-512 of the parts joined.
pub(crate) fn keyed_hash_512(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 64] {
    absorbed(keyed::<Blake2bMac<U64>>(key), parts).finalize().into_bytes().into()
}

fn keyed<M: KeyInit>(key: &[u8]) -> M {
    let Ok(mac) = M::new_from_slice(key) else { unreachable!("BLAKE2b takes keys of up to 64 bytes") };
    mac
}

fn absorbed<M: Mac>(mut mac: M, parts: &[&[u8]]) -> M {
    for part in parts {
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> [u8; 32] {
        std::array::from_fn(|i| i as u8)
    }

    #[test]
    fn the_hashes_are_those_of_an_independent_implementation() {
        assert_eq!(
            hex(&keyed_hash_256(&key(), &[b"osier v1 key", b"aes-256-gcm"])),
            "f0ac2e98b672d100f889247e628d4ac2df88b0bd26ca177c993cae0d0b059f74"
        );
        assert_eq!(
            hex(&keyed_hash_512(&key(), &[&[7; 200]])),
            concat!(
                "98feb33ad4bb47aeb41028dde46d08bafb3a661d49df893220925f47c8cd811f2e1766b065ed44fc",
                "e7eb521665fb8e9e18770ebdb6d505ef1e5b81134b4c92ac"
            )
        );
    }

    #[test]
    fn how_a_message_is_split_does_not_matter() {
        let message: [u8; 200] = std::array::from_fn(|i| i as u8);
        let (head, tail) = message.split_at(129);
        assert_eq!(keyed_hash_256(&key(), &[&message]), keyed_hash_256(&key(), &[head, &[], tail]));
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
