//! Where a packet came from and where one goes: a path, its 48-byte record, and the ECN codepoint beside it.

mod relayed;

pub use relayed::{RelayedWay, RELAY_SOCKET};

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// The pair of ends that packets travel between. RTT, congestion window, pacing and MTU belong to a path.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Path {
    /// Number of the local socket, as its owner counts them.
    pub socket: u16,
    /// Address and port of the other end. The flow label of an IPv6 address is not part of a path and must be 0.
    pub remote: SocketAddr,
    /// Local address, where the socket is bound to more than one and tells which one received.
    pub local: Option<IpAddr>,
    /// Index of the network interface, 0 when unknown.
    pub interface: u32,
}

/// Length of a path's record in bytes.
pub const PATH_RECORD_LENGTH: usize = 48;

/// The record is not one that [`Path::to_record`] writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadPathRecord;

const FAMILY_RELAYED: u8 = 1;
const FAMILY_V4: u8 = 4;
const FAMILY_V6: u8 = 6;
const FLAG_LOCAL_PRESENT: u8 = 1;

impl Path {
    /// Whether packets between the same ends take this path and `other`: what one of them does not know of its local end counts as the same.
    #[must_use]
    pub fn is_same_way(&self, other: &Self) -> bool {
        if let (Some(one), Some(another)) = (self.relay(), other.relay()) {
            return one.is_same_way(&another);
        }
        let same_local = self.local == other.local || self.local.is_none() || other.local.is_none();
        let same_interface = self.interface == other.interface || self.interface == 0 || other.interface == 0;
        self.remote == other.remote && self.socket == other.socket && same_local && same_interface
    }

    /// Whether nothing but the peer's port is another: a new mapping of the same NAT, most likely on the same way.
    #[must_use]
    pub fn differs_in_port_only(&self, other: &Self) -> bool {
        let mut moved = *self;
        moved.remote.set_port(other.remote.port());
        self.remote.port() != other.remote.port() && moved.is_same_way(other)
    }

    /// The path as the opaque record that crosses to JavaScript and back, integers little-endian:
    ///
    /// ```text
    ///  0 socket u16 | 2 family u8 (4, 6; 1: relayed) | 3 flags u8 (1: local present) | 4 port u16 | 6 zero u16
    ///  8 scope id u32 | 12 interface u32 | 16..32 remote address | 32..48 local address (IPv4 in the first 4 bytes)
    /// ```
    ///
    /// Of a relayed path the remote address is the RouteIds of the hop and of the far end, and the local one, where it is present, 8 zero bytes and
    /// the RouteId of the waypoint.
    ///
    /// Both addresses are of the remote's family. A local address of the other one is written as what it is mapped to
    /// (RFC 4291 §2.5.5.2), and left out where no mapping exists.
    #[must_use]
    pub fn to_record(&self) -> [u8; PATH_RECORD_LENGTH] {
        let mut record = [0; PATH_RECORD_LENGTH];
        record[0..2].copy_from_slice(&self.socket.to_le_bytes());
        record[4..6].copy_from_slice(&self.remote.port().to_le_bytes());
        record[12..16].copy_from_slice(&self.interface.to_le_bytes());
        let local = match self.remote {
            SocketAddr::V4(remote) => {
                record[2] = FAMILY_V4;
                record[16..20].copy_from_slice(&remote.ip().octets());
                self.local.and_then(as_v4).map(|local| padded(local.octets()))
            }
            SocketAddr::V6(remote) => {
                record[2] = if self.is_relayed() { FAMILY_RELAYED } else { FAMILY_V6 };
                record[8..12].copy_from_slice(&remote.scope_id().to_le_bytes());
                record[16..32].copy_from_slice(&remote.ip().octets());
                self.local.map(|local| as_v6(local).octets())
            }
        };
        if let Some(local) = local {
            record[3] = FLAG_LOCAL_PRESENT;
            record[32..48].copy_from_slice(&local);
        }
        record
    }

