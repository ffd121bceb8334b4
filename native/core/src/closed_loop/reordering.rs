//! Reordering is told from loss after the first mistakes.

use super::{Link, Network};

#[test]
fn persistent_reordering_does_not_collapse_goodput() {
    let mut link = Link::new(200_000_000, 40_000, 100);
    link.reorder_ppm = 50_000;
    link.reorder_micros = 8_000;
    let mut network = Network::new(link, 1);
    network.run_micros(3_000_000);
    let rate = network.measure(10_000_000)[0];
    let stats = &network.flows[0].stats;
    assert!(stats.spurious > 0 && stats.spurious < 200, "learned from few mistakes: {stats:?}");
    assert!(rate >= 170_000_000, "{} Mbit/s, {stats:?}", rate / 1_000_000);
}
