//! A peer whose address or port changes in mid-transfer is followed, and nobody else is.
#![allow(clippy::unwrap_used)]

use osier_core::{Cipher, EngineConfig, Event};
use osier_sim::{HostId, LinkConfig, Network, Observer, Transfer};
use std::net::SocketAddr;

const SECOND: u64 = 1_000_000;
const ONE_WAY_MICROS: u64 = 25_000;
const RTT_MICROS: u64 = 2 * ONE_WAY_MICROS;
const PAUSE_MAX_MICROS: u64 = 3 * RTT_MICROS + 100_000;
const BYTES: u64 = 8 << 20;

fn network(seed: u64) -> (Network, HostId, HostId) {
    let mut net = Network::new(seed);
    let (a, b) = (net.add_host(EngineConfig::default()), net.add_host(EngineConfig::default()));
    let link = LinkConfig {
        delay_micros: ONE_WAY_MICROS,
        bytes_per_second: 12_500_000,
        queue_bytes: 1 << 20,
        ..LinkConfig::default()
    };
    net.set_link(a, b, link.clone());
    net.set_link(b, a, link);
    (net, a, b)
}

/// What a run saw.
struct Run {
    /// The longest time without a byte read, there and back.
    longest_pause_micros: (u64, u64),
    /// Where each end's packets went, change by change.
    changes: Vec<(HostId, SocketAddr)>,
}

/// Runs a transfer to its end; `act` is called once `at_micros` after its beginning.
fn run(
    net: &mut Network,
    transfer: &mut Transfer,
    hosts: [HostId; 2],
    at_micros: u64,
    act: impl FnOnce(&mut Network),
) -> Run {
    let start = net.now();
    let mut act = Some(act);
    let mut seen = Run { longest_pause_micros: (0, 0), changes: Vec::new() };
    let (mut read, mut read_at) = (transfer.read(), (start, start));
    while !transfer.is_complete() {
        for host in hosts {
            while let Some(event) = net.engine(host).poll_event() {
                if let Event::PathChanged { to, .. } = event {
                    seen.changes.push((host, to.remote));
                }
                transfer.on_event(host, &event);
            }
        }
        transfer.poll(net);
        assert_eq!(transfer.failure(), None);
        let (now, now_read) = (net.now(), transfer.read());
        let pauses = &mut seen.longest_pause_micros;
        if now_read.0 > read.0 {
            pauses.0 = pauses.0.max(now.saturating_micros_since(read_at.0));
            read_at.0 = now;
        }
        if now_read.1 > read.1 {
            pauses.1 = pauses.1.max(now.saturating_micros_since(read_at.1));
            read_at.1 = now;
        }
        read = now_read;
        if now.saturating_micros_since(start) >= at_micros {
            if let Some(act) = act.take() {
                act(net);
            }
        }
        assert!(net.step(start.plus_micros(60 * SECOND)), "not complete: read {read:?}");
    }
    seen
}

/// Bytes there and back.
const WAYS: [(u64, u64); 3] = [(BYTES, 0), (0, BYTES), (BYTES, BYTES)];

fn follows(new_address: &str) {
    let new_address: SocketAddr = new_address.parse().unwrap();
    for (seed, (there, back)) in (0..).zip(WAYS) {
        // The moments between two packets, acknowledgements and batches differ.
        for moment in 0..10 {
            let (mut net, a, b) = network(seed);
            let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
            let mut transfer = Transfer::start(&mut net, (a, b), associations, there, back);
            let at_micros = 300_000 + moment * 3_333;
            let seen = run(&mut net, &mut transfer, [a, b], at_micros, |net| net.set_address(a, new_address));
            assert_eq!(seen.changes, [(b, new_address)], "{there} there, {back} back");
            let (there_micros, back_micros) = seen.longest_pause_micros;
            assert!(
                there_micros.max(back_micros) <= PAUSE_MAX_MICROS,
                "{there} there, {back} back, moment {moment}: paused {there_micros} and {back_micros} us"
            );
        }
    }
}

#[test]
fn a_port_that_is_rebound_in_mid_transfer_costs_a_short_pause() {
    follows("10.0.0.0:7401");
}

#[test]
fn an_address_that_changes_in_mid_transfer_costs_a_short_pause() {
    follows("10.9.0.1:9000");
}

