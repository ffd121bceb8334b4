//! What an association knows of relays: it may itself be the hop to a neighbour, and its own packets may go through one.

use super::{Arrival, Association, Timer};
use crate::config::{AssociationConfig, EngineConfig};
use crate::path::Path;
use crate::path_control::PathControl;
use crate::relay::{hop_overhead_bytes, Hop};
use crate::time::Instant;
use osier_wire::limits::{BASE_DATAGRAM_BYTES, MIN_ROUTE_MTU_BYTES};
use osier_wire::{Frame, RouteErrorFrame, RouteFault, RouteId, Writer};
use std::collections::VecDeque;

/// Faults that wait to be told to a peer, or to be passed on for it.
const ERRORS_MAX: usize = 64;

/// See the file's head.
#[derive(Debug)]
pub(super) struct Relayed {
    /// What relays know the peer by.
    peer: Option<RouteId>,
    /// Sizes of packets on direct paths: at first, and at most.
    direct_bytes: u32,
    direct_ceiling_bytes: u32,
    /// The largest packet that the route of the present path carries.
    route_bytes: usize,
    /// The neighbour's association that packets last went by.
    over: Option<u32>,
    /// When the hop that the path names brought the peer's newest packet.
    brought_at: Option<Instant>,
    /// On the heap: few peers ever tell of any.
    faults: Option<Box<Faults>>,
}

#[derive(Debug, Default)]
struct Faults {
    /// To tell the peer.
    owed: VecDeque<RouteErrorFrame>,
    /// That the peer told.
    told: VecDeque<RouteErrorFrame>,
}

/// A neighbour, as far as packets of others go there.
pub(crate) struct HopWay<'a> {
    pub(crate) path: Path,
    pub(crate) remote_index: u32,
    pub(crate) hop: &'a mut Hop,
}

impl Relayed {
    pub(super) fn new(engine: &EngineConfig, config: &AssociationConfig) -> Self {
        Self {
            peer: config.peer_route_id,
            direct_bytes: engine.mtu_bytes as u32,
            direct_ceiling_bytes: engine.mtu_ceiling_bytes.max(engine.mtu_bytes) as u32,
            route_bytes: MIN_ROUTE_MTU_BYTES,
            over: None,
            brought_at: None,
            faults: None,
        }
    }

    pub(super) fn peer(&self) -> Option<RouteId> {
        self.peer
    }

    /// Takes a fault that the peer tells; more at a time than a few are no loss.
    pub(super) fn on_told(&mut self, error: RouteErrorFrame) {
        let told = &mut self.faults.get_or_insert_default().told;
        if told.len() < ERRORS_MAX {
            told.push_back(error);
        }
    }

    /// Whether the peer is to be told of a fault.
    pub(super) fn wants_to_send(&self) -> bool {
        self.faults.as_ref().is_some_and(|faults| !faults.owed.is_empty())
    }

    /// Writes the faults that find room. Nobody sends one that is lost again: the next packet that goes wrong is told of anew.
    pub(super) fn write(&mut self, writer: &mut Writer<'_>) {
        let Some(faults) = &mut self.faults else { return };
        while faults.owed.front().is_some_and(|error| Frame::RouteError(*error).encode(writer).is_ok()) {
            faults.owed.pop_front();
        }
    }

    /// What packets on `path` may be at first, and at most.
    fn sizes_on(&self, path: &Path) -> (usize, usize) {
        let (first, most) = (self.direct_bytes as usize, self.direct_ceiling_bytes as usize);
        match path.relay() {
            None => (first, most),
            Some(way) => {
                let overhead = hop_overhead_bytes(way.waypoint.is_some());
                let most = most.saturating_sub(overhead);
                (BASE_DATAGRAM_BYTES - overhead, most.min(self.route_bytes))
            }
        }
    }
}

impl Association {
    /// What relays know the peer by.
    pub(crate) fn peer_route_id(&self) -> Option<RouteId> {
        self.relayed.peer()
    }

