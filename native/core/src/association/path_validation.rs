//! Whether the peer has moved: a path that its newest packets come from is challenged, and so is the present one (RFC 9000 §8.2, §9.3).
//!
//! ```text
//!            newest packet from elsewhere           candidate answered and the present path silent
//!    Idle ------------------------------> Challenging -------------------------------------------> Idle, moved
//!      ^                                      |
//!      +--------------------------------------+  the present path answered, or the peer is not heard from there any more
//! ```
//!
//! Whoever copies packets and re-sends them faster from elsewhere can start a challenge. He cannot win it while the present path works.

mod challenge;
#[cfg(test)]
mod tests;

use crate::constants::{REFUSED_PATH_MAX_MICROS, REFUSED_PATH_PTOS};
use crate::entropy::Entropy;
use crate::path::Path;
use crate::time::Instant;
use challenge::Challenge;
use osier_wire::limits::{DATA_HEADER_BYTES, TAG_BYTES};

/// A packet with nothing but PATH_CHALLENGE. No packet is sent smaller, so that one from a new address is enough to challenge it.
pub(super) const CHALLENGE_PACKET_BYTES: usize = DATA_HEADER_BYTES + CHALLENGE_FRAME_BYTES + TAG_BYTES;
/// Type and data.
pub(super) const CHALLENGE_FRAME_BYTES: usize = 1 + 8;

/// See the file's head.
#[derive(Debug, Default)]
pub(super) struct PathValidation {
    /// On the heap: few associations ever have one.
    challenge: Option<Box<Challenge>>,
    refused: Option<Refused>,
    /// Before this no other path is challenged: who re-sends from many in turn costs one challenge a probe time-out.
    next_from: Option<Instant>,
}

/// One authentic packet, as far as paths are concerned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrived {
    pub(super) from: Path,
    /// UDP payload.
    pub(super) bytes: usize,
    /// Its number is the highest so far.
    pub(super) is_newest: bool,
}

/// A challenge to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChallengeToSend {
    pub(super) data: [u8; 8],
    /// Where to; `None`: the present path.
    pub(super) candidate: Option<Path>,
    /// Bytes that may go there.
    pub(super) limit: usize,
}

/// A path to move to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) path: Path,
    /// From the first challenge to its answer.
    pub(super) rtt_micros: u64,
    /// It was the only challenge: which of several was answered cannot be told.
    pub(super) is_exact: bool,
}

#[derive(Debug)]
struct Refused {
    path: Path,
    until: Instant,
}

impl PathValidation {
    /// Takes a packet. `present` is where packets go now, `wait_micros` how long an answer of its takes at most.
    pub(super) fn on_packet(
        &mut self,
        now: Instant,
        arrived: Arrived,
        present: &Path,
        wait_micros: u64,
        entropy: &mut Entropy,
    ) {
        if arrived.from.is_same_way(present) {
            // A packet newer than the one that began it: the peer is where it was.
            if arrived.is_newest {
                self.refuse(now);
            }
            return;
        }
        if let Some(challenge) = self.challenge.as_mut().filter(|at| at.candidate == arrived.from) {
            challenge.on_packet(now, arrived);
            return;
        }
        let left_alone = |refused: &Refused| refused.path == arrived.from && now < refused.until;
        // One that has answered is decided about within a probe time-out: who sends from a third address does not begin again.
        let is_answered = self.challenge.as_deref().is_some_and(Challenge::is_answered);
        let is_too_soon = is_answered || self.next_from.is_some_and(|from| now < from);
        if arrived.is_newest && !is_too_soon && !self.refused.as_ref().is_some_and(left_alone) {
            self.next_from = Some(now.plus_micros(wait_micros.min(REFUSED_PATH_MAX_MICROS)));
            self.challenge = Some(Box::new(Challenge::new(now, arrived, wait_micros, entropy)));
        }
    }

    /// Whether a challenge is under way.
    pub(super) fn is_challenging(&self) -> bool {
        self.challenge.is_some()
    }

    /// Takes a PATH_RESPONSE, wherever it came from: its data show that the challenge arrived.
    pub(super) fn on_response(&mut self, now: Instant, data: [u8; 8]) -> Option<Moved> {
        let challenge = self.challenge.as_mut()?;
        if data == challenge.present_data {
            self.refuse(now);
            return None;
        }
        challenge.on_response(now, data);
        self.decide(now)
    }

    /// Call when [`PathValidation::deadline`] has passed.
    pub(super) fn on_timeout(&mut self, now: Instant) -> Option<Moved> {
        if let Some(moved) = self.decide(now) {
            return Some(moved);
        }
        if self.challenge.as_mut().is_some_and(|challenge| !challenge.on_timeout(now)) {
            self.challenge = None;
        }
        None
    }

    /// When a challenge is to be repeated, given up or decided.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.challenge.as_deref().map(Challenge::deadline)
    }

    /// Whether [`PathValidation::poll_send`] has something.
    pub(super) fn wants_to_send(&self) -> bool {
        self.challenge.as_deref().is_some_and(Challenge::wants_to_send)
    }

    /// The next challenge to send; tell [`PathValidation::on_sent`] what became of it.
    pub(super) fn poll_send(&mut self, now: Instant) -> Option<ChallengeToSend> {
        self.challenge.as_mut()?.poll_send(now)
    }

    /// So many bytes went to `path`.
    pub(super) fn on_sent(&mut self, path: &Path, bytes: usize) {
        if let Some(challenge) = self.challenge.as_mut().filter(|challenge| challenge.candidate == *path) {
            challenge.allowance = challenge.allowance.saturating_sub(bytes);
        }
    }

    /// The association goes another way, for whatever reason.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The present path works: the other is left alone for a while.
    fn refuse(&mut self, now: Instant) {
        if let Some(challenge) = self.challenge.take() {
            let micros = REFUSED_PATH_PTOS.saturating_mul(challenge.wait_micros);
            let until = now.plus_micros(micros.min(REFUSED_PATH_MAX_MICROS));
            self.refused = Some(Refused { path: challenge.candidate, until });
        }
    }

    fn decide(&mut self, now: Instant) -> Option<Moved> {
        let moved = self.challenge.as_ref()?.moved(now)?;
        self.forget();
        Some(moved)
    }
}
