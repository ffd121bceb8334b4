#![allow(clippy::expect_used)] // a test may fail by panicking

use super::*;
use crate::association::SessionConfig;
use crate::config::{AssociationConfig, EngineConfig};
use crate::engine::AdmissionKey;
use crate::keyed_hash::keyed_hash_128;
use crate::packet_key::Cipher;
use crate::path::Ecn;
use crate::stream::HeapBlocks;
use blake2::digest::Mac;
use osier_wire::limits::RESET_BYTES;
use proptest::prelude::*;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

const KEY: AdmissionKey = AdmissionKey { mac1: [1; 32], cookie: [2; 32] };
const SHARDS: u16 = 4;

fn now() -> Instant {
    Instant::from_micros(50)
}

fn path() -> Path {
    Path { socket: 0, remote: SocketAddr::from(([192, 0, 2, 1], 7_400)), local: None, interface: 3 }
}

fn engine(shard: u8, shards: u16) -> Engine {
    let config = EngineConfig { shard, shards, ..EngineConfig::default() };
    let mut engine = Engine::new(config, [7; 32], Rc::new(RefCell::new(HeapBlocks::default())));
    engine.set_admission_keys(&[KEY]);
    engine
}

/// A data packet of 40 bytes that nobody has keys for.
fn data(index: u32, number: u8) -> Vec<u8> {
    let mut packet = vec![number; 40];
    packet[..4].copy_from_slice(&[4, 0, 0, 0]);
    packet[4..8].copy_from_slice(&index.to_le_bytes());
    packet[8..16].copy_from_slice(&u64::from(number).to_le_bytes());
    packet
}

fn index_of(shard: u8) -> u32 {
    u32::from(shard) << 24 | 5
}

fn reset(index: u32) -> Vec<u8> {
    let mut packet = vec![0; RESET_BYTES];
    packet[0] = 3;
    packet[4..8].copy_from_slice(&index.to_le_bytes());
    packet
}

/// A first message whose Noise part is of no interest here.
fn first_message(index: u32, cookie: Option<[u8; 16]>) -> Vec<u8> {
    let mut packet = vec![0; 288];
    packet[..4].copy_from_slice(&[1, 1, 0, 0]);
    packet[4..8].copy_from_slice(&index.to_le_bytes());
    packet[8] = 1;
    let mac1 = keyed_hash_128(&KEY.mac1, &[&packet]).finalize().into_bytes();
    packet.extend_from_slice(&mac1);
    let mac2 =
        cookie.map_or([0; 16], |cookie| keyed_hash_128(&cookie, &[&packet]).finalize().into_bytes().into());
    packet.extend_from_slice(&mac2);
    packet
}

fn receive(engine: &mut Engine, packets: &[Vec<u8>]) {
    let meta = ReceiveMeta { path: path(), ecn: Ecn::Ect0, segment_size: packets[0].len() };
    engine.handle_train(now(), &meta, &mut packets.concat());
}

/// For whom, and how many datagrams of which bytes.
fn polled(engine: &mut Engine) -> Vec<(u8, u64, Vec<u8>)> {
    std::iter::from_fn(|| engine.poll_stray())
        .map(|stray| {
            assert_eq!((stray.meta.path, stray.meta.ecn), (path(), Ecn::Ect0));
            (stray.shard, stray.packets(), stray.bytes)
        })
        .collect()
}

/// How many datagrams the engine sends.
fn answers(engine: &mut Engine) -> usize {
    let mut room = vec![0; 65_536];
    std::iter::from_fn(|| engine.poll_transmit(now(), &mut room)).count()
}

/// An association with a session whose keys are these bytes; returns its handle and local index.
fn associate(engine: &mut Engine, remote_index: u32, send: u8, receive: u8) -> (u32, u32) {
    let facts = AssociationConfig {
        parity: 0,
        peer_max_data: 10_000,
        peer_max_stream_data: 10_000,
        peer_max_streams: 4,
        peer_route_id: None,
    };
    let association = engine.create_association(now(), &facts).expect("room");
    let local_index = engine.reserve_index([0; 32]).expect("an index");
    let session = SessionConfig {
        local_index,
        remote_index,
        cipher: Cipher::ChaCha20Poly1305,
        send_key: [send; 32],
        receive_key: [receive; 32],
        hop_keys: None,
        first_send: 0,
        first_receive: 0,
        path: path(),
        begun_here: true,
        confirmed: true,
        preferred: true,
    };
    assert!(engine.install_session(now(), association, &session));
    (association, local_index)
}

