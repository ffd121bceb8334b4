//! Between a direct path and relayed ones the policy decides alone: moves lose nothing, either kind is probed while the other is in use, and hops that
//! only carry packets of others are watched like any other.
#![allow(clippy::unwrap_used)]

use osier_core::{Cipher, EngineConfig, Event, Path, RelayConfig, RouteId};
use osier_sim::{HostId, LinkConfig, Network, Transfer};

const MILLISECOND: u64 = 1_000;
const SECOND: u64 = 1_000_000;
const CIPHER: Cipher = Cipher::ChaCha20Poly1305;
const ONE_WAY_MICROS: u64 = 1_000;

/// A and B with a direct path between them, and a relay that both are neighbours of.
struct Triangle {
    net: Network,
    ends: [HostId; 2],
    handles: [u32; 2],
    relay: HostId,
    /// At A, at the relay to A, at the relay to B, at B.
    hops: [u32; 4],
    events: [Vec<Event>; 3],
}

impl Triangle {
    fn new(seed: u64) -> Self {
        let mut net = Network::new(seed);
        let mut member = |id: u8, relay: Option<RelayConfig>| {
            net.add_host(EngineConfig { route_id: Some(RouteId([id; 8])), relay, ..EngineConfig::default() })
        };
        let (a, b) = (member(1, None), member(2, None));
        let relay = member(3, Some(RelayConfig { max_bytes_per_second: 0, queue_bytes: 1 << 20 }));
        let link = LinkConfig {
            delay_micros: ONE_WAY_MICROS,
            bytes_per_second: 12_500_000,
            queue_bytes: 1 << 20,
            ..LinkConfig::default()
        };
        for (from, to) in [(a, relay), (relay, a), (b, relay), (relay, b), (a, b), (b, a)] {
            net.set_link(from, to, link.clone());
        }
        let (at_a, to_a) = net.associate(a, relay, CIPHER);
        let (to_b, at_b) = net.associate(relay, b, CIPHER);
        let (handle_a, handle_b) = net.associate(a, b, CIPHER);
        let hops = [at_a, to_a, to_b, at_b];
        let mut triangle = Self {
            net,
            ends: [a, b],
            handles: [handle_a, handle_b],
            relay,
            hops,
            events: [const { Vec::new() }; 3],
        };
        triangle.run_for(SECOND / 10);
        for (host, far, next) in [(a, b, at_a), (b, a, at_b), (relay, a, to_a), (relay, b, to_b)] {
            triangle.net.set_route(host, far, Some(next), 1_160);
        }
        triangle
    }

    fn hosts(&self) -> [HostId; 3] {
        [self.ends[0], self.ends[1], self.relay]
    }

    fn run_for(&mut self, micros: u64) {
        let until = self.net.now().plus_micros(micros);
        while self.net.step(until) {
            for (number, host) in self.hosts().into_iter().enumerate() {
                while let Some(event) = self.net.engine(host).poll_event() {
                    self.events[number].push(event);
                }
            }
        }
    }

    fn path(&self, end: usize, relayed: bool) -> Path {
        let far = self.ends[1 - end];
        if relayed {
            return Path::relayed_to(self.net.route_id(far), None);
        }
        Path { socket: 0, remote: self.net.address(far), local: None, interface: 0 }
    }

    fn move_end(&mut self, end: usize, relayed: bool) {
        let (now, path) = (self.net.now(), self.path(end, relayed));
        assert!(self.net.engine(self.ends[end]).move_path(now, self.handles[end], path));
        self.net.flush(self.ends[end]);
    }

    fn probe(&mut self, relayed: bool) -> Option<u64> {
        let (now, path) = (self.net.now(), self.path(0, relayed));
        assert!(self.net.engine(self.ends[0]).probe_path(now, self.handles[0], path, 1));
        self.net.flush(self.ends[0]);
        self.run_for(SECOND);
        let mut told = self.events[0].drain(..).filter_map(|event| match event {
            Event::PathProbed { rtt_micros, .. } => Some(rtt_micros),
            _ => None,
        });
        told.next().unwrap()
    }

    fn cut(&mut self, [one, other]: [HostId; 2]) {
        self.net.link(one, other).config.down = true;
        self.net.link(other, one).config.down = true;
    }

    fn suspicions(&self, number: usize) -> usize {
        self.events[number].iter().filter(|event| matches!(event, Event::HopSuspected { .. })).count()
    }
}

#[test]
fn either_kind_of_path_is_probed_while_the_other_is_in_use() {
    let mut triangle = Triangle::new(1);
    let relayed = triangle.probe(true).unwrap();
    assert!((4 * ONE_WAY_MICROS..4 * ONE_WAY_MICROS + 200).contains(&relayed), "{relayed} us");
    triangle.move_end(0, true);
    triangle.run_for(SECOND / 10);
    let direct = triangle.probe(false).unwrap();
    assert!((2 * ONE_WAY_MICROS..2 * ONE_WAY_MICROS + 200).contains(&direct), "{direct} us");
    let path = triangle.net.engine(triangle.ends[0]).association_path(triangle.handles[0]).unwrap();
    assert!(path.is_relayed(), "asking moves nothing");
}

