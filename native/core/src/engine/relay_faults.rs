//! ROUTE_ERROR: told where a packet could not be passed on, passed on towards its source, and believed there only beside what was sent.

use super::{Engine, Receiver};
use crate::association::Association;
use crate::event::Event;
use crate::path::Path;
use crate::time::Instant;
use osier_wire::limits::{MAX_ROUTE_MTU_BYTES, MAX_TTL, MIN_DATA_PACKET_BYTES, QUOTE_BYTES};
use osier_wire::{DataHeader, PacketKind, RelayHeader, RouteErrorFrame, RouteFault, RouteId};

/// Where a handshake packet bears the index that its sender chose.
const SENDER_INDEX_AT: usize = 12;
const DATA: u8 = PacketKind::Data as u8;
const HANDSHAKE: u8 = PacketKind::Handshake as u8;

impl Engine {
    /// Tells the neighbour of `association` that a packet of its was not passed on, unless its pair of ends was told of too often.
    pub(super) fn report(
        &mut self,
        now: Instant,
        association: u32,
        fault: RouteFault,
        header: &RelayHeader,
        inner: &[u8],
    ) {
        let (Some(reporter), Some(quote)) = (self.relaying.own, inner.first_chunk::<QUOTE_BYTES>()) else {
            return;
        };
        if !self.relaying.faults.admit(now, association, (header.source, header.destination)) {
            return;
        }
        let fault = match fault {
            RouteFault::TooBig { mtu_bytes } => {
                RouteFault::TooBig { mtu_bytes: mtu_bytes.min(MAX_ROUTE_MTU_BYTES as u16) }
            }
            other => other,
        };
        let (destination, source) = (header.destination, header.source);
        let error = RouteErrorFrame { fault, ttl: MAX_TTL, destination, source, reporter, quote: *quote };
        self.tell_neighbour(now, association, error);
    }

    /// Takes what a peer told about packets that were not passed on; of one that is no neighbour, nothing.
    pub(super) fn take_route_errors(&mut self, now: Instant, association: u32) {
        let Some(own) = self.relaying.own else { return };
        while let Some(error) = self.associations.get_mut(association).and_then(|at| at.poll_route_error()) {
            if !self.associations.get(association).is_some_and(Association::is_hop) {
                continue;
            }
            if error.source == own {
                self.believe_route_error(now, association, &error);
            } else {
                self.pass_route_error_on(now, association, error);
            }
        }
    }

    pub(super) fn pass_route_error_on(&mut self, now: Instant, from: u32, error: RouteErrorFrame) {
        if !self.relaying.forwards || error.ttl <= 1 {
            return;
        }
        let Some(route) = self.relaying.route(error.source).filter(|route| route.next != from) else {
            return;
        };
        if self.relaying.faults.admit(now, from, (error.source, error.destination)) {
            self.tell_neighbour(now, route.next, RouteErrorFrame { ttl: error.ttl - 1, ..error });
        }
    }

    pub(super) fn tell_neighbour(&mut self, now: Instant, association: u32, error: RouteErrorFrame) {
        if let Some(neighbour) = self.associations.get_mut(association).filter(|at| at.is_hop()) {
            neighbour.tell_route_error(error);
            self.make_ready(now, association);
        }
    }

    /// Nobody signs such a report beyond the first neighbour: what it quotes must be of a packet that is under way to where it says.
    fn believe_route_error(&mut self, now: Instant, from: u32, error: &RouteErrorFrame) {
        let sent = match error.quote[0] {
            DATA => self.believe_data_fault(now, error),
            HANDSHAKE => self.calls(error.destination, &error.quote),
            _ => false,
        };
        if sent && self.relaying.own_faults.admit(now, from, (error.source, error.destination)) {
            let RouteErrorFrame { fault, destination, reporter, .. } = *error;
            self.events.push_back(Event::RouteError { fault, destination, reporter });
        }
    }

    /// True for one that is to be told. That a trace ended is its answer.
    fn believe_data_fault(&mut self, now: Instant, error: &RouteErrorFrame) -> bool {
        // The quote is the header, and no more of the packet.
        let mut packet = [0; MIN_DATA_PACKET_BYTES];
        packet[..QUOTE_BYTES].copy_from_slice(&error.quote);
        let Ok(header) = DataHeader::decode(&packet) else { return false };
        let address = Path::relayed_to(error.destination, None).peer_address();
        let Some(handle) = self.remotes.find(address, header.receiver_index) else { return false };
        let Some(association) = self.associations.get_mut(handle) else { return false };
        if error.fault == RouteFault::TtlExpired
            && association.on_trace_expired(now, header.packet_number, error.reporter)
        {
            self.settle(now, handle);
            return false;
        }
        let sent = association.on_route_fault(now, header.packet_number, error.fault);
        if sent {
            self.make_ready(now, handle);
        }
        sent
    }

    /// Takes note of where a first message goes: only from there can a fault of it be told.
    pub(super) fn note_call(&mut self, path: &Path, datagram: &[u8]) {
        let Some(way) = path.relay().filter(|_| datagram.first() == Some(&HANDSHAKE)) else { return };
        let index = sender_index(datagram);
        if let Some(Receiver::Handshake(awaited)) = index.and_then(|index| self.indices.get_mut(index)) {
            awaited.called = Some(way.far);
        }
    }

    /// Whether the quoted handshake message went to `destination`, and its answer is awaited.
    fn calls(&self, destination: RouteId, quote: &[u8; QUOTE_BYTES]) -> bool {
        let receiver = sender_index(quote).and_then(|index| self.indices.get(index));
        matches!(receiver, Some(Receiver::Handshake(awaited)) if awaited.called == Some(destination))
    }
}

fn sender_index(message: &[u8]) -> Option<u32> {
    let bytes = message.get(SENDER_INDEX_AT..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*bytes))
}
