//! An attacker on the side of a link: he reads and repeats, but cannot hold anything up.

use crate::network::HostId;
use std::net::SocketAddr;

/// Somebody who sees the datagrams of one link and sends copies of them from an address of his own, faster than they are.
#[derive(Clone, Copy, Debug)]
pub struct Observer {
    /// Whom he watches.
    pub from: HostId,
    /// Whom he sends the copies to.
    pub to: HostId,
    /// Where they come from; no host's.
    pub address: SocketAddr,
    /// How much sooner they arrive.
    pub lead_micros: u64,
    /// Whether he passes on what is sent to him.
    pub relays: bool,
}