#[test]
fn moves_between_direct_and_relayed_in_mid_transfer_lose_and_repeat_no_byte() {
    for (seed, ways) in (10..).zip([(4 << 20, 0), (0, 4 << 20), (4 << 20, 4 << 20)]) {
        let mut triangle = Triangle::new(seed);
        let [a, b] = triangle.ends;
        let handles = (triangle.handles[0], triangle.handles[1]);
        let mut transfer = Transfer::start(&mut triangle.net, (a, b), handles, ways.0, ways.1);
        let (mut moves, start) = (0_u64, triangle.net.now());
        while !transfer.is_complete() {
            for host in [a, b] {
                while let Some(event) = triangle.net.engine(host).poll_event() {
                    assert!(!matches!(event, Event::PathChanged { .. }), "the policy alone moves it");
                    transfer.on_event(host, &event);
                }
            }
            transfer.poll(&mut triangle.net);
            assert_eq!(transfer.failure(), None);
            if triangle.net.now().saturating_micros_since(start) >= (moves + 1) * 20 * MILLISECOND {
                // The ends move in turn: half of the time one is here and the other there.
                triangle.move_end((moves % 2) as usize, (moves / 2) % 2 == 0);
                moves += 1;
            }
            assert!(triangle.net.step(start.plus_micros(60 * SECOND)), "not complete: {:?}", transfer.read());
        }
        assert!(moves >= 8, "{moves} moves");
    }
}

#[test]
fn a_relayed_path_that_is_taken_begins_with_the_round_trip_of_its_probe() {
    let mut triangle = Triangle::new(2);
    let probed = triangle.probe(true).unwrap();
    triangle.move_end(0, true);
    let stats = triangle.net.engine(triangle.ends[0]).association_stats(triangle.handles[0]).unwrap();
    assert_eq!(stats.rtt_micros, Some(probed));
}

#[test]
fn hops_that_carry_packets_of_others_are_watched_and_idle_ones_are_silent() {
    let mut triangle = Triangle::new(3);
    let [at_a, to_a, to_b, at_b] = triangle.hops;
    let [a, b] = triangle.ends;
    for (host, hop) in [(a, at_a), (triangle.relay, to_a), (triangle.relay, to_b), (b, at_b)] {
        let now = triangle.net.now();
        triangle.net.engine(host).set_liveness(now, hop, 10 * MILLISECOND);
    }
    triangle.run_for(3 * SECOND);
    let sent = |triangle: &mut Triangle| triangle.net.engine(triangle.relay).stats().packets_sent;
    let before = sent(&mut triangle);
    triangle.run_for(10 * SECOND);
    assert_eq!(sent(&mut triangle), before, "nobody uses it");
    triangle.move_end(0, true);
    triangle.move_end(1, true);
    let ping = |triangle: &mut Triangle| {
        let now = triangle.net.now();
        triangle.net.engine(a).ping(now, triangle.handles[0], 1);
        triangle.net.flush(a);
        triangle.run_for(5 * MILLISECOND);
    };
    (0..400).for_each(|_| ping(&mut triangle));
    assert_eq!([0, 1, 2].map(|number| triangle.suspicions(number)), [0, 0, 0]);
    triangle.cut([triangle.relay, b]);
    (0..10).for_each(|_| ping(&mut triangle));
    assert_eq!(
        [0, 1, 2].map(|number| triangle.suspicions(number)),
        [0, 1, 1],
        "both ends of the hop, and nobody else"
    );
}

#[test]
fn a_trace_is_answered_by_the_relay_where_it_ends_or_by_the_other_end() {
    let mut triangle = Triangle::new(4);
    let [a, b] = triangle.ends;
    let trace = |triangle: &mut Triangle, ttl: u8| {
        let now = triangle.net.now();
        let is_asked = triangle.net.engine(a).trace_hop(now, triangle.handles[0], ttl, u32::from(ttl));
        triangle.net.flush(a);
        is_asked
    };
    assert!(!trace(&mut triangle, 1), "a direct path has no relays");
    triangle.move_end(0, true);
    triangle.move_end(1, true);
    triangle.run_for(SECOND / 10);
    assert!(!trace(&mut triangle, 0));
    for ttl in 1..=3 {
        assert!(trace(&mut triangle, ttl));
    }
    triangle.run_for(SECOND);
    let mut answers: Vec<_> = triangle.events[0]
        .iter()
        .filter_map(|event| match event {
            Event::TraceAnswered { answer, .. } => Some(*answer),
            Event::RouteError { .. } => panic!("that a trace ends is no fault"),
            _ => None,
        })
        .collect();
    answers.sort_by_key(|answer| answer.token);
    let far = |token| (token, triangle.net.route_id(b), true);
    let expected = [(1, triangle.net.route_id(triangle.relay), false), far(2), far(3)];
    let told: Vec<_> =
        answers.iter().map(|answer| (answer.token, answer.reporter, answer.is_far_end)).collect();
    assert_eq!(told, expected);
    for (answer, hops) in answers.iter().zip([1, 2, 2]) {
        let expected = 2 * hops * ONE_WAY_MICROS;
        // What the relay tells is a frame like any other, and may wait for the pacer.
        assert!((expected..expected + 500).contains(&answer.rtt_micros), "{answer:?}");
    }
}
