//! Relayed packets that arrive: who they are from, and whether they end here.

use super::{Engine, ReceiveMeta, Receiver};
use crate::association::Arrival;
use crate::path::{Path, RelayedWay};
use crate::relay::{Forwarded, HopRejected};
use crate::time::Instant;
use osier_wire::limits::{BASE_RELAYED_BYTES, RELAY_HEADER_BYTES, WAYPOINT_BYTES};
use osier_wire::{DecodeError, Field, RelayHeader, RouteFault, RouteId, Writer};

/// The longest routing header.
const HEADER_BYTES_MAX: usize = RELAY_HEADER_BYTES + WAYPOINT_BYTES;
/// What every hop carries where there is a waypoint, beyond the least MTU.
const HOP_BYTES_WITH_WAYPOINT: usize = BASE_RELAYED_BYTES + HEADER_BYTES_MAX;

/// The neighbour that a packet came from.
struct Neighbour {
    association: u32,
    id: RouteId,
}

impl Engine {
    /// As [`Engine::handle_packet`].
    pub(super) fn handle_relayed(
        &mut self,
        now: Instant,
        meta: &ReceiveMeta,
        packet: &mut [u8],
    ) -> Option<Option<u32>> {
        let header = match RelayHeader::decode(packet) {
            Ok((header, _)) => header,
            Err(DecodeError::OutOfRange(Field::TimeToLive)) => {
                self.stats.relay_rejected.expired += 1;
                return None;
            }
            Err(_) => return None,
        };
        let (own, neighbour) = self.admit_hop(now, meta, packet, &header)?;
        if header.source == own {
            self.stats.relay_rejected.looped += 1;
            return None;
        }
        let inner = packet.get_mut(header.encoded_len()..)?;
        if header.destination != own {
            return self.forward(now, meta, &header, &neighbour, inner);
        }
        let way = RelayedWay { hop: neighbour.id, far: header.source, waypoint: None };
        let meta = ReceiveMeta { path: Path::relayed(way), ..*meta };
        if self.config.shards > 1 && self.put_aside(now, &meta, inner) {
            return Some(None);
        }
        self.handle_packet(now, &meta, inner)
    }

    /// Who sent the packet, if it is a neighbour and has proved it, and what this node is known by.
    fn admit_hop(
        &mut self,
        now: Instant,
        meta: &ReceiveMeta,
        packet: &[u8],
        header: &RelayHeader,
    ) -> Option<(RouteId, Neighbour)> {
        let rejected = &mut self.stats.relay_rejected;
        let receiver = match self.indices.get(header.hop_receiver_index) {
            Some(&Receiver::Session { association }) => Some(association),
            _ => None,
        };
        let association =
            receiver.and_then(|handle| self.associations.get_mut(handle)).filter(|at| at.is_open());
        let (Some(own), Some(handle), Some(association)) = (self.relaying.own, receiver, association) else {
            rejected.strangers += 1;
            return None;
        };
        let (Some(id), Some(hop)) =
            (association.peer_route_id(), association.sessions.hop_of(header.hop_receiver_index))
        else {
            rejected.strangers += 1;
            return None;
        };
        match hop.open(packet, header) {
            Ok(is_newest) => {
                let mut arrival = Arrival { path: meta.path, ecn: meta.ecn, entropy: &mut self.entropy };
                if association.on_hop_packet(now, &mut arrival, packet.len(), is_newest) {
                    self.settle(now, handle);
                }
                Some((own, Neighbour { association: handle, id }))
            }
            Err(HopRejected::ShardUnknown) => {
                rejected.strangers += 1;
                None
            }
            Err(HopRejected::Forged) => {
                rejected.forged += 1;
                None
            }
            Err(HopRejected::Replayed) => {
                rejected.replayed += 1;
                None
            }
        }
    }

    /// Passes a packet on: its neighbour has proved that it sent it.
    fn forward(
        &mut self,
        now: Instant,
        meta: &ReceiveMeta,
        header: &RelayHeader,
        from: &Neighbour,
        inner: &[u8],
    ) -> Option<Option<u32>> {
        if !self.relaying.forwards {
            self.stats.relay_rejected.strangers += 1;
            self.report(now, from.association, RouteFault::NoRoute, header, inner);
            return None;
        }
        if header.ttl <= 1 {
            self.stats.relay_rejected.expired += 1;
            self.report(now, from.association, RouteFault::TtlExpired, header, inner);
            return None;
        }
        let waypoint = header.waypoint.filter(|waypoint| Some(*waypoint) != self.relaying.own);
        let next = self.relaying.route(waypoint.unwrap_or(header.destination)).map(|route| route.next);
        let hop = next.and_then(|next| self.associations.get(next).filter(|hop| hop.is_hop()));
        let (Some(next), Some(hop)) = (next, hop) else {
            self.stats.relay_dropped_packets += 1;
            self.report(now, from.association, RouteFault::NoRoute, header, inner);
            return Some(None);
        };
        if next == from.association && waypoint == header.waypoint {
            self.stats.relay_rejected.looped += 1;
            self.report(now, from.association, RouteFault::NoRoute, header, inner);
            return None;
        }
        let onward = RelayHeader { ttl: header.ttl - 1, waypoint, ..*header };
        let header_len = onward.encoded_len();
        let least = if waypoint.is_some() { HOP_BYTES_WITH_WAYPOINT } else { 0 };
        let hop_bytes = hop.control().mtu_bytes().max(least);
        if header_len + inner.len() > hop_bytes {
            self.stats.relay_dropped_packets += 1;
            let mtu_bytes = u16::try_from(hop_bytes - header_len).unwrap_or(u16::MAX);
            self.report(now, from.association, RouteFault::TooBig { mtu_bytes }, header, inner);
            return Some(None);
        }
        let mut bytes = [0; HEADER_BYTES_MAX];
        onward.encode(&mut Writer::new(&mut bytes)).ok()?;
        let packet = Forwarded { next, header: &bytes[..header_len], inner, ecn: meta.ecn };
        if !self.relaying.queue.push(&packet) {
            self.stats.relay_dropped_packets += 1;
        }
        Some(None)
    }
}
