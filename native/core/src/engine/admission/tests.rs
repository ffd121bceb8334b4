#![allow(clippy::expect_used)] // a test may fail by panicking

use super::*;
use crate::config::EngineConfig;
use crate::engine::{Engine, ReceiveMeta};
use crate::event::Event;
use crate::keyed_hash::keyed_hash_128;
use crate::path::{Ecn, Path};
use crate::stream::HeapBlocks;
use blake2::digest::Mac;
use osier_wire::limits::COOKIE_REPLY_BYTES;
use std::cell::RefCell;
use std::rc::Rc;

const KEY: AdmissionKey = AdmissionKey { mac1: [1; 32], cookie: [2; 32] };

fn engine() -> Engine {
    let mut engine =
        Engine::new(EngineConfig::default(), [7; 32], Rc::new(RefCell::new(HeapBlocks::default())));
    engine.set_admission_keys(&[KEY]);
    engine
}

fn address(host: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, host], port))
}

/// A first message whose Noise part is of no interest here; each `number` is another.
fn first_message(number: u32, cookie: Option<[u8; 16]>) -> Vec<u8> {
    let mut packet = vec![0; 288];
    packet[..9].copy_from_slice(&[1, 1, 0, 0, 0, 0, 0, 0, 1]);
    packet[12..16].copy_from_slice(&77_u32.to_le_bytes());
    packet[16..20].copy_from_slice(&number.to_le_bytes());
    let mac1 = keyed_hash_128(&KEY.mac1, &[&packet]).finalize().into_bytes();
    packet.extend_from_slice(&mac1);
    let mac2 =
        cookie.map_or([0; 16], |cookie| keyed_hash_128(&cookie, &[&packet]).finalize().into_bytes().into());
    packet.extend_from_slice(&mac2);
    packet
}

fn receive(engine: &mut Engine, now: Instant, from: SocketAddr, packet: &[u8]) {
    let path = Path { socket: 0, remote: from, local: None, interface: 0 };
    let meta = ReceiveMeta { path, ecn: Ecn::NotEct, segment_size: 0 };
    engine.handle_train(now, &meta, &mut packet.to_vec());
}

/// Whether each first message that crossed proved its address.
fn crossed(engine: &mut Engine) -> Vec<bool> {
    let mut proven = Vec::new();
    while let Some(event) = engine.poll_event() {
        if let Event::Handshake { proven: is_proven, .. } = event {
            engine.on_handshake_read();
            proven.push(is_proven);
        }
    }
    proven
}

/// The datagrams that the engine sends.
fn sent(engine: &mut Engine, now: Instant) -> Vec<Vec<u8>> {
    let mut room = vec![0; 65_536];
    std::iter::from_fn(|| engine.poll_transmit(now, &mut room).map(|transmit| room[..transmit.len].to_vec()))
        .collect()
}

/// Sends first messages until load is assumed, and reads them.
fn load(engine: &mut Engine, now: Instant) {
    for number in 0..CALM_PER_SECOND {
        receive(engine, now, address(200, 1), &first_message(number, None));
        assert_eq!(crossed(engine), [false]);
    }
    assert!(sent(engine, now).is_empty());
}

/// The cookie of a reply to the first message `number`.
fn opened(reply: &[u8], number: u32) -> [u8; 16] {
    let reply = CookieReply::decode(reply).expect("a cookie reply");
    assert_eq!(reply.receiver_index, 77);
    let message = first_message(number, None);
    let mac1 = HandshakeInvariants::decode(&message).expect("a handshake message").mac1;
    // The key stream does not depend on the text: sealing zeros gives it.
    let stream = cookie::seal(&KEY.cookie, &reply.nonce, &mac1, [0; 16]);
    let cookie = std::array::from_fn(|i| reply.sealed_cookie[i] ^ stream[i]);
    assert_eq!(cookie::seal(&KEY.cookie, &reply.nonce, &mac1, cookie), reply.sealed_cookie);
    cookie
}

#[test]
fn under_load_a_first_message_gets_a_smaller_cookie_reply_and_crosses_with_the_cookie_only() {
    let (mut engine, now) = (engine(), Instant::from_micros(50));
    load(&mut engine, now);
    let plain = first_message(1_000, None);
    receive(&mut engine, now, address(1, 1), &plain);
    assert!(crossed(&mut engine).is_empty());
    let replies = sent(&mut engine, now);
    assert_eq!(replies.iter().map(Vec::len).collect::<Vec<_>>(), [COOKIE_REPLY_BYTES]);
    assert!(COOKIE_REPLY_BYTES < plain.len());

    let cookie = opened(&replies[0], 1_000);
    receive(&mut engine, now, address(1, 1), &first_message(1_001, Some(cookie)));
    assert_eq!(crossed(&mut engine), [true]);
    for elsewhere in [address(1, 2), address(2, 1)] {
        receive(&mut engine, now, elsewhere, &first_message(1_002, Some(cookie)));
        assert!(crossed(&mut engine).is_empty(), "a cookie of {:?} counted at {elsewhere}", address(1, 1));
        assert_eq!(sent(&mut engine, now).len(), 1);
    }
}

