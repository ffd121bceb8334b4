//! Paths that go through a neighbour, which relays: named by RouteIds instead of addresses.

use super::Path;
use osier_wire::RouteId;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// The number that no socket has: a path with it is relayed.
pub const RELAY_SOCKET: u16 = u16::MAX;

/// A neighbour of which nothing is known.
const NO_HOP: RouteId = RouteId([0; 8]);

/// Where packets of a relayed path go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RelayedWay {
    /// The neighbour that a packet came by; a hint, which the route to the destination goes before. All zero where it is not known.
    pub hop: RouteId,
    /// The other end.
    pub far: RouteId,
    /// A relay to pass through first. Packets that arrive bear none: the waypoint has taken it out.
    pub waypoint: Option<RouteId>,
}

impl RelayedWay {
    /// What the route is looked up for.
    #[must_use]
    pub fn target(&self) -> RouteId {
        self.waypoint.unwrap_or(self.far)
    }

    /// Whether `other` leads to the same end, and by the same waypoint where both know theirs.
    pub(super) fn is_same_way(&self, other: &Self) -> bool {
        let same_waypoint =
            self.waypoint == other.waypoint || self.waypoint.is_none() || other.waypoint.is_none();
        self.far == other.far && same_waypoint
    }
}

impl Path {
    /// The path to `far`, through `waypoint` if there is one, by whatever neighbour the routes say.
    #[must_use]
    pub fn relayed_to(far: RouteId, waypoint: Option<RouteId>) -> Self {
        Self::relayed(RelayedWay { hop: NO_HOP, far, waypoint })
    }

    /// A path that is relayed.
    #[must_use]
    pub fn relayed(way: RelayedWay) -> Self {
        let local = way.waypoint.map(|waypoint| IpAddr::V6(joined(NO_HOP, waypoint)));
        Self { socket: RELAY_SOCKET, remote: address(way.hop, way.far), local, interface: 0 }
    }

    /// Whether the path is relayed.
    #[must_use]
    pub fn is_relayed(&self) -> bool {
        self.socket == RELAY_SOCKET
    }

    /// As [`Path::is_same_way`], of paths that were chosen: one without a waypoint is another than one with it.
    pub(crate) fn is_same_choice(&self, other: &Self) -> bool {
        let waypoint = |path: &Self| path.relay().and_then(|way| way.waypoint);
        self.is_same_way(other) && waypoint(self) == waypoint(other)
    }

    /// Where a relayed path leads; `None` for a direct one.
    #[must_use]
    pub fn relay(&self) -> Option<RelayedWay> {
        let SocketAddr::V6(remote) = self.remote else { return None };
        if !self.is_relayed() || remote.port() != 0 || remote.scope_id() != 0 || self.interface != 0 {
            return None;
        }
        let waypoint = match self.local {
            None => None,
            Some(IpAddr::V6(local)) => match halves(local) {
                (NO_HOP, waypoint) => Some(waypoint),
                _ => return None,
            },
            Some(IpAddr::V4(_)) => return None,
        };
        let (hop, far) = halves(*remote.ip());
        Some(RelayedWay { hop, far, waypoint })
    }

    /// What the peer is known by there: its address, or its RouteId whichever neighbour it is reached by.
    #[must_use]
    pub(crate) fn peer_address(&self) -> SocketAddr {
        self.relay().map_or(self.remote, |way| address(NO_HOP, way.far))
    }
}

fn address(hop: RouteId, far: RouteId) -> SocketAddr {
    SocketAddr::V6(SocketAddrV6::new(joined(hop, far), 0, 0, 0))
}

fn joined(first: RouteId, second: RouteId) -> Ipv6Addr {
    let mut octets = [0; 16];
    octets[..8].copy_from_slice(&first.0);
    octets[8..].copy_from_slice(&second.0);
    octets.into()
}

fn halves(address: Ipv6Addr) -> (RouteId, RouteId) {
    let octets = address.octets();
    let (mut first, mut second) = ([0; 8], [0; 8]);
    first.copy_from_slice(&octets[..8]);
    second.copy_from_slice(&octets[8..]);
    (RouteId(first), RouteId(second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::PATH_RECORD_LENGTH;
    use proptest::prelude::*;

    fn id(byte: u8) -> RouteId {
        RouteId([byte; 8])
    }

    proptest! {
        #[test]
        fn a_relayed_path_survives_its_record(hop: [u8; 8], far: [u8; 8], waypoint: Option<[u8; 8]>) {
            let way = RelayedWay { hop: RouteId(hop), far: RouteId(far), waypoint: waypoint.map(RouteId) };
            let path = Path::relayed(way);
            prop_assert_eq!(path.relay(), Some(way));
            prop_assert_eq!(Path::from_record(&path.to_record()), Ok(path));
        }
    }

    #[test]
    fn the_record_of_a_relayed_path_has_the_documented_bytes() {
        let way = RelayedWay { hop: id(1), far: id(2), waypoint: Some(id(3)) };
        let mut expected = [0; PATH_RECORD_LENGTH];
        expected[..4].copy_from_slice(&[0xff, 0xff, 1, 1]);
        expected[16..24].fill(1);
        expected[24..32].fill(2);
        expected[40..].fill(3);
        assert_eq!(Path::relayed(way).to_record(), expected);
    }

    #[test]
    fn a_relayed_path_is_none_of_an_address() {
        let relayed = Path::relayed_to(id(2), None);
        let mut record = relayed.to_record();
        record[2] = 6;
        assert!(Path::from_record(&record).is_err(), "an address from the socket that there is none of");
        record[0] = 0;
        let direct = Path::from_record(&record).unwrap();
        assert_eq!(direct.relay(), None);
        assert!(!direct.is_same_way(&relayed) && !relayed.is_same_way(&direct));
        for at in [4, 8, 12, 32] {
            let mut record = Path::relayed_to(id(2), Some(id(3))).to_record();
            record[at] = 1;
            assert!(Path::from_record(&record).is_err(), "byte {at}");
        }
    }

    #[test]
    fn the_hop_is_a_hint_and_a_waypoint_that_is_not_known_no_difference() {
        let way = RelayedWay { hop: id(1), far: id(2), waypoint: Some(id(3)) };
        let path = Path::relayed(way);
        assert!(path.is_same_way(&Path::relayed(RelayedWay { hop: id(9), ..way })));
        assert!(path.is_same_way(&Path::relayed(RelayedWay { waypoint: None, ..way })));
        assert!(!path.is_same_way(&Path::relayed(RelayedWay { waypoint: Some(id(4)), ..way })));
        assert!(!path.is_same_way(&Path::relayed(RelayedWay { far: id(4), ..way })));
        assert_eq!(path.peer_address(), Path::relayed(RelayedWay { hop: id(9), ..way }).peer_address());
    }
}
