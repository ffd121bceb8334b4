//! Relayed packets as the source's neighbour session makes them, and as the relay's session with the sink must.

use osier_wire::{RelayHeader, RouteId, Writer};
use siphasher::sip::SipHasher24;

/// What `relay.mjs` knows, too.
const SOURCE_KEY: [u8; 16] = [0x11; 16];
const SINK_KEY: [u8; 16] = [0x22; 16];
const SOURCE: RouteId = RouteId([1; 8]);
const SINK: RouteId = RouteId([3; 8]);
const SINK_INDEX: u32 = 0x0102_0304;

const TTL: u8 = 32;
const HEADER_BYTES: usize = 40;
const TAG_AT: usize = 32;
const NUMBER_AT: usize = 8;
/// Of the packet's own number, in the end-to-end packet.
const SEQUENCE_AT: usize = HEADER_BYTES + 8;
/// Every byte of one packet in so many is compared.
const WHOLE_EVERY: u64 = 64;

/// Makes packets, each with the next number.
pub struct PacketMaker {
    template: Vec<u8>,
    hasher: SipHasher24,
    next: u64,
}

impl PacketMaker {
    /// `index`: the relay's receiver index of its session with the source.
    pub fn new(packet_bytes: usize, index: u32) -> Self {
        let header = RelayHeader {
            ttl: TTL,
            control: false,
            hop_receiver_index: index,
            hop_packet_number: 0,
            destination: SINK,
            source: SOURCE,
            hop_tag: [0; 8],
            waypoint: None,
        };
        let mut template = vec![0; packet_bytes];
        header.encode(&mut Writer::new(&mut template)).expect("a header");
        fill_inner(&mut template[HEADER_BYTES..]);
        Self { template, hasher: SipHasher24::new_with_key(&SOURCE_KEY), next: 0 }
    }

    /// Writes the next packet.
    pub fn write(&mut self, packet: &mut [u8]) {
        packet.copy_from_slice(&self.template);
        packet[NUMBER_AT..NUMBER_AT + 8].copy_from_slice(&self.next.to_le_bytes());
        packet[SEQUENCE_AT..SEQUENCE_AT + 8].copy_from_slice(&self.next.to_le_bytes());
        let tag = tag_of(&self.hasher, packet);
        packet[TAG_AT..HEADER_BYTES].copy_from_slice(&tag);
        self.next += 1;
    }
}

/// Says of what arrives whether it is what was sent.
pub struct Verifier {
    inner: Vec<u8>,
    hasher: SipHasher24,
    next_hop_number: u64,
    next_sequence: u64,
    /// Packets that arrived as they must.
    pub delivered: u64,
    /// Relayed packets that are wrong, came twice or too late.
    pub wrong: u64,
}

impl Verifier {
    pub fn new(packet_bytes: usize) -> Self {
        let mut inner = vec![0; packet_bytes - HEADER_BYTES];
        fill_inner(&mut inner);
        let hasher = SipHasher24::new_with_key(&SINK_KEY);
        Self { inner, hasher, next_hop_number: 0, next_sequence: 0, delivered: 0, wrong: 0 }
    }

    /// The number of a packet that is right. What is not a relayed packet is the session's own and no concern of this.
    pub fn take(&mut self, packet: &[u8]) -> Option<u64> {
        if packet.first() != Some(&5) {
            return None;
        }
        let sequence = self.check(packet);
        match sequence {
            Some(_) => self.delivered += 1,
            None => self.wrong += 1,
        }
        sequence
    }

    fn check(&mut self, packet: &[u8]) -> Option<u64> {
        let (header, inner) = RelayHeader::decode(packet).ok()?;
        let is_addressed = header.ttl == TTL - 1
            && header.hop_receiver_index == SINK_INDEX
            && header.destination == SINK
            && header.source == SOURCE;
        let is_authentic = header.hop_tag == tag_of(&self.hasher, packet);
        if !is_addressed || !is_authentic || inner.len() != self.inner.len() {
            return None;
        }
        let sequence = u64::from_le_bytes(*inner[8..].first_chunk()?);
        let is_new = header.hop_packet_number >= self.next_hop_number && sequence >= self.next_sequence;
        let is_whole =
            sequence % WHOLE_EVERY != 0 || (inner[..8] == self.inner[..8] && inner[16..] == self.inner[16..]);
        if !is_new || !is_whole {
            return None;
        }
        self.next_hop_number = header.hop_packet_number + 1;
        self.next_sequence = sequence + 1;
        Some(sequence)
    }
}

/// A data packet to the eye of a relay, which looks at its type and length only.
fn fill_inner(inner: &mut [u8]) {
    for (at, byte) in inner.iter_mut().enumerate() {
        *byte = (at * 31 + at / 256) as u8;
    }
    inner[0] = 4;
}

/// As docs/protocol.md, "Relayed packet", has it, of a packet without a waypoint.
fn tag_of(hasher: &SipHasher24, packet: &[u8]) -> [u8; 8] {
    let inner = &packet[HEADER_BYTES..];
    let mut covered = [0; TAG_AT + 2 + 32];
    covered[..TAG_AT].copy_from_slice(&packet[..TAG_AT]);
    covered[TAG_AT..TAG_AT + 2].copy_from_slice(&(inner.len() as u16).to_le_bytes());
    covered[TAG_AT + 2..TAG_AT + 18].copy_from_slice(&inner[..16]);
    covered[TAG_AT + 18..].copy_from_slice(&inner[inner.len() - 16..]);
    hasher.hash(&covered).to_le_bytes()
}
