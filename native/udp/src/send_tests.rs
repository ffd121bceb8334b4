//! Sending against a kernel that refuses: the system call is replaced, the rest is real.

#![allow(clippy::unwrap_used)]

use std::cell::Cell;
use std::net::SocketAddr;

use crate::features::FeatureName;
use crate::network_report::ReportKind;
use crate::receive::ReceiveBuffer;
use crate::route::{Ecn, Route};
use crate::send_queue::{SendOutcome, SendQueue};
use crate::socket::UdpSocket;

thread_local! {
    /// How the replaced kernel answers the next calls.
    static REFUSAL: Cell<Refusal> = const { Cell::new(Refusal { of_trains: 0, of_datagrams: 0, times: 0, calls: 0 }) };
}

#[derive(Clone, Copy)]
struct Refusal {
    /// Error number for a first message of more than one datagram; 0 lets it pass.
    of_trains: i32,
    /// Error number for a first message of one datagram; 0 lets it pass.
    of_datagrams: i32,
    /// Refusals still to come.
    times: u32,
    calls: u32,
}

/// Refuses by [`REFUSAL`]; what it lets pass goes to the real kernel, one message a call, as if the socket's buffer were small.
unsafe fn refusing_sendmmsg(
    socket: libc::c_int,
    messages: *mut libc::mmsghdr,
    _count: libc::c_uint,
) -> libc::c_int {
    let mut refusal = REFUSAL.get();
    refusal.calls += 1;
    // SAFETY: the caller passes at least one filled message.
    let first = unsafe { &(*messages).msg_hdr };
    // SAFETY: as above; the macros stay within the control buffer.
    let is_train = unsafe {
        let mut next = libc::CMSG_FIRSTHDR(first);
        let mut found = false;
        while !next.is_null() {
            found |= (*next).cmsg_level == libc::SOL_UDP && (*next).cmsg_type == libc::UDP_SEGMENT;
            next = libc::CMSG_NXTHDR(first, next);
        }
        found
    };
    let errno = if is_train { refusal.of_trains } else { refusal.of_datagrams };
    let is_refused = errno != 0 && refusal.times > 0;
    refusal.times -= u32::from(is_refused);
    REFUSAL.set(refusal);
    if is_refused {
        // SAFETY: errno is a thread-local integer.
        unsafe { *libc::__errno_location() = errno };
        return -1;
    }
    // SAFETY: the caller's promise.
    unsafe { libc::sendmmsg(socket, messages, 1, libc::MSG_DONTWAIT as _) }
}

fn refuse(of_trains: i32, of_datagrams: i32) {
    refuse_times(of_trains, of_datagrams, u32::MAX);
}

fn refuse_times(of_trains: i32, of_datagrams: i32, times: u32) {
    REFUSAL.set(Refusal { of_trains, of_datagrams, times, calls: 0 });
}

struct Pair {
    sender: UdpSocket,
    receiver: UdpSocket,
    queue: SendQueue,
}

impl Pair {
    fn new() -> Self {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let mut sender = UdpSocket::bind(any).unwrap();
        sender.scratch.send_messages = refusing_sendmmsg;
        Self { sender, receiver: UdpSocket::bind(any).unwrap(), queue: SendQueue::new() }
    }

    fn push_train(&mut self, segment_size: usize, length: usize) {
        for (at, byte) in self.queue.room()[..length].iter_mut().enumerate() {
            *byte = (at / segment_size) as u8;
        }
        let route = Route::to(self.receiver.local_address());
        self.queue.push(0, route, Ecn::NotEct, segment_size, length);
    }

    fn arrived(&self) -> Vec<Vec<u8>> {
        let mut buffer = ReceiveBuffer::new();
        let mut datagrams = Vec::new();
        while self.receiver.receive(&mut buffer).is_ok() {
            for train in buffer.trains() {
                datagrams.extend(train.bytes.chunks(train.meta.segment_size).map(<[u8]>::to_vec));
            }
        }
        datagrams
    }
}

#[test]
fn a_path_that_refuses_trains_gets_every_datagram_singly_and_is_not_asked_again() {
    for errno in [libc::EIO, libc::EINVAL] {
        let mut pair = Pair::new();
        refuse(errno, 0);
        pair.push_train(100, 950);
        assert!(matches!(pair.sender.send(&mut pair.queue), SendOutcome::Done));
        let arrived = pair.arrived();
        let lengths: Vec<usize> = arrived.iter().map(Vec::len).collect();
        assert_eq!(lengths, [100, 100, 100, 100, 100, 100, 100, 100, 100, 50], "errno {errno}");
        assert!(arrived
            .iter()
            .enumerate()
            .all(|(number, bytes)| bytes.iter().all(|byte| *byte == number as u8)));
        assert!(pair
            .sender
            .features()
            .reasons()
            .iter()
            .any(|reason| reason.starts_with("gso: off towards 127.0.0.1")));

        refuse(errno, 0);
        pair.push_train(100, 200);
        assert!(matches!(pair.sender.send(&mut pair.queue), SendOutcome::Done));
        assert_eq!(REFUSAL.get().calls, 2, "two datagrams, no train offered");
        assert_eq!(pair.sender.datagrams_dropped(), 0);
    }
}

