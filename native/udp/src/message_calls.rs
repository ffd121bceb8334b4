//! The system calls that move messages: several at once, or one by one where a sandbox knows no others.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// As `sendmmsg`, which never waits: returns how many messages were taken, or -1 with the error of the first.
///
/// # Safety
/// So many messages must be filled.
pub(crate) type SendMessages = unsafe fn(libc::c_int, *mut libc::mmsghdr, libc::c_uint) -> libc::c_int;

/// As `recvmmsg`, which never waits: returns how many messages were filled, or -1 with the error.
///
/// # Safety
/// So many messages must have room.
pub(crate) type ReceiveMessages = SendMessages;

/// Whether several messages can go in one call. Moves none.
///
/// # Errors
/// Why they cannot.
pub(crate) fn probe(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: no message is looked at, nor a time.
    let sends = unsafe { libc::sendmmsg(socket.as_raw_fd(), ptr::null_mut(), 0, libc::MSG_DONTWAIT as _) };
    if sends < 0 {
        return Err(io::Error::last_os_error());
    }
    let flags = libc::MSG_DONTWAIT as _;
    // SAFETY: as above.
    let receives = unsafe { libc::recvmmsg(socket.as_raw_fd(), ptr::null_mut(), 0, flags, ptr::null_mut()) };
    if receives < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// The pair of calls for a socket that takes several messages at once, or does not.
pub(crate) fn calls(many: bool) -> (SendMessages, ReceiveMessages) {
    if many {
        (send_many, receive_many)
    } else {
        (send_one, receive_one)
    }
}

unsafe fn send_many(socket: libc::c_int, messages: *mut libc::mmsghdr, count: libc::c_uint) -> libc::c_int {
    if count == 1 {
        // SAFETY: the caller's promise: one message is filled.
        return unsafe { send_one(socket, messages, count) };
    }
    // SAFETY: the caller's promise.
    unsafe { libc::sendmmsg(socket, messages, count, libc::MSG_DONTWAIT as _) }
}

unsafe fn send_one(socket: libc::c_int, messages: *mut libc::mmsghdr, _count: libc::c_uint) -> libc::c_int {
    // SAFETY: the caller's promise: at least one message is filled.
    let sent = unsafe { libc::sendmsg(socket, &(*messages).msg_hdr, libc::MSG_DONTWAIT) };
    if sent < 0 {
        -1
    } else {
        1
    }
}

unsafe fn receive_many(
    socket: libc::c_int,
    messages: *mut libc::mmsghdr,
    count: libc::c_uint,
) -> libc::c_int {
    // SAFETY: the caller's promise; no time-out is given.
    unsafe { libc::recvmmsg(socket, messages, count, libc::MSG_DONTWAIT as _, ptr::null_mut()) }
}

unsafe fn receive_one(
    socket: libc::c_int,
    messages: *mut libc::mmsghdr,
    _count: libc::c_uint,
) -> libc::c_int {
    // SAFETY: the caller's promise: at least one message has room.
    let received = unsafe { libc::recvmsg(socket, &mut (*messages).msg_hdr, libc::MSG_DONTWAIT) };
    if received < 0 {
        return -1;
    }
    // SAFETY: as above.
    unsafe { (*messages).msg_len = received as libc::c_uint };
    1
}
