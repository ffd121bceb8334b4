//! The tag by which a neighbour proves the routing header of one packet: SipHash-2-4 over what `docs/protocol.md` names.

use osier_wire::limits::{MIN_INNER_PACKET_BYTES, RELAY_HEADER_BYTES, WAYPOINT_BYTES};
use siphasher::sip::SipHasher24;
use zeroize::Zeroize;

/// Where the tag lies in the header.
const TAG_AT: usize = 32;
const TAG_BYTES: usize = 8;
/// The header up to the tag, the waypoint, the length of the inner packet, its first and its last bytes.
const COVERED_BYTES_MAX: usize = TAG_AT + WAYPOINT_BYTES + 2 + 2 * MIN_INNER_PACKET_BYTES;

/// A hop tag.
pub(crate) type HopTag = [u8; TAG_BYTES];

/// The key of one direction of a session.
pub(crate) struct TagKey {
    key: [u8; 16],
}

impl TagKey {
    pub(crate) fn new(key: &[u8; 16]) -> Self {
        Self { key: *key }
    }

    /// The tag of a whole relayed packet, whose header is `header_len` bytes long. Shorter packets than the wire allows have none.
    pub(crate) fn tag(&self, packet: &[u8], header_len: usize) -> Option<HopTag> {
        let (header, inner) = packet.split_at_checked(header_len)?;
        let first = u128::from_le_bytes(*inner.first_chunk::<MIN_INNER_PACKET_BYTES>()?);
        let last = u128::from_le_bytes(*inner.last_chunk::<MIN_INNER_PACKET_BYTES>()?);
        let inner_len = u16::try_from(inner.len()).ok()?;
        let mut covered = [0; COVERED_BYTES_MAX];
        covered[..TAG_AT].copy_from_slice(header.first_chunk::<TAG_AT>()?);
        let mut len = TAG_AT;
        if let Some(waypoint) = header.get(RELAY_HEADER_BYTES..)?.first_chunk::<WAYPOINT_BYTES>() {
            covered[len..len + WAYPOINT_BYTES].copy_from_slice(waypoint);
            len += WAYPOINT_BYTES;
        }
        // The length moves what follows by two bytes: shifted in registers, since words that two stores made would be waited for when they are read.
        for word in [u128::from(inner_len) | first << 16, first >> 112 | last << 16] {
            covered[len..len + 16].copy_from_slice(&word.to_le_bytes());
            len += 16;
        }
        covered[len..len + 2].copy_from_slice(&((last >> 112) as u16).to_le_bytes());
        Some(SipHasher24::new_with_key(&self.key).hash(&covered[..len + 2]).to_le_bytes())
    }

    /// Writes the tag of `packet` into its place. False for one that cannot have any.
    pub(crate) fn stamp(&self, packet: &mut [u8], header_len: usize) -> bool {
        let Some(tag) = self.tag(packet, header_len) else { return false };
        packet[TAG_AT..RELAY_HEADER_BYTES].copy_from_slice(&tag);
        true
    }

    /// Whether `packet` bears its tag. Takes the same time wherever they differ.
    pub(crate) fn verify(&self, packet: &[u8], header_len: usize) -> bool {
        let Some(tag) = self.tag(packet, header_len) else { return false };
        let found = packet.get(TAG_AT..RELAY_HEADER_BYTES).and_then(|found| found.first_chunk::<TAG_BYTES>());
        found.is_some_and(|found| u64::from_le_bytes(*found) ^ u64::from_le_bytes(tag) == 0)
    }
}

impl Drop for TagKey {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference vector of SipHash-2-4: key 00..0f, message 00..0e.
    #[test]
    fn the_hash_is_that_of_its_authors() {
        let key = std::array::from_fn(|i| i as u8);
        let message: [u8; 15] = std::array::from_fn(|i| i as u8);
        assert_eq!(SipHasher24::new_with_key(&key).hash(&message), 0xa129_ca61_49be_45e5);
    }

    /// From an implementation of its own, by the words of docs/protocol.md.
    #[test]
    fn the_tag_is_that_of_an_independent_implementation() {
        let key = TagKey::new(&std::array::from_fn(|i| i as u8));
        let known = [
            (RELAY_HEADER_BYTES, "05db38065055e7d8"),
            (RELAY_HEADER_BYTES + WAYPOINT_BYTES, "be3f98516f9ee1ea"),
        ];
        for (header_len, expected) in known {
            let packet: Vec<u8> = (0..header_len + 100).map(|i| (i * 7 + 3) as u8).collect();
            let tag = key.tag(&packet, header_len).unwrap();
            assert_eq!(tag.map(|byte| format!("{byte:02x}")).concat(), expected);
        }
    }

    #[test]
    fn every_byte_that_is_covered_changes_the_tag_and_no_other_does() {
        let key = TagKey::new(&[7; 16]);
        for header_len in [RELAY_HEADER_BYTES, RELAY_HEADER_BYTES + WAYPOINT_BYTES] {
            for inner_len in [16, 20, 100] {
                let mut packet = vec![5; header_len + inner_len];
                assert!(key.stamp(&mut packet, header_len) && key.verify(&packet, header_len));
                for at in 0..packet.len() {
                    let mut changed = packet.clone();
                    changed[at] ^= 1;
                    let inner_at = at.checked_sub(header_len);
                    let middle = inner_at.is_some_and(|at| (16..inner_len.max(32) - 16).contains(&at));
                    assert_eq!(
                        key.verify(&changed, header_len),
                        middle,
                        "byte {at} of {header_len} + {inner_len}"
                    );
                }
                packet.push(5);
                assert!(!key.verify(&packet, header_len), "a byte more");
            }
        }
    }

    #[test]
    fn what_is_too_short_for_a_tag_has_none() {
        let key = TagKey::new(&[7; 16]);
        for len in 0..RELAY_HEADER_BYTES + 16 {
            assert!(!key.verify(&vec![0; len], RELAY_HEADER_BYTES));
            assert!(!key.stamp(&mut vec![0; len], RELAY_HEADER_BYTES));
        }
    }
}
