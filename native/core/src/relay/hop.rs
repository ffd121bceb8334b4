//! The hop part of a session between two neighbours: numbers that are never used again, and what has arrived under them.

use super::hop_tag::TagKey;
use crate::replay_window::ReplayWindow;
use osier_wire::limits::{RELAY_HEADER_BYTES, WAYPOINT_BYTES};
use osier_wire::RelayHeader;
use zeroize::Zeroize;

/// Bits of a hop packet number below the shard that sent it.
const COUNTER_BITS: u32 = 56;
const COUNTER_MAX: u64 = (1 << COUNTER_BITS) - 1;
/// Packets after which a report of one is no news: more than are under way on any hop.
const OF_LATE: u64 = 1 << 16;
/// Shards of one peer whose packets are taken in one session, 2 KiB each: what more a peer makes up costs nothing.
const SHARDS_MAX: usize = 16;
/// Where receiver index and packet number lie in the header.
const INDEX_AT: usize = 4;
const NUMBER_AT: usize = 8;

/// Secrets of a session for the headers of relayed packets, of each direction.
#[derive(Clone)]
pub struct HopKeys {
    /// Of what this end sends.
    pub send: [u8; 16],
    /// Of what this end receives.
    pub receive: [u8; 16],
}

impl HopKeys {
    /// Overwrites them.
    pub(crate) fn erase(&mut self) {
        self.send.zeroize();
        self.receive.zeroize();
    }
}

/// Why a header was not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HopRejected {
    /// Its number came before, or is too old.
    Replayed,
    /// Its tag is wrong.
    Forged,
    /// Packets of so many shards have come already that those of another are not taken.
    ShardUnknown,
}

/// See the file's head.
pub(crate) struct Hop {
    send: TagKey,
    receive: TagKey,
    next: u64,
    /// One a shard of the peer's, made when the first packet of it was authentic: most have one.
    windows: Vec<(u8, ReplayWindow)>,
}

impl Hop {
    /// `shard`: this engine's.
    pub(crate) fn new(keys: &HopKeys, shard: u8) -> Self {
        Self {
            send: TagKey::new(&keys.send),
            receive: TagKey::new(&keys.receive),
            next: u64::from(shard) << COUNTER_BITS,
            windows: Vec::new(),
        }
    }

    /// Makes `packet`, a whole one whose header is written but for what belongs to the hop, this session's. False, and it must not be sent: the
    /// numbers are used up, or it is no relayed packet.
    pub(crate) fn seal(&mut self, packet: &mut [u8], header_len: usize, remote_index: u32) -> bool {
        if self.next & COUNTER_MAX == COUNTER_MAX || packet.len() < RELAY_HEADER_BYTES {
            return false;
        }
        packet[INDEX_AT..NUMBER_AT].copy_from_slice(&remote_index.to_le_bytes());
        packet[NUMBER_AT..NUMBER_AT + 8].copy_from_slice(&self.next.to_le_bytes());
        self.next += 1;
        self.send.stamp(packet, header_len)
    }

    /// Whether so many packets or fewer went since the one of this number that somebody may speak of it.
    pub(crate) fn has_sent_of_late(&self, number: u64) -> bool {
        number >> COUNTER_BITS == self.next >> COUNTER_BITS
            && number < self.next
            && self.next - number <= OF_LATE
    }

    /// Takes a whole packet with its `header`: replay pre-check, tag, replay commit. True: its number is the highest so far.
    pub(crate) fn open(&mut self, packet: &[u8], header: &RelayHeader) -> Result<bool, HopRejected> {
        let shard = (header.hop_packet_number >> COUNTER_BITS) as u8;
        let counter = header.hop_packet_number & COUNTER_MAX;
        let known = self.windows.iter().position(|(of, _)| *of == shard);
        if known.is_some_and(|at| self.windows[at].1.check(counter).is_err()) {
            return Err(HopRejected::Replayed);
        }
        if !self.receive.verify(packet, header.encoded_len()) {
            return Err(HopRejected::Forged);
        }
        if known.is_none() && self.windows.len() == SHARDS_MAX {
            return Err(HopRejected::ShardUnknown);
        }
        let at = known.unwrap_or_else(|| {
            self.windows.push((shard, ReplayWindow::new()));
            self.windows.len() - 1
        });
        let window = &mut self.windows[at].1;
        let is_newest = window.is_newest(counter);
        window.commit(counter);
        Ok(is_newest)
    }
}

