//! UDP sockets that send and receive trains of equal packets (UDP_SEGMENT, UDP_GRO), or as many packets by one system call (sendmmsg, recvmmsg).

use std::io;
use std::mem::{size_of, size_of_val, zeroed};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;

/// What the kernel takes as one train.
pub const MAX_TRAIN_SEGMENTS: usize = 64;
/// The largest UDP payload over IPv4.
pub const MAX_TRAIN_BYTES: usize = 65_507;

/// Asked for in both directions: the same as the product asks for.
const BUFFER_BYTES: libc::c_int = 4 << 20;
/// Trains received by one system call, and packets where there are no trains.
const TRAIN_SLOTS: usize = 4;
const PACKET_SLOTS: usize = MAX_TRAIN_SEGMENTS;
const SLOT_BYTES: usize = 65_536;

/// Room for one control message that holds an int, aligned for its header.
type Control = [u64; 4];

/// A socket on the loopback with large buffers, and with GRO where it has trains.
pub struct Endpoint {
    /// The socket.
    pub socket: UdpSocket,
    /// Whether packets travel as trains.
    pub has_trains: bool,
}

impl Endpoint {
    /// Binds a free port.
    pub fn bind(has_trains: bool) -> io::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        set_option(&socket, libc::SOL_SOCKET, libc::SO_RCVBUF, BUFFER_BYTES)?;
        set_option(&socket, libc::SOL_SOCKET, libc::SO_SNDBUF, BUFFER_BYTES)?;
        if has_trains {
            set_option(&socket, libc::SOL_UDP, libc::UDP_GRO, 1)?;
        }
        Ok(Self { socket, has_trains })
    }

    /// Sends `packets` as packets of `segment` bytes each; at most [`MAX_TRAIN_SEGMENTS`] of them.
    pub fn send(&self, packets: &[u8], segment: usize) -> io::Result<()> {
        if self.has_trains {
            send_train(&self.socket, packets, segment)
        } else {
            send_packets(&self.socket, packets, segment)
        }
    }
}

fn send_packets(socket: &UdpSocket, packets: &[u8], segment: usize) -> io::Result<()> {
    // SAFETY: all-zero is a valid iovec and mmsghdr.
    let (mut vectors, mut messages): ([libc::iovec; PACKET_SLOTS], [libc::mmsghdr; PACKET_SLOTS]) =
        unsafe { (zeroed(), zeroed()) };
    let mut count = 0;
    for (packet, (vector, message)) in packets.chunks(segment).zip(vectors.iter_mut().zip(&mut messages)) {
        *vector = libc::iovec { iov_base: packet.as_ptr().cast_mut().cast(), iov_len: packet.len() };
        message.msg_hdr.msg_iov = vector;
        message.msg_hdr.msg_iovlen = 1;
        count += 1;
    }
    let mut sent = 0;
    while sent < count {
        let left = &mut messages[sent..count];
        // SAFETY: every message points to its own vector, and that to its packet, all of which live until the call returns.
        let status =
            unsafe { libc::sendmmsg(socket.as_raw_fd(), left.as_mut_ptr(), left.len() as libc::c_uint, 0) };
        if status < 0 {
            return Err(io::Error::last_os_error());
        }
        sent += status as usize;
    }
    Ok(())
}

