//! Long and lossy paths with a queue of one product: what the benchmarks measure over an emulated link, in virtual time.
#![allow(clippy::unwrap_used)]

use osier_core::CongestionAlgorithm::{Bbr, Cubic};
use osier_sim::cell::{Cell, Sender};

/// A transfer may take as much longer as goodput may be less.
const LEAST: f64 = 0.9;

fn cell(loss_rate: f64, rtt_millis: u64, megabits: u64) -> Cell {
    Cell { loss_rate, rtt_micros: rtt_millis * 1_000, megabits }
}

#[test]
fn a_megabyte_over_a_path_without_loss_takes_no_longer_than_over_tcp() {
    for (rtt_millis, megabits) in [(20, 100), (100, 10), (200, 10), (200, 100)] {
        let cell = cell(0.0, rtt_millis, megabits);
        let tcp = cell.completion_micros(Sender::Tcp, 1_000_000, 1);
        for algorithm in [Cubic, Bbr] {
            let ours = cell.completion_micros(Sender::Osier(algorithm), 1_000_000, 1);
            assert!(
                ours as f64 * LEAST <= tcp as f64,
                "{}: {algorithm:?} {ours} us, TCP {tcp} us",
                cell.name()
            );
        }
    }
}

#[test]
fn five_percent_of_random_loss_leaves_bbr_most_of_the_path() {
    for (rtt_millis, megabits) in [(20, 10), (20, 100), (100, 10)] {
        let cell = cell(0.05, rtt_millis, megabits);
        let share = cell.goodput(Sender::Osier(Bbr), 15, 1);
        assert!(share >= 0.7, "{}: {share:.3} of the link", cell.name());
    }
}

#[test]
fn random_loss_costs_cubic_no_more_than_tcp() {
    for (loss_rate, rtt_millis) in [(0.01, 20), (0.01, 100), (0.05, 20)] {
        let cell = cell(loss_rate, rtt_millis, 10);
        let of = |sender| (1..=4).map(|seed| cell.goodput(sender, 30, seed)).sum::<f64>() / 4.0;
        let (ours, tcp) = (of(Sender::Osier(Cubic)), of(Sender::Tcp));
        assert!(ours >= LEAST * tcp, "{}: {ours:.3} of the link, TCP {tcp:.3}", cell.name());
    }
}

#[test]
fn cubic_shares_a_queue_of_one_product_with_tcp() {
    for (rtt_millis, megabits) in [(1, 10), (20, 10), (20, 100)] {
        let cell = cell(0.0, rtt_millis, megabits);
        let share = (1..=3).map(|seed| cell.share_beside_tcp(Cubic, 60, seed)).sum::<f64>() / 3.0;
        assert!((0.5..=2.0).contains(&share), "{}: {share:.2} to 1 of TCP", cell.name());
    }
}
