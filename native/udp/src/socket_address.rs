//! Socket addresses between Rust and the kernel. An IPv6 socket that takes IPv4 too sees IPv4 peers as mapped addresses; nobody else does.

use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// The address family of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    pub(crate) fn of(address: &SocketAddr) -> Self {
        match address {
            SocketAddr::V4(_) => Self::V4,
            SocketAddr::V6(_) => Self::V6,
        }
    }

    pub(crate) fn domain(self) -> libc::c_int {
        match self {
            Self::V4 => libc::AF_INET,
            Self::V6 => libc::AF_INET6,
        }
    }
}

/// Room for any address, zeroed.
pub(crate) fn empty_name() -> libc::sockaddr_storage {
    // SAFETY: sockaddr_storage is plain data for which zero bytes are a valid value.
    unsafe { mem::zeroed() }
}

/// Writes `address` as a socket of `family` names it, and returns the length of the name. `None` for an IPv6 address on an IPv4 socket.
pub(crate) fn write_name(
    address: SocketAddr,
    family: Family,
    name: &mut libc::sockaddr_storage,
) -> Option<libc::socklen_t> {
    match (address, family) {
        (SocketAddr::V4(v4), Family::V4) => Some(write_v4(v4, name)),
        (SocketAddr::V4(v4), Family::V6) => {
            Some(write_v6(SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0), name))
        }
        (SocketAddr::V6(v6), Family::V6) => Some(write_v6(v6, name)),
        (SocketAddr::V6(_), Family::V4) => None,
    }
}

fn write_v4(address: SocketAddrV4, name: &mut libc::sockaddr_storage) -> libc::socklen_t {
    // SAFETY: sockaddr_storage is large enough and aligned for every address family, and both are plain data.
    let v4 = unsafe { &mut *std::ptr::from_mut(name).cast::<libc::sockaddr_in>() };
    v4.sin_family = libc::AF_INET as libc::sa_family_t;
    v4.sin_port = address.port().to_be();
    v4.sin_addr = libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) };
    size_of::<libc::sockaddr_in>() as libc::socklen_t
}

fn write_v6(address: SocketAddrV6, name: &mut libc::sockaddr_storage) -> libc::socklen_t {
    // SAFETY: sockaddr_storage is large enough and aligned for every address family, and both are plain data.
    let v6 = unsafe { &mut *std::ptr::from_mut(name).cast::<libc::sockaddr_in6>() };
    v6.sin6_family = libc::AF_INET6 as libc::sa_family_t;
    v6.sin6_port = address.port().to_be();
    v6.sin6_flowinfo = 0;
    v6.sin6_addr = libc::in6_addr { s6_addr: address.ip().octets() };
    v6.sin6_scope_id = address.scope_id();
    size_of::<libc::sockaddr_in6>() as libc::socklen_t
}

/// Reads the name that the kernel wrote; mapped addresses come out as IPv4. `None` for other families.
pub(crate) fn read_name(name: &libc::sockaddr_storage, length: libc::socklen_t) -> Option<SocketAddr> {
    match libc::c_int::from(name.ss_family) {
        libc::AF_INET if length as usize >= size_of::<libc::sockaddr_in>() => {
            // SAFETY: the kernel wrote an address of this family and at least this length.
            let v4 = unsafe { &*std::ptr::from_ref(name).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddr::new(ip.into(), u16::from_be(v4.sin_port)))
        }
        libc::AF_INET6 if length as usize >= size_of::<libc::sockaddr_in6>() => {
            // SAFETY: the kernel wrote an address of this family and at least this length.
            let v6 = unsafe { &*std::ptr::from_ref(name).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            let port = u16::from_be(v6.sin6_port);
            Some(match ip.to_ipv4_mapped() {
                Some(mapped) => SocketAddr::new(mapped.into(), port),
                None => SocketAddrV6::new(ip, port, 0, v6.sin6_scope_id).into(),
            })
        }
        _ => None,
    }
}

/// An address without its IPv4 mapping.
pub(crate) fn canonical(address: Ipv6Addr) -> IpAddr {
    address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_the_kernel_form() {
        let link_local = SocketAddrV6::new("fe80::1".parse().unwrap(), 9, 0, 7);
        for (address, family) in [
            ("127.0.0.1:5".parse().unwrap(), Family::V4),
            ("10.2.3.4:65535".parse().unwrap(), Family::V6),
            ("[2001:db8::1]:443".parse().unwrap(), Family::V6),
            (SocketAddr::V6(link_local), Family::V6),
        ] {
            let mut name = empty_name();
            let length = write_name(address, family, &mut name).unwrap();
            assert_eq!(read_name(&name, length), Some(address));
        }
    }

    #[test]
    fn an_ipv6_peer_has_no_name_on_an_ipv4_socket() {
        assert_eq!(write_name("[::1]:5".parse().unwrap(), Family::V4, &mut empty_name()), None);
    }
}