#[test]
fn a_train_is_split_by_index_and_runs_of_one_shard_stay_together() {
    let mut engine = engine(1, SHARDS);
    let packets: Vec<_> = [1, 2, 2, 2, 0, 1, 3, 0]
        .iter()
        .enumerate()
        .map(|(n, shard)| data(index_of(*shard), n as u8))
        .collect();
    receive(&mut engine, &packets);
    assert_eq!(
        polled(&mut engine),
        [
            (2, 3, packets[1..4].concat()),
            (0, 1, packets[4].clone()),
            (3, 1, packets[6].clone()),
            (0, 1, packets[7].clone())
        ]
    );
    let stats = engine.stats();
    assert_eq!((stats.packets_received, stats.strays_forwarded, stats.strays_dropped), (8, 6, 0));
    // Only the two that name this shard are for nobody.
    assert_eq!(stats.packets_rejected, 2);
    assert_eq!(answers(&mut engine), 2);
}

proptest! {
    /// A failure prints its input, which repeats it.
    #[test]
    fn every_packet_of_any_train_goes_once_and_in_order_to_its_shard(
        own in 0_u8..4,
        named in proptest::collection::vec(0_u8..6, 1..80),
    ) {
        let mut engine = engine(own, SHARDS);
        let packets: Vec<_> =
            named.iter().enumerate().map(|(number, shard)| data(index_of(*shard), number as u8)).collect();
        receive(&mut engine, &packets);
        let strays = polled(&mut engine);
        for shard in 0..6 {
            let is_stray = shard != own && u16::from(shard) < SHARDS;
            let expected: Vec<_> =
                packets.iter().zip(&named).filter(|(_, of)| is_stray && **of == shard).map(|(packet, _)| packet).collect();
            let bytes: Vec<_> = strays.iter().filter(|(to, ..)| *to == shard).flat_map(|(.., bytes)| bytes.chunks(40)).collect();
            prop_assert_eq!(bytes, expected);
        }
        let stats = engine.stats();
        prop_assert_eq!(stats.packets_received, named.len() as u64);
        prop_assert_eq!(stats.strays_forwarded + stats.packets_rejected, stats.packets_received);
    }
}

#[test]
fn a_stray_is_never_answered_with_a_reset_where_it_arrives_and_is_where_it_belongs() {
    let (mut here, mut there) = (engine(1, SHARDS), engine(2, SHARDS));
    receive(&mut here, &[data(index_of(2), 1)]);
    assert_eq!((answers(&mut here), here.stats().packets_rejected), (0, 0));
    let mut stray = here.poll_stray().expect("a stray");
    there.handle_stray(now(), &mut stray);
    assert_eq!((answers(&mut there), there.stats().packets_rejected), (1, 1));
    assert_eq!((there.stats().strays_received, there.stats().packets_received), (1, 0));
}

#[test]
fn an_index_of_no_shard_is_answered_where_it_arrives() {
    for (shards, index) in
        [(SHARDS, index_of(4)), (SHARDS, index_of(255)), (1, index_of(1)), (0, index_of(1))]
    {
        let mut engine = engine(0, shards);
        receive(&mut engine, &[data(index, 1)]);
        assert!(polled(&mut engine).is_empty());
        assert_eq!(answers(&mut engine), 1, "{shards} shards, index {index:#x}");
    }
}

#[test]
fn what_arrives_at_another_shard_is_handled_as_if_it_had_arrived_here() {
    let (mut peer, mut here, mut there) = (engine(0, 1), engine(0, 2), engine(1, 2));
    let (reached, index) = associate(&mut there, 77, 1, 2);
    let (association, _) = associate(&mut peer, index, 2, 1);
    peer.ping(now(), association, 9);
    let mut train = vec![0; 65_536];
    let transmit = peer.poll_transmit(now(), &mut train).expect("a ping");
    let meta = ReceiveMeta { path: path(), ecn: Ecn::Ect0, segment_size: transmit.segment_size };
    here.handle_train(now(), &meta, &mut train[..transmit.len]);
    let mut stray = here.poll_stray().expect("a stray");
    there.handle_stray(now(), &mut stray);
    assert_eq!(there.stats().packets_rejected, 0);
    let received = there.association_stats(reached).map(|stats| stats.counters.packets_received);
    assert_eq!(received, Some(1));
}

