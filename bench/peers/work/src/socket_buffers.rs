//! Room for bursts in the kernel, as much as it grants.

use std::os::fd::AsRawFd;

static BUFFER_BYTES: libc::c_int = 4 << 20;

/// Asks for buffers of 4 MiB each way.
pub fn enlarge_buffers(socket: &impl AsRawFd) {
    for option in [libc::SO_RCVBUF, libc::SO_SNDBUF] {
        let value = (&raw const BUFFER_BYTES).cast();
        let length = size_of::<libc::c_int>() as libc::socklen_t;
        // SAFETY: the descriptor is open, and the value is an int that outlives the call. A refusal leaves what was there.
        unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, option, value, length) };
    }
}