#[test]
fn a_change_from_ipv4_to_ipv6_is_one_like_any_other() {
    follows("[2001:db8::7]:7400");
}

#[test]
fn a_rebound_port_keeps_window_and_mtu_and_another_address_does_not() {
    let stats_around = |address: &str| {
        let (mut net, a, b) = network(5);
        let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
        let mut transfer = Transfer::start(&mut net, (a, b), associations, 0, BYTES);
        transfer.run(&mut net, 400_000).unwrap_err();
        let before = net.engine(b).association_stats(associations.1).unwrap();
        net.set_address(a, address.parse().unwrap());
        while !matches!(net.engine(b).poll_event(), Some(Event::PathChanged { .. })) {
            let until = net.now().plus_micros(SECOND);
            assert!(net.step(until));
        }
        let after = net.engine(b).association_stats(associations.1).unwrap();
        (before, after)
    };
    let (before, after) = stats_around("10.0.0.0:7401");
    let windows = (before.congestion_window_bytes, after.congestion_window_bytes);
    assert!(windows.1 > windows.0 / 2, "{windows:?}");
    assert_eq!((before.mtu_bytes, after.mtu_bytes), (9_000, 9_000));
    let (before, after) = stats_around("10.9.0.1:7400");
    let windows = (before.congestion_window_bytes, after.congestion_window_bytes);
    assert!(windows.1 <= 14_720 && windows.1 < windows.0, "{windows:?}");
    assert_eq!((before.mtu_bytes, after.mtu_bytes), (9_000, 1_200));
}

#[test]
fn one_small_packet_from_a_new_address_is_enough() {
    let (mut net, a, b) = network(9);
    let (handle_a, handle_b) = net.associate(a, b, Cipher::ChaCha20Poly1305);
    let first = net.engine(a).association_stats(handle_a).unwrap().counters;
    assert_eq!((first.packets_sent, first.bytes_sent), (1, 41), "a PING is as large as a challenge");
    let until = net.now().plus_micros(SECOND);
    while net.step(until) {}
    let now = net.now();
    net.engine(b).ping(now, handle_b, 1);
    net.flush(b);
    let until = net.now().plus_micros(SECOND);
    while net.step(until) {}
    let port = "10.0.0.0:7401".parse().unwrap();
    net.set_address(a, port);
    let now = net.now();
    net.engine(a).ping(now, handle_a, 7);
    net.flush(a);
    let until = net.now().plus_micros(SECOND);
    while net.step(until) {}
    let pong = std::iter::from_fn(|| net.engine(a).poll_event()).find_map(|event| match event {
        Event::Pong { rtt_micros, .. } => Some(rtt_micros),
        _ => None,
    });
    assert!(pong.is_some_and(|rtt_micros| rtt_micros <= PAUSE_MAX_MICROS), "{pong:?}");
}

#[test]
fn a_new_network_may_be_far_slower_than_the_one_before() {
    for busy in [false, true] {
        let (mut net, a, b) = network(10);
        for (from, to) in [(a, b), (b, a)] {
            net.link(from, to).config.delay_micros = 500;
        }
        let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
        let bytes = if busy { BYTES } else { 100_000 };
        let mut transfer = Transfer::start(&mut net, (a, b), associations, bytes, bytes);
        let at_micros = if busy { SECOND / 5 } else { 10 * SECOND };
        let mut moved = false;
        let start = net.now();
        loop {
            transfer.poll(&mut net);
            for host in [a, b] {
                while let Some(event) = net.engine(host).poll_event() {
                    moved |= matches!(event, Event::PathChanged { .. });
                    transfer.on_event(host, &event);
                }
                net.flush(host);
            }
            let elapsed = net.now().saturating_micros_since(start);
            if elapsed >= at_micros && !moved {
                net.set_address(a, "10.0.9.9:7400".parse().unwrap());
                for (from, to) in [(a, b), (b, a)] {
                    net.link(from, to).config.delay_micros = 50_000;
                }
                let now = net.now();
                net.engine(a).ping(now, associations.0, 1);
                net.flush(a);
                break;
            }
            let until = net.now().plus_micros(10_000);
            while net.step(until) {}
        }
        let until = net.now().plus_micros(5 * SECOND);
        while net.step(until) {}
        moved |= std::iter::from_fn(|| net.engine(b).poll_event())
            .any(|event| matches!(event, Event::PathChanged { .. }));
        assert!(moved, "busy: {busy}");
    }
}