#[test]
fn a_stray_goes_on_to_no_third_shard() {
    let mut engine = engine(1, SHARDS);
    for packet in [data(index_of(2), 1), reset(index_of(2)), first_message(index_of(2), None)] {
        let meta = ReceiveMeta { path: path(), ecn: Ecn::Ect0, segment_size: packet.len() };
        engine.handle_stray(now(), &mut Stray { shard: 1, meta, bytes: packet });
        assert!(polled(&mut engine).is_empty());
    }
}

#[test]
fn strays_that_wait_are_bounded_and_every_one_is_counted() {
    let mut engine = engine(1, SHARDS);
    let packet = [data(index_of(2), 1), data(index_of(3), 2)];
    let fitting = (WAITING_BYTES_MAX / 40) as u64;
    for _ in 0..WAITING_BYTES_MAX / 40 {
        receive(&mut engine, &packet);
    }
    assert_eq!(engine.stats().strays_dropped, fitting);
    let waiting = polled(&mut engine);
    assert_eq!(waiting.iter().map(|(_, packets, _)| packets).sum::<u64>(), fitting);
    assert_eq!(engine.stats().strays_forwarded, fitting);
    // What was taken makes room again.
    receive(&mut engine, &packet);
    assert_eq!(polled(&mut engine).len(), 2);
    assert_eq!(engine.stats().strays_dropped, fitting);
}

#[test]
fn one_that_its_shard_refuses_counts_as_dropped() {
    let mut engine = engine(1, SHARDS);
    receive(&mut engine, &vec![data(index_of(2), 1); 5]);
    let stray = engine.poll_stray().expect("a stray");
    engine.on_stray_refused(&stray);
    assert_eq!((engine.stats().strays_forwarded, engine.stats().strays_dropped), (0, 5));
}

#[test]
fn a_stray_is_no_longer_than_a_train() {
    let mut engine = engine(1, SHARDS);
    let packets = vec![data(index_of(2), 1); 1_600];
    receive(&mut engine, &packets);
    receive(&mut engine, &packets);
    let waiting = polled(&mut engine);
    assert!(waiting.iter().all(|(_, _, bytes)| bytes.len() <= STRAY_BYTES_MAX));
    assert_eq!(waiting.iter().map(|(_, packets, _)| packets).sum::<u64>(), 3_200);
}

#[test]
fn a_first_message_that_replaces_nothing_is_whose_it_arrives_at() {
    for shard in [0, 3] {
        let mut engine = engine(shard, SHARDS);
        receive(&mut engine, &[first_message(0, None)]);
        assert!(matches!(engine.poll_event(), Some(Event::Handshake { local_index: None, .. })));
        receive(&mut engine, &[first_message(index_of(2), None)]);
        assert!(engine.poll_event().is_none());
        assert_eq!(polled(&mut engine).len(), 1);
    }
}

#[test]
fn a_reset_for_another_shard_finds_it_whatever_its_index_says() {
    let mut shards: Vec<_> = (0..4).map(|shard| engine(shard, SHARDS)).collect();
    // The peer's index says 0, as that of every node without shards does.
    let (association, _) = associate(&mut shards[2], index_of(0), 1, 2);
    shards[2].ping(now(), association, 1);
    assert_eq!(answers(&mut shards[2]), 1);
    receive(&mut shards[0], &[reset(index_of(0))]);
    let told: Vec<_> = std::iter::from_fn(|| shards[0].poll_stray()).collect();
    assert_eq!(told.iter().map(|stray| stray.shard).collect::<Vec<_>>(), [1, 2, 3]);
    for mut stray in told {
        shards[usize::from(stray.shard)].handle_stray(now(), &mut stray);
    }
    let hinted: Vec<_> =
        shards.iter_mut().map(|shard| matches!(shard.poll_event(), Some(Event::ResetHint { .. }))).collect();
    assert_eq!(hinted, [false, false, true, false]);
    // One that is for this shard asks nobody.
    receive(&mut shards[2], &[reset(index_of(0))]);
    assert!(polled(&mut shards[2]).is_empty());
}

