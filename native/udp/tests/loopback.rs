//! Two real sockets on the loopback interface.

#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::{Duration, Instant};

use osier_udp::{Ecn, FeatureName, ReceiveBuffer, ReceiveMeta, Route, SendOutcome, SendQueue, UdpSocket};

fn socket(address: &str) -> UdpSocket {
    UdpSocket::bind(address.parse().unwrap()).unwrap()
}

/// Waits for the next trains and returns copies.
fn receive(socket: &UdpSocket, buffer: &mut ReceiveBuffer) -> Vec<(ReceiveMeta, Vec<u8>)> {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let mut poll = libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one pollfd, alive during the call.
        unsafe { libc::poll(&mut poll, 1, 1_000) };
        if socket.receive(buffer).is_ok() {
            return buffer.trains().map(|train| (train.meta, train.bytes.to_vec())).collect();
        }
        assert!(Instant::now() < deadline, "nothing arrived");
    }
}

fn send(socket: &mut UdpSocket, route: Route, ecn: Ecn, segment_size: usize, bytes: &[u8]) {
    let mut queue = SendQueue::new();
    queue.room()[..bytes.len()].copy_from_slice(bytes);
    queue.push(0, route, ecn, segment_size, bytes.len());
    assert!(matches!(socket.send(&mut queue), SendOutcome::Done));
    assert_eq!(socket.datagrams_dropped(), 0);
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 % 251) as u8).collect()
}

#[test]
fn a_train_crosses_whole_with_its_segment_size() {
    for (from, to) in [("127.0.0.1:0", "127.0.0.1:0"), ("[::1]:0", "[::1]:0")] {
        let (mut sender, receiver) = (socket(from), socket(to));
        let bytes = pattern(1_200 * 53 + 77);
        send(&mut sender, Route::to(receiver.local_address()), Ecn::NotEct, 1_200, &bytes);
        let mut buffer = ReceiveBuffer::new();
        let mut arrived = Vec::new();
        while arrived.len() < bytes.len() {
            for (meta, part) in receive(&receiver, &mut buffer) {
                assert_eq!(meta.route.remote, sender.local_address());
                assert!(meta.segment_size == 1_200 || part.len() == 77, "{meta:?} {}", part.len());
                arrived.extend(part);
            }
        }
        assert!(arrived == bytes);
    }
}

#[test]
fn more_segments_than_the_kernel_takes_at_once_arrive_all_the_same() {
    let (mut sender, receiver) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
    let bytes = pattern(100 * 150 + 3);
    send(&mut sender, Route::to(receiver.local_address()), Ecn::NotEct, 100, &bytes);
    let mut buffer = ReceiveBuffer::new();
    let mut arrived = Vec::new();
    while arrived.len() < bytes.len() {
        arrived.extend(receive(&receiver, &mut buffer).into_iter().flat_map(|(_, part)| part));
    }
    assert!(arrived == bytes);
    assert!(!sender.features().reasons().iter().any(|reason| reason.starts_with("gso: off")));
}

#[test]
fn a_short_datagram_after_a_long_one_shows_nothing_of_it() {
    let (mut sender, receiver) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
    let mut buffer = ReceiveBuffer::new();
    let route = Route::to(receiver.local_address());
    send(&mut sender, route, Ecn::NotEct, 60_000, &[0xaa; 60_000]);
    assert_eq!(receive(&receiver, &mut buffer)[0].1.len(), 60_000);
    send(&mut sender, route, Ecn::NotEct, 3, &[1, 2, 3]);
    let trains = receive(&receiver, &mut buffer);
    assert_eq!(trains.len(), 1);
    assert_eq!(trains[0].1, [1, 2, 3]);
    assert_eq!(trains[0].0.segment_size, 3);
}

#[test]
fn after_lone_datagrams_a_crowd_is_taken_together_again() {
    let (mut sender, receiver) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
    let mut buffer = ReceiveBuffer::new();
    let mut ping = |count: usize| {
        for _ in 0..count {
            send(&mut sender, Route::to(receiver.local_address()), Ecn::NotEct, 4, b"ping");
        }
    };
    ping(1);
    assert_eq!(receive(&receiver, &mut buffer).len(), 1);
    // Nothing of a crowd is lost on one who expects lone ones, and soon the crowd is seen.
    ping(40);
    let calls = (0..40).map_while(|_| receiver.receive(&mut buffer).ok()).collect::<Vec<_>>();
    assert_eq!(calls.iter().sum::<usize>(), 40);
    assert!(calls.ends_with(&[4, 4]), "{calls:?}");
    // Whoever wants all there is gets it at once.
    ping(1);
    assert_eq!(receive(&receiver, &mut buffer).len(), 1);
    ping(3);
    buffer.expect_many();
    assert_eq!(receive(&receiver, &mut buffer).len(), 3);
}

