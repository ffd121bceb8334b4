//! Cookies and hints: whoever sees a first message can make them.

use super::*;
use crate::config::EngineConfig;
use crate::keyed_hash::keyed_hash_128;
use crate::stream::HeapBlocks;
use blake2::digest::Mac;
use osier_wire::limits::{COOKIE_REPLY_BYTES, HINT_BYTES, MAC_BYTES};
use osier_wire::{CookieReply, Hint, Writer};
use std::net::SocketAddr;

/// What crosses at once of what names one index.
const BURST: usize = 128;

fn engine() -> Engine {
    Engine::new(EngineConfig::default(), [7; 32], Rc::new(RefCell::new(HeapBlocks::default())))
}

fn receive(engine: &mut Engine, now: Instant, packet: &[u8]) {
    let remote = SocketAddr::from(([192, 0, 2, 1], 9));
    let path = Path { socket: 0, remote, local: None, interface: 0 };
    let meta = ReceiveMeta { path, ecn: Ecn::NotEct, segment_size: 0 };
    engine.handle_train(now, &meta, &mut packet.to_vec());
}

fn cookie(receiver_index: u32) -> Vec<u8> {
    let mut bytes = vec![0; COOKIE_REPLY_BYTES];
    let reply = CookieReply { receiver_index, nonce: [4; 24], sealed_cookie: [5; 32] };
    reply.encode(&mut Writer::new(&mut bytes)).unwrap();
    bytes
}

fn hint(receiver_index: u32) -> Vec<u8> {
    let mut bytes = vec![0; HINT_BYTES];
    Hint::Busy { receiver_index }.encode(&mut Writer::new(&mut bytes)).unwrap();
    bytes
}

/// A message 3 with the right mac1.
fn message_3(index: u32, key: [u8; 32]) -> Vec<u8> {
    let mut packet = vec![0; 160];
    packet[..9].copy_from_slice(&[1, 5, 0, 0, 0, 0, 0, 0, 1]);
    packet[4..8].copy_from_slice(&index.to_le_bytes());
    let mac1 = keyed_hash_128(&key, &[&packet]).finalize().into_bytes();
    packet.extend_from_slice(&mac1);
    packet.extend_from_slice(&[0; MAC_BYTES]);
    packet
}

fn crossed(engine: &mut Engine) -> usize {
    let events = std::iter::from_fn(|| engine.poll_event()).count();
    (0..events).for_each(|_| engine.on_handshake_read());
    events
}

#[test]
fn cookies_and_hints_that_anybody_forged_are_bounded_and_take_nothing_from_messages() {
    let (mut engine, now) = (engine(), Instant::from_micros(50));
    let index = engine.reserve_index([3; 32]).unwrap();
    for forged in [cookie(index), hint(index)].iter().cycle().take(2_000) {
        receive(&mut engine, now, forged);
    }
    assert_eq!(engine.stats().packets_rejected, 2_000 - BURST as u64);
    receive(&mut engine, now, &message_3(index, [3; 32]));
    assert_eq!(crossed(&mut engine), BURST + 1, "the flood left room for the message");
    let other = engine.reserve_index([4; 32]).unwrap();
    receive(&mut engine, now, &cookie(other));
    assert_eq!(crossed(&mut engine), 1, "the flood of one index took nothing from another");
    for others in [5, 6, 7] {
        let other = engine.reserve_index([others; 32]).unwrap();
        (0..200).for_each(|_| receive(&mut engine, now, &cookie(other)));
    }
    crossed(&mut engine);
    receive(&mut engine, now, &message_3(index, [3; 32]));
    assert_eq!(crossed(&mut engine), 1, "a flood of all left room for another message");
    receive(&mut engine, now.plus_micros(200_000), &cookie(index));
    assert_eq!(crossed(&mut engine), 1, "a retry later there is room for an honest one");
}
