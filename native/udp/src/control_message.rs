//! Control messages (`cmsg`): packet information, congestion marks and segment sizes beside a datagram.

use std::net::{IpAddr, Ipv6Addr};

use crate::route::{Ecn, Route};
use crate::socket_address::{canonical, Family};

/// Bytes of control messages that a received train can carry: IPv6 and IPv4 packet information (40 + 32), two marks (24 each), a segment size (24).
pub(crate) const RECEIVE_CONTROL_BYTES: usize = 192;
/// Bytes of control messages that a sent train needs at most: packet information (40), a mark (24), a segment size (24).
pub(crate) const SEND_CONTROL_BYTES: usize = 96;

/// A buffer aligned for control messages.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(crate) struct ControlBuffer<const BYTES: usize>(pub(crate) [u8; BYTES]);

/// What the control messages of a received train say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ReceivedControl {
    pub(crate) local: Option<IpAddr>,
    pub(crate) interface: u32,
    pub(crate) ecn: Ecn,
    pub(crate) segment_size: Option<usize>,
}

/// Reads the control messages that the kernel wrote for `message`.
///
/// # Safety
/// `message` must have been filled by a successful `recvmsg` or `recvmmsg`, and its control buffer must still be there.
pub(crate) unsafe fn read_control(message: &libc::msghdr) -> ReceivedControl {
    let mut control = ReceivedControl::default();
    // SAFETY: the caller's promise.
    for (level, kind, data) in unsafe { control_messages(message) } {
        control.take(level, kind, data);
    }
    control
}

/// Level, type and data of each control message that the kernel wrote for `message`.
///
/// # Safety
/// As for [`read_control`], for as long as the iterator is used.
pub(crate) unsafe fn control_messages(
    message: &libc::msghdr,
) -> impl Iterator<Item = (libc::c_int, libc::c_int, &[u8])> {
    // SAFETY: the caller promises a filled msghdr; the macros stay within msg_controllen.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(message) };
    std::iter::from_fn(move || {
        if next.is_null() {
            return None;
        }
        // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR return pointers to whole headers inside the control buffer, or null.
        let header = unsafe { &*next };
        // SAFETY: as above; the data follow the header.
        let data = unsafe { libc::CMSG_DATA(next) };
        let length = (header.cmsg_len as usize).saturating_sub(data as usize - next as usize);
        // SAFETY: `length` bytes of data belong to this control message.
        let data = unsafe { std::slice::from_raw_parts(data, length) };
        // SAFETY: as for CMSG_FIRSTHDR.
        next = unsafe { libc::CMSG_NXTHDR(message, next) };
        Some((header.cmsg_level, header.cmsg_type, data))
    })
}

impl ReceivedControl {
    fn take(&mut self, level: libc::c_int, kind: libc::c_int, data: &[u8]) {
        match (level, kind) {
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                if let (Some(index), Some(address)) = (array::<4>(data, 0), array::<4>(data, 4)) {
                    self.interface = u32::from_ne_bytes(index);
                    self.local = Some(IpAddr::from(address));
                }
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                if let (Some(address), Some(index)) = (array::<16>(data, 0), array::<4>(data, 16)) {
                    self.interface = u32::from_ne_bytes(index);
                    self.local = Some(canonical(Ipv6Addr::from(address)));
                }
            }
            (libc::IPPROTO_IP, libc::IP_TOS) | (libc::IPPROTO_IPV6, libc::IPV6_TCLASS) => {
                if let Some(value) = integer(data) {
                    self.ecn = Ecn::from_traffic_class(value as u8);
                }
            }
            (libc::SOL_UDP, libc::UDP_GRO) => {
                self.segment_size = integer(data).and_then(|value| usize::try_from(value).ok());
            }
            _ => {}
        }
    }
}

fn array<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..at + N)?.try_into().ok()
}

/// An integer that the kernel writes as a byte, or as a C int.
fn integer(data: &[u8]) -> Option<i32> {
    match array::<4>(data, 0) {
        Some(whole) => Some(i32::from_ne_bytes(whole)),
        None => data.first().map(|byte| i32::from(*byte)),
    }
}

/// Writes the control messages of one sent train and returns their length in bytes.
pub(crate) fn write_control(
    buffer: &mut ControlBuffer<SEND_CONTROL_BYTES>,
    family: Family,
    route: &Route,
    ecn: Ecn,
    segment_size: Option<u16>,
) -> usize {
    let mut writer = ControlWriter { buffer, used: 0 };
    match (route.local, route.remote.ip()) {
        (Some(IpAddr::V4(local)), IpAddr::V4(_)) => {
            let info = libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: libc::in_addr { s_addr: u32::from_ne_bytes(local.octets()) },
                ipi_addr: libc::in_addr { s_addr: 0 },
            };
            writer.put(libc::IPPROTO_IP, libc::IP_PKTINFO, info);
        }
        (Some(IpAddr::V6(local)), IpAddr::V6(remote)) if family == Family::V6 => {
            let interface = if remote.is_unicast_link_local() { route.interface } else { 0 };
            let info = libc::in6_pktinfo {
                ipi6_addr: libc::in6_addr { s6_addr: local.octets() },
                ipi6_ifindex: interface as _,
            };
            writer.put(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info);
        }
        _ => {}
    }
    if ecn != Ecn::NotEct {
        let mark = libc::c_int::from(ecn as u8);
        match route.remote.ip() {
            IpAddr::V4(_) => writer.put(libc::IPPROTO_IP, libc::IP_TOS, mark),
            IpAddr::V6(_) => writer.put(libc::IPPROTO_IPV6, libc::IPV6_TCLASS, mark),
        }
    }
    if let Some(size) = segment_size {
        writer.put(libc::SOL_UDP, libc::UDP_SEGMENT, size);
    }
    writer.used
}

struct ControlWriter<'a> {
    buffer: &'a mut ControlBuffer<SEND_CONTROL_BYTES>,
    used: usize,
}

impl ControlWriter<'_> {
    /// Appends one control message. `T` is one of the kernel's plain structures.
    fn put<T: Copy>(&mut self, level: libc::c_int, kind: libc::c_int, value: T) {
        // SAFETY: CMSG_SPACE and CMSG_LEN only compute.
        let (space, length) = unsafe {
            (libc::CMSG_SPACE(size_of::<T>() as u32) as usize, libc::CMSG_LEN(size_of::<T>() as u32) as usize)
        };
        let Some(room) = self.buffer.0.get_mut(self.used..self.used + space) else { return };
        room.fill(0);
        let header = room.as_mut_ptr().cast::<libc::cmsghdr>();
        // SAFETY: the buffer is aligned to 8, every message before took a multiple of 8, and `space` bytes are there: enough for header and value.
        unsafe {
            (*header).cmsg_level = level;
            (*header).cmsg_type = kind;
            (*header).cmsg_len = length as _;
            libc::CMSG_DATA(header).cast::<T>().write_unaligned(value);
        }
        self.used += space;
    }
}
