//! Where a train comes from or goes to.

use std::net::{IpAddr, SocketAddr};

/// Both ends of a way through the network, as far as a socket knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Route {
    /// The peer's address; never an IPv4-mapped IPv6 address.
    pub remote: SocketAddr,
    /// The address of this machine that the peer used, or that is to be sent from; `None` leaves the choice to the kernel.
    pub local: Option<IpAddr>,
    /// Index of the interface it arrived on; 0 when not known. When sending it binds link-local addresses only: elsewhere the routing table decides,
    /// so that a route may move to another interface.
    pub interface: u32,
}

impl Route {
    /// A route of which only the peer's address is known.
    pub fn to(remote: SocketAddr) -> Self {
        Self { remote, local: None, interface: 0 }
    }
}

/// Congestion marks of an IP header (RFC 3168).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Ecn {
    /// Not capable of ECN.
    #[default]
    NotEct = 0,
    /// Capable, codepoint 1 (L4S).
    Ect1 = 1,
    /// Capable, codepoint 0.
    Ect0 = 2,
    /// Congestion experienced.
    Ce = 3,
}

impl Ecn {
    /// The mark in the lowest two bits of a type-of-service or traffic-class byte.
    pub fn from_traffic_class(byte: u8) -> Self {
        match byte & 3 {
            0 => Self::NotEct,
            1 => Self::Ect1,
            2 => Self::Ect0,
            _ => Self::Ce,
        }
    }
}

/// What the kernel says about a received train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiveMeta {
    /// Who sent it, and to which of our addresses.
    pub route: Route,
    /// Congestion mark of the train's first datagram; the kernel joins only datagrams of the same mark.
    pub ecn: Ecn,
    /// Bytes of every datagram but the last, which may be shorter; never 0.
    pub segment_size: usize,
}

/// One train in a receive buffer.
#[derive(Debug)]
pub struct ReceivedTrain<'a> {
    /// What the kernel says about it.
    pub meta: ReceiveMeta,
    /// The datagrams back to back, and nothing else.
    pub bytes: &'a mut [u8],
}
