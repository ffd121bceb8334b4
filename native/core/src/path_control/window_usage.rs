//! Who limits: the window or the application (RFC 9002 §7.8).

/// How much of the window is used, round trip by round trip. The round before counts too: the first moments of a round say little.
#[derive(Clone, Debug, Default)]
pub(super) struct WindowUsage {
    round_end: u64,
    peak_in_flight: u64,
    peak_before: u64,
    limited: bool,
    limited_before: bool,
}

impl WindowUsage {
    /// Something had to wait for the window.
    pub(super) fn on_refused(&mut self) {
        self.limited = true;
    }

    /// A packet was sent and leaves `room_bytes` of the window.
    pub(super) fn on_sent(&mut self, in_flight_bytes: u64, room_bytes: u64, mtu_bytes: u64) {
        self.peak_in_flight = self.peak_in_flight.max(in_flight_bytes);
        self.limited |= room_bytes < mtu_bytes;
    }

    /// `largest` was acknowledged while `in_flight_bytes` were. True when a round trip began with it, which ends with `next_number`.
    pub(super) fn on_acked(&mut self, largest: u64, next_number: u64, in_flight_bytes: u64) -> bool {
        if largest < self.round_end {
            return false;
        }
        self.round_end = next_number;
        self.peak_before = std::mem::replace(&mut self.peak_in_flight, in_flight_bytes);
        self.limited_before = std::mem::take(&mut self.limited);
        true
    }

    /// Whether the window held sending back in this round trip or the one before.
    pub(super) fn is_limited(&self) -> bool {
        self.limited || self.limited_before
    }

    /// Most bytes in flight in this round trip or the one before.
    pub(super) fn peak_in_flight_bytes(&self) -> u64 {
        self.peak_in_flight.max(self.peak_before)
    }
}
