//! The socket of systems other than Linux: one datagram a call, no packet information, no marks.

use std::io;
use std::net::SocketAddr;

use crate::error_class::{classify, ErrorClass};
use crate::features::{FeatureName, Features};
use crate::network_report::NetworkReport;
use crate::route::{Ecn, ReceiveMeta, ReceivedTrain, Route};
use crate::send_queue::{SendOutcome, SendQueue};

/// Bytes of the longest datagram.
const SLOT_BYTES: usize = 65_536;

/// The slot that a socket receives into.
pub struct ReceiveBuffer {
    memory: Box<[u8]>,
    filled: Option<(ReceiveMeta, usize)>,
}

impl Default for ReceiveBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl ReceiveBuffer {
    /// Allocates the slot.
    pub fn new() -> Self {
        Self { memory: vec![0; SLOT_BYTES].into_boxed_slice(), filled: None }
    }

    /// As on Linux, where a call fills several slots.
    pub fn expect_many(&mut self) {}

    /// Whether the last call found a datagram.
    pub fn is_full_of_singles(&self) -> bool {
        self.filled.is_some()
    }

    /// The datagram of the last [`UdpSocket::receive`]: exactly the bytes that arrived.
    pub fn trains(&mut self) -> impl Iterator<Item = ReceivedTrain<'_>> {
        let filled = self.filled;
        filled
            .and_then(|(meta, length)| Some(ReceivedTrain { meta, bytes: self.memory.get_mut(..length)? }))
            .into_iter()
    }
}

/// A bound, non-blocking UDP socket. Closed when dropped.
pub struct UdpSocket {
    socket: std::net::UdpSocket,
    local_address: SocketAddr,
    features: Features,
    datagrams_dropped: u64,
}

impl UdpSocket {
    /// Opens and binds a socket. Port 0 lets the system choose.
    ///
    /// # Errors
    /// Those of the system's `socket` and `bind`.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        let mut features = Features::default();
        for name in
            [FeatureName::Gso, FeatureName::Gro, FeatureName::Mmsg, FeatureName::PacketInfo, FeatureName::Ecn]
        {
            features.record(name, Err(io::ErrorKind::Unsupported.into()));
        }
        Ok(Self { local_address: socket.local_addr()?, socket, features, datagrams_dropped: 0 })
    }

    /// Ports are not shared here.
    ///
    /// # Errors
    /// EOPNOTSUPP.
    pub fn bind_shared(_address: SocketAddr) -> io::Result<Self> {
        Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP))
    }

    /// As on Linux, where a group of sockets can be steered.
    ///
    /// # Errors
    /// EOPNOTSUPP.
    pub fn steer(&mut self, _order: &[u8]) -> io::Result<()> {
        Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP))
    }

    /// The bound address, with the port that the system chose.
    pub fn local_address(&self) -> SocketAddr {
        self.local_address
    }

    /// True when the socket can send to `address`.
    pub fn reaches(&self, address: &SocketAddr) -> bool {
        address.is_ipv4() == self.local_address.is_ipv4()
    }

    /// What the socket can do here, and why not more.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// Datagrams that the system refused to send and that were given up.
    pub fn datagrams_dropped(&self) -> u64 {
        self.datagrams_dropped
    }

    /// Takes the error that is pending on the socket, if any.
    ///
    /// # Errors
    /// The pending error.
    pub fn take_pending_error(&self) -> io::Result<()> {
        self.socket.take_error()?.map_or(Ok(()), Err)
    }

    /// As on Linux, where the system says what became of datagrams.
    ///
    /// # Errors
    /// `WouldBlock`: nothing is ever reported.
    pub fn next_report(&self) -> io::Result<Option<NetworkReport>> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// As on Linux; none here.
    pub fn take_reports(&mut self) -> impl Iterator<Item = NetworkReport> + '_ {
        std::iter::empty()
    }

    /// Takes one datagram and returns 1. See [`ReceiveBuffer::trains`].
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there; others as sorted by [`crate::classify`].
    pub fn receive(&self, buffer: &mut ReceiveBuffer) -> io::Result<usize> {
        buffer.filled = None;
        let (length, remote) = self.socket.recv_from(&mut buffer.memory)?;
        if length > 0 {
            let meta = ReceiveMeta { route: Route::to(remote), ecn: Ecn::NotEct, segment_size: length };
            buffer.filled = Some((meta, length));
        }
        Ok(1)
    }

    /// As on Linux, where a train can go in one piece. False: here none can.
    pub fn send_now(&mut self, _route: Route, _ecn: Ecn, _segment_size: usize, _bytes: &[u8]) -> bool {
        false
    }

    /// Sends the head of a queue, up to the first train of another socket, datagram by datagram.
    pub fn send(&mut self, queue: &mut SendQueue) -> SendOutcome {
        let socket = queue.head_socket();
        while let Some((train, bytes)) = queue.pending(0).filter(|_| queue.head_socket() == socket) {
            let length = train.segment_size.min(bytes.len());
            match self.socket.send_to(&bytes[..length], train.route.remote) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => match classify(&error) {
                    ErrorClass::Blocked => return SendOutcome::Blocked,
                    ErrorClass::Fatal => return SendOutcome::Failed(error),
                    ErrorClass::Transient => self.datagrams_dropped += 1,
                },
            }
            queue.advance(length);
        }
        SendOutcome::Done
    }
}

#[cfg(unix)]
impl std::os::fd::AsRawFd for UdpSocket {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.socket.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_train_arrives_as_single_datagrams_in_order() {
        let mut sender = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let receiver = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut queue = SendQueue::new();
        queue.room()[..25].copy_from_slice(&[7; 25]);
        queue.push(0, Route::to(receiver.local_address()), Ecn::NotEct, 10, 25);
        assert!(matches!(sender.send(&mut queue), SendOutcome::Done));
        let mut buffer = ReceiveBuffer::new();
        buffer.expect_many();
        let mut lengths = Vec::new();
        while receiver.receive(&mut buffer).is_ok() && buffer.is_full_of_singles() {
            lengths.extend(buffer.trains().map(|train| train.bytes.len()));
        }
        assert_eq!(lengths, [10, 10, 5]);
        assert!(!sender.send_now(Route::to(receiver.local_address()), Ecn::NotEct, 10, &[7; 25]));
        assert!(!sender.features().has(FeatureName::Gso));
        assert!(sender.reaches(&receiver.local_address()) && sender.take_pending_error().is_ok());
        assert_eq!(sender.datagrams_dropped(), 0);
        assert_eq!(sender.take_reports().count(), 0);
        assert_eq!(sender.next_report().map_err(|error| error.kind()).err(), Some(io::ErrorKind::WouldBlock));
    }

    #[test]
    fn ports_are_not_shared_and_not_steered() {
        let address = "127.0.0.1:0".parse().unwrap();
        let code = |error: io::Error| error.raw_os_error();
        assert_eq!(UdpSocket::bind_shared(address).err().and_then(code), Some(libc::EOPNOTSUPP));
        let mut socket = UdpSocket::bind(address).unwrap();
        assert_eq!(socket.steer(&[0]).err().and_then(code), Some(libc::EOPNOTSUPP));
    }
}