#[test]
fn load_ends_a_second_after_its_last_sign_and_a_calm_node_asks_nobody_for_a_cookie() {
    let (mut engine, now) = (engine(), Instant::from_micros(50));
    load(&mut engine, now);
    receive(&mut engine, now, address(1, 1), &first_message(1, None));
    assert!(crossed(&mut engine).is_empty());
    receive(&mut engine, now.plus_micros(LOAD_MICROS), address(1, 1), &first_message(2, None));
    assert_eq!(crossed(&mut engine), [false]);
}

#[test]
fn a_stranger_to_the_network_gets_no_cookie_and_makes_no_load() {
    let (mut engine, now) = (engine(), Instant::from_micros(50));
    for number in 0..5_000 {
        let mut packet = first_message(number, None);
        packet[20] ^= 1;
        receive(&mut engine, now, address(9, 9), &packet);
    }
    assert!(sent(&mut engine, now).is_empty());
    receive(&mut engine, now, address(1, 1), &first_message(1, None));
    assert_eq!(crossed(&mut engine), [false]);
}

#[test]
fn one_address_with_a_cookie_takes_its_share_of_a_loaded_node_and_no_more() {
    let (mut engine, now) = (engine(), Instant::from_micros(50));
    load(&mut engine, now);
    let cookie_of = |engine: &mut Engine, from| {
        receive(engine, now, from, &first_message(5, None));
        opened(&sent(engine, now)[0], 5)
    };
    let (greedy, honest) = (address(1, 1), address(2, 1));
    let cookie = cookie_of(&mut engine, greedy);
    for number in 0..1_000 {
        receive(&mut engine, now, greedy, &first_message(number, Some(cookie)));
    }
    assert_eq!(crossed(&mut engine).len(), 16);
    assert!(sent(&mut engine, now).is_empty());
    let cookie = cookie_of(&mut engine, honest);
    receive(&mut engine, now, honest, &first_message(6, Some(cookie)));
    assert_eq!(crossed(&mut engine), [true]);
}

#[test]
fn half_open_handshakes_are_load_and_beyond_their_bound_nothing_more_begins() {
    let mut admission = Admission::default();
    admission.set_keys(&[KEY]);
    let (mut entropy, now, from) = (Entropy::new([1; 32]), Instant::from_micros(9), address(1, 1));
    let given = admission.cookies.give(now, &mut entropy, from);
    let (plain, proving) = (first_message(1, None), first_message(1, Some(given)));
    let path = Path { socket: 0, remote: from, local: None, interface: 0 };
    let mut judge = |packet: &[u8], half_open| {
        admission.judge(
            now,
            &path,
            &HandshakeInvariants::decode(packet).expect("a handshake message"),
            half_open,
        )
    };
    assert_eq!(judge(&plain, CALM_HALF_OPEN - 1), Verdict::Admitted { proven: false });
    assert_eq!(judge(&plain, CALM_HALF_OPEN), Verdict::NeedsCookie);
    assert_eq!(judge(&proving, HALF_OPEN_MAX - 1), Verdict::Admitted { proven: true });
    assert_eq!(judge(&proving, HALF_OPEN_MAX), Verdict::Dropped);
}

#[test]
fn the_layer_above_can_ask_for_a_cookie_of_a_calm_node_too() {
    let (mut engine, now) = (engine(), Instant::from_micros(50));
    let path = Path { socket: 0, remote: address(1, 1), local: None, interface: 0 };
    engine.send_cookie(now, path, &first_message(3, None));
    let cookie = opened(&sent(&mut engine, now)[0], 3);
    receive(&mut engine, now, address(1, 1), &first_message(4, Some(cookie)));
    assert_eq!(crossed(&mut engine), [true]);
    engine.send_cookie(now, path, &[1; 7]);
    assert!(sent(&mut engine, now).is_empty());
}

