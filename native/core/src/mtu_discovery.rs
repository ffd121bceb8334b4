//! The largest datagram that a path carries, found by probing (RFC 8899, DPLPMTUD).
//!
//! ```text
//!                  next size up to the bound              nothing left between what passes and what does not
//!    Searching ---------------------------> Searching ----------------------------------------------------> Complete
//!      ^   ^                                                                                                  |  |
//!      |   +---------------------------------------- time to raise -------------------------------------------+  |
//!      +---- time to raise ---- Base <---- black hole: only what is larger than the base is lost ----------------+
//! ```
//!
//! What a link says it refuses is believed: it ends the wait for a second and third loss, and a black hole before it is one.
//!
//! Nothing is probed on a path whose packets are never full: it has no use for larger ones.

use crate::constants::{
    MTU_BLACK_HOLE_PAUSE_MICROS, MTU_BLACK_HOLE_ROUNDS, MTU_PROBES_MAX, MTU_RAISE_MICROS, MTU_SEARCH_STEP,
    MTU_USUAL,
};
use crate::time::Instant;

/// Search and supervision of one path. Sizes are UDP payload.
#[derive(Clone, Debug)]
pub(crate) struct MtuDiscovery {
    /// What every path carries.
    base: usize,
    ceiling: usize,
    /// What passes.
    current: usize,
    /// Nothing larger passes.
    bound: usize,
    probe_under_way: bool,
    /// Probes of the present size that were lost.
    lost: u32,
    /// A full packet was sent since the last probe.
    is_used: bool,
    raise_at: Option<Instant>,
    /// Until then whoever named the bound stands by it.
    bound_until: Option<Instant>,
    black_hole: BlackHole,
}

/// Lost packets larger than the base, of one detection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LargeLost {
    /// The smallest of them.
    pub(crate) bytes: Option<usize>,
    /// When the newest was sent.
    pub(crate) newest_sent_at: Instant,
    /// Packets that every path carries were lost, too: size is not the reason.
    pub(crate) small_too: bool,
}

/// Rounds in which nothing large arrived, although smaller packets did.
#[derive(Clone, Debug, Default)]
struct BlackHole {
    rounds: u32,
    round_ended_at: Instant,
    suspect_bytes: usize,
}

impl MtuDiscovery {
    /// Datagrams of `base` bytes, and no others.
    pub(crate) fn fixed(base: usize) -> Self {
        Self::up_to(base, base)
    }

    /// Begins with `base` and finds what passes up to `ceiling`.
    pub(crate) fn up_to(base: usize, ceiling: usize) -> Self {
        let ceiling = ceiling.max(base);
        Self {
            base,
            ceiling,
            current: base,
            bound: ceiling,
            probe_under_way: false,
            lost: 0,
            is_used: false,
            raise_at: None,
            bound_until: None,
            black_hole: BlackHole::default(),
        }
    }

    pub(crate) fn current(&self) -> usize {
        self.current
    }

    pub(crate) fn base(&self) -> usize {
        self.base
    }

    /// A packet of the present size goes out: a larger one would be of use.
    pub(crate) fn on_full_packet(&mut self, now: Instant) {
        if self.raise_at.is_some_and(|at| now >= at) {
            self.raise_at = None;
            self.bound_until = None;
            self.bound = self.ceiling;
            self.lost = 0;
        }
        self.is_used = true;
    }

    /// The size to probe next; none while a probe is under way or nothing is to be found.
    pub(crate) fn next_probe(&self) -> Option<usize> {
        let wants = self.is_used && !self.probe_under_way && self.raise_at.is_none();
        wants.then(|| self.candidate()).flatten()
    }

    pub(crate) fn on_probe_sent(&mut self) {
        self.probe_under_way = true;
        self.is_used = false;
    }

    /// A probe of so many bytes arrived, perhaps late. True when `current` changed.
    pub(crate) fn on_probe_acked(&mut self, now: Instant, bytes: usize) -> bool {
        self.probe_under_way = false;
        if bytes <= self.current || bytes > self.ceiling {
            return false;
        }
        self.current = bytes;
        self.bound = self.bound.max(bytes);
        self.lost = 0;
        self.black_hole = BlackHole::default();
        self.finish_if_found(now);
        true
    }