    /// The path that `record` was made from.
    ///
    /// # Errors
    /// [`BadPathRecord`] when any byte is not as [`Path::to_record`] would have written it, so that one path has one record.
    pub fn from_record(record: &[u8; PATH_RECORD_LENGTH]) -> Result<Self, BadPathRecord> {
        let [s0, s1, family, flags, p0, p1, ..] = *record;
        let port = u16::from_le_bytes([p0, p1]);
        let scope = u32_at(record, 8);
        let remote = match family {
            FAMILY_V4 => SocketAddr::V4(SocketAddrV4::new(v4_at(record, 16), port)),
            FAMILY_V6 | FAMILY_RELAYED => {
                SocketAddr::V6(SocketAddrV6::new(v6_at(record, 16), port, 0, scope))
            }
            _ => return Err(BadPathRecord),
        };
        let local = match (flags & FLAG_LOCAL_PRESENT != 0, family) {
            (false, _) => None,
            (true, FAMILY_V4) => Some(IpAddr::V4(v4_at(record, 32))),
            (true, _) => Some(IpAddr::V6(v6_at(record, 32))),
        };
        let path =
            Self { socket: u16::from_le_bytes([s0, s1]), remote, local, interface: u32_at(record, 12) };
        if path.to_record() == *record && (!path.is_relayed() || path.relay().is_some()) {
            Ok(path)
        } else {
            Err(BadPathRecord)
        }
    }
}

/// The ECN field of an IP header (RFC 3168 §5). The discriminant is the field's value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub enum Ecn {
    /// Sent by something that does not understand ECN.
    #[default]
    NotEct = 0,
    /// ECN-capable transport, codepoint 1.
    Ect1 = 1,
    /// ECN-capable transport, codepoint 0: the one that senders set.
    Ect0 = 2,
    /// Congestion experienced.
    Ce = 3,
}

impl Ecn {
    /// The codepoint in the two low bits of a TOS or traffic class byte; the other six are ignored.
    #[must_use]
    pub const fn from_bits(traffic_class: u8) -> Self {
        match traffic_class & 0b11 {
            0 => Self::NotEct,
            1 => Self::Ect1,
            2 => Self::Ect0,
            _ => Self::Ce,
        }
    }

    /// The two bits of the codepoint.
    #[must_use]
    pub const fn to_bits(self) -> u8 {
        self as u8
    }
}

fn as_v4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(v4) => Some(v4),
        IpAddr::V6(v6) => v6.to_ipv4_mapped(),
    }
}

fn as_v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

fn padded(v4: [u8; 4]) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&v4);
    bytes
}

fn u32_at(record: &[u8; PATH_RECORD_LENGTH], at: usize) -> u32 {
    u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]])
}

fn v4_at(record: &[u8; PATH_RECORD_LENGTH], at: usize) -> Ipv4Addr {
    Ipv4Addr::new(record[at], record[at + 1], record[at + 2], record[at + 3])
}

