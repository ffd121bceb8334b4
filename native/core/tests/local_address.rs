//! An end whose own address changes: what it knows of its local end is part of the path, and is followed like the peer's.
#![allow(clippy::unwrap_used)]

use osier_core::{
    AssociationConfig, Cipher, Ecn, Engine, EngineConfig, Event, HeapBlocks, Instant, Path, ReceiveMeta,
    SessionConfig, Transmit, TRAIN_BYTES_MAX,
};
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;

const ONE_WAY_MICROS: u64 = 1_000;

struct End {
    engine: Engine,
    association: u32,
    path: Path,
    events: Vec<Event>,
}

fn address(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))
}

fn end(parity: u8) -> End {
    let config = EngineConfig::default();
    let mut engine = Engine::new(config.clone(), [parity; 32], Rc::new(RefCell::new(HeapBlocks::default())));
    let facts = AssociationConfig {
        parity,
        peer_max_data: config.initial_data_bytes,
        peer_max_stream_data: config.initial_stream_data_bytes,
        peer_max_streams: config.streams_per_peer,
        peer_route_id: None,
    };
    let association = engine.create_association(Instant::from_micros(0), &facts).unwrap();
    let path = Path {
        socket: 0,
        remote: SocketAddr::new(address(2 - parity), 7400),
        local: Some(address(1 + parity)),
        interface: 3,
    };
    End { engine, association, path, events: Vec::new() }
}

fn pair() -> [End; 2] {
    let mut ends = [end(0), end(1)];
    let indices =
        [ends[0].engine.reserve_index([0; 32]).unwrap(), ends[1].engine.reserve_index([0; 32]).unwrap()];
    for (me, other) in [(1, 0), (0, 1)] {
        let config = SessionConfig {
            local_index: indices[me],
            remote_index: indices[other],
            cipher: Cipher::ChaCha20Poly1305,
            send_key: [me as u8; 32],
            receive_key: [other as u8; 32],
            hop_keys: None,
            first_send: 0,
            first_receive: 0,
            path: ends[me].path,
            begun_here: me == 0,
            confirmed: me == 0,
            preferred: true,
        };
        let association = ends[me].association;
        assert!(ends[me].engine.install_session(Instant::from_micros(0), association, &config));
    }
    ends
}

/// Lets 10 ms pass, a one-way delay at a time; a train that `pass` refuses is lost. Each end receives on its `path`.
fn run(ends: &mut [End; 2], now: &mut u64, mut pass: impl FnMut(usize, &Transmit) -> bool) {
    let mut train = vec![0; TRAIN_BYTES_MAX];
    for _ in 0..10 {
        for (from, to) in [(0, 1), (1, 0)] {
            *now += ONE_WAY_MICROS / 2;
            let at = Instant::from_micros(*now);
            ends[from].engine.handle_timeout(at);
            while let Some(transmit) = ends[from].engine.poll_transmit(at, &mut train) {
                if pass(from, &transmit) {
                    let meta = ReceiveMeta {
                        path: ends[to].path,
                        ecn: Ecn::NotEct,
                        segment_size: transmit.segment_size,
                    };
                    ends[to].engine.handle_train(at, &meta, &mut train[..transmit.len]);
                }
            }
        }
        for end in ends.iter_mut() {
            end.events.extend(std::iter::from_fn(|| end.engine.poll_event()));
        }
    }
}

fn ping(end: &mut End, now: u64) {
    end.engine.ping(Instant::from_micros(now), end.association, 1);
}

fn path_of(end: &End) -> Path {
    end.engine.association_path(end.association).unwrap()
}

#[test]
fn an_address_of_this_end_that_no_longer_works_is_not_insisted_on() {
    let (mut ends, mut now) = (pair(), 0);
    run(&mut ends, &mut now, |_, _| true);
    assert_eq!(path_of(&ends[0]).local, Some(address(1)));

    // The kernel refuses what is to be sent from an address that is gone, and picks another where none is asked for.
    ping(&mut ends[0], now);
    ends[0].path.local = Some(address(9));
    for _ in 0..10 {
        run(&mut ends, &mut now, |from, transmit| {
            from == 1 || transmit.path.local.is_none_or(|local| local == address(9))
        });
    }
    assert!(ends[0].events.iter().any(|event| matches!(event, Event::Pong { .. })));
    assert_eq!(path_of(&ends[0]).local, Some(address(9)), "taken from where the answer arrived");
}

#[test]
fn packets_that_arrive_at_another_address_of_this_end_are_answered_from_there_once_it_is_proved() {
    let (mut ends, mut now) = (pair(), 0);
    run(&mut ends, &mut now, |_, _| true);
    ends[0].path = Path { local: Some(address(9)), interface: 4, ..ends[0].path };
    ping(&mut ends[1], now);
    for _ in 0..10 {
        run(&mut ends, &mut now, |from, transmit| from == 1 || transmit.path.local == Some(address(9)));
    }
    assert_eq!(path_of(&ends[0]), ends[0].path);
    let changes = ends[0].events.iter().filter(|event| matches!(event, Event::PathChanged { .. })).count();
    assert_eq!(changes, 1);
}
