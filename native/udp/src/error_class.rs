//! Which socket errors end a socket, which only one datagram.

use std::io;

/// What an error of a send or receive call means for the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// Nothing can be done at present: wait until the socket is ready.
    Blocked,
    /// This datagram is lost, or an earlier one was; the socket is sound.
    Transient,
    /// The socket is of no further use. Trying again would spin.
    Fatal,
}

/// Sorts an error of a send or receive call. Errors that are not listed count as transient: a datagram more or less is the transport's daily bread.
pub fn classify(error: &io::Error) -> ErrorClass {
    match error.raw_os_error() {
        Some(code) if code == libc::EAGAIN || code == libc::EWOULDBLOCK => ErrorClass::Blocked,
        Some(
            libc::EBADF
            | libc::ENOTSOCK
            | libc::EFAULT
            | libc::EPIPE
            | libc::ENOSYS
            | libc::ENOTCONN
            | libc::EDESTADDRREQ,
        ) => ErrorClass::Fatal,
        _ => ErrorClass::Transient,
    }
}

/// Whether an error may be the network's word on an earlier datagram, to whomever that went: the call that returns it has done nothing else, and
/// has cleared it (Linux, `net/ipv4/icmp.c` and `net/ipv6/icmp.c`). What it says stands in the error queue too.
pub fn is_report(error: &io::Error) -> bool {
    // "Machine is not on the network": Linux alone has it.
    #[cfg(target_os = "linux")]
    if error.raw_os_error() == Some(libc::ENONET) {
        return true;
    }
    matches!(
        error.raw_os_error(),
        Some(
            libc::ECONNREFUSED
                | libc::EHOSTUNREACH
                | libc::ENETUNREACH
                | libc::EHOSTDOWN
                | libc::ENOPROTOOPT
                | libc::EOPNOTSUPP
                | libc::EPROTO
                | libc::EACCES
                | libc::EMSGSIZE
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class_of(code: i32) -> ErrorClass {
        classify(&io::Error::from_raw_os_error(code))
    }

    #[test]
    fn a_lost_datagram_is_not_a_lost_socket() {
        for code in [
            libc::ENOBUFS,
            libc::ENOMEM,
            libc::ECONNREFUSED,
            libc::EMSGSIZE,
            libc::EPERM,
            libc::EACCES,
            libc::EHOSTUNREACH,
            libc::ENETUNREACH,
            libc::ENETDOWN,
            libc::EADDRNOTAVAIL,
            libc::EINVAL,
            libc::EIO,
        ] {
            assert_eq!(class_of(code), ErrorClass::Transient, "errno {code}");
        }
    }

    #[test]
    fn nothing_that_the_network_says_ends_a_socket() {
        for error in (1..200).map(io::Error::from_raw_os_error).filter(is_report) {
            assert_eq!(classify(&error), ErrorClass::Transient, "{error}");
        }
    }

    #[test]
    fn a_dead_descriptor_is_fatal_and_a_full_one_is_not() {
        for code in [libc::EBADF, libc::ENOTSOCK, libc::EFAULT, libc::EPIPE] {
            assert_eq!(class_of(code), ErrorClass::Fatal, "errno {code}");
        }
        assert_eq!(class_of(libc::EAGAIN), ErrorClass::Blocked);
    }
}
