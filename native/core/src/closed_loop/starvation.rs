//! A process that does not run for a while resends next to nothing.

use super::{Link, Network};
use crate::constants::PTO_MAX_MICROS;

#[test]
fn a_starved_receiver_does_not_make_the_sender_resend_its_window() {
    let mut network = Network::new(Link::new(1_000_000_000, 2_000, 400), 1);
    network.run_micros(1_000_000);
    for _ in 0..5 {
        let before = network.flows[0].stats.retransmitted;
        network.put_receiver_to_sleep(0, 200_000);
        network.run_micros(400_000);
        let again = network.flows[0].stats.retransmitted - before;
        assert!(again <= 16, "{again} packets again");
    }
    let rate = network.measure(1_000_000)[0];
    assert!(rate >= 900_000_000, "{} Mbit/s", rate / 1_000_000);
}

#[test]
fn a_starved_sender_reads_its_acknowledgements_before_it_probes() {
    let mut network = Network::new(Link::new(1_000_000_000, 2_000, 400), 1);
    network.run_micros(1_000_000);
    let before = network.flows[0].stats.retransmitted;
    network.flows[0].asleep_until = network.now.plus_micros(200_000);
    network.run_micros(200_000 + PTO_MAX_MICROS);
    let stats = &network.flows[0].stats;
    assert!(stats.retransmitted - before <= 2, "{stats:?}");
}
