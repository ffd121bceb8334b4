//! Numbers that are never used cost an honest pair nothing.
#![allow(clippy::unwrap_used)]

use osier_core::{Cipher, EngineConfig};
use osier_sim::{LinkConfig, Network, Transfer};

#[test]
fn now_and_then_a_number_is_passed_over_and_nobody_takes_it_for_a_loss() {
    let mut net = Network::new(7);
    let (a, b) = (net.add_host(EngineConfig::default()), net.add_host(EngineConfig::default()));
    let link = LinkConfig { delay_micros: 5_000, ..LinkConfig::default() };
    net.set_link(a, b, link.clone());
    net.set_link(b, a, link);
    let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
    let mut transfer = Transfer::start(&mut net, (a, b), associations, 30_000_000, 30_000_000);
    transfer.run(&mut net, 60_000_000).unwrap();
    for (host, association) in [(a, associations.0), (b, associations.1)] {
        let counters = net.engine(host).association_stats(association).unwrap().counters;
        let passed_over = net.engine(host).next_packet_number(association).unwrap() - counters.packets_sent;
        let packets = counters.packets_sent;
        assert!((packets / 2_400..=packets / 250).contains(&passed_over), "{passed_over} of {packets}");
        assert!(passed_over > 0 && counters.packets_lost == 0, "{counters:?}");
    }
}
