//! Socket options, typed. Every one may be missing on some kernel; the caller decides what that means.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::features::{FeatureName, Features};
use crate::message_calls;
use crate::socket_address::Family;
use crate::SOCKET_BUFFER_BYTES;

/// Sets an integer option.
pub(crate) fn set(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    // SAFETY: the descriptor is open and the pointer and length describe `value`.
    let outcome = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            std::ptr::from_ref(&value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if outcome == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Reads an integer option.
pub(crate) fn get(socket: BorrowedFd<'_>, level: libc::c_int, name: libc::c_int) -> io::Result<libc::c_int> {
    let mut value: libc::c_int = 0;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the descriptor is open and the pointers describe `value`.
    let outcome = unsafe {
        libc::getsockopt(socket.as_raw_fd(), level, name, std::ptr::from_mut(&mut value).cast(), &mut length)
    };
    if outcome == 0 {
        Ok(value)
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Switches everything on that a socket of `family` can have, and says what was granted.
pub(crate) fn configure(socket: BorrowedFd<'_>, family: Family, dual_stack: bool) -> Features {
    let mut features = Features::default();
    if family == Family::V4 || dual_stack {
        features.record(FeatureName::PacketInfo, set(socket, libc::IPPROTO_IP, libc::IP_PKTINFO, 1));
        features.record(FeatureName::Ecn, set(socket, libc::IPPROTO_IP, libc::IP_RECVTOS, 1));
        // "Probe": the don't-fragment bit is set and the kernel's own guess of the path MTU is ignored.
        let probe = set(socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_PROBE);
        features.record(FeatureName::DontFragment, probe);
        // Where it is refused, a probe time-out finds the same out later.
        let _ = set(socket, libc::IPPROTO_IP, libc::IP_RECVERR, 1);
    }
    if family == Family::V6 {
        features.record(FeatureName::PacketInfo, set(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1));
        features.record(FeatureName::Ecn, set(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVTCLASS, 1));
        let probe = set(socket, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_PROBE);
        features.record(FeatureName::DontFragment, probe);
        let _ = set(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVERR, 1);
    }
    features.record(FeatureName::Gro, set(socket, libc::SOL_UDP, libc::UDP_GRO, 1));
    // 0 is the state without segmentation: accepted only where the option is known.
    features.record(FeatureName::Gso, set(socket, libc::SOL_UDP, libc::UDP_SEGMENT, 0));
    features.record(FeatureName::Mmsg, message_calls::probe(socket));
    features.receive_buffer_bytes =
        grow_buffer(socket, libc::SO_RCVBUF, libc::SO_RCVBUFFORCE, "receive", "rmem_max", &mut features);
    features.send_buffer_bytes =
        grow_buffer(socket, libc::SO_SNDBUF, libc::SO_SNDBUFFORCE, "send", "wmem_max", &mut features);
    features
}

/// Asks for [`SOCKET_BUFFER_BYTES`] and returns what the kernel granted; a privileged process may pass the system's limit.
fn grow_buffer(
    socket: BorrowedFd<'_>,
    option: libc::c_int,
    forced_option: libc::c_int,
    direction: &str,
    limit: &str,
    features: &mut Features,
) -> usize {
    // The kernel doubles what is asked, for its bookkeeping, and answers with the doubled value.
    let granted = || get(socket, libc::SOL_SOCKET, option).map_or(0, |bytes| bytes as usize / 2);
    // A refusal shows in the size that is read back.
    let _ = set(socket, libc::SOL_SOCKET, option, SOCKET_BUFFER_BYTES as libc::c_int);
    if granted() < SOCKET_BUFFER_BYTES {
        let _ = set(socket, libc::SOL_SOCKET, forced_option, SOCKET_BUFFER_BYTES as libc::c_int);
    }
    let bytes = granted();
    if bytes < SOCKET_BUFFER_BYTES {
        features.note(format!(
            "{direction} buffer: {bytes} of {SOCKET_BUFFER_BYTES} bytes granted (raise net.core.{limit})"
        ));
    }
    bytes
}
