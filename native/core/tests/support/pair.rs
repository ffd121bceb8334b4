//! Two engines back to back, without a network between them.

use osier_core::{
    AssociationConfig, Cipher, CongestionAlgorithm, Ecn, Engine, EngineConfig, HeapBlocks, Instant, Path,
    ReceiveMeta, SessionConfig,
};
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;

/// One end of associations with the other.
pub struct End {
    pub engine: Engine,
    /// The first one.
    pub association: u32,
    path_back: Path,
}

fn path(last: u8) -> Path {
    let remote = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)), 7400);
    Path { socket: 0, remote, local: None, interface: 0 }
}

fn end(parity: u8, congestion: CongestionAlgorithm) -> End {
    let config = EngineConfig { congestion, ..EngineConfig::default() };
    let engine = Engine::new(config, [parity; 32], Rc::new(RefCell::new(HeapBlocks::default())));
    End { engine, association: 0, path_back: path(2 - parity) }
}

/// Two ends with one association.
pub fn pair(congestion: CongestionAlgorithm) -> [End; 2] {
    let mut ends = [end(0, congestion), end(1, congestion)];
    let handles = associate(&mut ends, Instant::from_micros(0));
    for (end, handle) in ends.iter_mut().zip(handles) {
        end.association = handle;
    }
    ends
}

/// Adds an association, as a finished handshake would.
pub fn associate(ends: &mut [End; 2], now: Instant) -> [u32; 2] {
    let config = EngineConfig::default();
    let handles = [0, 1].map(|parity| {
        let facts = AssociationConfig {
            parity,
            peer_max_data: config.initial_data_bytes,
            peer_max_stream_data: config.initial_stream_data_bytes,
            peer_max_streams: config.streams_per_peer,
            peer_route_id: None,
        };
        ends[usize::from(parity)].engine.create_association(now, &facts).unwrap()
    });
    let indices = [0, 1].map(|at: usize| ends[at].engine.reserve_index([0; 32]).unwrap());
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
            path: ends[me].path_back,
            begun_here: me == 0,
            confirmed: me == 0,
            preferred: true,
        };
        assert!(ends[me].engine.install_session(now, handles[me], &config));
    }
    handles
}

/// Moves everything that both ends have ready; each train arrives 100 us later.
pub fn exchange(ends: &mut [End; 2], now: &mut u64, train: &mut [u8]) {
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
