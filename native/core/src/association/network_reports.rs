//! Hints that a packet did not get through.

use super::Association;
use crate::constants::UNREACHABLE_PROBE_INTERVAL_MICROS;
use crate::time::Instant;

impl Association {
    /// Asks the peer at once, whatever the window says, unless it was asked for this reason just now. True when it will be asked.
    pub(crate) fn on_unreachable(&mut self, now: Instant, packet_number: u64) -> bool {
        let recent = |at: Instant| now.saturating_micros_since(at) < UNREACHABLE_PROBE_INTERVAL_MICROS;
        if !self.is_open()
            || !self.recovery.is_under_way(packet_number)
            || self.unreachable_at.is_some_and(recent)
        {
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
}
