//! A host, and what its socket holds while it does not run.

use crate::network::HostId;
use osier_core::{Engine, RouteId};
use std::net::SocketAddr;

/// What a host allows its peers before any grant.
#[derive(Clone, Copy)]
pub(crate) struct Credit {
    pub(crate) data: u64,
    pub(crate) stream_data: u64,
    pub(crate) streams: u64,
}

pub(crate) struct Host {
    pub(crate) credit: Credit,
    pub(crate) engine: Engine,
    pub(crate) address: SocketAddr,
    pub(crate) route_id: Option<RouteId>,
    pub(crate) frozen_until_micros: u64,
    /// What its socket holds while it is frozen; 0 is unbounded.
    pub(crate) receive_buffer_bytes: usize,
    pub(crate) held_bytes: usize,
    /// Datagrams that its socket had no room for.
    pub(crate) overflowed: u64,
}

impl Host {
    /// Has the socket of a frozen host keep a datagram; false when it has no room.
    pub(crate) fn holds(&mut self, arrived: &mut InFlight) -> bool {
        let bytes = arrived.datagram.len();
        if !arrived.held {
            if self.receive_buffer_bytes > 0 && self.held_bytes + bytes > self.receive_buffer_bytes {
                self.overflowed += 1;
                return false;
            }
            self.held_bytes += bytes;
            arrived.held = true;
        }
        arrived.at_micros = self.frozen_until_micros;
        true
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct InFlight {
    pub(crate) at_micros: u64,
    pub(crate) sequence: u64,
    pub(crate) from: SocketAddr,
    pub(crate) to: HostId,
    /// Nobody is there once the host has another.
    pub(crate) to_address: SocketAddr,
    pub(crate) ecn: u8,
    /// It lies in the socket of a host that is frozen.
    pub(crate) held: bool,
    pub(crate) datagram: Vec<u8>,
}
