//! A relay that is warm passes packets on without asking the allocator for anything, whether they wait or not.
#![allow(clippy::unwrap_used)]

use osier_core::{
    AssociationConfig, Cipher, Ecn, Engine, EngineConfig, HeapBlocks, HopKeys, Instant, PassOn, Path,
    ReceiveMeta, RelayConfig, RouteChange, RouteId, SessionConfig, Transmit, TRAIN_BYTES_MAX,
};
use osier_wire::{RelayHeader, Writer};
use siphasher::sip::SipHasher24;
use std::cell::RefCell;
use std::rc::Rc;

const KEY: [u8; 16] = [5; 16];
const HEADER_BYTES: usize = 40;
const PACKET_BYTES: usize = 1_200;
const TRAIN_PACKETS: usize = 50;

fn id(number: u8) -> RouteId {
    RouteId([number; 8])
}

fn path(number: u8) -> Path {
    Path { socket: 0, remote: ([10, 0, 0, number], 7_400).into(), local: None, interface: 0 }
}

/// A relay with a neighbour; returns the association and its receiver index.
fn add_neighbour(relay: &mut Engine, number: u8) -> (u32, u32) {
    let facts = AssociationConfig {
        parity: 0,
        peer_max_data: 0,
        peer_max_stream_data: 0,
        peer_max_streams: 0,
        peer_route_id: Some(id(number)),
    };
    let now = Instant::from_micros(1);
    let association = relay.create_association(now, &facts).unwrap();
    let local_index = relay.reserve_index([0; 32]).unwrap();
    let session = SessionConfig {
        local_index,
        remote_index: 7,
        cipher: Cipher::ChaCha20Poly1305,
        send_key: [1; 32],
        receive_key: [2; 32],
        hop_keys: Some(HopKeys { send: KEY, receive: KEY }),
        first_send: 0,
        first_receive: 0,
        path: path(number),
        begun_here: true,
        confirmed: true,
        preferred: true,
    };
    assert!(relay.install_session(now, association, &session));
    (association, local_index)
}

/// Writes the next train of neighbour 1 for 2.
fn write_train(train: &mut [u8], index: u32, next: &mut u64) {
    for packet in train.chunks_exact_mut(PACKET_BYTES) {
        let header = RelayHeader {
            ttl: 32,
            control: false,
            hop_receiver_index: index,
            hop_packet_number: *next,
            destination: id(2),
            source: id(1),
            hop_tag: [0; 8],
            waypoint: None,
        };
        *next += 1;
        header.encode(&mut Writer::new(packet)).unwrap();
        packet[HEADER_BYTES..].fill(9);
        let mut covered = [9; 32 + 2 + 32];
        covered[..32].copy_from_slice(&packet[..32]);
        covered[32..34].copy_from_slice(&((PACKET_BYTES - HEADER_BYTES) as u16).to_le_bytes());
        let tag = SipHasher24::new_with_key(&KEY).hash(&covered).to_le_bytes();
        packet[32..HEADER_BYTES].copy_from_slice(&tag);
    }
}

struct Wire {
    passes: bool,
    bytes: usize,
}

impl PassOn for Wire {
    fn pass_on(&mut self, _: &Transmit, train: &[u8]) -> bool {
        self.bytes += if self.passes { train.len() } else { 0 };
        self.passes
    }
}

fn relays_without_allocating(passes: bool, max_bytes_per_second: u64) {
    let relay = Some(RelayConfig { max_bytes_per_second, queue_bytes: 1 << 20 });
    let config = EngineConfig { route_id: Some(id(9)), relay, ..EngineConfig::default() };
    let mut engine = Engine::new(config, [3; 32], Rc::new(RefCell::new(HeapBlocks::default())));
    let (_, index) = add_neighbour(&mut engine, 1);
    let (next, _) = add_neighbour(&mut engine, 2);
    let route = RouteChange { destination: id(2), next: Some(next), mtu_bytes: 1_160 };
    engine.set_routes(Instant::from_micros(1), &[route]);
    let (mut train, mut out) = (vec![0; TRAIN_PACKETS * PACKET_BYTES], vec![0; TRAIN_BYTES_MAX]);
    let (mut number, mut now, mut wire) = (0, 1_000, Wire { passes, bytes: 0 });
    let mut turn = |trains: usize| {
        for _ in 0..trains {
            // Sooner than any timer of the neighbours' own sessions.
            now += 10;
            let at = Instant::from_micros(now);
            write_train(&mut train, index, &mut number);
            let meta = ReceiveMeta { path: path(1), ecn: Ecn::Ect0, segment_size: PACKET_BYTES };
            assert!(engine.handle_train_passing(at, &meta, &mut train, Some(&mut wire)));
            if engine.poll_timeout().is_some_and(|due| due <= at) {
                engine.handle_timeout(at);
            }
            while engine.poll_transmit(at, &mut out).is_some() {}
            while engine.poll_event().is_some() {}
        }
    };
    turn(2_000);
    let allocations = allocation_counter::measure(|| turn(1_000)).count_total;
    let stats = engine.stats();
    assert_eq!((wire.bytes > 0, stats.packets_rejected), (passes, 0));
    assert_eq!(stats.relay_dropped_packets > 0, max_bytes_per_second > 0);
    assert!(stats.relayed_packets > 60_000, "{stats:?}");
    assert_eq!(allocations, 0, "passes: {passes}, bound: {max_bytes_per_second}");
}

#[test]
fn trains_that_pass_at_once_allocate_nothing() {
    relays_without_allocating(true, 0);
}

#[test]
fn trains_that_wait_allocate_nothing() {
    relays_without_allocating(false, 0);
}

#[test]
fn a_queue_that_overflows_at_a_rate_bound_allocates_nothing() {
    // Half of what comes.
    relays_without_allocating(false, 3_000_000_000);
}
