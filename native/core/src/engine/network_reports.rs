//! What the network, or this machine's own kernel, says about a datagram that was sent: hints, which nobody signs. They name their datagram by how it
//! began, so that only who has seen it can make one up; and the worst that such a one can do is a probe a second, or packets of the size that
//! every path carries.

use super::Engine;
use crate::time::Instant;
use osier_wire::{DataHeader, PacketKind};
use std::net::SocketAddr;

const RELAYED: u8 = PacketKind::Relay as u8;
/// Where the header of a relayed packet, as that of a data packet, bears the receiver index and the number.
const INDEX_AT: usize = 4;
const NUMBER_AT: usize = 8;

impl Engine {
    /// A datagram to `remote` that began with `quoted` (at least 33 bytes of it) found nobody, or no way. Its association asks its peer at once,
    /// instead of waiting for the probe time-out; it ends by the usual rule only.
    pub fn on_unreachable(&mut self, now: Instant, remote: SocketAddr, quoted: &[u8]) {
        let Some((handle, packet_number)) = self.quoted_packet(remote, quoted) else { return };
        let Some(association) = self.associations.get_mut(handle) else { return };
        let is_heeded = match quoted.first() {
            Some(&RELAYED) => association.on_hop_unreachable(now, packet_number),
            _ => association.on_unreachable(now, packet_number),
        };
        if is_heeded {
            self.stats.reports_heeded += 1;
            self.settle(now, handle);
        }
    }

    /// As [`Engine::on_unreachable`], for a datagram that was too long for a link on its way, or for this machine's own.
    pub fn on_too_long(&mut self, now: Instant, remote: SocketAddr, quoted: &[u8]) {
        let Some((handle, packet_number)) = self.quoted_packet(remote, quoted) else { return };
        let Some(association) = self.associations.get_mut(handle) else { return };
        let is_heeded = match quoted.first() {
            Some(&RELAYED) => association.on_hop_too_long(now, packet_number),
            _ => association.on_too_long(now, packet_number),
        };
        if is_heeded {
            self.stats.reports_heeded += 1;
            self.settle(now, handle);
        }
    }

    fn quoted_packet(&self, remote: SocketAddr, quoted: &[u8]) -> Option<(u32, u64)> {
        if quoted.first() == Some(&RELAYED) {
            let index = u32::from_le_bytes(*quoted.get(INDEX_AT..)?.first_chunk()?);
            let number = u64::from_le_bytes(*quoted.get(NUMBER_AT..)?.first_chunk()?);
            return Some((self.remotes.find(remote, index)?, number));
        }
        let header = DataHeader::decode(quoted).ok()?;
        let handle = self.remotes.find(remote, header.receiver_index)?;
        Some((handle, header.packet_number))
    }
}
