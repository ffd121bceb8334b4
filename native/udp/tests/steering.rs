//! Groups of real sockets on one port: what names a shard reaches its socket, datagrams and trains alike.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use osier_udp::{Ecn, FeatureName, ReceiveBuffer, Route, SendOutcome, SendQueue, UdpSocket};

/// Bytes of every datagram.
const DATAGRAM: usize = 1_200;

/// `count` sockets on one port of `host`, in the order in which they were bound.
fn group(host: &str, count: usize) -> Vec<UdpSocket> {
    let first = UdpSocket::bind_shared(format!("{host}:0").parse().unwrap()).unwrap();
    let address = first.local_address();
    let mut sockets = vec![first];
    sockets.resize_with(count, || UdpSocket::bind_shared(address).unwrap());
    sockets
}

/// The address at which a socket that is bound to all of them is reached.
fn reachable(socket: &UdpSocket, sender: &UdpSocket) -> SocketAddr {
    let loopback = if sender.local_address().is_ipv4() { "127.0.0.1" } else { "::1" };
    SocketAddr::new(loopback.parse().unwrap(), socket.local_address().port())
}

/// Sends one train of `packets` datagrams whose shards `shard_of` names.
fn send(sender: &mut UdpSocket, to: SocketAddr, packets: usize, shard_of: impl Fn(usize) -> u8) {
    let mut queue = SendQueue::new();
    for (packet, datagram) in queue.room().chunks_mut(DATAGRAM).take(packets).enumerate() {
        datagram.fill(0x11);
        datagram[7] = shard_of(packet);
    }
    queue.push(0, Route::to(to), Ecn::NotEct, DATAGRAM, packets * DATAGRAM);
    assert!(matches!(sender.send(&mut queue), SendOutcome::Done));
}

/// Takes `datagrams` from whichever sockets they come to: for each its socket and the shard that it names, in the order of arrival.
fn receive(sockets: &[UdpSocket], datagrams: usize) -> Vec<(usize, u8)> {
    let deadline = Instant::now() + Duration::from_secs(5);
    let mut buffer = ReceiveBuffer::new();
    let mut arrived = Vec::new();
    while arrived.len() < datagrams {
        assert!(Instant::now() < deadline, "{} of {datagrams} arrived", arrived.len());
        let mut polls: Vec<_> = sockets
            .iter()
            .map(|socket| libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLIN, revents: 0 })
            .collect();
        // SAFETY: as many pollfds as told, alive during the call.
        unsafe { libc::poll(polls.as_mut_ptr(), polls.len() as libc::nfds_t, 1_000) };
        for (number, socket) in sockets.iter().enumerate() {
            if socket.receive(&mut buffer).is_err() {
                continue;
            }
            for train in buffer.trains() {
                arrived.extend(
                    train.bytes.chunks(train.meta.segment_size).map(|datagram| (number, datagram[7])),
                );
            }
        }
    }
    arrived
}

/// Sends trains of 1 and of 40 datagrams for each shard of `order` and demands that they reach the socket at its position.
fn expect_steered(sockets: &[UdpSocket], order: &[u8], senders: &[&str]) {
    for from in senders {
        let mut sender = UdpSocket::bind(from.parse().unwrap()).unwrap();
        let to = reachable(&sockets[0], &sender);
        for (position, shard) in order.iter().enumerate() {
            for packets in [1, 40] {
                send(&mut sender, to, packets, |_| *shard);
                let expected = vec![(position, *shard); packets];
                assert_eq!(receive(sockets, packets), expected, "from {from}, order {order:?}");
            }
        }
    }
}

#[test]
fn datagrams_and_trains_reach_the_shard_that_they_name() {
    for (host, senders) in
        [("127.0.0.1", &["127.0.0.1:0"][..]), ("[::1]", &["[::1]:0"]), ("[::]", &["127.0.0.1:0", "[::1]:0"])]
    {
        for order in [&[0, 1][..], &[0, 1, 2], &[3, 0, 2, 1]] {
            let mut sockets = group(host, order.len());
            sockets[order.len() - 1].steer(order).unwrap();
            assert!(sockets[order.len() - 1].features().has(FeatureName::Steering));
            expect_steered(&sockets, order, senders);
        }
    }
}

