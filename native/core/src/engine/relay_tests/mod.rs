//! Engines that relay for each other, without a network between them, and somebody who knows the keys of one hop.

mod faults;
mod forwarding;
mod passing;
mod paths;
mod strangers;
mod ways;

use super::*;
use crate::association::SessionConfig;
use crate::config::{AssociationConfig, RelayConfig};
use crate::packet_key::Cipher;
use crate::relay::{Hop, HopKeys};
use crate::stream::{HeapBlocks, OpenRequest};
use osier_wire::{RelayHeader, RouteId, StreamKind, Writer};
use std::collections::HashMap;
use std::net::SocketAddr;

/// A shard that no engine of these tests is: numbers of its packets meet none of theirs.
const FORGER: u8 = 200;
const MTU: u32 = 1_160;

fn id(number: usize) -> RouteId {
    RouteId([number as u8 + 1; 8])
}

fn address(number: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, number as u8 + 1], 7_400))
}

fn direct(number: usize) -> Path {
    Path { socket: 0, remote: address(number), local: None, interface: 0 }
}

/// Secrets of what `from` sends to `to`.
fn secret(from: usize, to: usize) -> u8 {
    (10 + 10 * from + to) as u8
}

fn hop_keys(own: usize, other: usize) -> HopKeys {
    HopKeys { send: [secret(own, other); 16], receive: [secret(other, own); 16] }
}

/// A line of nodes: each is a neighbour of the next, and all but the ends relay.
struct Line {
    engines: Vec<Engine>,
    now: Instant,
    /// Associations by (own, other).
    handles: HashMap<(usize, usize), u32>,
    indices: HashMap<(usize, usize), u32>,
    /// Datagrams that were sent to nobody.
    lost: Vec<(Path, Vec<u8>)>,
    /// Trains that were carried: from, ECN, segment size, length.
    carried: Vec<(usize, Ecn, usize, usize)>,
    /// Set on every train that leaves this node.
    marked: Option<usize>,
}

impl Line {
    fn new(nodes: usize) -> Self {
        Self::with_queues(nodes, 1 << 20)
    }

    fn with_queues(nodes: usize, queue_bytes: usize) -> Self {
        Self::with_relays(nodes, RelayConfig { max_bytes_per_second: 0, queue_bytes })
    }

    fn with_relays(nodes: usize, relay: RelayConfig) -> Self {
        let engine = |number: usize| {
            let relays = number > 0 && number + 1 < nodes;
            let relay = relays.then_some(relay);
            let config = EngineConfig { route_id: Some(id(number)), relay, ..EngineConfig::default() };
            Engine::new(config, [number as u8; 32], Rc::new(RefCell::new(HeapBlocks::default())))
        };
        let mut line = Self {
            engines: (0..nodes).map(engine).collect(),
            now: Instant::from_micros(1_000_000),
            handles: HashMap::new(),
            indices: HashMap::new(),
            lost: Vec::new(),
            carried: Vec::new(),
            marked: None,
        };
        for number in 1..nodes {
            line.associate(number - 1, number, [direct(number), direct(number - 1)]);
        }
        line.settle();
        (0..nodes).for_each(|number| drop(line.events(number)));
        for own in 0..nodes {
            for other in (0..nodes).filter(|other| *other != own) {
                let next = if other > own { own + 1 } else { own - 1 };
                line.route(own, other, Some(line.handles[&(own, next)]), MTU);
            }
        }
        line
    }

    /// A session between two nodes over `paths`; the first began it.
    fn associate(&mut self, one: usize, other: usize, paths: [Path; 2]) {
        let ends = [(one, other), (other, one)];
        for (own, other) in ends {
            let facts = AssociationConfig {
                parity: u8::from(own > other),
                peer_max_data: 1 << 20,
                peer_max_stream_data: 1 << 20,
                peer_max_streams: 8,
                peer_route_id: Some(id(other)),
            };
            let engine = &mut self.engines[own];
            self.handles.insert((own, other), engine.create_association(self.now, &facts).unwrap());
            self.indices.insert((own, other), engine.reserve_index([0; 32]).unwrap());
        }
        for ((own, other), path) in ends.into_iter().zip(paths).rev() {
            let config = SessionConfig {
                local_index: self.indices[&(own, other)],
                remote_index: self.indices[&(other, own)],
                cipher: Cipher::ChaCha20Poly1305,
                send_key: [secret(own, other); 32],
                receive_key: [secret(other, own); 32],
                hop_keys: Some(hop_keys(own, other)),
                first_send: 0,
                first_receive: 0,
                path,
                begun_here: own == one,
                confirmed: own == one,
                preferred: true,
            };
            assert!(self.engines[own].install_session(self.now, self.handles[&(own, other)], &config));
        }
    }

