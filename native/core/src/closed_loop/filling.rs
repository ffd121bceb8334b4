//! One flow takes what there is.

use super::{Link, Network};

#[test]
fn one_flow_fills_a_gigabit_over_100_ms_with_a_queue_of_one_bdp() {
    let mut network = Network::new(Link::new(1_000_000_000, 100_000, 100), 1);
    network.run_micros(4_000_000);
    for second in 4..15 {
        let rate = network.measure(1_000_000)[0];
        assert!(rate >= 900_000_000, "second {second}: {} Mbit/s", rate / 1_000_000);
    }
}