    /// Whether packets of others can go to the peer: it is a neighbour, and has shown that it has the keys.
    pub(crate) fn is_hop(&self) -> bool {
        self.is_open() && !self.path.is_relayed() && self.sessions.sends_hops()
    }

    /// The peer as the next hop of a packet.
    pub(crate) fn hop(&mut self) -> Option<HopWay<'_>> {
        if !self.is_open() || self.path.is_relayed() {
            return None;
        }
        let session = self.sessions.sending()?;
        Some(HopWay { path: self.path, remote_index: session.remote_index, hop: session.hop.as_deref_mut()? })
    }

    /// A relayed packet came from the peer, with its tag: where it came from counts as where a data packet comes from. True: there is something to send or
    /// to tell for it, or the peer is watched from now on.
    #[must_use]
    pub(crate) fn on_hop_packet(
        &mut self,
        now: Instant,
        arrival: &mut Arrival<'_>,
        bytes: usize,
        is_newest: bool,
    ) -> bool {
        let is_woken = self.on_hop_used(now);
        if !self.is_open() {
            return is_woken;
        }
        if self.path.is_same_way(&arrival.path) {
            // Hops count their own packets: this one says nothing of what is newer than the data packet that began a challenge.
            self.note_arrival(now);
            self.learn_local_end(arrival.path);
        } else {
            self.on_arrival(now, arrival, bytes, is_newest);
        }
        let is_changed = self.has_path_packet() || self.has_hop_change();
        if is_changed {
            self.update_timers(now);
        }
        is_woken || is_changed
    }

    /// A packet of others came from the peer or went to it: the association is of use. True: the peer is watched from now on, and the association is to be
    /// scheduled anew.
    #[must_use]
    pub(crate) fn on_hop_used(&mut self, now: Instant) -> bool {
        self.last_activity = now;
        for (timer, micros) in
            [(Timer::Idle, self.idle_timeout_micros), (Timer::KeepAlive, self.keep_alive_micros)]
        {
            if self.timers.get(timer).is_some() {
                self.timers.set(timer, Some(now.plus_micros(micros)));
            }
        }
        self.watch_hop(now)
    }

    /// Has the peer told of a fault, unless many wait already.
    pub(crate) fn tell_route_error(&mut self, error: RouteErrorFrame) {
        if !self.is_open() {
            return;
        }
        let owed = &mut self.relayed.faults.get_or_insert_default().owed;
        if owed.len() < ERRORS_MAX {
            owed.push_back(error);
        }
    }

    /// Whether [`Association::poll_route_error`] has one.
    pub(crate) fn has_route_errors(&self) -> bool {
        self.relayed.faults.as_ref().is_some_and(|faults| !faults.told.is_empty())
    }

    /// The next fault that the peer told.
    pub(crate) fn poll_route_error(&mut self) -> Option<RouteErrorFrame> {
        self.relayed.faults.as_mut()?.told.pop_front()
    }

    /// A relay says that a packet of this association was not passed on. False when none of that number is under way, and nothing of it is believed.
    pub(crate) fn on_route_fault(&mut self, now: Instant, packet_number: u64, fault: RouteFault) -> bool {
        if !self.is_open() || !self.recovery.is_under_way(packet_number) {
            return false;
        }
        if let RouteFault::TooBig { mtu_bytes } = fault {
            let sent = self.recovery.size_under_way(packet_number, &self.control);
            if let Some(bytes) = sent.filter(|bytes| *bytes > usize::from(mtu_bytes)) {
                self.control.on_too_long_for_relay(now, bytes.min(usize::from(mtu_bytes) + 1));
            }
        }
        true
    }

    /// A full packet of others went to the peer: larger ones would be of use.
    pub(crate) fn on_full_hop_packet(&mut self, now: Instant) {
        self.control.on_full_packet(now);
    }

    /// The first path that is known.
    pub(super) fn begin_at(&mut self, path: Path) {
        self.path = path;
        if path.is_relayed() {
            self.control = self.control_of(&path, self.control.tag());
        }
    }

    /// State for a path of which nothing is known.
    pub(super) fn control_of(&self, path: &Path, tag: u8) -> PathControl {
        let (base_bytes, ceiling_bytes) = self.relayed.sizes_on(path);
        self.control.anew_between(tag, base_bytes, ceiling_bytes)
    }

    /// A packet came from a relay, or came directly although packets go to one. Neither moves the association: that is decided above. A peer that is
    /// reached without a route is answered by whoever brings its newest packets; by another one than before once that one has brought none for
    /// a probe time-out, so that packets that come by two ways do not make the way back change with each of them.
    pub(super) fn on_relayed_arrival(&mut self, now: Instant, from: Path, is_newest: bool) {
        if !is_newest || !self.path.is_relayed() || !self.path.is_same_way(&from) {
            return;
        }
        let wait_micros = self.recovery.answer_wait_micros(&self.control);
        let recent = |at: Instant| now.saturating_micros_since(at) < wait_micros;
        if self.path.remote == from.remote || !self.relayed.brought_at.is_some_and(recent) {
            self.path.remote = from.remote;
            self.relayed.brought_at = Some(now);
        }
    }

    /// Packets will go by this neighbour, and may be so large, once the association has moved to `path`: no other way than it begins with there.
    pub(crate) fn expect_route(&mut self, path: &Path, over: u32, route_bytes: usize) {
        if !self.path.is_same_choice(path) {
            self.relayed.over = Some(over);
            self.relayed.route_bytes = route_bytes;
        }
    }

    /// Packets of the relayed path go by this neighbour now, and may be so large. By another one than before nothing is known of the way, and what was
    /// under way goes again.
    pub(crate) fn steer(&mut self, now: Instant, over: Option<u32>, route_bytes: usize) {
        let is_other = over.is_some() && self.relayed.over.is_some_and(|before| Some(before) != over);
        let is_again = over.is_some() && self.relayed.over.is_none() && self.next_packet_number() > 0;
        self.relayed.over = over;
        if over.is_some() {
            self.relayed.route_bytes = route_bytes;
        }
        if is_other || is_again {
            self.reroute(now);
        } else if over.is_some() {
            let (_, ceiling_bytes) = self.relayed.sizes_on(&self.path);
            self.control.limit_mtu(now, ceiling_bytes);
        }
    }

    /// The way has changed under the path. It is taken to be as long as the one before until it is measured: what the first packets bring about may
    /// get lost while relays learn of the change, too.
    fn reroute(&mut self, now: Instant) {
        self.validation.forget();
        self.trust_other_path(now);
        let rtt_micros = self.control.rtt.smoothed_micros();
        self.control = self.control_of(&self.path, self.control.tag().wrapping_add(1));
        self.control.assume_rtt(rtt_micros);
        let (recovery, _, mut fate) = self.recovery_parts(now);
        recovery.on_path_left(now, &mut fate);
        self.on_route_found(now);
    }

    /// There was no route to the peer and now there is one: what went by the neighbour that had brought its packets may be lost, and the peer is to know
    /// what came from it.
    pub(crate) fn on_route_found(&mut self, now: Instant) {
        self.received.tell_again();
        if self.sessions.can_send() {
            self.pings.request_probe();
        }
        self.update_timers(now);
    }
}

#[cfg(test)]
impl Association {
    /// The next fault that the peer is to be told.
    pub(crate) fn take_owed_error(&mut self) -> Option<RouteErrorFrame> {
        self.relayed.faults.as_mut()?.owed.pop_front()
    }

    /// As if the route carried so much, and a probe had shown it.
    pub(crate) fn pretend_mtu(&mut self, now: Instant, bytes: u16) {
        self.relayed.route_bytes = usize::from(bytes);
        self.control.limit_mtu(now, usize::from(bytes));
        self.control.on_mtu_probe_acked(now, bytes);
    }
}