fn v6_at(record: &[u8; PATH_RECORD_LENGTH], at: usize) -> Ipv6Addr {
    let mut octets = [0; 16];
    octets.copy_from_slice(&record[at..at + 16]);
    Ipv6Addr::from(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address() -> impl Strategy<Value = IpAddr> {
        prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from),]
    }

    fn same_family(remote: IpAddr, local: IpAddr) -> bool {
        remote.is_ipv4() == local.is_ipv4()
    }

    proptest! {
        #[test]
        fn a_path_survives_its_record(
            socket: u16, port: u16, interface: u32, scope: u32,
            remote in address(), local in proptest::option::of(address()),
        ) {
            let remote_address = match remote {
                IpAddr::V4(v4) => SocketAddr::V4(SocketAddrV4::new(v4, port)),
                IpAddr::V6(v6) => SocketAddr::V6(SocketAddrV6::new(v6, port, 0, scope)),
            };
            let local = local.filter(|local| same_family(remote, *local));
            let socket = socket % RELAY_SOCKET;
            let path = Path { socket, remote: remote_address, local, interface };
            prop_assert_eq!(Path::from_record(&path.to_record()), Ok(path));
        }

        #[test]
        fn one_path_has_one_record(mut record: [u8; 32], family in 0_u8..8, flags in 0_u8..4, local: [u8; 16]) {
            record[2] = family;
            record[3] = flags;
            record[6..8].fill(0);
            let mut whole = [0; PATH_RECORD_LENGTH];
            whole[..32].copy_from_slice(&record);
            if flags & FLAG_LOCAL_PRESENT != 0 {
                whole[32..].copy_from_slice(&local);
            }
            if let Ok(path) = Path::from_record(&whole) {
                prop_assert_eq!(path.to_record(), whole);
            }
        }
    }

    #[test]
    fn the_record_has_the_documented_bytes() {
        let path = Path {
            socket: 0x0102,
            remote: "[fe80::2%7]:4660".parse().unwrap(),
            local: Some("fe80::1".parse().unwrap()),
            interface: 7,
        };
        let mut expected = [0; PATH_RECORD_LENGTH];
        expected[..16].copy_from_slice(&[2, 1, 6, 1, 0x34, 0x12, 0, 0, 7, 0, 0, 0, 7, 0, 0, 0]);
        (expected[16], expected[17], expected[31]) = (0xfe, 0x80, 2);
        (expected[32], expected[33], expected[47]) = (0xfe, 0x80, 1);
        assert_eq!(path.to_record(), expected);
    }

    #[test]
    fn what_is_not_known_of_the_local_end_is_no_difference() {
        let known = Path {
            socket: 0,
            remote: "192.0.2.1:9".parse().unwrap(),
            local: "192.0.2.7".parse().ok(),
            interface: 3,
        };
        assert!(known.is_same_way(&Path { local: None, interface: 0, ..known }));
        assert!(!known.is_same_way(&Path { local: "192.0.2.8".parse().ok(), ..known }));
        assert!(!known.is_same_way(&Path { interface: 4, ..known }));
        assert!(!known.is_same_way(&Path { socket: 1, ..known }));
        let port = Path { remote: "192.0.2.1:10".parse().unwrap(), ..known };
        assert!(known.differs_in_port_only(&port) && !known.is_same_way(&port));
        let host = Path { remote: "192.0.2.2:10".parse().unwrap(), ..known };
        assert!(!known.differs_in_port_only(&host) && !known.differs_in_port_only(&known));
    }

    #[test]
    fn a_record_with_any_unused_byte_set_is_refused() {
        let v4 = Path { socket: 0, remote: "192.0.2.1:9".parse().unwrap(), local: None, interface: 0 };
        for at in [2, 3, 6, 7, 8, 11, 20, 31, 32, 47] {
            let mut record = v4.to_record();
            record[at] ^= 0x80;
            assert_eq!(Path::from_record(&record), Err(BadPathRecord), "byte {at}");
        }
    }

    #[test]
    fn a_local_address_of_the_other_family_is_mapped_or_left_out() {
        let record_of = |remote: &str, local: &str| {
            let path =
                Path { socket: 0, remote: remote.parse().unwrap(), local: local.parse().ok(), interface: 0 };
            Path::from_record(&path.to_record()).unwrap().local
        };
        assert_eq!(record_of("[::ffff:192.0.2.1]:9", "192.0.2.7"), "::ffff:192.0.2.7".parse().ok());
        assert_eq!(record_of("192.0.2.1:9", "::ffff:192.0.2.7"), "192.0.2.7".parse().ok());
        assert_eq!(record_of("192.0.2.1:9", "2001:db8::7"), None);
    }

    #[test]
    fn ecn_codepoints_are_those_of_the_ip_header() {
        for bits in 0..=u8::MAX {
            assert_eq!(Ecn::from_bits(bits).to_bits(), bits & 3);
        }
        assert_eq!((Ecn::Ect0.to_bits(), Ecn::Ect1.to_bits(), Ecn::Ce.to_bits()), (2, 1, 3));
    }
}
