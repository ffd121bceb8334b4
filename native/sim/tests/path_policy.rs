//! Paths that the layer above asks at and chooses: a candidate is asked and not taken, a choice is kept, and no byte is lost or repeated by it.
#![allow(clippy::unwrap_used)]

use osier_core::{Cipher, EngineConfig, Event, Path};
use osier_sim::{HostId, LinkConfig, Network, Transfer};
use std::net::SocketAddr;

const MILLISECOND: u64 = 1_000;
const SECOND: u64 = 1_000_000;
const ONE_WAY_MICROS: u64 = 5_000;
const CHALLENGE_BYTES: u64 = 41;

fn link(delay_micros: u64) -> LinkConfig {
    LinkConfig { delay_micros, bytes_per_second: 12_500_000, queue_bytes: 1 << 20, ..LinkConfig::default() }
}

fn further(number: u8) -> SocketAddr {
    ([10, 1, 0, number], 7400).into()
}

fn path(remote: SocketAddr) -> Path {
    Path { socket: 0, remote, local: None, interface: 0 }
}

/// Two hosts; the second has `addresses` further ones, each a millisecond farther than the one before.
struct Pair {
    net: Network,
    hosts: [HostId; 2],
    handles: (u32, u32),
}

impl Pair {
    fn new(seed: u64, addresses: u8) -> Self {
        let mut net = Network::new(seed);
        let hosts = [(); 2].map(|()| net.add_host(EngineConfig::default()));
        net.set_link(hosts[0], hosts[1], link(ONE_WAY_MICROS));
        net.set_link(hosts[1], hosts[0], link(ONE_WAY_MICROS));
        for number in 0..addresses {
            let delay_micros = ONE_WAY_MICROS + u64::from(number) * MILLISECOND / 2;
            net.add_address(hosts[1], further(number), link(delay_micros));
        }
        let handles = net.associate(hosts[0], hosts[1], Cipher::ChaCha20Poly1305);
        let mut pair = Self { net, hosts, handles };
        pair.run_for(SECOND);
        pair.events(0);
        pair
    }

    fn run_for(&mut self, micros: u64) {
        let until = self.net.now().plus_micros(micros);
        while self.net.step(until) {}
    }

    fn events(&mut self, end: usize) -> Vec<Event> {
        let engine = self.net.engine(self.hosts[end]);
        std::iter::from_fn(|| engine.poll_event()).collect()
    }

    fn probe(&mut self, to: SocketAddr, token: u32) -> bool {
        let now = self.net.now();
        let is_asked = self.net.engine(self.hosts[0]).probe_path(now, self.handles.0, path(to), token);
        self.net.flush(self.hosts[0]);
        is_asked
    }

    fn move_to(&mut self, to: SocketAddr) {
        let now = self.net.now();
        assert!(self.net.engine(self.hosts[0]).move_path(now, self.handles.0, path(to)));
        self.net.flush(self.hosts[0]);
    }

    /// Where the first host's packets go.
    fn remote(&mut self) -> SocketAddr {
        self.net.engine(self.hosts[0]).association_path(self.handles.0).unwrap().remote
    }

    fn cut_first(&mut self, down: bool) {
        let [a, b] = self.hosts;
        self.net.link(a, b).config.down = down;
        self.net.link(b, a).config.down = down;
    }

    fn cut_further(&mut self, number: u8, down: bool) {
        for link in self.net.further_links(further(number)) {
            link.config.down = down;
        }
    }

    fn first(&self) -> SocketAddr {
        self.net.address(self.hosts[1])
    }
}

/// Tokens and round trips, by token.
fn probed(events: &[Event]) -> Vec<(u32, Option<u64>)> {
    let mut all: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::PathProbed { token, rtt_micros, .. } => Some((*token, *rtt_micros)),
            _ => None,
        })
        .collect();
    all.sort_unstable();
    all
}

fn has_moved(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event, Event::PathChanged { .. }))
}

