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

/// In place of a neighbour's association, where none is concerned.
const NO_NEIGHBOUR: u32 = u32::MAX;

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

/// A destination whose route is another.
struct Changed {
    destination: RouteId,
    /// There was none before.
    is_found: bool,
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
    /// Of faults that are told to neighbours.
    pub(super) faults: PairLimit,
    /// Of faults that are told to the layer above.
    pub(super) own_faults: PairLimit,
}

impl Relaying {
    pub(super) fn new(config: &EngineConfig, entropy: &mut Entropy) -> Self {
        let mut bytes = [0; 24];
        if config.route_id.is_some() {
            entropy.fill(&mut bytes);
        }
        let word = |at: usize| bytes[at..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
        let secret = [word(0), word(8)];
        let (rate, queue_bytes) =
            config.relay.map_or((0, 0), |relay| (relay.max_bytes_per_second, relay.queue_bytes));
        Self {
            own: config.route_id,
            forwards: config.route_id.is_some() && config.relay.is_some(),
            queue: ForwardQueue::new(rate, queue_bytes, word(16)),
            is_forwards_turn: false,
            routes: RouteTable::new(secret),
            neighbours: Neighbours::default(),
            faults: PairLimit::new(secret),
            own_faults: PairLimit::new(secret),
        }
    }

    /// The destinations whose routes are others than before, in order.
    fn take_routes(&mut self, changes: &[RouteChange]) -> Vec<Changed> {
        let mut changed = Vec::new();
        for change in changes {
            let route = change.next.map(|next| Route { next, mtu_bytes: change.mtu_bytes });
            let before = self.routes.get(change.destination);
            if before == route {
                continue;
            }
            changed.push(Changed { destination: change.destination, is_found: before.is_none() });
            match route {
                Some(route) => self.routes.set(change.destination, route),
                None => self.routes.remove(change.destination),
            }
        }
        changed.sort_unstable_by_key(|change| change.destination);
        changed
    }

    pub(super) fn route(&self, destination: RouteId) -> Option<Route> {
        self.routes.get(destination)
    }
}

impl Engine {
    /// Takes all changes at once. Associations whose packets go another way from now on send again what was under way on the old one.
    pub fn set_routes(&mut self, now: Instant, changes: &[RouteChange]) {
        let changed = self.relaying.take_routes(changes);
        if changed.is_empty() {
            return;
        }
        let relayed = self.associations.iter().filter_map(|(handle, association)| {
            let way = association.path().relay()?;
            let at = changed.binary_search_by_key(&way.target(), |change| change.destination).ok()?;
            Some((handle, way, changed[at].is_found))
        });
        for (handle, way, is_found) in relayed.collect::<Vec<_>>() {
            if self.next_hop(&way).is_none() {
                continue;
            }
            self.steer(now, handle, &way);
            if let Some(association) = self.associations.get_mut(handle).filter(|_| is_found) {
                association.on_route_found(now);
            }
            self.settle(now, handle);
        }
    }

    /// An association is a hop again: packets that go by it need not wait for a timer.
    pub(super) fn wake_dependants(&mut self, now: Instant, hop: u32) {
        let relayed = self.associations.iter().filter_map(|(handle, association)| {
            let way = association.path().relay().filter(|way| self.next_hop(way) == Some(hop))?;
            Some((handle, way))
        });
        for (handle, way) in relayed.collect::<Vec<_>>() {
            self.steer(now, handle, &way);
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
        self.relaying.queue.forget(handle);
    }

    /// So many packets of this node's own found no way to `destination`. Who is only answered is not told of: strangers choose whom.
    pub(super) fn drop_unrouted(
        &mut self,
        now: Instant,
        destination: RouteId,
        packets: usize,
        is_answer: bool,
    ) {
        self.stats.relay_dropped_packets += packets as u64;
        let Some(own) = self.relaying.own.filter(|_| !is_answer) else { return };
        if self.relaying.own_faults.admit(now, NO_NEIGHBOUR, (own, destination)) {
            self.events.push_back(Event::RouteError {
                fault: RouteFault::NoRoute,
                destination,
                reporter: own,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_routes_that_become_others_are_changes() {
        let config = EngineConfig { route_id: Some(RouteId([9; 8])), ..EngineConfig::default() };
        let mut relaying = Relaying::new(&config, &mut Entropy::new([1; 32]));
        let change = |id, next, mtu_bytes| RouteChange { destination: RouteId([id; 8]), next, mtu_bytes };
        let mut changed = |changes: &[RouteChange]| -> Vec<u8> {
            relaying.take_routes(changes).iter().map(|change| change.destination.0[0]).collect()
        };
        let first = [change(3, Some(1), 1_160), change(2, Some(1), 1_160), change(4, None, 0)];
        assert_eq!(changed(&first), [2, 3]);
        assert!(changed(&first).is_empty());
        assert_eq!(changed(&[change(2, Some(2), 1_160), change(3, Some(1), 1_400)]), [2, 3]);
        assert_eq!(changed(&[change(2, None, 0), change(3, Some(1), 1_400)]), [2]);
    }
}
