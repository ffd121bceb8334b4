//! Routes, neighbours, and what follows when they change.

use super::Engine;
use crate::association::Association;
use crate::config::{AssociationConfig, EngineConfig};
use crate::entropy::Entropy;
use crate::event::Event;
use crate::path::RelayedWay;
use crate::relay::{hop_overhead_bytes, ForwardQueue, Neighbours, PairLimit, Route, RouteTable};
use crate::time::Instant;
use osier_wire::limits::{BASE_DATAGRAM_BYTES, MIN_ROUTE_MTU_BYTES};
use osier_wire::{RouteFault, RouteId};

/// What the layer above decided about one destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteChange {
    /// Where packets go in the end.
    pub destination: RouteId,
    /// Handle of the association with the next neighbour; `None`: there is no route any more.
    pub next: Option<u32>,
    /// The largest end-to-end packet that the route carries.
    pub mtu_bytes: u32,
}

/// All that an engine keeps to relay, and to be relayed to.
pub(super) struct Relaying {
    /// What this node is known by.
    pub(super) own: Option<RouteId>,
    /// Whether it forwards.
    pub(super) forwards: bool,
    pub(super) queue: ForwardQueue,
    /// What is forwarded and what is this node's own take turns.
    pub(super) is_forwards_turn: bool,
    routes: RouteTable,
    neighbours: Neighbours,
    pub(super) faults: PairLimit,
}

impl Relaying {
    pub(super) fn new(config: &EngineConfig, entropy: &mut Entropy) -> Self {
        let mut bytes = [0; 16];
        if config.route_id.is_some() {
            entropy.fill(&mut bytes);
        }
        let number = u128::from_le_bytes(bytes);
        let secret = [number as u64, (number >> 64) as u64];
        Self {
            own: config.route_id,
            forwards: config.route_id.is_some() && config.relay.is_some(),
            queue: ForwardQueue::new(config.relay.map_or(0, |relay| relay.queue_bytes)),
            is_forwards_turn: false,
            routes: RouteTable::new(secret),
            neighbours: Neighbours::default(),
            faults: PairLimit::new(secret),
        }
    }

    pub(super) fn route(&self, destination: RouteId) -> Option<Route> {
        self.routes.get(destination)
    }
}

impl Engine {
    /// Takes all changes at once. Associations whose packets go another way from now on send again what was under way on the old one.
    pub fn set_routes(&mut self, now: Instant, changes: &[RouteChange]) {
        let relayed = self.associations.iter().filter_map(|(handle, association)| {
            let way = association.path().relay()?;
            Some((handle, way, self.relaying.route(way.target()).is_some()))
        });
        let relayed = relayed.collect::<Vec<_>>();
        for change in changes {
            match change.next {
                Some(next) => {
                    let route = Route { next, mtu_bytes: change.mtu_bytes };
                    self.relaying.routes.set(change.destination, route);
                }
                None => self.relaying.routes.remove(change.destination),
            }
        }
        for (handle, way, had_route) in relayed {
            if self.next_hop(&way).is_none() {
                continue;
            }
            self.steer(now, handle, &way);
            if !had_route && self.relaying.route(way.target()).is_some() {
                self.associations
                    .get_mut(handle)
                    .into_iter()
                    .for_each(|association| association.on_route_found(now));
            }
            self.settle(now, handle);
        }
    }

    /// The neighbour's association that packets go by: as the routes say, or else back to who brought a packet from there.
    pub(super) fn next_hop(&self, way: &RelayedWay) -> Option<u32> {
        let is_hop = |handle: &u32| self.associations.get(*handle).is_some_and(Association::is_hop);
        let routed = self.relaying.route(way.target()).map(|route| route.next).filter(is_hop);
        routed.or_else(|| {
            let mut neighbours = self.relaying.neighbours.of(way.hop);
            neighbours.find(is_hop).filter(|_| way.waypoint.is_none())
        })
    }

    /// Tells an association how its packets go now.
    pub(super) fn steer(&mut self, now: Instant, handle: u32, way: &RelayedWay) {
        let next = self.next_hop(way);
        let route_bytes = next.map_or(MIN_ROUTE_MTU_BYTES, |next| self.route_bytes(way, next));
        if let Some(association) = self.associations.get_mut(handle) {
            association.steer(now, next, route_bytes);
        }
    }

    /// The largest end-to-end packet that goes by `next`, as far as is known here.
    pub(super) fn route_bytes(&self, way: &RelayedWay, next: u32) -> usize {
        let overhead = hop_overhead_bytes(way.waypoint.is_some());
        let hop_bytes = self.associations.get(next).map_or(0, |hop| hop.control().mtu_bytes());
        let routed = self.relaying.route(way.target()).filter(|route| route.next == next);
        let told = routed.map_or(BASE_DATAGRAM_BYTES - overhead, |route| route.mtu_bytes as usize);
        told.min(hop_bytes.saturating_sub(overhead)).max(MIN_ROUTE_MTU_BYTES)
    }

    pub(super) fn note_neighbour(&mut self, handle: u32, config: &AssociationConfig) {
        if let Some(id) = config.peer_route_id {
            self.relaying.neighbours.insert(id, handle);
        }
    }

    pub(super) fn forget_neighbour(&mut self, handle: u32, association: &Association) {
        if let Some(id) = association.peer_route_id() {
            self.relaying.neighbours.remove(id, handle);
        }
        self.stats.relay_dropped_packets += self.relaying.queue.forget(handle) as u64;
    }

    /// So many packets of this node's own found no way to `destination`.
    pub(super) fn drop_unrouted(&mut self, now: Instant, destination: RouteId, packets: usize) {
        self.stats.relay_dropped_packets += packets as u64;
        let Some(own) = self.relaying.own else { return };
        if self.relaying.faults.admit(now, own, destination) {
            self.events.push_back(Event::RouteError {
                fault: RouteFault::NoRoute,
                destination,
                reporter: own,
            });
        }
    }
}
