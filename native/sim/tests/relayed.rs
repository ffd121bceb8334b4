//! Sessions whose packets others carry: everything works as on a direct path, and a change of relay loses and repeats nothing.
#![allow(clippy::unwrap_used)]

use osier_core::{Cipher, EngineConfig, RelayConfig, RouteId};
use osier_sim::{HostId, LinkConfig, Network, Transfer};

const SECOND: u64 = 1_000_000;
const CIPHER: Cipher = Cipher::ChaCha20Poly1305;
const MTU: u32 = 1_160;

fn member(net: &mut Network, id: u8, is_relay: bool) -> HostId {
    let relay = is_relay.then_some(RelayConfig { max_bytes_per_second: 0, queue_bytes: 1 << 20 });
    net.add_host(EngineConfig { route_id: Some(RouteId([id; 8])), relay, ..EngineConfig::default() })
}

fn link(loss_rate: f64) -> LinkConfig {
    LinkConfig {
        delay_micros: 5_000,
        bytes_per_second: 12_500_000,
        queue_bytes: 1 << 20,
        loss_rate,
        ..LinkConfig::default()
    }
}

/// Runs for a while.
fn run(net: &mut Network, micros: u64) {
    let until = net.now().plus_micros(micros);
    while net.step(until) {}
}

/// A, B, and relays between them, each with an association to both.
struct Mesh {
    net: Network,
    a: HostId,
    b: HostId,
    relays: Vec<HostId>,
    /// Of each relay: at A, at the relay to A, at the relay to B, at B.
    hops: Vec<[u32; 4]>,
}

impl Mesh {
    fn new(seed: u64, relays: u8, link: &LinkConfig) -> Self {
        let mut net = Network::new(seed);
        let (a, b) = (member(&mut net, 1, false), member(&mut net, 2, false));
        let relays: Vec<HostId> = (0..relays).map(|at| member(&mut net, 10 + at, true)).collect();
        let hops = relays.iter().map(|&relay| {
            for (from, to) in [(a, relay), (relay, a), (b, relay), (relay, b)] {
                net.set_link(from, to, link.clone());
            }
            let (at_a, to_a) = net.associate(a, relay, CIPHER);
            let (to_b, at_b) = net.associate(relay, b, CIPHER);
            [at_a, to_a, to_b, at_b]
        });
        let hops = hops.collect();
        run(&mut net, SECOND / 10);
        Self { net, a, b, relays, hops }
    }

    /// Has everything between A and B go by one relay.
    fn route_over(&mut self, relay: usize, mtu_bytes: u32) {
        let [at_a, to_a, to_b, at_b] = self.hops[relay];
        let (a, b, between) = (self.a, self.b, self.relays[relay]);
        self.net.set_route(between, a, Some(to_a), mtu_bytes);
        self.net.set_route(between, b, Some(to_b), mtu_bytes);
        self.net.set_route(a, b, Some(at_a), mtu_bytes);
        self.net.set_route(b, a, Some(at_b), mtu_bytes);
    }
}

#[test]
fn a_session_over_a_relay_carries_bulk_both_ways_at_one_percent_loss() {
    let mut mesh = Mesh::new(1, 1, &link(0.01));
    mesh.route_over(0, MTU);
    let handles = mesh.net.associate_over_relays(mesh.a, mesh.b, CIPHER);
    let mut transfer = Transfer::start(&mut mesh.net, (mesh.a, mesh.b), handles, 4 << 20, 1 << 20);
    transfer.run(&mut mesh.net, 60 * SECOND).unwrap();
    let stats = mesh.net.engine(mesh.relays[0]).stats();
    assert!(stats.relayed_packets > 4_000, "{stats:?}");
    assert_eq!(stats.relay_dropped_packets, 0);
    assert!(mesh.net.engine(mesh.a).association_path(handles.0).unwrap().is_relayed());
}

#[test]
fn a_relay_that_dies_in_mid_transfer_costs_no_byte_and_repeats_none() {
    let mut mesh = Mesh::new(2, 2, &link(0.002));
    mesh.route_over(0, MTU);
    let handles = mesh.net.associate_over_relays(mesh.a, mesh.b, CIPHER);
    let mut transfer = Transfer::start(&mut mesh.net, (mesh.a, mesh.b), handles, 8 << 20, 2 << 20);
    let halfway = transfer.run(&mut mesh.net, SECOND / 2).unwrap_err();
    assert!(halfway.contains("not complete"), "{halfway}");
    let before = transfer.read();
    assert!(before.0 > 1 << 20, "{before:?}");
    let dead = mesh.relays[0];
    mesh.net.freeze(dead, 1_000 * SECOND);
    mesh.route_over(1, MTU);
    transfer.run(&mut mesh.net, 60 * SECOND).unwrap();
    assert!(mesh.net.engine(mesh.relays[1]).stats().relayed_packets > 4_000);
}