    /// A link refused a packet of so many bytes: nothing that long passes, and where packets in use are, the search begins anew at once.
    /// True when that is news.
    pub(crate) fn on_refused(&mut self, now: Instant, bytes: usize) -> bool {
        if bytes <= self.base || bytes > self.bound {
            return false;
        }
        self.bound = bytes - 1;
        self.lost = 0;
        self.probe_under_way = false;
        if bytes <= self.current {
            self.current = self.base;
            self.raise_at = None;
            self.black_hole = BlackHole::default();
        }
        self.finish_if_found(now);
        true
    }

    /// A larger size is tried again at `at` at the latest, or once the search below it is over: who said what does not pass may see it otherwise soon.
    pub(crate) fn raise_by(&mut self, at: Instant) {
        self.bound_until = Some(at);
        self.raise_at = self.raise_at.map(|raise_at| raise_at.min(at));
    }

    /// Nothing larger than `ceiling` is to be sent any more, or something larger than before may be: the search goes on where it ended at the bound.
    pub(crate) fn limit(&mut self, now: Instant, ceiling: usize) {
        let ceiling = ceiling.max(self.base);
        if ceiling == self.ceiling {
            return;
        }
        if ceiling > self.ceiling && self.bound == self.ceiling {
            self.bound = ceiling;
            self.raise_at = None;
        }
        self.ceiling = ceiling;
        self.bound = self.bound.min(ceiling);
        if self.current > self.bound {
            self.current = self.bound;
            self.black_hole = BlackHole::default();
        }
        self.lost = 0;
        self.probe_under_way = false;
        self.finish_if_found(now);
    }

    /// A probe of so many bytes was lost: that size does not pass once several were.
    pub(crate) fn on_probe_lost(&mut self, now: Instant, bytes: usize) {
        if bytes > self.bound {
            return;
        }
        self.probe_under_way = false;
        self.lost += 1;
        if self.lost >= MTU_PROBES_MAX && bytes > self.current {
            self.bound = self.bound.min(bytes - 1);
            self.lost = 0;
            self.finish_if_found(now);
        }
    }

    /// Whether a probe was under way will not be known any more.
    pub(crate) fn forget_probe(&mut self) {
        self.probe_under_way = false;
    }

    /// The largest packet acknowledged in one go, and when it was sent: what passes is no black hole.
    pub(crate) fn on_acked(&mut self, bytes: usize, sent_at: Instant) {
        let black_hole = &mut self.black_hole;
        if black_hole.rounds > 0 && bytes >= black_hole.suspect_bytes && sent_at > black_hole.round_ended_at {
            *black_hole = BlackHole::default();
        }
    }

    /// Takes losses. True when the path turned out a black hole: `current` is the base again.
    pub(crate) fn on_lost(&mut self, now: Instant, lost: &LargeLost) -> bool {
        let Some(bytes) = lost.bytes.filter(|_| !lost.small_too && self.current > self.base) else {
            return false;
        };
        let black_hole = &mut self.black_hole;
        if black_hole.rounds > 0 && lost.newest_sent_at <= black_hole.round_ended_at {
            return false;
        }
        black_hole.suspect_bytes =
            if black_hole.rounds == 0 { bytes } else { bytes.min(black_hole.suspect_bytes) };
        black_hole.rounds += 1;
        black_hole.round_ended_at = now;
        if black_hole.rounds < MTU_BLACK_HOLE_ROUNDS {
            return false;
        }
        self.current = self.base;
        self.lost = 0;
        self.raise_at = Some(now.plus_micros(MTU_BLACK_HOLE_PAUSE_MICROS));
        self.black_hole = BlackHole::default();
        true
    }

    /// Sizes that links usually have come first; beside one of them is most often nothing. The rest is halved.
    fn candidate(&self) -> Option<usize> {
        let room = self.bound - self.current;
        if room == 0 || (room < MTU_SEARCH_STEP && self.bound < self.ceiling) {
            return None;
        }
        let fits = |size: &usize| (self.current + 1..=self.bound).contains(size);
        if let Some(usual) = MTU_USUAL.into_iter().find(fits) {
            return Some(usual);
        }
        if self.bound == self.ceiling {
            return Some(self.ceiling);
        }
        if MTU_USUAL.contains(&self.current) && room > MTU_SEARCH_STEP {
            return Some(self.current + MTU_SEARCH_STEP);
        }
        Some(self.current + room.div_ceil(2))
    }

    fn finish_if_found(&mut self, now: Instant) {
        if self.candidate().is_none() {
            let usual = now.plus_micros(MTU_RAISE_MICROS);
            self.raise_at = Some(self.bound_until.map_or(usual, |until| until.min(usual)));
        }
    }
}

#[cfg(test)]
mod tests;