    /// A session between the ends of the line, relayed; returns their handles.
    fn connect_ends(&mut self) -> (u32, u32) {
        let last = self.engines.len() - 1;
        let paths = [Path::relayed_to(id(last), None), Path::relayed_to(id(0), None)];
        self.associate(0, last, paths);
        self.settle();
        (self.handles[&(0, last)], self.handles[&(last, 0)])
    }

    fn route(&mut self, own: usize, destination: usize, next: Option<u32>, mtu_bytes: u32) {
        let change = RouteChange { destination: id(destination), next, mtu_bytes };
        self.engines[own].set_routes(self.now, &[change]);
    }

    /// Hands a datagram to a node as if another had sent it.
    fn hand(&mut self, to: usize, from: usize, datagram: &[u8]) -> bool {
        let meta = ReceiveMeta { path: direct(from), ecn: Ecn::NotEct, segment_size: datagram.len() };
        self.engines[to].handle_train(self.now, &meta, &mut datagram.to_vec())
    }

    /// Carries everything until nobody has more to send, and time goes on a little.
    fn settle(&mut self) {
        let mut out = vec![0; crate::TRAIN_BYTES_MAX];
        for _ in 0..40 {
            for from in 0..self.engines.len() {
                self.engines[from].handle_timeout(self.now);
                while let Some(transmit) = self.engines[from].poll_transmit(self.now, &mut out) {
                    self.carry(from, &transmit, &mut out);
                }
            }
            self.now = self.now.plus_micros(1_000);
        }
    }

    fn carry(&mut self, from: usize, transmit: &Transmit, out: &mut [u8]) {
        assert!(!transmit.path.is_relayed(), "what leaves has an address");
        self.carried.push((from, transmit.ecn, transmit.segment_size, transmit.len));
        let train = &mut out[..transmit.len];
        match (0..self.engines.len()).find(|number| address(*number) == transmit.path.remote) {
            Some(to) => {
                let ecn = if self.marked == Some(from) { Ecn::Ce } else { transmit.ecn };
                let meta = ReceiveMeta { path: direct(from), ecn, segment_size: transmit.segment_size };
                self.engines[to].handle_train(self.now, &meta, train);
            }
            None => self.lost.push((transmit.path, train.to_vec())),
        }
    }

    fn events(&mut self, of: usize) -> Vec<Event> {
        std::iter::from_fn(|| self.engines[of].poll_event()).collect()
    }

    /// Opens a stream from the first to the last and writes to it.
    fn write(&mut self, handle: u32, bytes: &[u8]) {
        let request = OpenRequest { kind: StreamKind::Bytes, priority: 3, protocol: "p", metadata: b"" };
        let stream = self.engines[0].open_stream(self.now, handle, &request).unwrap().unwrap();
        assert_eq!(self.engines[0].write(self.now, handle, stream, bytes), Ok(bytes.len()));
    }

    fn rejected(&self, of: usize) -> RelayRejected {
        self.engines[of].stats().relay_rejected
    }
}

/// What the neighbour `from` would send to the node `to`, if it were not honest.
struct Forger {
    hop: Hop,
    index: u32,
}

impl Forger {
    fn new(line: &Line, from: usize, to: usize) -> Self {
        Self { hop: Hop::new(&hop_keys(from, to), FORGER), index: line.indices[&(to, from)] }
    }

    fn packet(&mut self, header: &RelayHeader, inner: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; header.encoded_len()];
        header.encode(&mut Writer::new(&mut bytes)).unwrap();
        bytes.extend_from_slice(inner);
        assert!(self.hop.seal(&mut bytes, header.encoded_len(), self.index));
        bytes
    }
}

fn header(source: usize, destination: usize) -> RelayHeader {
    RelayHeader {
        ttl: 32,
        control: false,
        hop_receiver_index: 0,
        hop_packet_number: 0,
        destination: id(destination),
        source: id(source),
        hop_tag: [0; 8],
        waypoint: None,
    }
}

/// A data packet that nobody has keys for.
fn inner(index: u32, number: u64) -> Vec<u8> {
    let mut packet = vec![7; 60];
    packet[..4].copy_from_slice(&[4, 0, 0, 0]);
    packet[4..8].copy_from_slice(&index.to_le_bytes());
    packet[8..16].copy_from_slice(&number.to_le_bytes());
    packet
}

/// A packet of a type that nobody knows: it is passed on, and nobody answers it.
fn mute() -> Vec<u8> {
    vec![9; 60]
}
