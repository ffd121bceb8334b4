//! What the network says about datagrams that were sent is a hint: it hurries a question to the peer or a search for a size, and ends nothing.
#![allow(clippy::unwrap_used)]

use osier_core::{Cipher, CloseCause, EngineConfig, Event};
use osier_sim::{HostId, LinkConfig, Network, Transfer};

const SECOND: u64 = 1_000_000;
const BASE: usize = 1_200;

/// Two hosts with an association that has measured its round trip of 20 ms and fallen quiet.
fn quiet_pair(config: EngineConfig) -> (Network, HostId, HostId, u32) {
    let mut net = Network::new(1);
    let (a, b) = (net.add_host(config.clone()), net.add_host(config));
    let link = LinkConfig { delay_micros: 10_000, reports_failures: true, ..LinkConfig::default() };
    net.set_link(a, b, link.clone());
    net.set_link(b, a, link);
    let (handle, _) = net.associate(a, b, Cipher::ChaCha20Poly1305);
    run_for(&mut net, SECOND);
    (net, a, b, handle)
}

fn run_for(net: &mut Network, micros: u64) {
    let until = net.now().plus_micros(micros);
    while net.step(until) {}
}

fn ping(net: &mut Network, host: HostId, handle: u32) {
    let now = net.now();
    net.engine(host).ping(now, handle, 1);
    net.flush(host);
}

fn sent(net: &mut Network, host: HostId) -> u64 {
    net.engine(host).stats().packets_sent
}

/// The first bytes of the packet that the association sends next, which is sent.
fn next_packet(net: &mut Network, host: HostId, handle: u32) -> Vec<u8> {
    let now = net.now();
    net.engine(host).ping(now, handle, 2);
    let mut train = vec![0; osier_core::TRAIN_BYTES_MAX];
    let transmit = net.engine(host).poll_transmit(now, &mut train).unwrap();
    train[..transmit.len.min(64)].to_vec()
}

fn reports(net: &mut Network, host: HostId, count: usize, quoted: &[u8]) -> u64 {
    let (now, remote) = (net.now(), net.address(HostId(1 - host.0)));
    for _ in 0..count {
        net.engine(host).on_unreachable(now, remote, quoted);
        net.engine(host).on_too_long(now, remote, quoted);
    }
    net.flush(host);
    net.engine(host).stats().reports_heeded
}

#[test]
fn a_peer_that_is_called_unreachable_is_asked_at_once() {
    let (mut net, a, b, handle) = quiet_pair(EngineConfig::default());
    net.link(a, b).config.down = true;
    let before = sent(&mut net, a);
    ping(&mut net, a, handle);
    assert_eq!(sent(&mut net, a) - before, 2, "the probe does not wait for a probe time-out");
    // Back before the time-out: the probe that is due then is answered.
    net.link(a, b).config.down = false;
    run_for(&mut net, SECOND);
    let answered =
        std::iter::from_fn(|| net.engine(a).poll_event()).any(|event| matches!(event, Event::Pong { .. }));
    assert!(answered);
}

#[test]
fn a_peer_that_is_called_unreachable_for_ever_is_lost_by_the_usual_rule_and_no_sooner() {
    let config = EngineConfig { peer_lost_after_micros: 10 * SECOND, ..EngineConfig::default() };
    let (mut net, a, b, handle) = quiet_pair(config);
    net.link(a, b).config.down = true;
    let before = sent(&mut net, a);
    ping(&mut net, a, handle);
    run_for(&mut net, 10 * SECOND - 1_000);
    assert!(net.engine(a).association_path(handle).is_some());
    let closed = |net: &mut Network| {
        std::iter::from_fn(|| net.engine(a).poll_event())
            .any(|event| matches!(event, Event::AssociationClosed { cause: CloseCause::PeerLost { .. }, .. }))
    };
    assert!(!closed(&mut net));
    // Probes back off from some 60 ms to one a second; every second one report may add one more.
    let packets = sent(&mut net, a) - before;
    assert!((10..=45).contains(&packets), "{packets} packets into a dead link in ten seconds");
    run_for(&mut net, SECOND);
    assert!(closed(&mut net));
}

#[test]
fn a_thousand_reports_cost_one_probe_a_second() {
    let (mut net, a, _, handle) = quiet_pair(EngineConfig::default());
    let quoted = next_packet(&mut net, a, handle);
    let before = sent(&mut net, a);
    assert_eq!(reports(&mut net, a, 1_000, &quoted), 1);
    assert_eq!(sent(&mut net, a) - before, 1);
}

#[test]
fn reports_of_what_was_never_sent_there_are_ignored() {
    let (mut net, a, _, handle) = quiet_pair(EngineConfig::default());
    let quoted = next_packet(&mut net, a, handle);
    let before = sent(&mut net, a);
    let mut other_session = quoted.clone();
    other_session[4] ^= 1;
    let mut later_packet = quoted.clone();
    later_packet[8] ^= 0x40;
    let mut earlier_packet = quoted.clone();
    earlier_packet[8..16].fill(0);
    for forged in [&other_session[..], &later_packet, &earlier_packet, &quoted[..20], &[]] {
        assert_eq!(reports(&mut net, a, 1, forged), 0, "{forged:?}");
    }
    let elsewhere = "10.9.9.9:7400".parse().unwrap();
    let now = net.now();
    net.engine(a).on_unreachable(now, elsewhere, &quoted);
    net.flush(a);
    assert_eq!(sent(&mut net, a), before);
}

#[test]
fn a_link_that_says_what_it_refuses_takes_one_packet_to_be_believed() {
    let config = EngineConfig::default();
    let (mut net, a, b, handle) = quiet_pair(config);
    for (from, to) in [(a, b), (b, a)] {
        net.link(from, to).config.mtu_bytes = 1_472;
        net.link(from, to).config.bytes_per_second = 12_500_000;
    }
    let mut transfer = Transfer::start(&mut net, (a, b), (handle, handle), 1 << 40, 0);
    let mtu = |net: &mut Network| net.engine(a).association_stats(handle).unwrap().mtu_bytes;
    transfer.run(&mut net, 2 * SECOND).unwrap_err();
    assert_eq!(mtu(&mut net), 1_472);
    assert!(net.link(a, b).counters.too_large <= 4, "one probe for each size that does not pass");

    for (from, to) in [(a, b), (b, a)] {
        net.link(from, to).config.mtu_bytes = 1_272;
    }
    // What fills a packet next is refused: the very same call goes on with less.
    transfer.run(&mut net, 2 * SECOND + 30_000).unwrap_err();
    assert!((BASE..=1_272).contains(&mtu(&mut net)), "{}", mtu(&mut net));
    transfer.run(&mut net, 5 * SECOND).unwrap_err();
    assert!((1_257..=1_272).contains(&mtu(&mut net)), "{} is found without a pause", mtu(&mut net));
    let before = transfer.read().0;
    transfer.run(&mut net, 6 * SECOND).unwrap_err();
    assert!(transfer.read().0 - before > 10_000_000);
}
