//! A network that marks instead of dropping slows a sender down without losing anything; one that spoils the marks does no harm.
#![allow(clippy::unwrap_used)]

use osier_core::CongestionAlgorithm::{Bbr, Cubic};
use osier_core::{AssociationStats, Cipher, CongestionAlgorithm, EngineConfig};
use osier_sim::{HostId, LinkConfig, Network, Transfer};

const SECOND: u64 = 1_000_000;
const RATE: u64 = 12_500_000;
const MARK_ABOVE: u64 = 64 << 10;

fn network(marking: bool, clears_ecn: bool) -> (Network, HostId, HostId) {
    network_of(Cubic, marking, clears_ecn)
}

fn network_of(congestion: CongestionAlgorithm, marking: bool, clears_ecn: bool) -> (Network, HostId, HostId) {
    let mut net = Network::new(3);
    let config = EngineConfig { congestion, ..EngineConfig::default() };
    let (a, b) = (net.add_host(config.clone()), net.add_host(config));
    let link = LinkConfig {
        delay_micros: 10_000,
        bytes_per_second: RATE,
        queue_bytes: 2 << 20,
        mark_above_bytes: if marking { MARK_ABOVE } else { 0 },
        clears_ecn,
        mtu_bytes: 9_000,
        ..LinkConfig::default()
    };
    net.set_link(a, b, link.clone());
    net.set_link(b, a, link);
    (net, a, b)
}

struct Outcome {
    bytes_a_second: u64,
    stats: AssociationStats,
    marked: u64,
}

fn ten_seconds(net: &mut Network, a: HostId, b: HostId) -> Outcome {
    let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
    let mut transfer = Transfer::start(net, (a, b), associations, 1 << 40, 0);
    transfer.run(net, 10 * SECOND).unwrap_err();
    Outcome {
        bytes_a_second: transfer.read().0 / 10,
        stats: net.engine(a).association_stats(associations.0).unwrap(),
        marked: net.link(a, b).counters.marked,
    }
}

#[test]
fn marks_keep_the_queue_short_and_nothing_is_lost() {
    let (mut net, a, b) = network(true, false);
    let marked = ten_seconds(&mut net, a, b);
    assert!(marked.marked > 0);
    assert_eq!(marked.stats.counters.packets_lost, 0);
    // 20 ms of path, 5 ms up to the mark, and what a round trip adds before the sender hears of it.
    let rtt = marked.stats.rtt_micros.unwrap();
    assert!(rtt < 40_000, "{rtt} us with marks");
    assert!(marked.bytes_a_second > RATE * 3 / 4, "{} bytes a second", marked.bytes_a_second);

    let (mut net, a, b) = network(false, false);
    let unmarked = ten_seconds(&mut net, a, b);
    assert_eq!(unmarked.marked, 0);
    let queued = |outcome: &Outcome| outcome.stats.congestion_window_bytes;
    assert!(queued(&unmarked) > queued(&marked), "{} and {}", queued(&unmarked), queued(&marked));
}

#[test]
fn bbr_too_lets_marks_end_its_probes() {
    let (mut net, a, b) = network_of(Bbr, true, false);
    let marked = ten_seconds(&mut net, a, b);
    let (mut net, a, b) = network_of(Bbr, false, false);
    let unmarked = ten_seconds(&mut net, a, b);
    assert!(marked.marked > 0 && unmarked.marked == 0);
    assert_eq!(marked.stats.counters.packets_lost, 0);
    assert!(marked.bytes_a_second > RATE * 3 / 4, "{} bytes a second", marked.bytes_a_second);
    // Each probe of an unmarked path leaves a queue; this one meets the mark and remembers what it met it at.
    let window = |outcome: &Outcome| outcome.stats.congestion_window_bytes;
    assert!(window(&marked) < window(&unmarked) * 17 / 20, "{} and {}", window(&marked), window(&unmarked));
}

#[test]
fn marks_that_do_not_end_slow_bbr_down() {
    let (mut net, a, b) = network_of(Bbr, false, false);
    let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
    let mut transfer = Transfer::start(&mut net, (a, b), associations, 1 << 40, 0);
    transfer.run(&mut net, 2 * SECOND).unwrap_err();
    net.link(a, b).config.mark_above_bytes = 1;
    let before = transfer.read().0;
    transfer.run(&mut net, 12 * SECOND).unwrap_err();
    let bytes_a_second = (transfer.read().0 - before) / 10;
    assert!(bytes_a_second < RATE * 9 / 10, "{bytes_a_second} bytes a second");
}

#[test]
fn a_burst_of_marks_cuts_the_window_once_a_round_trip() {
    let (mut net, a, b) = network(false, false);
    let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
    let mut transfer = Transfer::start(&mut net, (a, b), associations, 1 << 40, 0);
    transfer.run(&mut net, 2 * SECOND).unwrap_err();
    let before = net.engine(a).association_stats(associations.0).unwrap();
    // Every packet of one round trip.
    net.link(a, b).config.mark_above_bytes = 1;
    transfer.run(&mut net, 2 * SECOND + before.rtt_micros.unwrap() / 2).unwrap_err();
    net.link(a, b).config.mark_above_bytes = 0;
    transfer.run(&mut net, 2 * SECOND + before.rtt_micros.unwrap() * 3 / 2).unwrap_err();
    let after = net.engine(a).association_stats(associations.0).unwrap();
    assert!(net.link(a, b).counters.marked > 10);
    assert_eq!(after.counters.packets_lost, before.counters.packets_lost);
    let left = after.congestion_window_bytes as f64 / before.congestion_window_bytes as f64;
    assert!((0.65..0.9).contains(&left), "{left:.2} of the window is left");
}

#[test]
fn a_path_that_clears_marks_is_not_trusted_with_them_and_works() {
    let (mut net, a, b) = network(true, true);
    let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
    let mut transfer = Transfer::start(&mut net, (a, b), associations, 1 << 40, 0);
    transfer.run(&mut net, 10 * SECOND).unwrap_err();
    assert!(transfer.read().0 > RATE * 10 * 3 / 4, "{} bytes", transfer.read().0);
    // The network's fault is over, but nothing is marked on this path any more.
    net.link(a, b).config.clears_ecn = false;
    transfer.run(&mut net, 12 * SECOND).unwrap_err();
    assert_eq!(net.link(a, b).counters.marked, 0);
}
