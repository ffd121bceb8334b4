//! Hosts with several addresses, as machines with several network cards are.

use crate::link::{Link, LinkConfig};
use crate::network::{HostId, Network};
use std::net::{IpAddr, SocketAddr};

impl Network {
    /// Gives a host one more address, that of another network card; packets that come to it are answered from it. What goes between it and the peer's
    /// first address goes over links of their own.
    pub fn add_address(&mut self, host: HostId, address: SocketAddr, link: LinkConfig) {
        self.further.add(host, address, link);
    }

    /// The links to and from a further address.
    pub fn further_links(&mut self, address: SocketAddr) -> [&mut Link; 2] {
        self.further.links(address)
    }
}

/// Addresses beside the first of each host.
#[derive(Default)]
pub(crate) struct FurtherAddresses {
    all: Vec<Further>,
}

struct Further {
    host: HostId,
    address: SocketAddr,
    /// To it, and from it.
    links: [Link; 2],
}

/// The way of a datagram to or from a further address.
pub(crate) struct Passage {
    position: usize,
    is_from: bool,
    /// Whose address it goes to; `None`: a first one.
    pub(crate) to: Option<HostId>,
    pub(crate) to_address: SocketAddr,
    /// `None`: the sender's first one.
    pub(crate) from_address: Option<SocketAddr>,
}

impl FurtherAddresses {
    pub(crate) fn add(&mut self, host: HostId, address: SocketAddr, link: LinkConfig) {
        self.all.push(Further { host, address, links: [Link::new(link.clone()), Link::new(link)] });
    }

    pub(crate) fn links(&mut self, address: SocketAddr) -> [&mut Link; 2] {
        match self.all.iter_mut().find(|further| further.address == address) {
            Some(further) => further.links.each_mut(),
            None => panic!("{address} is nobody's further address"),
        }
    }

    /// Whose it is.
    pub(crate) fn owner(&self, address: SocketAddr) -> Option<HostId> {
        self.all.iter().find(|further| further.address == address).map(|further| further.host)
    }

    /// Whether a host tells by the address that a packet came to.
    pub(crate) fn has_several(&self, host: HostId) -> bool {
        self.all.iter().any(|further| further.host == host)
    }

    /// The way of a datagram of `host`'s from `local` to `remote`; `None` where it goes between first addresses.
    pub(crate) fn passage(&self, host: HostId, local: Option<IpAddr>, remote: SocketAddr) -> Option<Passage> {
        let from = self.all.iter().position(|at| at.host == host && Some(at.address.ip()) == local);
        let to = self.all.iter().position(|at| at.address == remote);
        let position = to.or(from)?;
        Some(Passage {
            position,
            is_from: to.is_none(),
            to: to.map(|to| self.all[to].host),
            to_address: remote,
            from_address: from.map(|from| self.all[from].address),
        })
    }

    pub(crate) fn link(&mut self, passage: &Passage) -> &mut Link {
        &mut self.all[passage.position].links[usize::from(passage.is_from)]
    }
}