#[test]
fn a_refusal_for_another_reason_keeps_segmentation_on() {
    let mut pair = Pair::new();
    refuse(libc::EINVAL, libc::EMSGSIZE);
    pair.push_train(100, 300);
    assert!(matches!(pair.sender.send(&mut pair.queue), SendOutcome::Done));
    assert_eq!(pair.sender.datagrams_dropped(), 3);
    refuse(0, 0);
    pair.push_train(100, 300);
    assert!(matches!(pair.sender.send(&mut pair.queue), SendOutcome::Done));
    assert_eq!(REFUSAL.get().calls, 1, "one train");
    assert_eq!(pair.arrived().len(), 3);
    assert!(pair.sender.features().has(FeatureName::Gso));
}

#[test]
fn a_full_socket_keeps_the_rest_for_later() {
    let mut pair = Pair::new();
    pair.sender.segmentation.refuse(&Route::to(pair.receiver.local_address()));
    pair.push_train(10, 30);
    pair.push_train(10, 10);
    refuse(0, libc::EAGAIN);
    assert!(matches!(pair.sender.send(&mut pair.queue), SendOutcome::Blocked));
    assert!(!pair.queue.is_empty());
    refuse(0, 0);
    assert!(matches!(pair.sender.send(&mut pair.queue), SendOutcome::Done));
    assert!(pair.queue.is_empty());
    assert_eq!(pair.arrived().len(), 4);
}

#[test]
fn transient_errors_cost_a_datagram_and_fatal_ones_the_socket() {
    for errno in [libc::ENOBUFS, libc::ECONNREFUSED, libc::EMSGSIZE, libc::EPERM, libc::ENETUNREACH] {
        let mut pair = Pair::new();
        pair.push_train(10, 10);
        refuse(0, errno);
        assert!(matches!(pair.sender.send(&mut pair.queue), SendOutcome::Done), "errno {errno}");
        assert_eq!(pair.sender.datagrams_dropped(), 1);
    }
    let mut pair = Pair::new();
    pair.push_train(10, 10);
    refuse(0, libc::EBADF);
    assert!(matches!(pair.sender.send(&mut pair.queue), SendOutcome::Failed(_)));
    pair.queue.drop_head();
    assert!(pair.queue.is_empty());
}

/// What the network says of earlier datagrams comes as an error of later calls, as often as somebody likes.
#[test]
fn reports_in_a_row_cost_no_datagram_and_end_no_socket() {
    for errno in [libc::EOPNOTSUPP, libc::ECONNREFUSED, libc::EPROTO, libc::EACCES, libc::EMSGSIZE] {
        for length in [10, 30] {
            let mut pair = Pair::new();
            pair.push_train(10, length);
            refuse_times(errno, errno, 2);
            assert!(matches!(pair.sender.send(&mut pair.queue), SendOutcome::Done), "errno {errno}");
            assert_eq!(pair.arrived().len(), length / 10, "errno {errno}");
            assert_eq!(pair.sender.datagrams_dropped(), 0);
        }
    }
}

#[test]
fn reports_while_segmentation_is_tried_without_cost_no_datagram_and_end_no_socket() {
    let mut pair = Pair::new();
    pair.push_train(10, 30);
    refuse(libc::EIO, 0);
    let mut refusal = REFUSAL.get();
    (refusal.of_datagrams, refusal.times) = (libc::EOPNOTSUPP, 3);
    REFUSAL.set(refusal);
    assert!(matches!(pair.sender.send(&mut pair.queue), SendOutcome::Done));
    assert_eq!((pair.arrived().len(), pair.sender.datagrams_dropped()), (3, 0));
}

#[test]
fn reports_without_end_cost_the_datagrams_and_no_socket() {
    let mut pair = Pair::new();
    pair.push_train(10, 30);
    pair.push_train(10, 10);
    refuse(libc::EOPNOTSUPP, libc::EOPNOTSUPP);
    assert!(matches!(pair.sender.send(&mut pair.queue), SendOutcome::Done));
    assert_eq!(pair.sender.datagrams_dropped(), 4);
    assert!(REFUSAL.get().calls < 20, "{} calls", REFUSAL.get().calls);
}

/// Reports of the network to others are no proof of this datagram's length.
#[test]
fn a_datagram_is_reported_too_long_only_when_this_machine_says_so() {
    for length in [10, 30] {
        let mut pair = Pair::new();
        pair.push_train(10, length);
        refuse(libc::EMSGSIZE, libc::EMSGSIZE);
        assert!(matches!(pair.sender.send(&mut pair.queue), SendOutcome::Done));
        assert_eq!(pair.sender.take_reports().count(), 0);
    }
}

/// The loopback's MTU is 65,536 bytes: these are the only datagrams that it refuses.
#[test]
fn every_peer_of_one_send_whose_datagram_is_too_long_is_reported() {
    const LENGTH: usize = 65_530;
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let mut socket = UdpSocket::bind(any).unwrap();
    let peers = [UdpSocket::bind(any).unwrap(), UdpSocket::bind(any).unwrap()];
    let mut queue = SendQueue::with_bytes(3 * LENGTH);
    for peer in &peers {
        queue.push(0, Route::to(peer.local_address()), Ecn::NotEct, LENGTH, LENGTH);
        queue.push(0, Route::to(peer.local_address()), Ecn::NotEct, 100, 100);
    }
    assert!(matches!(socket.send(&mut queue), SendOutcome::Done));
    let reports: Vec<_> = socket.take_reports().map(|report| (report.kind, report.remote)).collect();
    let expected = [0, 1].map(|peer| (ReportKind::TooLong, peers[peer].local_address()));
    assert_eq!(reports, expected);
    assert_eq!(socket.datagrams_dropped(), 2);
    assert_eq!(socket.next_report().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}