#[test]
fn a_train_of_several_shards_goes_whole_to_that_of_its_first_datagram() {
    let mut sockets = group("127.0.0.1", 3);
    sockets[0].steer(&[0, 1, 2]).unwrap();
    let mut sender = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    assert!(sender.features().has(FeatureName::Gso), "without segmentation there are no trains");
    send(&mut sender, sockets[0].local_address(), 30, |packet| (packet as u8 + 1) % 3);
    let arrived = receive(&sockets, 30);
    assert!(arrived.iter().all(|(socket, _)| *socket == 1), "{arrived:?}");
    assert_eq!(arrived.iter().filter(|(_, shard)| *shard != 1).count(), 20);
}

#[test]
fn when_a_socket_closes_the_last_takes_its_position_and_a_new_one_is_last() {
    let mut sockets = group("127.0.0.1", 4);
    sockets[0].steer(&[0, 1, 2, 3]).unwrap();
    expect_steered(&sockets, &[0, 1, 2, 3], &["127.0.0.1:0"]);
    // Shard 1 dies: the kernel moves that of shard 3 to its position, as swap_remove does.
    drop(sockets.swap_remove(1));
    sockets[2].steer(&[0, 3, 2]).unwrap();
    expect_steered(&sockets, &[0, 3, 2], &["127.0.0.1:0"]);
    // Started anew it is the last.
    sockets.push(UdpSocket::bind_shared(sockets[0].local_address()).unwrap());
    sockets[1].steer(&[0, 3, 2, 1]).unwrap();
    expect_steered(&sockets, &[0, 3, 2, 1], &["127.0.0.1:0"]);
    // The first may die too.
    drop(sockets.swap_remove(0));
    sockets[0].steer(&[1, 3, 2]).unwrap();
    expect_steered(&sockets, &[1, 3, 2], &["127.0.0.1:0"]);
}

#[test]
fn what_names_no_shard_reaches_the_first_socket() {
    let mut sockets = group("127.0.0.1", 3);
    sockets[0].steer(&[2, 1, 0]).unwrap();
    let mut sender = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    send(&mut sender, sockets[0].local_address(), 5, |_| 77);
    assert_eq!(receive(&sockets, 5), [(0, 77); 5]);
    let plain = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for length in 1..=7 {
        plain.send_to(&vec![1; length], sockets[0].local_address()).unwrap();
    }
    let mut buffer = ReceiveBuffer::new();
    let mut lengths = Vec::new();
    while let Ok(1..) = sockets[0].receive(&mut buffer) {
        lengths.extend(buffer.trains().map(|train| train.bytes.len()));
    }
    assert_eq!(lengths, [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_port_is_shared_only_with_those_that_share_it() {
    let first = UdpSocket::bind_shared("127.0.0.1:0".parse().unwrap()).unwrap();
    let refused = UdpSocket::bind(first.local_address()).err();
    assert_eq!(refused.and_then(|error| error.raw_os_error()), Some(libc::EADDRINUSE));
    let alone = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let refused = UdpSocket::bind_shared(alone.local_address()).err();
    assert_eq!(refused.and_then(|error| error.raw_os_error()), Some(libc::EADDRINUSE));
}

/// Were the kernel to choose among the ports that others share too, two of so many would most likely be the same (9 pairs are to be expected).
#[test]
fn a_port_that_the_kernel_chooses_is_nobodys() {
    let bind = || UdpSocket::bind_shared("127.0.0.1:0".parse().unwrap()).unwrap();
    let sockets: Vec<_> = (0..700).map(|_| bind()).collect();
    let ports: HashSet<_> = sockets.iter().map(|socket| socket.local_address().port()).collect();
    assert_eq!(ports.len(), sockets.len());
}