#[test]
fn an_observer_who_resends_packets_faster_does_not_become_the_path() {
    for relays in [false, true] {
        for (there, back) in WAYS {
            let (mut net, a, b) = network(7);
            let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
            let mut transfer = Transfer::start(&mut net, (a, b), associations, there, back);
            let address = "10.66.6.6:666".parse().unwrap();
            let observer = Observer { from: a, to: b, address, lead_micros: 5_000, relays };
            let seen = run(&mut net, &mut transfer, [a, b], 100_000, |net| net.set_observer(Some(observer)));
            assert_eq!(seen.changes, [], "relays: {relays}, {there} there, {back} back");
            let path = net.engine(b).association_path(associations.1).unwrap();
            assert_eq!(path.remote, net.address(a));
            assert!(seen.longest_pause_micros.0.max(seen.longest_pause_micros.1) < PAUSE_MAX_MICROS);
        }
    }
}

#[test]
fn no_more_is_sent_to_an_address_that_does_not_answer_than_came_from_there() {
    let (mut net, a, b) = network(8);
    let (handle_a, handle_b) = net.associate(a, b, Cipher::ChaCha20Poly1305);
    let until = net.now().plus_micros(SECOND);
    while net.step(until) {}
    let address = "10.66.6.6:666".parse().unwrap();
    net.set_observer(Some(Observer { from: a, to: b, address, lead_micros: 5_000, relays: false }));
    // One small packet of the peer's, which arrives from the observer first, and then nothing from the peer's own address.
    let came_before = net.engine(a).association_stats(handle_a).unwrap().counters.bytes_sent;
    let now = net.now();
    net.engine(a).ping(now, handle_a, 1);
    net.flush(a);
    net.link(b, a).config.down = true;
    let until = net.now().plus_micros(10 * SECOND);
    while net.step(until) {}
    assert_eq!(net.engine(b).association_path(handle_b).unwrap().remote, net.address(a));
    let came = net.engine(a).association_stats(handle_a).unwrap().counters.bytes_sent - came_before;
    let went = net.bytes_to_observer();
    assert!((1..=came).contains(&went), "{went} bytes for {came}");
}

/// Round trips until the peer moves and from then on, and how long no byte may come: as long as the longer of them makes ends wait for one another.
const ROUND_TRIPS_AND_PAUSES: [(u64, u64, u64); 5] = [
    (20_000, SECOND, 3 * SECOND),
    (20_000, 4 * SECOND, 10 * SECOND),
    (SECOND, SECOND, 4 * SECOND),
    (SECOND, 20_000, 3 * SECOND),
    (4 * SECOND, 20_000, 10 * SECOND),
];

#[test]
fn a_peer_that_moves_while_round_trips_grow_or_shrink_a_hundredfold_is_followed_long_before_it_counts_as_lost(
) {
    for (before_micros, after_micros, pause_max_micros) in ROUND_TRIPS_AND_PAUSES {
        for (seed, (there, back)) in (0..).zip(WAYS) {
            for moment in 0..2 {
                let (mut net, a, b) = network(seed);
                set_round_trip(&mut net, [a, b], before_micros);
                let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
                let mut transfer = Transfer::start(&mut net, (a, b), associations, there / 16, back / 16);
                let at_micros = 4 * before_micros + before_micros * moment / 2;
                let seen = run(&mut net, &mut transfer, [a, b], at_micros, |net| {
                    net.set_address(a, "10.0.0.0:7401".parse().unwrap());
                    set_round_trip(net, [a, b], after_micros);
                });
                let pause_micros = seen.longest_pause_micros.0.max(seen.longest_pause_micros.1);
                assert!(
                    pause_micros <= pause_max_micros,
                    "{before_micros} us, then {after_micros} us, {there} there, {back} back, moment {moment}: paused {pause_micros} us"
                );
            }
        }
    }
}

fn set_round_trip(net: &mut Network, [a, b]: [HostId; 2], micros: u64) {
    for (from, to) in [(a, b), (b, a)] {
        net.link(from, to).config.delay_micros = micros / 2;
    }
}
