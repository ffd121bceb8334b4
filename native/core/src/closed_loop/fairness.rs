//! Flows that share a bottleneck get equal shares.

use super::{Link, Network};

#[test]
fn four_flows_share_a_gigabit_over_100_ms() {
    let mut network = Network::new(Link::new(1_000_000_000, 100_000, 100), 4);
    network.run_micros(5_000_000);
    let rates = network.measure(10_000_000);
    let total: u64 = rates.iter().sum();
    assert!(total >= 900_000_000, "together {} Mbit/s", total / 1_000_000);
    assert!(jain_index(&rates) >= 0.95, "{rates:?}");
}

#[test]
fn a_late_flow_gets_its_share() {
    let mut network = Network::new(Link::new(200_000_000, 20_000, 100), 2);
    network.flows[1].unsent = 0;
    network.run_micros(5_000_000);
    network.flows[1].unsent = u64::MAX;
    network.wake_sender(1);
    network.run_micros(20_000_000);
    let rates = network.measure(15_000_000);
    assert!(jain_index(&rates) >= 0.95, "{rates:?}");
}

/// Jain's fairness index: 1 when all are equal, 1/n when one has everything.
fn jain_index(rates: &[u64]) -> f64 {
    let sum: f64 = rates.iter().map(|&rate| rate as f64).sum();
    let squares: f64 = rates.iter().map(|&rate| (rate as f64).powi(2)).sum();
    sum * sum / (rates.len() as f64 * squares)
}
