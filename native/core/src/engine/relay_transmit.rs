//! Relayed packets that leave: this node's own, and what it passes on.

use super::relay_pass::passed;
use super::Engine;
use crate::association::{Transmit, TRAIN_PACKETS_MAX};
use crate::path::RelayedWay;
use crate::relay::hop_overhead_bytes;
use crate::time::Instant;
use osier_wire::limits::{RELAY_HEADER_BYTES, WAYPOINT_BYTES};
use osier_wire::{RelayHeader, RouteId, Writer};

/// The longest routing header.
const HEADER_BYTES_MAX: usize = RELAY_HEADER_BYTES + WAYPOINT_BYTES;
/// Where the flags lie, and the one that says that a waypoint follows.
const FLAGS_AT: usize = 2;
const FLAG_WAYPOINT: u8 = 1;

impl Engine {
    /// The next train of an association whose path is relayed, not wrapped yet.
    pub(super) fn poll_relayed(
        &mut self,
        now: Instant,
        handle: u32,
        way: &RelayedWay,
        out: &mut [u8],
    ) -> Option<Transmit> {
        self.steer(now, handle, way);
        // Room for the header that comes before each packet.
        let room = out.len().checked_sub(TRAIN_PACKETS_MAX * HEADER_BYTES_MAX)?;
        self.associations.get_mut(handle)?.poll_transmit(now, out.get_mut(..room)?)
    }

    /// Puts a routing header before each packet of a train on a relayed path. `None`: there is no way, and it is dropped.
    pub(super) fn wrap(&mut self, now: Instant, transmit: Transmit, out: &mut [u8]) -> Option<Transmit> {
        let way = transmit.path.relay()?;
        let header = RelayHeader {
            ttl: transmit.ttl,
            control: transmit.is_control,
            hop_receiver_index: 0,
            hop_packet_number: 0,
            destination: way.far,
            source: self.relaying.own.unwrap_or(RouteId([0; 8])),
            hop_tag: [0; 8],
            waypoint: way.waypoint,
        };
        let packets = transmit.len.div_ceil(transmit.segment_size.max(1));
        let Some(next) = self.next_hop(&way).filter(|_| self.relaying.own.is_some()) else {
            self.drop_unrouted(now, way.far, packets, transmit.is_answer);
            return None;
        };
        let wrapped = spread(&header, &transmit, out).and_then(|(segment_size, len)| {
            self.send_by(now, next, Transmit { segment_size, len, ..transmit }, out)
        });
        if wrapped.is_none() {
            self.stats.relay_dropped_packets += packets as u64;
        }
        wrapped
    }

    /// As [`Engine::transmit_forwarded`], if it is the turn of what is forwarded: this node's own is next in any case.
    pub(super) fn transmit_forwarded_in_turn(&mut self, now: Instant, out: &mut [u8]) -> Option<Transmit> {
        let is_turn = std::mem::replace(&mut self.relaying.is_forwards_turn, true);
        if !is_turn || self.relaying.queue.is_empty() {
            return None;
        }
        self.relaying.is_forwards_turn = false;
        self.transmit_forwarded(now, out)
    }

    /// The next train that is passed on.
    pub(super) fn transmit_forwarded(&mut self, now: Instant, out: &mut [u8]) -> Option<Transmit> {
        while let Some(train) = self.relaying.queue.pop(now, out) {
            let transmit = passed(train.ecn, train.segment_size, train.len);
            match self.send_by(now, train.hop, transmit, out) {
                Some(transmit) => {
                    self.count_relayed(&transmit);
                    return Some(transmit);
                }
                None => self.relaying.queue.on_hop_gone(&train),
            }
        }
        None
    }

    /// Makes relayed packets in `out`, all there but for what belongs to the hop, ready to go to the neighbour `next`.
    pub(super) fn send_by(
        &mut self,
        now: Instant,
        next: u32,
        transmit: Transmit,
        out: &mut [u8],
    ) -> Option<Transmit> {
        let association = self.associations.get_mut(next)?;
        let hop = association.hop()?;
        let path = hop.path;
        for packet in out.get_mut(..transmit.len)?.chunks_mut(transmit.segment_size) {
            let has_waypoint = packet.get(FLAGS_AT).is_some_and(|flags| flags & FLAG_WAYPOINT != 0);
            if !hop.hop.seal(packet, hop_overhead_bytes(has_waypoint), hop.remote_index) {
                return None;
            }
        }
        let is_woken = association.on_hop_used(now);
        if transmit.segment_size >= association.control().mtu_bytes() {
            association.on_full_hop_packet(now);
            self.make_ready(now, next);
        }
        if is_woken {
            self.reschedule(next);
        }
        Some(Transmit { path, ..transmit })
    }
}

/// Moves the packets of a train apart and writes `header` before each. Returns the new segment size and length; `None`: they find no room.
fn spread(header: &RelayHeader, train: &Transmit, out: &mut [u8]) -> Option<(usize, usize)> {
    let mut bytes = [0; HEADER_BYTES_MAX];
    header.encode(&mut Writer::new(&mut bytes)).ok()?;
    let header_len = header.encoded_len();
    let packets = train.len.div_ceil(train.segment_size.max(1));
    let len = train.len + packets * header_len;
    out.get(..len)?;
    // The last one first: none is written over before it was moved.
    for packet in (0..packets).rev() {
        let from = packet * train.segment_size;
        let end = (from + train.segment_size).min(train.len);
        let to = packet * (train.segment_size + header_len);
        out.copy_within(from..end, to + header_len);
        out[to..to + header_len].copy_from_slice(&bytes[..header_len]);
    }
    Some((train.segment_size + header_len, len))
}