#[test]
fn a_candidate_that_answers_is_told_and_not_taken() {
    let mut pair = Pair::new(1, 1);
    assert!(pair.probe(further(0), 7));
    pair.run_for(SECOND);
    let events = pair.events(0);
    assert_eq!(probed(&events).len(), 1);
    let (token, rtt_micros) = probed(&events)[0];
    assert_eq!(token, 7);
    let rtt_micros = rtt_micros.unwrap();
    assert!((2 * ONE_WAY_MICROS..2 * ONE_WAY_MICROS + 100).contains(&rtt_micros), "{rtt_micros} us");
    assert_eq!(pair.remote(), pair.first());
    assert!(!has_moved(&events) && !has_moved(&pair.events(1)));
}

#[test]
fn a_candidate_that_is_dead_gets_three_small_datagrams_and_is_told() {
    let mut pair = Pair::new(2, 1);
    pair.cut_further(0, true);
    assert!(pair.probe(further(0), 9));
    pair.run_for(SECOND);
    assert_eq!(probed(&pair.events(0)), [(9, None)]);
    let counters = pair.net.further_links(further(0))[0].counters;
    assert_eq!((counters.offered, counters.offered_bytes), (3, 3 * CHALLENGE_BYTES));
    pair.run_for(60 * SECOND);
    assert_eq!(pair.net.further_links(further(0))[0].counters.offered, 3);
    assert!(pair.net.engine(pair.hosts[0]).association_path(pair.handles.0).is_some());
}

#[test]
fn eight_candidates_are_asked_at_once_each_with_its_own_answer() {
    let mut pair = Pair::new(3, 8);
    pair.cut_further(5, true);
    for number in 0..8 {
        assert!(pair.probe(further(number), number.into()));
    }
    pair.run_for(SECOND);
    let outcomes = probed(&pair.events(0));
    assert_eq!(outcomes.len(), 8);
    for (token, rtt_micros) in outcomes {
        let expected = 2 * ONE_WAY_MICROS + u64::from(token) * MILLISECOND;
        match rtt_micros {
            Some(rtt_micros) => {
                assert!((expected..expected + 200).contains(&rtt_micros), "{token}: {rtt_micros}")
            }
            None => assert_eq!(token, 5),
        }
    }
    assert_eq!(pair.remote(), pair.first());
}

#[test]
fn candidates_that_are_asked_in_one_turn_are_answered_in_one() {
    let mut pair = Pair::new(4, 8);
    // Whoever is busy finds all of them at once.
    pair.net.freeze(pair.hosts[1], 15 * MILLISECOND);
    for number in 0..8 {
        pair.probe(further(number), number.into());
    }
    pair.run_for(45 * MILLISECOND);
    assert_eq!(probed(&pair.events(0)).len(), 8);
}

/// Runs a transfer to its end, and moves the first host's packets every so often; returns the longest time without a byte read.
fn transfer_with_moves(
    pair: &mut Pair,
    (there, back): (u64, u64),
    mut act: impl FnMut(&mut Pair, u64),
) -> u64 {
    let (hosts, handles) = ((pair.hosts[0], pair.hosts[1]), pair.handles);
    let mut transfer = Transfer::start(&mut pair.net, hosts, handles, there, back);
    let start = pair.net.now();
    let (mut moves, mut read, mut read_at, mut longest) = (0, (0, 0), start, 0);
    while !transfer.is_complete() {
        for end in 0..2 {
            for event in pair.events(end) {
                assert!(end == 1 || !matches!(event, Event::PathChanged { .. }), "the policy alone moves it");
                transfer.on_event(pair.hosts[end], &event);
            }
        }
        transfer.poll(&mut pair.net);
        assert_eq!(transfer.failure(), None);
        let now = pair.net.now();
        if transfer.read() != read {
            longest = longest.max(now.saturating_micros_since(read_at));
            (read, read_at) = (transfer.read(), now);
        }
        if now.saturating_micros_since(start) >= (moves + 1) * 50 * MILLISECOND {
            moves += 1;
            act(pair, moves);
        }
        assert!(pair.net.step(start.plus_micros(60 * SECOND)), "not complete: {:?}", transfer.read());
    }
    assert!(moves >= 8, "{moves} moves");
    longest
}

