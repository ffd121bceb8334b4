//! Receiving: several slots of 64 KiB are filled by one `recvmmsg`; each holds one train.

use std::io;
use std::mem;
use std::os::fd::AsRawFd;

use crate::control_message::{read_control, ControlBuffer, RECEIVE_CONTROL_BYTES};
use crate::error_class::is_report;
use crate::route::{ReceiveMeta, ReceivedTrain, Route};
use crate::socket::UdpSocket;
use crate::socket_address::{empty_name, read_name};

/// Trains taken by one system call: more gained nothing on loopback, and 256 KiB still stay in the second-level cache.
const SLOTS: usize = 4;
/// System calls of one slot that follow one which found a lone datagram: asking for more than there is costs a microsecond, which a round trip
/// notices. What came meanwhile is there for the next call, and after these few all slots are tried again.
const LONE_CALLS: u8 = 8;
/// Bytes of a slot: the longest train that the kernel joins.
const SLOT_BYTES: usize = 65_536;

/// Reports of the network (see [`is_report`]) that one call passes over.
const REPORTS_A_CALL: u32 = 4;

/// The slots that a socket receives into; may be shared by the sockets of one thread.
pub struct ReceiveBuffer {
    memory: Box<[u8]>,
    names: [libc::sockaddr_storage; SLOTS],
    controls: [ControlBuffer<RECEIVE_CONTROL_BYTES>; SLOTS],
    filled: [Option<(ReceiveMeta, usize)>; SLOTS],
    /// Calls that ask for one slot before all are tried again.
    lone_calls: u8,
}

impl Default for ReceiveBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl ReceiveBuffer {
    /// Allocates the slots.
    pub fn new() -> Self {
        Self {
            memory: vec![0; SLOTS * SLOT_BYTES].into_boxed_slice(),
            names: [empty_name(); SLOTS],
            controls: [ControlBuffer([0; RECEIVE_CONTROL_BYTES]); SLOTS],
            filled: [None; SLOTS],
            lone_calls: 0,
        }
    }

    /// The trains of the last [`UdpSocket::receive`]. Each holds exactly the bytes that arrived, whatever the slot held before.
    pub fn trains(&mut self) -> impl Iterator<Item = ReceivedTrain<'_>> {
        self.memory.chunks_exact_mut(SLOT_BYTES).zip(&self.filled).filter_map(|(slot, filled)| {
            let (meta, length) = (*filled)?;
            Some(ReceivedTrain { meta, bytes: slot.get_mut(..length)? })
        })
    }

    /// A train that was cut, or whose control messages were (then its segment size is not known), is left out.
    fn note(&mut self, slot: usize, message: &libc::mmsghdr) {
        let header = &message.msg_hdr;
        let length = message.msg_len as usize;
        let whole = header.msg_flags & (libc::MSG_TRUNC | libc::MSG_CTRUNC) == 0;
        self.filled[slot] = match read_name(&self.names[slot], header.msg_namelen) {
            Some(remote) if whole && length > 0 => {
                // SAFETY: recvmmsg filled this message, and its control buffer is `self.controls[slot]`.
                let control = unsafe { read_control(header) };
                let segment_size = control.segment_size.filter(|size| *size > 0).unwrap_or(length);
                let route = Route { remote, local: control.local, interface: control.interface };
                Some((
                    ReceiveMeta { route, ecn: control.ecn, segment_size: segment_size.min(length) },
                    length,
                ))
            }
            _ => None,
        };
    }
}

impl ReceiveBuffer {
    /// Has the next call ask for all that fits.
    pub fn expect_many(&mut self) {
        self.lone_calls = 0;
    }

    /// Whether the last call filled all slots, each with one datagram: there is more, and nobody joins it.
    pub fn is_full_of_singles(&self) -> bool {
        self.filled.iter().all(|slot| matches!(slot, Some((meta, length)) if meta.segment_size == *length))
    }

    /// Slots that the next call is to fill.
    fn slots_wanted(&self) -> usize {
        if self.lone_calls > 0 {
            1
        } else {
            SLOTS
        }
    }

    /// Learns from a call that asked for `wanted` slots.
    fn learn(&mut self, wanted: usize, filled: usize) {
        let is_lone =
            filled == 1 && matches!(self.filled[0], Some((meta, length)) if meta.segment_size == length);
        self.lone_calls = match is_lone {
            true if wanted == SLOTS => LONE_CALLS,
            true => self.lone_calls - 1,
            false => 0,
        };
    }
}

impl UdpSocket {
    /// Takes what has arrived, as far as it fits, and returns how many slots were filled; there may be more. See [`ReceiveBuffer::trains`].
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there; others as sorted by [`crate::classify`]. After an error the buffer holds no trains.
    pub fn receive(&self, buffer: &mut ReceiveBuffer) -> io::Result<usize> {
        buffer.filled = [None; SLOTS];
        let mut parts: [libc::iovec; SLOTS] =
            [libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 }; SLOTS];
        // SAFETY: mmsghdr is plain data for which zero bytes are a valid value.
        let mut messages: [libc::mmsghdr; SLOTS] = unsafe { mem::zeroed() };
        let wanted = buffer.slots_wanted();
        for (slot, memory) in buffer.memory.chunks_exact_mut(SLOT_BYTES).take(wanted).enumerate() {
            parts[slot] = libc::iovec { iov_base: memory.as_mut_ptr().cast(), iov_len: SLOT_BYTES };
            let header = &mut messages[slot].msg_hdr;
            header.msg_name = std::ptr::from_mut(&mut buffer.names[slot]).cast();
            header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_iov = &mut parts[slot];
            header.msg_iovlen = 1;
            header.msg_control = buffer.controls[slot].0.as_mut_ptr().cast();
            header.msg_controllen = RECEIVE_CONTROL_BYTES as _;
        }
        let mut reports = REPORTS_A_CALL;
        let filled = loop {
            // SAFETY: every pointer leads to memory of the stated length that lives until the end of this function.
            let outcome = unsafe {
                (self.receive_messages)(self.as_raw_fd(), messages.as_mut_ptr(), wanted as libc::c_uint)
            };
            if outcome >= 0 {
                break outcome as usize;
            }
            let error = io::Error::last_os_error();
            if is_report(&error) && reports > 0 {
                // Of something that was sent; what has arrived lies behind it.
                reports -= 1;
            } else if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        };
        for (slot, message) in messages.iter().enumerate().take(filled) {
            buffer.note(slot, message);
        }
        buffer.learn(wanted, filled);
        Ok(filled)
    }
}
