//! What the network, or this machine's own kernel, says about a datagram that was sent: hints, which nobody signs. They name their datagram by how it
//! began, so that only who has seen it can make one up; and the worst that such a one can do is a probe a second, or packets of the size that
//! every path carries.

use super::Engine;
use crate::time::Instant;
use osier_wire::DataHeader;
use std::net::SocketAddr;

impl Engine {
    /// A datagram to `remote` that began with `quoted` (at least 33 bytes of it) found nobody, or no way. Its association asks its peer at once,
    /// instead of waiting for the probe time-out; it ends by the usual rule only.
    pub fn on_unreachable(&mut self, now: Instant, remote: SocketAddr, quoted: &[u8]) {
        let Some((handle, packet_number)) = self.quoted_packet(remote, quoted) else { return };
        let Some(association) = self.associations.get_mut(handle) else { return };
        if association.on_unreachable(now, packet_number) {
            self.stats.reports_heeded += 1;
            self.settle(now, handle);
        }
    }

    /// As [`Engine::on_unreachable`], for a datagram that was too long for a link on its way, or for this machine's own.
    pub fn on_too_long(&mut self, now: Instant, remote: SocketAddr, quoted: &[u8]) {
        let Some((handle, packet_number)) = self.quoted_packet(remote, quoted) else { return };
        let Some(association) = self.associations.get_mut(handle) else { return };
        if association.on_too_long(now, packet_number) {
            self.stats.reports_heeded += 1;
            self.settle(now, handle);
        }
    }

    fn quoted_packet(&self, remote: SocketAddr, quoted: &[u8]) -> Option<(u32, u64)> {
        let header = DataHeader::decode(quoted).ok()?;
        let handle = self.remotes.find(remote, header.receiver_index)?;
        Some((handle, header.packet_number))
    }
}