fn send_train(socket: &UdpSocket, train: &[u8], segment: usize) -> io::Result<()> {
    let mut control: Control = [0; 4];
    let mut vector = libc::iovec { iov_base: train.as_ptr().cast_mut().cast(), iov_len: train.len() };
    // SAFETY: all-zero is a valid msghdr.
    let mut message: libc::msghdr = unsafe { zeroed() };
    message.msg_iov = &mut vector;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    // SAFETY: CMSG_SPACE and CMSG_LEN only compute; CMSG_FIRSTHDR points into `control`, which holds one message of two bytes, aligned.
    unsafe {
        message.msg_controllen = libc::CMSG_SPACE(2) as usize;
        let header = libc::CMSG_FIRSTHDR(&message);
        (*header).cmsg_level = libc::SOL_UDP;
        (*header).cmsg_type = libc::UDP_SEGMENT;
        (*header).cmsg_len = libc::CMSG_LEN(2) as usize;
        libc::CMSG_DATA(header).cast::<u16>().write_unaligned(segment as u16);
    }
    // SAFETY: the message and all that it points to live until the call returns.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &message, 0) };
    if sent < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Receives several trains or packets with one system call.
pub struct TrainReceiver<'a> {
    socket: &'a UdpSocket,
    slots: Vec<u8>,
    controls: [Control; PACKET_SLOTS],
}

impl<'a> TrainReceiver<'a> {
    /// A receiver of what arrives at `endpoint`.
    pub fn new(endpoint: &'a Endpoint) -> Self {
        let slots = if endpoint.has_trains { TRAIN_SLOTS } else { PACKET_SLOTS };
        Self {
            socket: &endpoint.socket,
            slots: vec![0; slots * SLOT_BYTES],
            controls: [[0; 4]; PACKET_SLOTS],
        }
    }

    /// Waits for at least one train and calls `take(train, segment size)` for each that is there.
    pub fn receive(&mut self, mut take: impl FnMut(&mut [u8], usize)) -> io::Result<()> {
        // SAFETY: all-zero is a valid iovec and mmsghdr.
        let (mut vectors, mut messages): ([libc::iovec; PACKET_SLOTS], [libc::mmsghdr; PACKET_SLOTS]) =
            unsafe { (zeroed(), zeroed()) };
        let slot_count = self.slots.len() / SLOT_BYTES;
        let parts = self
            .slots
            .chunks_exact_mut(SLOT_BYTES)
            .zip(&mut self.controls)
            .zip(vectors.iter_mut().zip(&mut messages));
        for ((slot, control), (vector, message)) in parts {
            *vector = libc::iovec { iov_base: slot.as_mut_ptr().cast(), iov_len: slot.len() };
            message.msg_hdr.msg_iov = vector;
            message.msg_hdr.msg_iovlen = 1;
            message.msg_hdr.msg_control = control.as_mut_ptr().cast();
            message.msg_hdr.msg_controllen = size_of_val(control);
        }
        // SAFETY: every message points to its own vector, slot and control buffer, all of which live until the call returns.
        let count = unsafe {
            libc::recvmmsg(
                self.socket.as_raw_fd(),
                messages.as_mut_ptr(),
                slot_count as _,
                libc::MSG_WAITFORONE,
                std::ptr::null_mut(),
            )
        };
        if count < 0 {
            return Err(io::Error::last_os_error());
        }
        for (slot, message) in self.slots.chunks_exact_mut(SLOT_BYTES).zip(&messages).take(count as usize) {
            let train = &mut slot[..message.msg_len as usize];
            let segment = segment_size(&message.msg_hdr).unwrap_or(train.len());
            take(train, segment.max(1));
        }
        Ok(())
    }
}

/// The size of the packets in a train, `None` when it holds only one.
fn segment_size(message: &libc::msghdr) -> Option<usize> {
    // SAFETY: the kernel filled the control buffer that `message` points to; CMSG_FIRSTHDR answers null when it holds nothing, and the one message
    // that was asked for carries an int.
    unsafe {
        let header = libc::CMSG_FIRSTHDR(message);
        if header.is_null() || (*header).cmsg_level != libc::SOL_UDP || (*header).cmsg_type != libc::UDP_GRO {
            return None;
        }
        Some(libc::CMSG_DATA(header).cast::<libc::c_int>().read_unaligned() as usize)
    }
}

fn set_option(
    socket: &UdpSocket,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    // SAFETY: the pointer and length describe `value`.
    let status = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as u32,
        )
    };
    if status < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
