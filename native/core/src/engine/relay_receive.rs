//! Relayed packets that arrive: who they are from, and whether they end here.

use super::{Engine, ReceiveMeta, Receiver};
use crate::association::Arrival;
use crate::path::{Path, RelayedWay};
use crate::relay::HopRejected;
use crate::time::Instant;
use osier_wire::limits::{BASE_RELAYED_BYTES, RELAY_HEADER_BYTES, WAYPOINT_BYTES};
use osier_wire::{DecodeError, Field, RelayHeader, RouteFault, RouteId, Writer};

/// The longest routing header.
const HEADER_BYTES_MAX: usize = RELAY_HEADER_BYTES + WAYPOINT_BYTES;
/// What every hop carries where there is a waypoint, beyond the least MTU.
const HOP_BYTES_WITH_WAYPOINT: usize = BASE_RELAYED_BYTES + HEADER_BYTES_MAX;

/// What came of a relayed packet that was believed.
pub(super) enum Relayed {
    /// As [`Engine::handle_packet`].
    Taken(Option<u32>),
    /// It is to be passed on. Its header is the next one's but for what belongs to the hop.
    Onward(Onward),
}

/// How a packet goes on, and all that it has in common with others that go on in one train.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Onward {
    /// Handle of the association that it came over.
    pub(super) neighbour: u32,
    pub(super) source: RouteId,
    /// Handle of the association that it leaves over.
    pub(super) next: u32,
    pub(super) control: bool,
    /// Bytes at its head that are no more part of it.
    pub(super) skipped: usize,
}

/// The neighbour that a packet came from.
struct Neighbour {
    association: u32,
    id: RouteId,
}

impl Engine {
    /// `None`: rejected.
    pub(super) fn handle_relayed(
        &mut self,
        now: Instant,
        meta: &ReceiveMeta,
        packet: &mut [u8],
    ) -> Option<Relayed> {
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
        if header.destination != own {
            return self.forward(now, &header, &neighbour, packet);
        }
        let inner = packet.get_mut(header.encoded_len()..)?;
        let way = RelayedWay { hop: neighbour.id, far: header.source, waypoint: None };
        let meta = ReceiveMeta { path: Path::relayed(way), ..*meta };
        if self.config.shards > 1 && self.put_aside(now, &meta, inner) {
            return Some(Relayed::Taken(None));
        }
        self.handle_packet(now, &meta, inner).map(Relayed::Taken)
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

    /// Says where a packet goes next, and writes its new header: its neighbour has proved that it sent it.
    fn forward(
        &mut self,
        now: Instant,
        header: &RelayHeader,
        from: &Neighbour,
        packet: &mut [u8],
    ) -> Option<Relayed> {
        let inner = packet.get(header.encoded_len()..)?;
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
            return Some(Relayed::Taken(None));
        };
        if next == from.association && waypoint == header.waypoint {
            self.stats.relay_rejected.looped += 1;
            self.report(now, from.association, RouteFault::NoRoute, header, inner);
            return None;
        }
        let onward = RelayHeader { ttl: header.ttl - 1, waypoint, ..*header };
        let skipped = header.encoded_len() - onward.encoded_len();
        let least = if waypoint.is_some() { HOP_BYTES_WITH_WAYPOINT } else { 0 };
        let hop_bytes = hop.control().mtu_bytes().max(least);
        if packet.len() - skipped > hop_bytes {
            self.stats.relay_dropped_packets += 1;
            let mtu_bytes = u16::try_from(hop_bytes - onward.encoded_len()).unwrap_or(u16::MAX);
            self.report(now, from.association, RouteFault::TooBig { mtu_bytes }, header, inner);
            return Some(Relayed::Taken(None));
        }
        onward.encode(&mut Writer::new(packet.get_mut(skipped..)?)).ok()?;
        let (neighbour, source) = (from.association, header.source);
        Some(Relayed::Onward(Onward { neighbour, source, next, control: header.control, skipped }))
    }
}
