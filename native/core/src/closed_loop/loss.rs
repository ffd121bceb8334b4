//! Random loss slows a transfer down and never stops it.

use super::{Link, Network};

#[test]
fn a_transfer_completes_under_1_5_and_10_percent_loss() {
    for percent in [1, 5, 10] {
        let mut link = Link::new(100_000_000, 20_000, 100);
        link.loss_ppm = percent * 10_000;
        let mut network = Network::new(link, 1);
        network.flows[0].unsent = 5_000;
        let micros = network.run_to_completion(120_000_000);
        let stats = &network.flows[0].stats;
        assert!(micros.is_some(), "{percent} %: stuck, {stats:?}");
        // Twice the losses is already one spurious for each real one.
        let wasted = stats.packets_sent - 5_000;
        assert!(wasted <= 5_000 * percent * 3 / 100, "{percent} %: {stats:?}");
        assert!(stats.probes <= 50, "one in a hundred packets: {percent} %: {stats:?}");
    }
}

#[test]
fn probes_stay_few_through_an_outage_and_traffic_returns_within_the_longest_back_off() {
    let mut network = Network::new(Link::new(100_000_000, 20_000, 100), 1);
    network.run_micros(2_000_000);
    network.link.loss_ppm = 1_000_000;
    network.run_micros(1_000_000);
    let after_a_second = network.flows[0].stats.packets_sent;
    network.run_micros(20_000_000);
    let during = network.flows[0].stats.packets_sent - after_a_second;
    assert!(network.flows[0].stats.probes <= 60, "{:?}", network.flows[0].stats);
    assert!(during <= 45, "{during} packets into an outage of 20 s");

    network.link.loss_ppm = 0;
    network.run_micros(2_100_000);
    let rate = network.measure(1_000_000)[0];
    assert!(rate >= 80_000_000, "{} Mbit/s", rate / 1_000_000);
}
