//! Once its buffers have grown, the engine moves packets without asking the allocator for anything.
#![allow(clippy::unwrap_used)]

use osier_core::{
    AssociationConfig, Cipher, CongestionAlgorithm, Ecn, Engine, EngineConfig, Event, HeapBlocks, Instant,
    OpenRequest, Path, ReceiveMeta, SessionConfig, StreamEvent, StreamKind, TRAIN_BYTES_MAX,
};
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;

struct End {
    engine: Engine,
    association: u32,
    path_back: Path,
}

fn path(last: u8) -> Path {
    let remote = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)), 7400);
    Path { socket: 0, remote, local: None, interface: 0 }
}

fn end(parity: u8, congestion: CongestionAlgorithm) -> End {
    let config = EngineConfig { congestion, ..EngineConfig::default() };
    let mut engine = Engine::new(config.clone(), [parity; 32], Rc::new(RefCell::new(HeapBlocks::default())));
    let facts = AssociationConfig {
        parity,
        peer_max_data: config.initial_data_bytes,
        peer_max_stream_data: config.initial_stream_data_bytes,
        peer_max_streams: config.streams_per_peer,
    };
    let association = engine.create_association(Instant::from_micros(0), &facts).unwrap();
    End { engine, association, path_back: path(2 - parity) }
}

fn pair(congestion: CongestionAlgorithm) -> [End; 2] {
    let mut ends = [end(0, congestion), end(1, congestion)];
    let indices =
        [ends[0].engine.reserve_index([0; 32]).unwrap(), ends[1].engine.reserve_index([0; 32]).unwrap()];
    for (me, other) in [(1, 0), (0, 1)] {
        let config = SessionConfig {
            local_index: indices[me],
            remote_index: indices[other],
            cipher: Cipher::ChaCha20Poly1305,
            send_key: [me as u8; 32],
            receive_key: [other as u8; 32],
            first_send: 0,
            first_receive: 0,
            path: ends[me].path_back,
            begun_here: me == 0,
            confirmed: me == 0,
            preferred: true,
        };
        let (association, now) = (ends[me].association, Instant::from_micros(0));
        assert!(ends[me].engine.install_session(now, association, &config));
    }
    ends
}

/// Moves everything that both ends have ready; each train arrives 100 us later.
fn exchange(ends: &mut [End; 2], now: &mut u64, train: &mut [u8]) {
    for (from, to) in [(0, 1), (1, 0)] {
        *now += 100;
        let at = Instant::from_micros(*now);
        ends[from].engine.handle_timeout(at);
        while let Some(transmit) = ends[from].engine.poll_transmit(at, train) {
            let meta = ReceiveMeta {
                path: ends[to].path_back,
                ecn: Ecn::NotEct,
                segment_size: transmit.segment_size,
            };
            ends[to].engine.handle_train(at, &meta, &mut train[..transmit.len]);
        }
    }
}

/// Sends `total` bytes on an open stream; returns when all were read.
fn pump(ends: &mut [End; 2], stream: u32, total: usize, now: &mut u64, train: &mut [u8], chunk: &mut [u8]) {
    let (mut written, mut read) = (0, 0);
    while read < total {
        let at = Instant::from_micros(*now);
        let len = chunk.len().min(total - written);
        let association = ends[0].association;
        written += ends[0].engine.write(at, association, stream, &chunk[..len]).unwrap();
        exchange(ends, now, train);
        let association = ends[1].association;
        while let Some(event) = ends[1].engine.poll_event() {
            if let Event::Stream { event: StreamEvent::Readable { handle, .. }, .. } = event {
                while let Ok(outcome) = ends[1].engine.read(at, association, handle, chunk) {
                    read += outcome.bytes;
                    if outcome.bytes == 0 {
                        break;
                    }
                }
            }
        }
        while ends[0].engine.poll_event().is_some() {}
    }
}

#[test]
fn a_bulk_transfer_in_steady_state_allocates_nothing() {
    for congestion in [CongestionAlgorithm::Cubic, CongestionAlgorithm::Bbr] {
        transfer_without_allocating(congestion);
    }
}

fn transfer_without_allocating(congestion: CongestionAlgorithm) {
    let mut ends = pair(congestion);
    let mut train = vec![0; TRAIN_BYTES_MAX];
    let mut chunk = vec![0; 256 << 10];
    let mut now = 0;
    exchange(&mut ends, &mut now, &mut train);
    let association = ends[0].association;
    let request = OpenRequest { kind: StreamKind::Bytes, priority: 3, protocol: "bulk", metadata: b"" };
    let opened = ends[0].engine.open_stream(Instant::from_micros(now), association, &request);
    let stream = opened.unwrap().unwrap();
    pump(&mut ends, stream, 256 << 20, &mut now, &mut train, &mut chunk);

    let packets_before = ends[0].engine.stats().packets_sent;
    let measured = allocation_counter::measure(|| {
        pump(&mut ends, stream, 64 << 20, &mut now, &mut train, &mut chunk);
    });
    let packets = ends[0].engine.stats().packets_sent - packets_before;
    let allocations = measured.count_total;
    assert!(packets > 5_000, "{packets} packets");
    assert_eq!(allocations, 0, "{congestion:?}: {allocations} allocations for {packets} packets");
}
