//! Grants that a spent budget refused are given when memory becomes free, and nobody else is asked then.

use super::*;
use crate::config::AssociationConfig;
use crate::constants::CREDIT_INITIAL_BYTES;
use crate::stream::{HeapBlocks, MemoryReservation};
use crate::{Cipher, SessionConfig};
use osier_wire::{OpenFrame, StreamFrame, StreamId, StreamKind};

const NOW: Instant = Instant::from_micros(1_000_000);
const LIMIT_BYTES: u64 = 1 << 30;

fn associate(engine: &mut Engine, number: u32) -> u32 {
    let facts = AssociationConfig {
        parity: 0,
        peer_max_data: 1 << 20,
        peer_max_stream_data: 1 << 20,
        peer_max_streams: 8,
        peer_route_id: None,
    };
    let association = engine.create_association(NOW, &facts).unwrap();
    let session = SessionConfig {
        local_index: engine.reserve_index([0; 32]).unwrap(),
        remote_index: number,
        cipher: Cipher::ChaCha20Poly1305,
        send_key: [1; 32],
        receive_key: [2; 32],
        hop_keys: None,
        first_send: 0,
        first_receive: 0,
        path: Path { socket: 0, remote: ([192, 0, 2, 1], 9).into(), local: None, interface: 0 },
        begun_here: true,
        confirmed: true,
        preferred: true,
    };
    assert!(engine.install_session(NOW, association, &session));
    association
}

/// The peer opens a stream.
fn open(engine: &mut Engine, handle: u32) {
    let streams = &mut engine.associations.get_mut(handle).unwrap().streams;
    let id = StreamId::new(0, 1).unwrap();
    let open = OpenFrame { id, kind: StreamKind::Bytes, protocol: "p", metadata: b"" };
    assert!(streams.on_open(&open).is_ok());
}

/// The peer sends all that it may, and nobody reads it.
fn fill(engine: &mut Engine, handle: u32) {
    let streams = &mut engine.associations.get_mut(handle).unwrap().streams;
    let id = StreamId::new(0, 1).unwrap();
    let data = vec![1; CREDIT_INITIAL_BYTES as usize];
    assert!(streams.on_stream(&StreamFrame { id, offset: 0, fin: false, data: &data }).is_ok());
    engine.settle(NOW, handle);
}

/// Trains sent now.
fn send(engine: &mut Engine) -> usize {
    let mut out = vec![0; 65_536];
    std::iter::from_fn(|| engine.poll_transmit(NOW, &mut out)).count()
}

#[test]
fn memory_that_becomes_free_is_offered_to_those_who_were_refused_and_to_nobody_else() {
    let config = EngineConfig { memory_bytes: LIMIT_BYTES, ..EngineConfig::default() };
    let mut engine = Engine::new(config, [1; 32], Rc::new(RefCell::new(HeapBlocks::default())));
    let handles: Vec<u32> = (0..1_000).map(|number| associate(&mut engine, number)).collect();
    handles[500..503].iter().for_each(|handle| open(&mut engine, *handle));
    send(&mut engine);
    let mut others = MemoryReservation::of(&engine.budget, LIMIT_BYTES);
    for handle in &handles[500..503] {
        fill(&mut engine, *handle);
    }
    assert_eq!(send(&mut engine), 0, "no credit is left to give");
    // What somebody else reads frees too little.
    for round in 1..=10 {
        others.set(LIMIT_BYTES - round);
        assert_eq!(send(&mut engine), 0);
        assert_eq!(engine.asked_again, 3 * round as usize);
    }
    drop(others);
    assert_eq!(send(&mut engine), 3, "each gets its grant");
    assert_eq!(engine.asked_again, 33);
    assert!(engine.starved.is_empty());
}
