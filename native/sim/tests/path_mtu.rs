//! Every path carries what it can: the size of its packets is found, no loss is blamed on the search, and a path that shrinks is noticed.
#![allow(clippy::unwrap_used)]

use osier_core::{AssociationStats, Cipher, EngineConfig};
use osier_sim::{HostId, LinkConfig, Network, Transfer};

const SECOND: u64 = 1_000_000;
const BASE: usize = 1_200;
const STEP: usize = 16;

fn network(config: &EngineConfig, mtu_bytes: usize) -> (Network, HostId, HostId) {
    let mut net = Network::new(1);
    let (a, b) = (net.add_host(config.clone()), net.add_host(config.clone()));
    let link =
        LinkConfig { delay_micros: 2_000, bytes_per_second: 12_500_000, mtu_bytes, ..LinkConfig::default() };
    net.set_link(a, b, link.clone());
    net.set_link(b, a, link);
    (net, a, b)
}

/// A transfer of `bytes` over links of `mtu_bytes`: how long it took, and the sender's view of the path.
fn transfer(config: &EngineConfig, mtu_bytes: usize, bytes: u64) -> (u64, AssociationStats) {
    let (mut net, a, b) = network(config, mtu_bytes);
    let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
    let mut transfer = Transfer::start(&mut net, (a, b), associations, bytes, 0);
    let report = transfer.run(&mut net, 60 * SECOND).unwrap();
    (report.elapsed_micros, net.engine(a).association_stats(associations.0).unwrap())
}

fn sweep(sizes: impl Iterator<Item = usize>) {
    const BYTES: u64 = 20 << 20;
    // A window that fills the path and no more: behind a long queue every probe waits, and the search would last longer than the transfer.
    let config = EngineConfig { stream_window_bytes: 128 << 10, ..EngineConfig::default() };
    let base = EngineConfig { mtu_ceiling_bytes: BASE, ..config.clone() };
    let (slowest, _) = transfer(&base, BASE, BYTES);
    for mtu in sizes {
        let (elapsed, stats) = transfer(&config, mtu, BYTES);
        assert_eq!(stats.counters.packets_lost, 0, "MTU {mtu}");
        assert!((mtu + 1 - STEP..=mtu).contains(&stats.mtu_bytes), "{} for {mtu}", stats.mtu_bytes);
        assert!(elapsed <= slowest * 102 / 100, "MTU {mtu}: {elapsed} us, {slowest} us with {BASE}");
    }
}

/// What links really have, and what is next to it.
const EDGES: [usize; 9] = [1_200, 1_280, 1_400, 1_452, 1_472, 1_499, 1_500, 8_999, 9_000];

#[test]
fn no_size_of_link_loses_anything_or_is_slower_than_the_base() {
    sweep(EDGES.into_iter().chain((BASE..=9_000).step_by(97)));
}

/// `OSIER_SIM_SIZES=1200..9001 cargo test --release -p osier-sim --test path_mtu -- --ignored one_by_one` (README.md).
#[test]
#[ignore = "7,801 transfers: minutes"]
fn no_size_of_link_loses_anything_or_is_slower_than_the_base_one_by_one() {
    let wanted = std::env::var("OSIER_SIM_SIZES").unwrap_or_else(|_| format!("{BASE}..9001"));
    let (first, end) = wanted.split_once("..").unwrap();
    sweep(first.parse().unwrap()..end.parse().unwrap());
}

#[test]
fn a_loopback_carries_the_largest_datagram_that_there_is() {
    let config = EngineConfig { mtu_ceiling_bytes: 65_507, ..EngineConfig::default() };
    let (_, stats) = transfer(&config, 65_507, 16 << 20);
    assert_eq!((stats.mtu_bytes, stats.counters.packets_lost), (65_507, 0));
}

#[test]
fn a_fixed_size_stays() {
    let config = EngineConfig { mtu_bytes: 4_000, mtu_ceiling_bytes: 4_000, ..EngineConfig::default() };
    let (_, stats) = transfer(&config, 9_000, 4 << 20);
    assert_eq!(stats.mtu_bytes, 4_000);
}

#[test]
fn a_link_that_shrinks_under_a_live_transfer_costs_less_than_three_seconds() {
    for one_way_micros in [500, 10_000, 50_000] {
        let (mut net, a, b) = network(&EngineConfig::default(), 9_000);
        for (from, to) in [(a, b), (b, a)] {
            net.link(from, to).config.delay_micros = one_way_micros;
            net.link(from, to).config.queue_bytes = 256 << 10;
        }
        let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
        let mut transfer = Transfer::start(&mut net, (a, b), associations, 1 << 40, 0);
        transfer.run(&mut net, 5 * SECOND).unwrap_err();
        assert_eq!(net.engine(a).association_stats(associations.0).unwrap().mtu_bytes, 9_000);

        net.link(a, b).config.mtu_bytes = 1_300;
        net.link(b, a).config.mtu_bytes = 1_300;
        transfer.run(&mut net, 7 * SECOND).unwrap_err();
        let before = transfer.read().0;
        transfer.run(&mut net, 8 * SECOND).unwrap_err();
        let mtu = net.engine(a).association_stats(associations.0).unwrap().mtu_bytes;
        assert_eq!(mtu, BASE, "{one_way_micros} us");
        let recovered = transfer.read().0;
        assert!(recovered > before, "{one_way_micros} us: nothing arrives in the third second");

        transfer.run(&mut net, 12 * SECOND).unwrap_err();
        let rate = (transfer.read().0 - recovered) / 4;
        assert!(rate > 4_000_000, "{one_way_micros} us: {rate} bytes a second afterwards");
        // Once the pause after a black hole is over, what passes now is found.
        transfer.run(&mut net, 80 * SECOND).unwrap_err();
        let stats = net.engine(a).association_stats(associations.0).unwrap();
        assert!((1_300 + 1 - STEP..=1_300).contains(&stats.mtu_bytes), "raised to {}", stats.mtu_bytes);
    }
}

#[test]
fn random_loss_is_not_taken_for_a_black_hole() {
    let (mut net, a, b) = network(&EngineConfig::default(), 9_000);
    let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
    let mut transfer = Transfer::start(&mut net, (a, b), associations, 1 << 40, 0);
    transfer.run(&mut net, 2 * SECOND).unwrap_err();
    net.link(a, b).config.loss_rate = 0.05;
    for seconds in 3..30 {
        transfer.run(&mut net, seconds * SECOND).unwrap_err();
        assert_eq!(net.engine(a).association_stats(associations.0).unwrap().mtu_bytes, 9_000);
    }
}
