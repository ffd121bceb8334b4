//! Sessions whose packets others carry: everything works as on a direct path, and a change of relay loses and repeats nothing.
#![allow(clippy::unwrap_used)]

use osier_core::{Cipher, EngineConfig, Event, RelayConfig, RouteFault, RouteId};
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
    let mut transfer = Transfer::start(&mut mesh.net, (mesh.a, mesh.b), handles, 8 << 20, 8 << 20);
    let halfway = transfer.run(&mut mesh.net, SECOND / 2).unwrap_err();
    assert!(halfway.contains("not complete"), "{halfway}");
    let before = transfer.read();
    assert!(before.0 > 1 << 20, "{before:?}");
    let dead = mesh.relays[0];
    mesh.net.freeze(dead, 1_000 * SECOND);
    let silence = transfer.run(&mut mesh.net, 3 * SECOND).unwrap_err();
    assert!(silence.contains("not complete"), "{silence}");
    let before = transfer.read();
    mesh.route_over(1, MTU);
    // Probe time-outs alone come once a second by now; a round trip takes 20 ms.
    transfer.run(&mut mesh.net, 3 * SECOND + SECOND / 10).unwrap_err();
    let after = transfer.read();
    assert!(after.0 > before.0 && after.1 > before.1, "{before:?} {after:?}");
    transfer.run(&mut mesh.net, 60 * SECOND).unwrap();
    assert!(mesh.net.engine(mesh.relays[1]).stats().relayed_packets > 4_000);
}

/// A line of relays between A and B, with routes both ways; returns the handles of a session between the ends.
fn chain(net: &mut Network, relays: u8, link: &LinkConfig) -> (Vec<HostId>, (u32, u32)) {
    let mut nodes = vec![member(net, 1, false)];
    nodes.extend((0..relays).map(|at| member(net, 10 + at, true)));
    nodes.push(member(net, 2, false));
    let mut hops = Vec::new();
    for pair in nodes.windows(2) {
        net.set_link(pair[0], pair[1], link.clone());
        net.set_link(pair[1], pair[0], link.clone());
        hops.push(net.associate(pair[0], pair[1], CIPHER));
    }
    run(net, SECOND / 10);
    let (first, last) = (nodes[0], nodes[nodes.len() - 1]);
    for (at, hop) in hops.iter().enumerate() {
        net.set_route(nodes[at], last, Some(hop.0), MTU);
        net.set_route(nodes[at + 1], first, Some(hop.1), MTU);
    }
    let handles = net.associate_over_relays(first, last, CIPHER);
    (nodes, handles)
}

#[test]
fn three_hops_of_one_percent_loss_each_carry_every_byte() {
    let mut net = Network::new(3);
    let (nodes, handles) = chain(&mut net, 2, &link(0.01));
    let mut transfer = Transfer::start(&mut net, (nodes[0], nodes[3]), handles, 2 << 20, 2 << 20);
    transfer.run(&mut net, 60 * SECOND).unwrap();
}

#[test]
fn relays_that_do_to_packets_whatever_a_network_can_deliver_no_wrong_byte() {
    for seed in 0..20 {
        let faults = LinkConfig {
            loss_rate: 0.02,
            reorder_rate: 0.1,
            reorder_micros: 3_000,
            duplicate_rate: 0.1,
            corrupt_rate: 0.05,
            ..link(0.0)
        };
        let mut net = Network::new(seed);
        let (nodes, handles) = chain(&mut net, 2, &faults);
        let mut transfer = Transfer::start(&mut net, (nodes[0], nodes[3]), handles, 256 << 10, 256 << 10);
        transfer.run(&mut net, 120 * SECOND).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let rejected = net.engine(nodes[1]).stats().relay_rejected;
        assert!(rejected.replayed > 0 && rejected.forged > 0, "seed {seed}: {rejected:?}");
        assert_eq!(rejected.looped, 0, "seed {seed}");
    }
}

#[test]
fn congestion_marks_of_a_hop_far_away_slow_the_sender_down() {
    let queued = |mark_above_bytes| {
        let mut net = Network::new(4);
        let slow = LinkConfig { mark_above_bytes, ..link(0.0) };
        let (nodes, handles) = chain(&mut net, 1, &slow);
        let mut transfer = Transfer::start(&mut net, (nodes[0], nodes[2]), handles, 16 << 20, 0);
        transfer.run(&mut net, 60 * SECOND).unwrap();
        let marked =
            net.link(nodes[1], nodes[2]).counters.marked + net.link(nodes[0], nodes[1]).counters.marked;
        (marked, net.engine(nodes[0]).association_stats(handles.0).unwrap().counters.packets_lost)
    };
    let ((marked, lost), (none, overflowed)) = (queued(64 << 10), queued(0));
    assert!(marked > 0 && none == 0 && overflowed > 0);
    assert_eq!(lost, 0, "the marks came too late, or not at all");
}

