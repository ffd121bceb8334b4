//! PING and PADDING of the size that is asked about: alone in its datagram and its train.

use super::transmit::OVERHEAD;
use super::{Association, Transmit};
use crate::recovery::PacketSent;
use crate::time::Instant;
use osier_wire::limits::{DATA_HEADER_BYTES, MAX_TTL};
use osier_wire::{Frame, Writer};

impl Association {
    /// The probe that is due, if one is.
    pub(super) fn build_mtu_probe(&mut self, now: Instant, out: &mut [u8]) -> Option<Transmit> {
        let len = self.control.next_mtu_probe().filter(|len| *len <= out.len())?;
        if !self.sessions.can_send() || !self.recovery.has_room() {
            return None;
        }
        let payload_len = len - OVERHEAD;
        let mut writer = Writer::new(&mut out[DATA_HEADER_BYTES..DATA_HEADER_BYTES + payload_len]);
        Frame::Ping.encode(&mut writer).ok()?;
        Frame::Padding(writer.room()).encode(&mut writer).ok()?;
        let number = self.seal(out, payload_len)?;
        self.counters.packets_sent += 1;
        self.counters.bytes_sent += len as u64;
        self.control.on_mtu_probe_sent();
        let ecn = self.control.begin_train();
        let packet = PacketSent {
            number,
            size_bytes: len as u16,
            ack_eliciting: true,
            in_flight: true,
            mtu_probe: true,
        };
        self.recovery.on_packet_sent(now, packet, &[], &mut self.control);
        let path = self.path;
        Some(Transmit {
            path,
            ecn,
            segment_size: len,
            len,
            is_answer: false,
            is_control: false,
            ttl: MAX_TTL,
        })
    }
}