#[test]
fn an_error_or_an_empty_datagram_leaves_no_old_train_behind() {
    let (mut sender, receiver) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
    let mut buffer = ReceiveBuffer::new();
    send(&mut sender, Route::to(receiver.local_address()), Ecn::NotEct, 9, &[5; 9]);
    assert_eq!(receive(&receiver, &mut buffer).len(), 1);
    assert!(receiver.receive(&mut buffer).is_err());
    assert_eq!(buffer.trains().count(), 0);
    std::net::UdpSocket::bind("127.0.0.1:0").unwrap().send_to(&[], receiver.local_address()).unwrap();
    assert_eq!(receive(&receiver, &mut buffer), []);
}

#[test]
fn a_run_to_many_peers_goes_to_each_its_own() {
    let mut sender = socket("127.0.0.1:0");
    let receivers: Vec<UdpSocket> = (0..100).map(|_| socket("127.0.0.1:0")).collect();
    let mut queue = SendQueue::new();
    for (number, receiver) in receivers.iter().enumerate() {
        let bytes = pattern(20 + number);
        queue.room()[..bytes.len()].copy_from_slice(&bytes);
        queue.push(0, Route::to(receiver.local_address()), Ecn::NotEct, bytes.len(), bytes.len());
        if queue.is_full() {
            assert!(matches!(sender.send(&mut queue), SendOutcome::Done));
        }
    }
    assert!(matches!(sender.send(&mut queue), SendOutcome::Done));
    let mut buffer = ReceiveBuffer::new();
    for (number, receiver) in receivers.iter().enumerate() {
        assert_eq!(receive(receiver, &mut buffer)[0].1, pattern(20 + number));
    }
}

#[test]
fn a_queue_for_two_sockets_leaves_from_each_its_own() {
    let mut senders = [socket("127.0.0.1:0"), socket("127.0.0.1:0")];
    let receiver = socket("127.0.0.1:0");
    let mut queue = SendQueue::new();
    for (number, from) in [0, 0, 1, 0, 1, 1].into_iter().enumerate() {
        queue.room()[..3].fill(number as u8);
        queue.push(from, Route::to(receiver.local_address()), Ecn::NotEct, 3, 3);
    }
    let mut turns = 0;
    while let Some(from) = queue.head_socket() {
        assert!(matches!(senders[usize::from(from)].send(&mut queue), SendOutcome::Done));
        turns += 1;
    }
    assert_eq!(turns, 4);
    let mut buffer = ReceiveBuffer::new();
    let mut arrived = Vec::new();
    while arrived.len() < 6 {
        for (meta, bytes) in receive(&receiver, &mut buffer) {
            let from = senders.iter().position(|sender| sender.local_address() == meta.route.remote).unwrap();
            arrived.extend(bytes.chunks(meta.segment_size).map(|datagram| (datagram[0], from)));
        }
    }
    assert_eq!(arrived, [(0, 0), (1, 0), (2, 1), (3, 0), (4, 1), (5, 1)]);
}

#[test]
fn trains_of_mixed_sizes_keep_their_borders() {
    let (mut sender, receiver) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
    let sizes = [(1_200, 4_800), (40, 40), (1_440, 3_000), (16, 16), (1_200, 1_200)];
    let mut queue = SendQueue::new();
    let mut expected = Vec::new();
    for (segment_size, length) in sizes {
        let bytes = pattern(length);
        queue.room()[..length].copy_from_slice(&bytes);
        queue.push(0, Route::to(receiver.local_address()), Ecn::NotEct, segment_size, length);
        expected.extend(bytes.chunks(segment_size).map(<[u8]>::len));
    }
    assert!(matches!(sender.send(&mut queue), SendOutcome::Done));
    let mut buffer = ReceiveBuffer::new();
    let mut lengths = Vec::new();
    while lengths.len() < expected.len() {
        for (meta, bytes) in receive(&receiver, &mut buffer) {
            lengths.extend(bytes.chunks(meta.segment_size).map(<[u8]>::len));
        }
    }
    assert_eq!(lengths, expected);
}