#[test]
fn a_relayed_path_carries_what_its_hops_do_and_follows_a_route_to_smaller_ones() {
    let mut mesh = Mesh::new(5, 2, &LinkConfig { mtu_bytes: 8_972, ..link(0.0) });
    for (from, to) in [(mesh.relays[1], mesh.b), (mesh.b, mesh.relays[1])] {
        mesh.net.set_link(from, to, LinkConfig { mtu_bytes: 1_472, ..link(0.0) });
    }
    mesh.route_over(0, 8_932);
    let handles = mesh.net.associate_over_relays(mesh.a, mesh.b, CIPHER);
    let mut transfer = Transfer::start(&mut mesh.net, (mesh.a, mesh.b), handles, 256 << 20, 0);
    transfer.run(&mut mesh.net, 15 * SECOND).unwrap_err();
    let mtu = |mesh: &mut Mesh| mesh.net.engine(mesh.a).association_stats(handles.0).unwrap().mtu_bytes;
    let before = mtu(&mut mesh);
    assert!((8_900..=8_932).contains(&before), "{before} bytes over hops of 8,972");
    mesh.route_over(1, 1_432);
    transfer.run(&mut mesh.net, 60 * SECOND).unwrap();
    let after = mtu(&mut mesh);
    assert!((1_400..=1_432).contains(&after), "{after} bytes over a hop of 1,472");
}

#[test]
fn a_hop_that_carries_less_than_the_route_says_is_told_of_and_nothing_stays_away() {
    let mut mesh = Mesh::new(6, 1, &LinkConfig { mtu_bytes: 8_972, ..link(0.0) });
    for (from, to) in [(mesh.relays[0], mesh.b), (mesh.b, mesh.relays[0])] {
        mesh.net.set_link(from, to, LinkConfig { mtu_bytes: 1_472, ..link(0.0) });
    }
    mesh.route_over(0, 8_932);
    let handles = mesh.net.associate_over_relays(mesh.a, mesh.b, CIPHER);
    let mut transfer = Transfer::start(&mut mesh.net, (mesh.a, mesh.b), handles, 512 << 20, 0);
    let (mut told, start) = (0, mesh.net.now());
    while mesh.net.now().saturating_micros_since(start) < 30 * SECOND {
        while let Some(event) = mesh.net.engine(mesh.a).poll_event() {
            if let Event::RouteError { fault: RouteFault::TooBig { mtu_bytes }, reporter, .. } = event {
                assert_eq!(reporter, mesh.net.route_id(mesh.relays[0]));
                assert!((1_160..=1_432).contains(&mtu_bytes), "{mtu_bytes}");
                told += 1;
            }
            transfer.on_event(mesh.a, &event);
        }
        while let Some(event) = mesh.net.engine(mesh.b).poll_event() {
            transfer.on_event(mesh.b, &event);
        }
        transfer.poll(&mut mesh.net);
        assert!(mesh.net.step(start.plus_micros(60 * SECOND)));
    }
    assert!(told > 0, "nobody was told");
    let stats = mesh.net.engine(mesh.a).association_stats(handles.0).unwrap();
    assert!((1_400..=1_432).contains(&stats.mtu_bytes), "{} bytes", stats.mtu_bytes);
    assert!(transfer.read().0 > 200 << 20, "{:?}", transfer.read());
}

#[test]
fn a_hop_that_moves_to_another_address_keeps_what_goes_over_it() {
    let mut mesh = Mesh::new(7, 1, &link(0.0));
    mesh.route_over(0, MTU);
    let handles = mesh.net.associate_over_relays(mesh.a, mesh.b, CIPHER);
    let mut transfer = Transfer::start(&mut mesh.net, (mesh.a, mesh.b), handles, 8 << 20, 1 << 20);
    transfer.run(&mut mesh.net, SECOND / 2).unwrap_err();
    let a = mesh.a;
    mesh.net.set_address(a, "10.9.9.9:7400".parse().unwrap());
    transfer.run(&mut mesh.net, 60 * SECOND).unwrap();
}
