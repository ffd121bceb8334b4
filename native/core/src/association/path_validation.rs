//! Whether the peer has moved: a path that its newest packets come from is challenged, and so is the present one (RFC 9000 §8.2, §9.3).
//!
//! ```text
//!            newest packet from elsewhere           candidate answered and the present path silent
//!    Idle ------------------------------> Challenging -------------------------------------------> Idle, moved
//!      ^                                      |
//!      +--------------------------------------+  the present path answered, or nobody did
//! ```
//!
//! Whoever copies packets and re-sends them faster from elsewhere can start a challenge. He cannot win it while the present path works.

#[cfg(test)]
mod tests;

use crate::constants::{INITIAL_PTO_MICROS, PATH_CHALLENGES_MAX, REFUSED_PATH_MAX_MICROS, REFUSED_PATH_PTOS};
use crate::entropy::Entropy;
use crate::path::Path;
use crate::time::Instant;
use osier_wire::limits::{DATA_HEADER_BYTES, TAG_BYTES};

/// A packet with nothing but PATH_CHALLENGE. No packet is sent smaller, so that one from a new address is enough to challenge it.
pub(super) const CHALLENGE_PACKET_BYTES: usize = DATA_HEADER_BYTES + CHALLENGE_FRAME_BYTES + TAG_BYTES;
/// Type and data.
pub(super) const CHALLENGE_FRAME_BYTES: usize = 1 + 8;

/// See the file's head.
#[derive(Debug, Default)]
pub(super) struct PathValidation {
    challenge: Option<Challenge>,
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
}

#[derive(Debug)]
struct Challenge {
    candidate: Path,
    candidate_data: [u8; 8],
    present_data: [u8; 8],
    /// Bytes that came from the candidate and were not sent there yet.
    allowance: usize,
    candidate_owed: bool,
    present_owed: bool,
    first_sent_at: Option<Instant>,
    answered_at: Option<Instant>,
    sent: u32,
    again_at: Instant,
    /// The candidate may be slower than the present path, as far as anybody knows (RFC 9000 §8.2.4).
    given_up_at: Instant,
    wait_micros: u64,
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
            challenge.allowance += arrived.bytes;
            return;
        }
        let left_alone = |refused: &Refused| refused.path == arrived.from && now < refused.until;
        let is_too_soon = self.next_from.is_some_and(|from| now < from);
        if arrived.is_newest && !is_too_soon && !self.refused.as_ref().is_some_and(left_alone) {
            self.next_from = Some(now.plus_micros(wait_micros.min(REFUSED_PATH_MAX_MICROS)));
            self.challenge = Some(Challenge::new(now, arrived, wait_micros, entropy));
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
        if data == challenge.candidate_data && challenge.first_sent_at.is_some() {
            challenge.answered_at.get_or_insert(now);
        }
        self.decide(now)
    }

    /// Call when [`PathValidation::deadline`] has passed.
    pub(super) fn on_timeout(&mut self, now: Instant) -> Option<Moved> {
        if let Some(moved) = self.decide(now) {
            return Some(moved);
        }
        let challenge = self.challenge.as_mut().filter(|challenge| now >= challenge.again_at)?;
        if challenge.sent < PATH_CHALLENGES_MAX {
            challenge.owe(now);
        } else if now < challenge.given_up_at {
            challenge.again_at = challenge.given_up_at;
        } else {
            self.challenge = None;
        }
        None
    }

    /// When a challenge is to be repeated, given up or decided.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.challenge.as_ref().map(|challenge| challenge.decided_at().unwrap_or(challenge.again_at))
    }

    /// Whether [`PathValidation::poll_send`] has something.
    pub(super) fn wants_to_send(&self) -> bool {
        self.challenge.as_ref().is_some_and(|challenge| challenge.present_owed || challenge.can_ask())
    }

    /// The next challenge to send; tell [`PathValidation::on_sent`] what became of it.
    pub(super) fn poll_send(&mut self, now: Instant) -> Option<ChallengeToSend> {
        let challenge = self.challenge.as_mut()?;
        if challenge.can_ask() {
            challenge.candidate_owed = false;
            challenge.first_sent_at.get_or_insert(now);
            return Some(ChallengeToSend {
                data: challenge.candidate_data,
                candidate: Some(challenge.candidate),
                limit: challenge.allowance,
            });
        }
        std::mem::take(&mut challenge.present_owed).then_some(ChallengeToSend {
            data: challenge.present_data,
            candidate: None,
            limit: CHALLENGE_PACKET_BYTES,
        })
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
        let challenge = self.challenge.as_ref()?;
        challenge.decided_at().filter(|at| now >= *at)?;
        let rtt_micros = challenge.answered_at?.saturating_micros_since(challenge.first_sent_at?);
        let path = challenge.candidate;
        self.forget();
        Some(Moved { path, rtt_micros })
    }
}

impl Challenge {
    fn new(now: Instant, arrived: Arrived, wait_micros: u64, entropy: &mut Entropy) -> Self {
        let (mut candidate_data, mut present_data) = ([0; 8], [0; 8]);
        entropy.fill(&mut candidate_data);
        entropy.fill(&mut present_data);
        let mut challenge = Self {
            candidate: arrived.from,
            candidate_data,
            present_data,
            allowance: arrived.bytes,
            candidate_owed: false,
            present_owed: false,
            first_sent_at: None,
            answered_at: None,
            sent: 0,
            again_at: now,
            given_up_at: now
                .plus_micros(u64::from(PATH_CHALLENGES_MAX) * wait_micros.max(INITIAL_PTO_MICROS)),
            wait_micros,
        };
        challenge.owe(now);
        challenge
    }

    fn owe(&mut self, now: Instant) {
        self.sent += 1;
        self.candidate_owed = self.answered_at.is_none();
        self.present_owed = true;
        self.again_at = now.plus_micros(self.wait_micros);
    }

    fn can_ask(&self) -> bool {
        self.candidate_owed && self.allowance >= CHALLENGE_PACKET_BYTES
    }

    /// When the present path will have had its time to answer: no less than the candidate took, and some more.
    fn decided_at(&self) -> Option<Instant> {
        let with_candidate = self.answered_at?.plus_micros(self.wait_micros / 4);
        Some(self.first_sent_at?.plus_micros(self.wait_micros).max(with_candidate))
    }
}
