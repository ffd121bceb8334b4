//! Packets that come directly to an association whose own go to a relay: the layer above may find a direct path by them. And what keeps such a path open.

use super::Association;
use crate::constants::DIRECT_ARRIVAL_INTERVAL_MICROS;
use crate::path::Path;
use crate::time::Instant;

/// The last one that is, or was, told.
#[derive(Clone, Copy, Debug)]
pub(super) struct DirectArrival {
    from: Path,
    at: Instant,
    is_told: bool,
}

impl Association {
    /// Where a packet came from directly that was not told yet.
    pub(crate) fn poll_direct_arrival(&mut self) -> Option<Path> {
        let arrival = self.direct_arrival.as_mut().filter(|arrival| !arrival.is_told)?;
        arrival.is_told = true;
        Some(arrival.from)
    }

    /// An authentic packet came from `from`, or by a relay.
    pub(super) fn note_direct_arrival(&mut self, now: Instant, from: Path) {
        let recent = |arrival: &DirectArrival| {
            now.saturating_micros_since(arrival.at) < DIRECT_ARRIVAL_INTERVAL_MICROS
        };
        if !from.is_relayed() && !self.direct_arrival.as_deref().is_some_and(recent) {
            self.direct_arrival = Some(Box::new(DirectArrival { from, at: now, is_told: false }));
        }
    }

    /// Asks the peer something after so much silence, so that routers on the way keep what they know of the path; 0: never.
    pub(crate) fn set_keep_alive(&mut self, now: Instant, micros: u64) {
        self.keep_alive_micros = micros;
        self.update_timers(now);
    }
}
