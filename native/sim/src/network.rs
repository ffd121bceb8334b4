//! Hosts, links, and the virtual clock that moves them.

use crate::further_addresses::{FurtherAddresses, Passage};
use crate::host::{Credit, Host, InFlight};
use crate::link::{Arrival, Link, LinkConfig};
use crate::observer::Observer;
use crate::rng::Rng;
use osier_core::{Ecn, Engine, EngineConfig, HeapBlocks, Instant, Path, ReceiveMeta, TRAIN_BYTES_MAX};
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;

/// A host by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostId(pub usize);

/// A virtual network. All of its randomness follows from the seed.
pub struct Network {
    /// The one source of chance.
    pub rng: Rng,
    now_micros: u64,
    pub(crate) hosts: Vec<Host>,
    links: HashMap<(HostId, HostId), Link>,
    pub(crate) further: FurtherAddresses,
    /// Datagrams between these pass this bottleneck before their own link.
    shared: Option<(Vec<(HostId, HostId)>, Link)>,
    observer: Option<Observer>,
    bytes_to_observer: u64,
    in_flight: BinaryHeap<Reverse<InFlight>>,
    sequence: u64,
    train: Vec<u8>,
    arrivals: Vec<Arrival>,
}

impl Network {
    /// An empty network at virtual time 1 s.
    pub fn new(seed: u64) -> Self {
        Self {
            rng: Rng::new(seed),
            now_micros: 1_000_000,
            hosts: Vec::new(),
            links: HashMap::new(),
            further: FurtherAddresses::default(),
            shared: None,
            observer: None,
            bytes_to_observer: 0,
            in_flight: BinaryHeap::new(),
            sequence: 0,
            train: vec![0; TRAIN_BYTES_MAX],
            arrivals: Vec::new(),
        }
    }

    /// The virtual time.
    pub fn now(&self) -> Instant {
        Instant::from_micros(self.now_micros)
    }

