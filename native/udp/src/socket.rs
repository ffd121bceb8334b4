//! A bound, non-blocking UDP socket.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use crate::features::{FeatureName, Features};
use crate::message_calls::{calls, ReceiveMessages};
use crate::network_report::NetworkReport;
use crate::segmentation::SegmentationMemory;
use crate::send::SendScratch;
use crate::socket_address::{empty_name, read_name, write_name, Family};
use crate::socket_options;

/// A bound, non-blocking UDP socket with everything on that the kernel has. Closed when dropped.
///
/// ```no_run
/// use osier_udp::{ReceiveBuffer, UdpSocket};
/// let socket = UdpSocket::bind("0.0.0.0:7000".parse().unwrap())?;
/// let mut buffer = ReceiveBuffer::new();
/// socket.receive(&mut buffer)?;
/// for train in buffer.trains() {
///     println!("{} bytes from {}", train.bytes.len(), train.meta.route.remote);
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UdpSocket {
    descriptor: OwnedFd,
    local_address: SocketAddr,
    pub(crate) family: Family,
    pub(crate) features: Features,
    pub(crate) segmentation: SegmentationMemory,
    pub(crate) scratch: Box<SendScratch>,
    pub(crate) receive_messages: ReceiveMessages,
    pub(crate) datagrams_dropped: u64,
    /// What sending found out: trains that were too long for this machine's own interface, and what stood in the error queue.
    pub(crate) reports: Vec<NetworkReport>,
}

impl UdpSocket {
    /// Opens and binds a socket. `[::]` takes IPv4 too; every other IPv6 address takes IPv6 alone. Port 0 lets the kernel choose.
    ///
    /// # Errors
    /// Those of `socket` and `bind`. Options that the kernel does not know are no error: see [`UdpSocket::features`].
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        Self::open(address, false)
    }

    /// As [`UdpSocket::bind`], and lets other sockets of this user that are bound in the same way share the port (SO_REUSEPORT). For
    /// port 0 a port is chosen that nobody has, sharing or not.
    ///
    /// # Errors
    /// As [`UdpSocket::bind`], and those of SO_REUSEPORT.
    pub fn bind_shared(mut address: SocketAddr) -> io::Result<Self> {
        if address.port() == 0 {
            // The kernel would also choose a port that others share already: one that is bound alone is nobody's.
            address.set_port(Self::open(address, false)?.local_address.port());
        }
        Self::open(address, true)
    }

    fn open(address: SocketAddr, is_shared: bool) -> io::Result<Self> {
        let family = Family::of(&address);
        let kind = libc::SOCK_DGRAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // SAFETY: no pointers; the result is checked.
        let descriptor = unsafe { libc::socket(family.domain(), kind, libc::IPPROTO_UDP) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was opened just now and belongs to nobody else.
        let descriptor = unsafe { OwnedFd::from_raw_fd(descriptor) };
        let wants_dual_stack = family == Family::V6 && address.ip().is_unspecified();
        let dual_stack = family == Family::V6 && {
            let v6_only = libc::c_int::from(!wants_dual_stack);
            socket_options::set(descriptor.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, v6_only).is_ok()
                && wants_dual_stack
        };
        let mut features = socket_options::configure(descriptor.as_fd(), family, dual_stack);
        if wants_dual_stack {
            let outcome = if dual_stack { Ok(()) } else { Err(io::ErrorKind::Unsupported.into()) };
            features.record(FeatureName::DualStack, outcome);
        }
        if is_shared {
            socket_options::set(descriptor.as_fd(), libc::SOL_SOCKET, libc::SO_REUSEPORT, 1)?;
        }
        bind_to(descriptor.as_fd(), family, address)?;
        let (send_messages, receive_messages) = calls(features.has(FeatureName::Mmsg));
        Ok(Self {
            local_address: local_address_of(descriptor.as_fd())?,
            segmentation: SegmentationMemory::new(features.has(FeatureName::Gso)),
            descriptor,
            family,
            features,
            scratch: SendScratch::new(address.ip().is_unspecified(), send_messages),
            receive_messages,
            datagrams_dropped: 0,
            reports: Vec::new(),
        })
    }

    /// The bound address, with the port that the kernel chose.
    pub fn local_address(&self) -> SocketAddr {
        self.local_address
    }

    /// True when the socket can send to `address`.
    pub fn reaches(&self, address: &SocketAddr) -> bool {
        match (address, self.family) {
            (SocketAddr::V4(_), Family::V4) | (SocketAddr::V6(_), Family::V6) => true,
            (SocketAddr::V4(_), Family::V6) => self.features.has(FeatureName::DualStack),
            (SocketAddr::V6(_), Family::V4) => false,
        }
    }

    /// What the socket can do here, why not more, and the buffer sizes that the kernel granted.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// Datagrams that the kernel refused to send and that were given up: to the protocol they are lost packets.
    pub fn datagrams_dropped(&self) -> u64 {
        self.datagrams_dropped
    }

    /// Takes the reports that sending came upon: of datagrams that this machine's own interface was too narrow for, and of the network's.
    pub fn take_reports(&mut self) -> impl Iterator<Item = NetworkReport> + '_ {
        self.reports.drain(..)
    }

    /// Takes the error that is pending on the socket, if any. Clears it, so that a poll reports it once.
    ///
    /// # Errors
    /// The pending error itself; or EBADF, ENOTSOCK when the descriptor is dead.
    pub fn take_pending_error(&self) -> io::Result<()> {
        match socket_options::get(self.as_fd(), libc::SOL_SOCKET, libc::SO_ERROR)? {
            0 => Ok(()),
            code => Err(io::Error::from_raw_os_error(code)),
        }
    }
}

impl AsFd for UdpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for UdpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

fn bind_to(socket: BorrowedFd<'_>, family: Family, address: SocketAddr) -> io::Result<()> {
    let mut name = empty_name();
    let length = write_name(address, family, &mut name).ok_or(io::ErrorKind::InvalidInput)?;
    // SAFETY: the descriptor is open; `name` holds an address of `length` bytes.
    let outcome = unsafe { libc::bind(socket.as_raw_fd(), std::ptr::from_ref(&name).cast(), length) };
    if outcome == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn local_address_of(socket: BorrowedFd<'_>) -> io::Result<SocketAddr> {
    let mut name = empty_name();
    let mut length = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    // SAFETY: the descriptor is open; the pointers describe `name`.
    let outcome =
        unsafe { libc::getsockname(socket.as_raw_fd(), std::ptr::from_mut(&mut name).cast(), &mut length) };
    if outcome != 0 {
        return Err(io::Error::last_os_error());
    }
    read_name(&name, length).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