const WAYS: [(u64, u64); 3] = [(8 << 20, 0), (0, 8 << 20), (8 << 20, 8 << 20)];

#[test]
fn moves_in_mid_transfer_lose_and_repeat_no_byte() {
    for (seed, ways) in (10..).zip(WAYS) {
        let mut pair = Pair::new(seed, 2);
        let targets = [further(0), further(1), pair.first()];
        let longest = transfer_with_moves(&mut pair, ways, |pair, moves| {
            let target = targets[(moves % 3) as usize];
            pair.move_to(target);
            assert_eq!(pair.remote(), target);
        });
        assert!(longest <= 150 * MILLISECOND, "{ways:?}: paused {longest} us");
    }
}

#[test]
fn a_path_that_was_chosen_is_kept_while_the_peer_answers_there() {
    for (seed, ways) in (20..).zip(WAYS) {
        let mut pair = Pair::new(seed, 1);
        transfer_with_moves(&mut pair, ways, |pair, moves| match moves {
            1 => pair.move_to(further(0)),
            _ => assert_eq!(pair.remote(), further(0), "move {moves}"),
        });
    }
}

#[test]
fn a_dead_path_that_is_left_costs_a_short_pause() {
    for (seed, ways) in (30..).zip(WAYS) {
        let mut pair = Pair::new(seed, 1);
        let longest = transfer_with_moves(&mut pair, ways, |pair, moves| match moves {
            4 => pair.cut_first(true),
            5 => pair.move_to(further(0)),
            _ => {}
        });
        assert!(longest <= 50 * MILLISECOND + 150 * MILLISECOND, "{ways:?}: paused {longest} us");
    }
}

#[test]
fn the_first_round_trip_of_a_path_that_is_taken_is_what_its_probe_took() {
    let mut pair = Pair::new(40, 1);
    pair.probe(further(0), 1);
    pair.run_for(SECOND);
    pair.move_to(further(0));
    let stats = pair.net.engine(pair.hosts[0]).association_stats(pair.handles.0).unwrap();
    assert!(stats.rtt_micros.unwrap() <= 2 * ONE_WAY_MICROS + 200, "{:?}", stats.rtt_micros);
}

#[test]
fn a_hop_whose_peer_answers_on_another_path_is_judged_by_what_it_acknowledges() {
    let mut pair = Pair::new(50, 1);
    let (now, handle) = (pair.net.now(), pair.handles.0);
    pair.net.engine(pair.hosts[0]).set_liveness(now, handle, 10 * MILLISECOND);
    pair.move_to(further(0));
    let ping_for = |pair: &mut Pair, micros: u64| -> Vec<Event> {
        let mut events = Vec::new();
        for _ in 0..micros / (5 * MILLISECOND) {
            let now = pair.net.now();
            pair.net.engine(pair.hosts[0]).ping(now, handle, 1);
            pair.net.flush(pair.hosts[0]);
            pair.run_for(5 * MILLISECOND);
            events.extend(pair.events(0));
        }
        events
    };
    let suspicions =
        |events: &[Event]| events.iter().filter(|at| matches!(at, Event::HopSuspected { .. })).count();
    let events = ping_for(&mut pair, 2 * SECOND);
    assert_eq!((suspicions(&events), pair.remote()), (0, further(0)));
    let peer = pair.net.engine(pair.hosts[1]).association_path(pair.handles.1).unwrap();
    assert_eq!(peer.local, Some(pair.first().ip()), "the peer stays where it was");
    // The other path still works, and nothing that goes here arrives.
    pair.net.further_links(further(0))[0].config.down = true;
    let events = ping_for(&mut pair, 45 * MILLISECOND);
    assert_eq!(suspicions(&events), 1);
}