    /// Adds a host with an engine.
    pub fn add_host(&mut self, config: EngineConfig) -> HostId {
        let id = HostId(self.hosts.len());
        let seed = self.rng.bytes32();
        let credit = Credit {
            data: config.initial_data_bytes,
            stream_data: config.initial_stream_data_bytes,
            streams: config.streams_per_peer,
        };
        let route_id = config.route_id;
        let engine = Engine::new(config, seed, Rc::new(RefCell::new(HeapBlocks::default())));
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, (id.0 >> 8) as u8, id.0 as u8)), 7400);
        self.hosts.push(Host {
            engine,
            credit,
            address,
            route_id,
            frozen_until_micros: 0,
            receive_buffer_bytes: 0,
            held_bytes: 0,
            overflowed: 0,
        });
        id
    }

    /// Sets the link from one host to another.
    pub fn set_link(&mut self, from: HostId, to: HostId, config: LinkConfig) {
        self.links.entry((from, to)).or_default().config = config;
    }

    /// The link from one host to another.
    pub fn link(&mut self, from: HostId, to: HostId) -> &mut Link {
        self.links.entry((from, to)).or_default()
    }

    /// Puts one bottleneck before all links from `from` to `to`; their own rates go.
    pub fn share_bottleneck(&mut self, from: HostId, to: &[HostId], bytes_per_second: u64, queue_bytes: u64) {
        let ways = to.iter().map(|to| (from, *to)).collect::<Vec<_>>();
        self.share_bottleneck_among(&ways, bytes_per_second, queue_bytes);
    }

    /// Puts one bottleneck before all of these (from, to); their own rates go.
    pub fn share_bottleneck_among(
        &mut self,
        ways: &[(HostId, HostId)],
        bytes_per_second: u64,
        queue_bytes: u64,
    ) {
        for (from, to) in ways {
            self.link(*from, *to).config.bytes_per_second = 0;
        }
        let bottleneck = Link::new(LinkConfig { bytes_per_second, queue_bytes, ..LinkConfig::default() });
        self.shared = Some((ways.to_vec(), bottleneck));
    }

    /// Bytes that wait before the shared bottleneck; 0 where there is none.
    pub fn shared_queue_bytes(&self) -> u64 {
        self.shared.as_ref().map_or(0, |(_, bottleneck)| bottleneck.queued_bytes(self.now_micros))
    }

    /// A host's engine. Call [`Network::flush`] after anything that may want to send.
    pub fn engine(&mut self, host: HostId) -> &mut Engine {
        &mut self.hosts[host.0].engine
    }

    /// Stops a host, as SIGSTOP would, for this long.
    pub fn freeze(&mut self, host: HostId, micros: u64) {
        self.hosts[host.0].frozen_until_micros = self.now_micros + micros;
    }

    /// Bounds what a host's socket holds while the host is frozen; 0 is unbounded.
    pub fn set_receive_buffer(&mut self, host: HostId, bytes: usize) {
        self.hosts[host.0].receive_buffer_bytes = bytes;
    }

    /// Datagrams that a host's socket had no room for.
    pub fn socket_overflows(&self, host: HostId) -> u64 {
        self.hosts[host.0].overflowed
    }

    /// Gives a host another address, as a NAT or another network would: what is under way to the old one finds nobody, and the host is not told.
    pub fn set_address(&mut self, host: HostId, address: SocketAddr) {
        self.hosts[host.0].address = address;
    }

    /// A host's address.
    pub fn address(&self, host: HostId) -> SocketAddr {
        self.hosts[host.0].address
    }

    /// From now on somebody watches one link.
    pub fn set_observer(&mut self, observer: Option<Observer>) {
        self.observer = observer;
    }

    /// Bytes that hosts sent to the observer.
    pub fn bytes_to_observer(&self) -> u64 {
        self.bytes_to_observer
    }

    /// Moves time to the next thing that happens and lets it happen; `false` when nothing ever will, or not before `until`.
    pub fn step(&mut self, until: Instant) -> bool {
        let Some(next) = self.next_micros().filter(|next| *next <= until.as_micros()) else {
            self.now_micros = self.now_micros.max(until.as_micros());
            return false;
        };
        self.now_micros = self.now_micros.max(next);
        self.deliver_due();
        for index in 0..self.hosts.len() {
            self.wake(HostId(index));
        }
        true
    }

    /// Sends what a host's engine has ready, unless it is frozen.
    pub fn flush(&mut self, host: HostId) {
        let now = self.now();
        if self.hosts[host.0].frozen_until_micros > self.now_micros {
            return;
        }
        let mut train = std::mem::take(&mut self.train);
        while let Some(transmit) = self.hosts[host.0].engine.poll_transmit(now, &mut train) {
            let remote = transmit.path.remote;
            for datagram in train[..transmit.len].chunks(transmit.segment_size) {
                let local = transmit.path.local;
                if let Some(passage) = self.further.passage(host, local, remote) {
                    self.send_further(host, &passage, transmit.ecn, datagram);
                    continue;
                }
                match (self.host_at(remote), &self.observer) {
                    (Some(to), _) => self.send(host, to, transmit.ecn, datagram),
                    (None, Some(observer)) if observer.address == remote => self.relay(host, datagram),
                    (None, _) => {}
                }
            }
        }
        self.train = train;
    }

    fn host_at(&self, address: SocketAddr) -> Option<HostId> {
        self.hosts.iter().position(|host| host.address == address).map(HostId)
    }

    fn send(&mut self, from: HostId, to: HostId, ecn: Ecn, datagram: &[u8]) {
        let (from_address, to_address) = (self.hosts[from.0].address, self.hosts[to.0].address);
        let mut entry_micros = self.now_micros;
        if let Some((ways, bottleneck)) = &mut self.shared {
            if ways.contains(&(from, to)) {
                match bottleneck.pass_bottleneck(entry_micros, datagram.len() as u64) {
                    Some(departure_micros) => entry_micros = departure_micros,
                    None => return,
                }
            }
        }
        let link = self.links.entry((from, to)).or_default();
        let too_large_before = link.counters.too_large;
        link.send(entry_micros, ecn, datagram, &mut self.rng, &mut self.arrivals);
        if link.config.reports_failures {
            let now = Instant::from_micros(self.now_micros);
            let engine = &mut self.hosts[from.0].engine;
            if link.counters.too_large > too_large_before {
                engine.on_too_long(now, to_address, datagram);
            } else if link.config.down {
                engine.on_unreachable(now, to_address, datagram);
            }
        }
        let observer = self.observer.as_ref().filter(|at| (at.from, at.to) == (from, to));
        let observed = observer.map(|observer| (observer.address, observer.lead_micros));
        if let Some((observer, lead_micros)) = observed {
            let (copies, now_micros) = (self.arrivals.clone(), self.now_micros);
            let sooner = |at: u64| at.saturating_sub(lead_micros).max(now_micros);
            let copies = copies.into_iter().map(|copy| Arrival { at_micros: sooner(copy.at_micros), ..copy });
            self.put_in_flight(copies, observer, (to, to_address));
        }
        let mut arrivals = std::mem::take(&mut self.arrivals);
        self.put_in_flight(arrivals.drain(..), from_address, (to, to_address));
        self.arrivals = arrivals;
    }

    fn put_in_flight(
        &mut self,
        arrivals: impl Iterator<Item = Arrival>,
        from: SocketAddr,
        (to, to_address): (HostId, SocketAddr),
    ) {
        for Arrival { at_micros, ecn, datagram } in arrivals {
            self.sequence += 1;
            let (sequence, ecn) = (self.sequence, ecn.to_bits());
            let held = false;
            self.in_flight.push(Reverse(InFlight {
                at_micros,
                sequence,
                from,
                to,
                to_address,
                ecn,
                held,
                datagram,
            }));
        }
    }

    /// A datagram to or from a further address.
    fn send_further(&mut self, host: HostId, passage: &Passage, ecn: Ecn, datagram: &[u8]) {
        let Some(to) = passage.to.or_else(|| self.host_at(passage.to_address)) else { return };
        let from = passage.from_address.unwrap_or(self.hosts[host.0].address);
        let link = self.further.link(passage);
        link.send(self.now_micros, ecn, datagram, &mut self.rng, &mut self.arrivals);
        let mut arrivals = std::mem::take(&mut self.arrivals);
        self.put_in_flight(arrivals.drain(..), from, (to, passage.to_address));
        self.arrivals = arrivals;
    }

    /// What was sent to the observer goes on to the host that it watches, at the price of the link, with its sender's address.
    fn relay(&mut self, sender: HostId, datagram: &[u8]) {
        self.bytes_to_observer += datagram.len() as u64;
        let Some(Observer { from: victim, relays: true, .. }) = self.observer else { return };
        self.send(sender, victim, Ecn::NotEct, datagram);
    }

    fn next_micros(&mut self) -> Option<u64> {
        let arrival = self.in_flight.peek().map(|Reverse(next)| next.at_micros);
        let wakes = self.hosts.iter_mut().filter_map(|host| {
            let deadline = host.engine.poll_timeout()?.as_micros();
            Some(deadline.max(host.frozen_until_micros))
        });
        wakes.chain(arrival).min()
    }

    fn deliver_due(&mut self) {
        while let Some(Reverse(next)) = self.in_flight.peek() {
            if next.at_micros > self.now_micros {
                break;
            }
            let Some(Reverse(mut arrived)) = self.in_flight.pop() else { break };
            let is_further = self.further.owner(arrived.to_address) == Some(arrived.to);
            if self.hosts[arrived.to.0].address != arrived.to_address && !is_further {
                continue;
            }
            let host = &mut self.hosts[arrived.to.0];
            if host.frozen_until_micros > self.now_micros {
                if host.holds(&mut arrived) {
                    self.in_flight.push(Reverse(arrived));
                }
                continue;
            }
            if arrived.held {
                host.held_bytes -= arrived.datagram.len();
            }
            let now = self.now();
            let segment_size = arrived.datagram.len();
            let local = self.further.has_several(arrived.to).then_some(arrived.to_address.ip());
            let path = Path { local, ..path_from(arrived.from) };
            let meta = ReceiveMeta { path, ecn: Ecn::from_bits(arrived.ecn), segment_size };
            self.hosts[arrived.to.0].engine.handle_train(now, &meta, &mut arrived.datagram);
        }
    }

    fn wake(&mut self, host: HostId) {
        let now = self.now();
        let state = &mut self.hosts[host.0];
        if state.frozen_until_micros > self.now_micros {
            return;
        }
        if state.engine.poll_timeout().is_some_and(|deadline| deadline <= now) {
            state.engine.handle_timeout(now);
        }
        self.flush(host);
    }
}

pub(crate) fn path_from(address: SocketAddr) -> Path {
    Path { socket: 0, remote: address, local: None, interface: 0 }
}
