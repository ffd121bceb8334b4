//! Hints that a packet did not get through.

use super::Association;
use crate::constants::UNREACHABLE_PROBE_INTERVAL_MICROS;
use crate::time::Instant;

impl Association {
    /// Asks the peer at once, whatever the window says, unless it was asked for this reason just now. True when it will be asked.
    pub(crate) fn on_unreachable(&mut self, now: Instant, packet_number: u64) -> bool {
        self.recovery.is_under_way(packet_number) && self.ask_at_once(now)
    }

    /// As [`Association::on_unreachable`], of a packet of others that went to this neighbour.
    pub(crate) fn on_hop_unreachable(&mut self, now: Instant, hop_packet_number: u64) -> bool {
        self.has_passed_on(hop_packet_number) && self.ask_at_once(now)
    }

    fn ask_at_once(&mut self, now: Instant) -> bool {
        let recent = |at: Instant| now.saturating_micros_since(at) < UNREACHABLE_PROBE_INTERVAL_MICROS;
        if !self.is_open() || self.unreachable_at.is_some_and(recent) {
            return false;
        }
        self.unreachable_at = Some(now);
        self.control.owe_one_probe();
        self.pings.request_probe();
        self.update_timers(now);
        true
    }

    /// Goes on with packets that every path carries when one of those in use was too long. True when the report was news.
    pub(crate) fn on_too_long(&mut self, now: Instant, packet_number: u64) -> bool {
        self.is_open()
            && self
                .recovery
                .size_under_way(packet_number, &self.control)
                .is_some_and(|bytes| self.control.on_too_long(now, bytes))
    }

    /// As [`Association::on_too_long`], of a packet of others that went to this neighbour: it was as long as the path carries, as far as was known.
    pub(crate) fn on_hop_too_long(&mut self, now: Instant, hop_packet_number: u64) -> bool {
        self.has_passed_on(hop_packet_number) && self.control.on_too_long(now, self.control.mtu_bytes())
    }

    fn has_passed_on(&mut self, hop_packet_number: u64) -> bool {
        self.hop().is_some_and(|way| way.hop.has_sent_of_late(hop_packet_number))
    }
}