#[test]
fn the_address_that_a_peer_used_is_known_and_answers_leave_from_it() {
    for (bound, used) in [("0.0.0.0:0", "127.0.0.5"), ("[::]:0", "127.0.0.5"), ("[::]:0", "::1")] {
        let mut server = socket(bound);
        let used: IpAddr = used.parse().unwrap();
        let mut client = socket(if used.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" });
        let to = SocketAddr::new(used, server.local_address().port());
        send(&mut client, Route::to(to), Ecn::NotEct, 4, b"ping");
        let mut buffer = ReceiveBuffer::new();
        let (meta, _) = receive(&server, &mut buffer)[0];
        assert_eq!(meta.route.local, Some(used), "bound to {bound}");
        assert_eq!(meta.route.remote, client.local_address(), "no mapped address");
        assert!(meta.route.interface > 0);
        send(&mut server, meta.route, Ecn::NotEct, 4, b"pong");
        assert_eq!(receive(&client, &mut buffer)[0].0.route.remote, to);
    }
}

#[test]
fn congestion_marks_cross() {
    for (from, to) in [
        ("127.0.0.1:0", "127.0.0.1:0"),
        ("[::1]:0", "[::1]:0"),
        ("127.0.0.1:0", "[::]:0"),
        ("[::]:0", "127.0.0.1:0"),
    ] {
        let (mut sender, receiver) = (socket(from), socket(to));
        let mut remote = receiver.local_address();
        if remote.ip().is_unspecified() {
            remote.set_ip("127.0.0.1".parse().unwrap());
        }
        let mut buffer = ReceiveBuffer::new();
        for ecn in [Ecn::Ect0, Ecn::NotEct, Ecn::Ce, Ecn::Ect1] {
            send(&mut sender, Route::to(remote), ecn, 100, &[0; 500]);
            assert_eq!(receive(&receiver, &mut buffer)[0].0.ecn, ecn, "{from} to {to}");
        }
    }
}

#[test]
fn only_the_unspecified_ipv6_address_takes_ipv4() {
    assert!(socket("[::]:0").reaches(&"127.0.0.1:1".parse().unwrap()));
    assert!(!socket("[::1]:0").reaches(&"127.0.0.1:1".parse().unwrap()));
    assert!(!socket("127.0.0.1:0").reaches(&"[::1]:1".parse().unwrap()));
    let v6 = socket("[::1]:0");
    let port = v6.local_address().port();
    assert!(UdpSocket::bind(SocketAddr::new("127.0.0.1".parse().unwrap(), port)).is_ok());
}

#[test]
fn a_peer_of_the_wrong_family_costs_a_datagram_not_the_socket() {
    let mut sender = socket("127.0.0.1:0");
    let mut queue = SendQueue::new();
    queue.push(0, Route::to("[::1]:9".parse().unwrap()), Ecn::NotEct, 10, 10);
    assert!(matches!(sender.send(&mut queue), SendOutcome::Done));
    assert_eq!(sender.datagrams_dropped(), 1);
}

#[test]
fn a_train_in_the_callers_memory_goes_whole_or_not_at_all() {
    let (mut sender, receiver) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
    let route = Route::to(receiver.local_address());
    let bytes = pattern(1_200 * 53 + 77);
    assert!(!sender.send_now(route, Ecn::NotEct, 100, &bytes), "more segments than the kernel takes");
    assert!(!sender.send_now(route, Ecn::NotEct, 1_200, &pattern(65_508)), "longer than a datagram");
    assert!(!sender.send_now(route, Ecn::NotEct, 1_200, &[]));
    assert!(sender.send_now(route, Ecn::Ect0, 1_200, &bytes));
    let (mut buffer, mut arrived) = (ReceiveBuffer::new(), Vec::new());
    while arrived.len() < bytes.len() {
        for (meta, part) in receive(&receiver, &mut buffer) {
            assert_eq!(meta.ecn, Ecn::Ect0);
            arrived.extend(part);
        }
    }
    assert!(arrived == bytes);
}

#[test]
fn singles_that_fill_the_buffer_are_told_from_trains() {
    let (mut sender, receiver) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
    let route = Route::to(receiver.local_address());
    let mut buffer = ReceiveBuffer::new();
    for _ in 0..4 {
        assert!(sender.send_now(route, Ecn::NotEct, 50, &[1; 50]));
    }
    assert_eq!(receive(&receiver, &mut buffer).len(), 4);
    assert!(buffer.is_full_of_singles());
    for _ in 0..3 {
        assert!(sender.send_now(route, Ecn::NotEct, 50, &[1; 50]));
    }
    assert_eq!(receive(&receiver, &mut buffer).len(), 3);
    assert!(!buffer.is_full_of_singles());
}

#[test]
fn a_port_in_use_is_the_systems_error_and_a_dropped_socket_frees_it() {
    let first = socket("127.0.0.1:0");
    let address = first.local_address();
    assert_eq!(UdpSocket::bind(address).err().and_then(|error| error.raw_os_error()), Some(libc::EADDRINUSE));
    drop(first);
    assert!(UdpSocket::bind(address).is_ok());
}

#[test]
fn descriptors_are_not_inherited_and_buffers_are_reported() {
    let socket = socket("127.0.0.1:0");
    // SAFETY: the descriptor is open while `socket` lives.
    let descriptor = unsafe { BorrowedFd::borrow_raw(socket.as_raw_fd()) };
    // SAFETY: no pointers.
    let flags = unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_GETFD) };
    assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC);
    let features = socket.features();
    assert!(features.receive_buffer_bytes > 0 && features.send_buffer_bytes > 0);
    for name in
        [FeatureName::Gso, FeatureName::Gro, FeatureName::Mmsg, FeatureName::PacketInfo, FeatureName::Ecn]
    {
        assert!(
            features.has(name) || features.reasons().iter().any(|reason| reason.starts_with(name.as_str()))
        );
    }
}

#[test]
fn refused_ports_do_not_disturb_a_socket() {
    let closed = socket("127.0.0.1:0").local_address();
    let (mut sender, receiver) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
    for _ in 0..3 {
        send(&mut sender, Route::to(closed), Ecn::NotEct, 5, &[0; 5]);
    }
    send(&mut sender, Route::to(receiver.local_address()), Ecn::NotEct, 5, b"still");
    assert_eq!(receive(&receiver, &mut ReceiveBuffer::new())[0].1, b"still");
    assert!(sender.take_pending_error().is_ok());
}