#[test]
fn a_cookie_reply_crosses_only_to_who_asks() {
    let (mut engine, now) = (engine(), Instant::from_micros(50));
    let index = engine.reserve_index([3; 32]).expect("an index");
    let reply = |receiver_index: u32| {
        let mut bytes = vec![0; COOKIE_REPLY_BYTES];
        let reply = CookieReply { receiver_index, nonce: [4; 24], sealed_cookie: [5; 32] };
        reply.encode(&mut osier_wire::Writer::new(&mut bytes)).expect("room");
        bytes
    };
    receive(&mut engine, now, address(1, 1), &reply(index ^ 1));
    assert!(engine.poll_event().is_none());
    receive(&mut engine, now, address(1, 1), &reply(index));
    let Some(Event::Handshake { local_index, datagram, .. }) = engine.poll_event() else {
        panic!("no event")
    };
    assert_eq!((local_index, datagram), (Some(index), reply(index)));
}

#[test]
fn version_hints_are_bounded_each_second_and_take_nothing_from_messages_of_this_version() {
    let (mut engine, now) = (engine(), Instant::from_micros(50));
    let mut packet = first_message(1, None);
    packet[8] = 9;
    let end = packet.len() - 32;
    let mac1 = keyed_hash_128(&KEY.mac1, &[&packet[..end]]).finalize().into_bytes();
    packet[end..end + 16].copy_from_slice(&mac1);
    for _ in 0..3_000 {
        receive(&mut engine, now, address(1, 1), &packet);
    }
    assert_eq!(sent(&mut engine, now).len(), 1_000);
    receive(&mut engine, now, address(1, 1), &first_message(1, None));
    assert_eq!(crossed(&mut engine), [false]);
    receive(&mut engine, now.plus_micros(1_000_000), address(1, 1), &packet);
    assert_eq!(sent(&mut engine, now).len(), 1);
}

/// A message 3 to a reserved index, with a mac1 by `key`; each `number` is another.
fn last_message(index: u32, number: u32, key: [u8; 32]) -> Vec<u8> {
    let mut packet = vec![0; 160];
    packet[..9].copy_from_slice(&[1, 5, 0, 0, 0, 0, 0, 0, 1]);
    packet[4..8].copy_from_slice(&index.to_le_bytes());
    packet[12..16].copy_from_slice(&77_u32.to_le_bytes());
    packet[16..20].copy_from_slice(&number.to_le_bytes());
    let mac1 = keyed_hash_128(&key, &[&packet]).finalize().into_bytes();
    packet.extend_from_slice(&mac1);
    packet.extend_from_slice(&[0; MAC_BYTES]);
    packet
}

#[test]
fn an_honest_message_3_crosses_behind_100_forged_ones_and_behind_a_flood_of_them_a_retry_later() {
    let (mut engine, now) = (engine(), Instant::from_micros(50));
    let index = engine.reserve_index([3; 32]).expect("an index");
    for number in 0..101 {
        receive(&mut engine, now, address(1, 1), &last_message(index, number, [3; 32]));
    }
    assert_eq!(crossed(&mut engine).len(), 101);
    for number in 101..1_000 {
        receive(&mut engine, now, address(1, 1), &last_message(index, number, [3; 32]));
    }
    assert_eq!(crossed(&mut engine).len(), 27);
    let later = now.plus_micros(200_000);
    receive(&mut engine, later, address(2, 1), &last_message(index, 100, [3; 32]));
    assert_eq!(crossed(&mut engine), [false]);
}

#[test]
fn who_cannot_make_the_mac1_of_a_message_3_uses_up_nothing() {
    let (mut engine, now) = (engine(), Instant::from_micros(50));
    let index = engine.reserve_index([3; 32]).expect("an index");
    for number in 0..1_000 {
        receive(&mut engine, now, address(1, 1), &last_message(index, number, [4; 32]));
    }
    receive(&mut engine, now, address(2, 1), &last_message(index, 100, [3; 32]));
    assert_eq!(crossed(&mut engine), [false]);
}

#[test]
fn messages_that_nobody_reads_are_bounded_and_there_is_room_again_when_some_were_read() {
    let (mut engine, start) = (engine(), Instant::from_micros(50));
    // As many a second as a calm node takes.
    for number in 0..2 * WAITING_MAX as u32 {
        let now = start.plus_micros(u64::from(number / 200) * 2_000_000);
        receive(&mut engine, now, address(1, 1), &first_message(number, None));
    }
    assert_eq!(engine.stats().packets_rejected, WAITING_MAX as u64);
    assert_eq!(crossed(&mut engine).len(), WAITING_MAX);
    receive(&mut engine, start.plus_micros(1 << 40), address(1, 1), &first_message(9_999, None));
    assert_eq!(crossed(&mut engine).len(), 1);
}
