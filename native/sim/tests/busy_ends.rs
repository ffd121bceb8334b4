//! Ends whose event loops are busy by turns: what they have no time for lies in their sockets, which hold only so much.
#![allow(clippy::unwrap_used)]

use osier_core::{Cipher, EngineConfig};
use osier_sim::{HostId, LinkConfig, Network, Transfer};

/// What the engine asks the kernel for (osier_udp::SOCKET_BUFFER_BYTES).
const SOCKET_BUFFER_BYTES: usize = 4 << 20;
/// A memory copy from one process to another: 32 Gbit/s.
const RATE: u64 = 4_000_000_000;
/// A turn of the loop that does other things, and the one after it.
const BUSY_MICROS: u64 = 3_000;
const TURN_MICROS: u64 = 5_000;
const TURNS: u64 = 40;

/// Bytes that arrived, both ways together, and datagrams that the sockets had no room for.
fn run(bytes_back: u64) -> (u64, u64) {
    let mut net = Network::new(11);
    let hosts = [(); 2].map(|()| net.add_host(EngineConfig::default()));
    let link = LinkConfig { delay_micros: 25, bytes_per_second: RATE, ..LinkConfig::default() };
    for (from, to) in [(hosts[0], hosts[1]), (hosts[1], hosts[0])] {
        net.set_link(from, to, link.clone());
        net.set_receive_buffer(to, SOCKET_BUFFER_BYTES);
    }
    let associations = net.associate(hosts[0], hosts[1], Cipher::Aes256Gcm);
    let mut transfer = Transfer::start(&mut net, (hosts[0], hosts[1]), associations, 1 << 40, bytes_back);
    for turn in 0..TURNS {
        let busy = hosts[(turn % 2) as usize];
        net.freeze(busy, BUSY_MICROS);
        run_turn(&mut net, &mut transfer, hosts);
    }
    let (there, back) = transfer.read();
    (there + back, hosts.iter().map(|host| net.socket_overflows(*host)).sum())
}

fn run_turn(net: &mut Network, transfer: &mut Transfer, hosts: [HostId; 2]) {
    let until = net.now().plus_micros(TURN_MICROS);
    loop {
        for host in hosts {
            while let Some(event) = net.engine(host).poll_event() {
                transfer.on_event(host, &event);
            }
        }
        transfer.poll(net);
        assert_eq!(transfer.failure(), None);
        if !net.step(until) {
            return;
        }
    }
}

#[test]
fn both_directions_at_once_overflow_no_socket_and_move_as_much_as_one() {
    let (one_way, _) = run(0);
    let (both_ways, overflows) = run(1 << 40);
    assert_eq!(overflows, 0);
    let share = both_ways as f64 / one_way as f64;
    assert!(share >= 0.85, "both ways together move {share:.2} of one way");
}