/// What a hop adds to an end-to-end packet.
pub(crate) const fn hop_overhead_bytes(has_waypoint: bool) -> usize {
    RELAY_HEADER_BYTES + if has_waypoint { WAYPOINT_BYTES } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use osier_wire::{RouteId, Writer};

    fn ends() -> (Hop, Hop) {
        let keys = HopKeys { send: [1; 16], receive: [2; 16] };
        let back = HopKeys { send: [2; 16], receive: [1; 16] };
        (Hop::new(&keys, 3), Hop::new(&back, 0))
    }

    fn packet(waypoint: Option<RouteId>) -> Vec<u8> {
        let header = RelayHeader {
            ttl: 9,
            control: false,
            hop_receiver_index: 0,
            hop_packet_number: 0,
            destination: RouteId([1; 8]),
            source: RouteId([2; 8]),
            hop_tag: [0; 8],
            waypoint,
        };
        let mut bytes = vec![4; header.encoded_len() + 33];
        header.encode(&mut Writer::new(&mut bytes)).unwrap();
        bytes
    }

    fn open(hop: &mut Hop, bytes: &[u8]) -> Result<(), HopRejected> {
        hop.open(bytes, &RelayHeader::decode(bytes).unwrap().0).map(drop)
    }

    #[test]
    fn a_sealed_packet_is_opened_once() {
        let (mut sender, mut receiver) = ends();
        for waypoint in [None, Some(RouteId([7; 8]))] {
            let mut bytes = packet(waypoint);
            let header_len = bytes.len() - 33;
            assert!(sender.seal(&mut bytes, header_len, 77));
            let (header, _) = RelayHeader::decode(&bytes).unwrap();
            assert_eq!((header.hop_receiver_index, header.hop_packet_number >> 56), (77, 3));
            assert_eq!(open(&mut receiver, &bytes), Ok(()));
            assert_eq!(open(&mut receiver, &bytes), Err(HopRejected::Replayed));
        }
    }

    #[test]
    fn a_header_with_another_body_is_forged_and_moves_no_window() {
        let (mut sender, mut receiver) = ends();
        let mut bytes = packet(None);
        assert!(sender.seal(&mut bytes, 40, 77));
        let mut other = bytes.clone();
        other[50] ^= 1;
        assert_eq!(open(&mut receiver, &other), Err(HopRejected::Forged));
        assert!(receiver.windows.is_empty());
        assert_eq!(open(&mut receiver, &bytes), Ok(()));
    }

    #[test]
    fn each_shard_of_the_sender_has_a_window_of_its_own() {
        let keys = HopKeys { send: [1; 16], receive: [2; 16] };
        let (_, mut receiver) = ends();
        for shard in [0, 255, 7] {
            let mut sender = Hop::new(&keys, shard);
            let mut bytes = packet(None);
            assert!(sender.seal(&mut bytes, 40, 1));
            assert_eq!(open(&mut receiver, &bytes), Ok(()), "shard {shard}");
        }
        assert_eq!(receiver.windows.len(), 3);
    }

    #[test]
    fn a_peer_that_makes_up_shards_has_windows_for_sixteen_and_keeps_those() {
        let keys = HopKeys { send: [1; 16], receive: [2; 16] };
        let (_, mut receiver) = ends();
        let mut senders: Vec<Hop> = (0..=255).map(|shard| Hop::new(&keys, shard)).collect();
        for (shard, sender) in senders.iter_mut().enumerate() {
            let mut bytes = packet(None);
            assert!(sender.seal(&mut bytes, 40, 1));
            let expected = if shard < 16 { Ok(()) } else { Err(HopRejected::ShardUnknown) };
            assert_eq!(open(&mut receiver, &bytes), expected, "shard {shard}");
        }
        let mut bytes = packet(None);
        assert!(senders[0].seal(&mut bytes, 40, 1));
        assert_eq!((open(&mut receiver, &bytes), receiver.windows.len()), (Ok(()), 16));
    }

    #[test]
    fn numbers_that_are_used_up_are_not_used_again() {
        let (mut sender, _) = ends();
        sender.next |= COUNTER_MAX - 1;
        let mut bytes = packet(None);
        assert!(sender.seal(&mut bytes, 40, 1));
        assert!(!sender.seal(&mut bytes, 40, 1));
        assert!(!sender.seal(&mut bytes, 40, 1));
    }
}
