//! The calls of the layer above on the paths of associations.

use super::Engine;
use crate::path::Path;
use crate::time::Instant;

impl Engine {
    /// Has an association's packets go this way until this is called again or the peer proves that it has moved; what was under way goes again at once.
    /// No [`Event::PathChanged`](crate::Event::PathChanged) follows. False: it has ended, or has no session yet.
    pub fn move_path(&mut self, now: Instant, handle: u32, path: Path) -> bool {
        let over = path.relay().and_then(|way| {
            let next = self.next_hop(&way)?;
            Some((next, self.route_bytes(&way, next)))
        });
        let Some(association) = self.associations.get_mut(handle) else { return false };
        if let Some((next, route_bytes)) = over {
            association.expect_route(&path, next, route_bytes);
        }
        let is_moved = association.move_path(now, path);
        if let Some(change) = association.poll_path_change() {
            self.relist(now, handle, change);
        }
        self.settle(now, handle);
        is_moved
    }

    /// Asks three times at most whether the peer answers at `path`, which stays a candidate. [`Event::PathProbed`](crate::Event::PathProbed) follows. False:
    /// the association cannot send, or asks at as many paths as it may.
    pub fn probe_path(&mut self, now: Instant, handle: u32, path: Path, token: u32) -> bool {
        let Some(association) = self.associations.get_mut(handle) else { return false };
        let is_asked = association.probe_path(now, path, token, &mut self.entropy);
        self.settle(now, handle);
        is_asked
    }

    /// Asks the relay that is `ttl` hops away on an association's path who it is; where the way is no longer, its other end answers.
    /// [`Event::TraceAnswered`](crate::Event::TraceAnswered) follows, or nothing: each relay answers for a pair of ends ten times a second at most. False: the path
    /// is not relayed.
    pub fn trace_hop(&mut self, now: Instant, handle: u32, ttl: u8, token: u32) -> bool {
        let Some(association) = self.associations.get_mut(handle) else { return false };
        let is_asked = association.trace_hop(ttl, token);
        self.settle(now, handle);
        is_asked
    }

    /// Asks the peer something after so much silence; 0: never. Instead of what the configuration says of all associations.
    pub fn set_keep_alive(&mut self, now: Instant, handle: u32, micros: u64) {
        if let Some(association) = self.associations.get_mut(handle) {
            association.set_keep_alive(now, micros);
            self.settle(now, handle);
        }
    }

    /// Asks the peer every so often, while the path is in use, whether it is there; 0: no more. [`Event::HopSuspected`](crate::Event::HopSuspected) and
    /// [`Event::HopRecovered`](crate::Event::HopRecovered) follow.
    pub fn set_liveness(&mut self, now: Instant, handle: u32, interval_micros: u64) {
        if let Some(association) = self.associations.get_mut(handle) {
            association.set_liveness(now, interval_micros);
            self.settle(now, handle);
        }
    }
}
