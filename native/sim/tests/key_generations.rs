//! Traffic keys that change every 2^24 packets, in both directions at once, while packets are lost, late and doubled.
#![allow(clippy::unwrap_used)]

use osier_core::{Cipher, EngineConfig};
use osier_sim::{HostId, LinkConfig, Network, Transfer};

const GENERATION: u64 = 1 << 24;
const SECOND: u64 = 1_000_000;
const BYTES: u64 = 3 << 20;

/// Two hosts whose packet numbers begin so many before the end of the first generation.
fn network(seed: u64, before: (u64, u64), link: &LinkConfig) -> (Network, HostId, HostId) {
    let mut net = Network::new(seed);
    let config =
        |before| EngineConfig { first_packet_number: GENERATION - before, ..EngineConfig::default() };
    let (a, b) = (net.add_host(config(before.0)), net.add_host(config(before.1)));
    net.set_link(a, b, link.clone());
    net.set_link(b, a, link.clone());
    (net, a, b)
}

fn assert_both_crossed(net: &mut Network, ends: [(HostId, u32); 2]) {
    for (host, association) in ends {
        let next = net.engine(host).next_packet_number(association).unwrap();
        assert!(next > GENERATION + 100, "{next}");
    }
}

#[test]
fn nothing_is_lost_where_both_directions_change_keys_under_loss_and_reordering() {
    let link = LinkConfig {
        delay_micros: 10_000,
        jitter_micros: 1_000,
        loss_rate: 0.03,
        burst_rate: 0.001,
        burst_length: 20.0,
        reorder_rate: 0.05,
        reorder_micros: 8_000,
        duplicate_rate: 0.02,
        corrupt_rate: 0.005,
        bytes_per_second: 12_500_000,
        ..LinkConfig::default()
    };
    for (seed, cipher) in (0..24).zip([Cipher::ChaCha20Poly1305, Cipher::Aes256Gcm].into_iter().cycle()) {
        // From the first packet on to the middle of the transfer, together or one after the other.
        let before = [(1, 1), (2, 300), (40, 40), (300, 2), (200, 210), (300, 300)][seed as usize % 6];
        let (mut net, a, b) = network(seed, before, &link);
        let associations = net.associate(a, b, cipher);
        let mut transfer = Transfer::start(&mut net, (a, b), associations, BYTES, BYTES);
        transfer.run(&mut net, 600 * SECOND).unwrap_or_else(|failure| panic!("seed {seed}: {failure}"));
        assert_both_crossed(&mut net, [(a, associations.0), (b, associations.1)]);
    }
}

#[test]
fn an_outage_over_the_change_of_keys_is_survived() {
    let link = LinkConfig { delay_micros: 10_000, bytes_per_second: 12_500_000, ..LinkConfig::default() };
    let (mut net, a, b) = network(7, (200, 100), &link);
    let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
    let mut transfer = Transfer::start(&mut net, (a, b), associations, BYTES, BYTES);
    let next = |net: &mut Network| net.engine(a).next_packet_number(associations.0).unwrap();
    let mut until = 0;
    while next(&mut net) < GENERATION - 20 {
        until += 1_000;
        transfer.run(&mut net, until).unwrap_err();
    }
    for (from, to) in [(a, b), (b, a)] {
        net.link(from, to).config.down = true;
    }
    transfer.run(&mut net, until + 5 * SECOND).unwrap_err();
    assert!(next(&mut net) > GENERATION, "the first packets of the new generation are lost");
    for (from, to) in [(a, b), (b, a)] {
        net.link(from, to).config.down = false;
    }
    transfer.run(&mut net, 600 * SECOND).unwrap();
    assert_both_crossed(&mut net, [(a, associations.0), (b, associations.1)]);
}
