//! Default settings fill a 1 Gbit/s x 100 ms path, and sessions share it.
#![allow(clippy::unwrap_used)]

use osier_core::{Cipher, EngineConfig};
use osier_sim::{HostId, LinkConfig, Network, Transfer};

const RATE: u64 = 125_000_000;
const RTT_MICROS: u64 = 100_000;
const BDP: u64 = RATE / 10;

fn network(seed: u64, receivers: usize) -> (Network, HostId, Vec<HostId>) {
    let mut net = Network::new(seed);
    let sender = net.add_host(EngineConfig::default());
    let hosts = (0..receivers).map(|_| net.add_host(EngineConfig::default())).collect::<Vec<_>>();
    for host in &hosts {
        let back = LinkConfig { delay_micros: RTT_MICROS / 2, ..LinkConfig::default() };
        let there = LinkConfig { bytes_per_second: RATE, queue_bytes: BDP, ..back.clone() };
        net.set_link(sender, *host, there);
        net.set_link(*host, sender, back);
    }
    (net, sender, hosts)
}

/// Runs until `until_micros` after the start and returns what each transfer's receiver had read then.
fn run_until(net: &mut Network, transfers: &mut [Transfer], until_micros: u64) -> Vec<u64> {
    let until = net.now().plus_micros(until_micros);
    loop {
        for host in (0..=transfers.len()).map(HostId) {
            while let Some(event) = net.engine(host).poll_event() {
                for transfer in transfers.iter_mut() {
                    if transfer.on_event(host, &event) {
                        break;
                    }
                }
            }
        }
        for transfer in transfers.iter_mut() {
            transfer.poll(net);
            assert_eq!(transfer.failure(), None);
        }
        if !net.step(until) {
            return transfers.iter().map(|transfer| transfer.read().0).collect();
        }
    }
}

#[test]
fn one_session_with_default_settings_fills_one_gigabit_at_100_ms() {
    let (mut net, sender, receivers) = network(1, 1);
    let associations = net.associate(sender, receivers[0], Cipher::ChaCha20Poly1305);
    let mut transfers = [Transfer::start(&mut net, (sender, receivers[0]), associations, 1 << 40, 0)];
    let at_start = run_until(&mut net, &mut transfers, 5_000_000)[0];
    let seconds = 10;
    let after = run_until(&mut net, &mut transfers, seconds * 1_000_000)[0];
    let share = (after - at_start) as f64 / (RATE * seconds) as f64;
    // 1,200-byte datagrams carry at most 1,160 bytes of a stream: 0.967 is what there is to reach.
    assert!(share >= 0.9, "share of the link: {share:.3}");
}

#[test]
fn four_sessions_share_one_bottleneck_fairly() {
    let (mut net, sender, receivers) = network(2, 4);
    net.share_bottleneck(sender, &receivers, RATE, BDP);
    let mut transfers = Vec::new();
    for receiver in &receivers {
        let associations = net.associate(sender, *receiver, Cipher::ChaCha20Poly1305);
        transfers.push(Transfer::start(&mut net, (sender, *receiver), associations, 1 << 40, 0));
    }
    let before = run_until(&mut net, &mut transfers, 20_000_000);
    let after = run_until(&mut net, &mut transfers, 40_000_000);
    let shares = after.iter().zip(&before).map(|(after, before)| (after - before) as f64).collect::<Vec<_>>();
    let sum: f64 = shares.iter().sum();
    let squares: f64 = shares.iter().map(|share| share * share).sum();
    let jain = sum * sum / (shares.len() as f64 * squares);
    assert!(jain >= 0.95, "Jain's index {jain:.3} of {shares:?}");
    assert!(sum / (RATE * 40) as f64 >= 0.85, "together {:.3} of the link", sum / (RATE * 40) as f64);
}

/// Another way through the network, and the same addresses: nobody is told.
#[test]
fn a_way_that_becomes_twenty_times_as_long_is_filled_again() {
    let (mut net, sender, receivers) = network(3, 1);
    let set_round_trip = |net: &mut Network, micros: u64| {
        net.link(sender, receivers[0]).config.delay_micros = micros / 2;
        net.link(receivers[0], sender).config.delay_micros = micros / 2;
    };
    set_round_trip(&mut net, 5_000);
    let associations = net.associate(sender, receivers[0], Cipher::ChaCha20Poly1305);
    let mut transfers = [Transfer::start(&mut net, (sender, receivers[0]), associations, 1 << 40, 0)];
    run_until(&mut net, &mut transfers, 2_000_000);
    set_round_trip(&mut net, RTT_MICROS);
    // The receiver believes the longer round trip after seconds; then it is for CUBIC to grow.
    let before = run_until(&mut net, &mut transfers, 16_000_000)[0];
    let seconds = 3;
    let after = run_until(&mut net, &mut transfers, seconds * 1_000_000)[0];
    let share = (after - before) as f64 / (RATE * seconds) as f64;
    assert!(share >= 0.8, "share of the link: {share:.3}");
}
