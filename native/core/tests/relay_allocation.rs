//! A relay that has seen some traffic passes packets on without asking the allocator for anything.
#![allow(clippy::unwrap_used)]

use osier_core::{
    AssociationConfig, Cipher, Ecn, Engine, EngineConfig, HeapBlocks, HopKeys, Instant, OpenRequest, Path,
    ReceiveMeta, RelayConfig, RouteChange, RouteId, SessionConfig, StreamKind, Transmit, TRAIN_BYTES_MAX,
};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

const RELAY: usize = 1;

fn id(number: usize) -> RouteId {
    RouteId([number as u8 + 1; 8])
}

fn direct(number: usize) -> Path {
    let remote = SocketAddr::from(([10, 0, 0, number as u8], 7_400));
    Path { socket: 0, remote, local: None, interface: 0 }
}

fn engine(number: usize) -> Engine {
    let relay = (number == RELAY).then_some(RelayConfig { max_bytes_per_second: 0, queue_bytes: 1 << 20 });
    let config = EngineConfig { route_id: Some(id(number)), relay, ..EngineConfig::default() };
    Engine::new(config, [number as u8; 32], Rc::new(RefCell::new(HeapBlocks::default())))
}

/// A session between two engines over `paths`; returns their handles.
fn associate(engines: &mut [Engine; 3], ends: [usize; 2], paths: [Path; 2]) -> [u32; 2] {
    let now = Instant::from_micros(0);
    let indices = ends.map(|end| engines[end].reserve_index([0; 32]).unwrap());
    let handles = [0, 1].map(|own| {
        let facts = AssociationConfig {
            parity: own as u8,
            peer_max_data: 48 << 10,
            peer_max_stream_data: 48 << 10,
            peer_max_streams: 8,
            peer_route_id: Some(id(ends[1 - own])),
        };
        engines[ends[own]].create_association(now, &facts).unwrap()
    });
    for own in [1, 0] {
        let other = 1 - own;
        let config = SessionConfig {
            local_index: indices[own],
            remote_index: indices[other],
            cipher: Cipher::ChaCha20Poly1305,
            send_key: [own as u8; 32],
            receive_key: [other as u8; 32],
            hop_keys: Some(HopKeys { send: [own as u8; 16], receive: [other as u8; 16] }),
            first_send: 0,
            first_receive: 0,
            path: paths[own],
            begun_here: own == 0,
            confirmed: own == 0,
            preferred: true,
        };
        assert!(engines[ends[own]].install_session(now, handles[own], &config));
    }
    handles
}

struct Carrier {
    engines: [Engine; 3],
    now: u64,
    train: Vec<u8>,
    /// What the relay asked the allocator for.
    allocations: u64,
}

impl Carrier {
    /// Carries what each has ready to whoever it is for.
    fn exchange(&mut self) {
        for from in 0..3 {
            self.now += 100;
            let now = Instant::from_micros(self.now);
            self.engines[from].handle_timeout(now);
            while let Some(transmit) = self.poll(from, now) {
                let to = (0..3).find(|to| direct(*to).remote == transmit.path.remote).unwrap();
                let meta =
                    ReceiveMeta { path: direct(from), ecn: Ecn::NotEct, segment_size: transmit.segment_size };
                let (engine, train) = (&mut self.engines[to], &mut self.train[..transmit.len]);
                let measured = allocation_counter::measure(|| {
                    engine.handle_train(now, &meta, train);
                });
                self.allocations += if to == RELAY { measured.count_total } else { 0 };
            }
        }
    }

    fn poll(&mut self, from: usize, now: Instant) -> Option<Transmit> {
        let (engine, train) = (&mut self.engines[from], &mut self.train);
        let mut transmit = None;
        let measured = allocation_counter::measure(|| transmit = engine.poll_transmit(now, train));
        self.allocations += if from == RELAY { measured.count_total } else { 0 };
        transmit
    }

    /// Sends so many bytes from the first to the last.
    fn pump(&mut self, [sender, reader]: [u32; 2], stream: u32, bytes: usize) {
        let (chunk, mut into) = (vec![7; 64 << 10], vec![0; 64 << 10]);
        let (mut written, mut read) = (0, 0);
        let mut opened = None;
        while read < bytes {
            let now = Instant::from_micros(self.now);
            let len = chunk.len().min(bytes - written);
            written += self.engines[0].write(now, sender, stream, &chunk[..len]).unwrap();
            self.exchange();
            for engine in &mut self.engines {
                while let Some(event) = engine.poll_event() {
                    use osier_core::{Event, StreamEvent::Readable};
                    if let Event::Stream { event: Readable { handle, .. }, .. } = event {
                        opened = Some(handle);
                    }
                }
            }
            let now = Instant::from_micros(self.now);
            while let Some(outcome) =
                opened.and_then(|at| self.engines[2].read(now, reader, at, &mut into).ok())
            {
                read += outcome.bytes;
                if outcome.bytes == 0 {
                    break;
                }
            }
        }
    }
}

#[test]
fn a_relay_in_steady_state_allocates_nothing() {
    let mut engines = [0, 1, 2].map(engine);
    let [at_first, to_first] = associate(&mut engines, [0, RELAY], [direct(RELAY), direct(0)]);
    let [to_last, at_last] = associate(&mut engines, [RELAY, 2], [direct(2), direct(RELAY)]);
    let mut carrier = Carrier { engines, now: 0, train: vec![0; TRAIN_BYTES_MAX], allocations: 0 };
    for _ in 0..10 {
        carrier.exchange();
    }
    let route = |to: usize, next| RouteChange { destination: id(to), next: Some(next), mtu_bytes: 1_160 };
    let now = Instant::from_micros(carrier.now);
    carrier.engines[0].set_routes(now, &[route(2, at_first)]);
    carrier.engines[RELAY].set_routes(now, &[route(0, to_first), route(2, to_last)]);
    carrier.engines[2].set_routes(now, &[route(0, at_last)]);
    let ends = associate(&mut carrier.engines, [0, 2], [2, 0].map(|far| Path::relayed_to(id(far), None)));
    carrier.exchange();
    let request = OpenRequest { kind: StreamKind::Bytes, priority: 3, protocol: "bulk", metadata: b"" };
    let stream = carrier.engines[0].open_stream(now, ends[0], &request).unwrap().unwrap();
    carrier.pump(ends, stream, 64 << 20);

    let before = carrier.engines[RELAY].stats().relayed_packets;
    carrier.allocations = 0;
    carrier.pump(ends, stream, 16 << 20);
    let relayed = carrier.engines[RELAY].stats().relayed_packets - before;
    assert!(relayed > 10_000, "{relayed} packets");
    assert_eq!(carrier.allocations, 0, "{} allocations for {relayed} packets", carrier.allocations);
}