#[test]
fn resets_that_others_are_asked_about_are_bounded_in_every_second() {
    for shards in [2, SHARDS, 64, 256] {
        let mut engine = engine(1, shards);
        for number in 0..3_000 {
            receive(&mut engine, &[reset(number)]);
        }
        let asked: u64 = polled(&mut engine).iter().map(|(_, packets, _)| packets).sum();
        let others = u64::from(shards) - 1;
        assert!(asked <= 1_000 && asked > 1_000 - others, "{asked} times with {shards} shards");
    }
}

#[test]
fn a_message_that_is_handed_over_is_told_as_the_engines_own_and_counts_like_one() {
    let mut engine = engine(2, SHARDS);
    let message = first_message(0, None);
    assert!(engine.handle_handed_over(now(), path(), 0, true, message.clone()));
    let Some(Event::Handshake { local_index: None, admission_key: 0, proven: true, path: from, datagram }) =
        engine.poll_event()
    else {
        panic!("nothing was told");
    };
    assert_eq!((from, datagram), (path(), message.clone()));
    engine.on_handshake_read();
    let admitted =
        (0..5_000).filter(|_| engine.handle_handed_over(now(), path(), 0, false, message.clone())).count();
    assert_eq!(admitted, super::super::admission::WAITING_MAX);
    assert_eq!(engine.stats().packets_rejected, 5_000 - admitted as u64);
}

#[test]
fn what_is_no_first_message_or_of_a_key_that_is_not_there_is_not_told() {
    let mut engine = engine(2, SHARDS);
    assert!(!engine.handle_handed_over(now(), path(), 1, true, first_message(0, None)));
    assert!(!engine.handle_handed_over(now(), path(), 0, true, data(1, 1)));
    assert!(!engine.handle_handed_over(now(), path(), 0, true, Vec::new()));
    assert!(engine.poll_event().is_none());
}

#[test]
fn a_cookie_of_the_shard_that_it_is_handed_to_proves_its_address() {
    let mut engine = engine(2, SHARDS);
    engine.send_cookie(now(), path(), &first_message(0, None));
    let mut room = vec![0; 2_048];
    let sent = engine.poll_transmit(now(), &mut room).expect("a cookie reply").len;
    let reply = osier_wire::CookieReply::decode(&room[..sent]).expect("a cookie reply");
    let asked = first_message(0, None);
    let mac1 = HandshakeInvariants::decode(&asked).expect("a handshake message").mac1;
    // The key stream does not depend on the text: sealing zeros gives it.
    let stream = crate::cookie::seal(&KEY.cookie, &reply.nonce, &mac1, [0; 16]);
    let cookie = std::array::from_fn(|at| reply.sealed_cookie[at] ^ stream[at]);
    for (cookie, expected) in [(cookie, true), ([9; 16], false)] {
        assert!(engine.handle_handed_over(now(), path(), 0, false, first_message(0, Some(cookie))));
        assert!(matches!(engine.poll_event(), Some(Event::Handshake { proven, .. }) if proven == expected));
    }
}

#[test]
fn a_message_that_is_handed_over_needs_a_cookie_where_many_sessions_wait_to_be_confirmed() {
    let mut engine = engine(2, SHARDS);
    let mut half_open = 0..u32::MAX;
    let mut verdict_at = |count: usize, proven: bool| {
        for index in half_open.by_ref().take(count - engine.half_open.len()) {
            engine.half_open.insert(index);
        }
        let admitted = engine.handle_handed_over(now(), path(), 0, proven, first_message(0, None));
        engine.on_handshake_read();
        (admitted, answers(&mut engine))
    };
    assert_eq!(verdict_at(511, false), (true, 0));
    assert_eq!(verdict_at(512, false), (false, 1));
    assert_eq!(verdict_at(512, true), (true, 0));
    assert_eq!(verdict_at(4_095, true), (true, 0));
    assert_eq!(verdict_at(4_096, true), (false, 0));
}
