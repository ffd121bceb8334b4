//! Joins two network namespaces through two TUN devices and treats what crosses as a long, slow or lossy path would, so that TCP, QUIC and Osier
//! meet the same link: `osier-netem NAMESPACE_A ADDRESS_A NAMESPACE_B ADDRESS_B FAULTS`. Addresses with a prefix length, faults as JSON (see
//! `faults.rs`). Needs root. Prints `{"ready":true}` when packets can cross, and what it counted when stdin ends.

mod clock;
mod faults;
mod link;
mod random;
mod tun;

use std::os::fd::AsRawFd;

use faults::Faults;
use link::Link;
use tun::Tun;

/// Larger than what a TUN device can hand over without offloads.
const PACKET_BYTES: usize = 65_536;

/// Packets taken from one device before the other has its turn.
const TURN_PACKETS: usize = 64;

fn main() {
    if let Err(error) = run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        eprintln!("osier-netem: {error}");
        std::process::exit(1);
    }
}

fn run(arguments: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let [namespace_a, address_a, namespace_b, address_b, faults] = arguments else {
        return Err("usage: osier-netem NAMESPACE_A ADDRESS_A NAMESPACE_B ADDRESS_B FAULTS".into());
    };
    let faults: Faults = serde_json::from_str(faults)?;
    faults.check()?;
    let devices =
        [Tun::open(namespace_a, address_a, faults.mtu)?, Tun::open(namespace_b, address_b, faults.mtu)?];
    println!("{}", serde_json::json!({ "ready": true }));
    let mut links = [Link::new(&faults, faults.seed), Link::new(&faults, !faults.seed)];
    pump(&devices, &mut links)?;
    let [there, back] = links.map(|link| link.counters);
    println!("{}", serde_json::json!({ "there": there, "back": back }));
    Ok(())
}

/// Carries packets until stdin ends.
fn pump(devices: &[Tun; 2], links: &mut [Link; 2]) -> std::io::Result<()> {
    let mut packet = vec![0; PACKET_BYTES];
    loop {
        let now = clock::nanos();
        for (from, link) in links.iter_mut().enumerate() {
            while let Some(due) = link.take_due(now) {
                devices[1 - from].write(&due)?;
            }
        }
        let next = links.iter().filter_map(Link::next_due).min();
        let mut polled = [poll_of(0), poll_of(devices[0].as_raw_fd()), poll_of(devices[1].as_raw_fd())];
        clock::wait(&mut polled, next)?;
        if polled[0].revents != 0 {
            return Ok(());
        }
        for (from, link) in links.iter_mut().enumerate() {
            if polled[1 + from].revents == 0 {
                continue;
            }
            for _ in 0..TURN_PACKETS {
                let Some(length) = devices[from].read(&mut packet)? else { break };
                link.send(clock::nanos(), &packet[..length]);
            }
        }
    }
}

fn poll_of(fd: i32) -> libc::pollfd {
    libc::pollfd { fd, events: libc::POLLIN, revents: 0 }
}
