//! The socket's error queue: what the network answered to datagrams that were sent (`ip(7)`, IP_RECVERR). Nobody signs it, and an error of one peer's
//! datagram is reported by the next call for another's: see [`is_report`](crate::error_class::is_report).

use std::io;
use std::mem;
use std::os::fd::AsRawFd;

use crate::control_message::{control_messages, ControlBuffer};
use crate::network_report::{NetworkReport, ReportKind, QUOTE_BYTES};
use crate::socket::UdpSocket;
use crate::socket_address::{empty_name, read_name};

/// Bytes of control messages of one report: the error (16), who sent it (28), packet information (40 + 32), marks, headers.
const REPORT_CONTROL_BYTES: usize = 256;

/// One entry of the error queue.
pub(crate) enum QueuedError {
    Network(NetworkReport),
    /// A datagram that the kernel refused: it is longer than `mtu`, headers included. The entry quotes nothing of it.
    TooLongHere {
        mtu: usize,
    },
    Other,
}

impl UdpSocket {
    /// Takes the oldest entry of the error queue. `None`: it concerns no datagram of which something is known.
    ///
    /// # Errors
    /// `WouldBlock` when the queue is empty.
    pub fn next_report(&self) -> io::Result<Option<NetworkReport>> {
        match self.next_queued_error()? {
            QueuedError::Network(report) => Ok(Some(report)),
            QueuedError::TooLongHere { .. } | QueuedError::Other => Ok(None),
        }
    }

    pub(crate) fn next_queued_error(&self) -> io::Result<QueuedError> {
        let mut name = empty_name();
        let mut quote = [0_u8; QUOTE_BYTES];
        let mut control = ControlBuffer([0_u8; REPORT_CONTROL_BYTES]);
        let mut part = libc::iovec { iov_base: quote.as_mut_ptr().cast(), iov_len: QUOTE_BYTES };
        // SAFETY: msghdr is plain data for which zero bytes are a valid value.
        let mut message: libc::msghdr = unsafe { mem::zeroed() };
        message.msg_name = std::ptr::from_mut(&mut name).cast();
        message.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        message.msg_iov = &mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.0.as_mut_ptr().cast();
        message.msg_controllen = REPORT_CONTROL_BYTES as _;
        // SAFETY: every pointer leads to memory of the stated length that lives until the end of this function.
        let outcome =
            unsafe { libc::recvmsg(self.as_raw_fd(), &mut message, libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT) };
        if outcome < 0 {
            return Err(io::Error::last_os_error());
        }
        let quoted = quote.get(..outcome as usize).unwrap_or(&quote);
        // SAFETY: recvmsg filled this message, and its control buffer is `control`.
        let error = unsafe { control_messages(&message) }
            .find_map(|(level, kind, data)| extended_error(level, kind, data));
        let Some(error) = error else { return Ok(QueuedError::Other) };
        let is_too_long = error.ee_errno == libc::EMSGSIZE as u32;
        Ok(match error.ee_origin {
            libc::SO_EE_ORIGIN_LOCAL if is_too_long => {
                QueuedError::TooLongHere { mtu: error.ee_info as usize }
            }
            libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6 => {
                let kind = if is_too_long { ReportKind::TooLong } else { ReportKind::Unreachable };
                read_name(&name, message.msg_namelen).map_or(QueuedError::Other, |remote| {
                    QueuedError::Network(NetworkReport::new(kind, remote, quoted))
                })
            }
            _ => QueuedError::Other,
        })
    }
}

fn extended_error(level: libc::c_int, kind: libc::c_int, data: &[u8]) -> Option<libc::sock_extended_err> {
    let is_error = matches!(
        (level, kind),
        (libc::IPPROTO_IP, libc::IP_RECVERR) | (libc::IPPROTO_IPV6, libc::IPV6_RECVERR)
    );
    if !is_error || data.len() < size_of::<libc::sock_extended_err>() {
        return None;
    }
    // SAFETY: the structure is plain data, and as many bytes are there.
    Some(unsafe { data.as_ptr().cast::<libc::sock_extended_err>().read_unaligned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::{Ecn, Route};
    use crate::send_queue::{SendOutcome, SendQueue};
    use crate::ReceiveBuffer;
    use std::net::SocketAddr;

    fn send(socket: &mut UdpSocket, to: SocketAddr, bytes: &[u8]) {
        let mut queue = SendQueue::new();
        queue.room()[..bytes.len()].copy_from_slice(bytes);
        queue.push(0, Route::to(to), Ecn::NotEct, bytes.len(), bytes.len());
        assert!(matches!(socket.send(&mut queue), SendOutcome::Done));
    }

    /// A port where nobody listens: it was free just now.
    fn closed_port(host: &str) -> SocketAddr {
        UdpSocket::bind(format!("{host}:0").parse().unwrap()).unwrap().local_address()
    }

    #[test]
    fn a_datagram_that_nobody_takes_is_reported_with_its_beginning() {
        for (bound, host) in [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "[::1]"), ("[::]:0", "127.0.0.1")] {
            let mut socket = UdpSocket::bind(bound.parse().unwrap()).unwrap();
            let nobody = closed_port(host);
            let bytes: Vec<u8> = (0..200).collect();
            send(&mut socket, nobody, &bytes);
            // On a loopback the answer is there when the call returns.
            let report = socket.next_report().unwrap().unwrap();
            assert_eq!((report.kind, report.remote), (ReportKind::Unreachable, nobody), "{bound}");
            assert_eq!(report.quote(), &bytes[..QUOTE_BYTES], "{bound}");
            assert_eq!(socket.next_report().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        }
    }

    #[test]
    fn a_report_about_one_peer_costs_another_no_datagram() {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let (mut socket, peer) = (UdpSocket::bind(any).unwrap(), UdpSocket::bind(any).unwrap());
        let nobody = closed_port("127.0.0.1");
        for _ in 0..10 {
            send(&mut socket, nobody, b"nobody");
            send(&mut socket, peer.local_address(), b"peer");
        }
        assert_eq!(socket.datagrams_dropped(), 0);
        let (mut buffer, mut arrived) = (ReceiveBuffer::new(), 0);
        while peer.receive(&mut buffer).is_ok() {
            arrived += buffer.trains().map(|train| train.bytes.len() / 4).sum::<usize>();
        }
        assert_eq!(arrived, 10);
    }

    #[test]
    fn a_report_hides_nothing_that_has_arrived() {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let (mut socket, mut peer) = (UdpSocket::bind(any).unwrap(), UdpSocket::bind(any).unwrap());
        send(&mut peer, socket.local_address(), b"here");
        send(&mut socket, closed_port("127.0.0.1"), b"nobody");
        let mut buffer = ReceiveBuffer::new();
        assert_eq!(socket.receive(&mut buffer).unwrap(), 1);
    }
}
