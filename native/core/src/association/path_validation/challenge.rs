//! One challenge of a path, and of the present one beside it.
//!
//! How long an answer takes is not known: the path may be slower than the one before, or the peer too busy to answer soon. So a challenge, with its
//! data, lasts for as long as the peer's newest packets come from there, and is repeated ever more rarely.

use super::{Arrived, ChallengeToSend, Moved, CHALLENGE_PACKET_BYTES};
use crate::constants::{INITIAL_PTO_MICROS, PATH_CHALLENGES_MAX, PTO_MAX_MICROS};
use crate::entropy::Entropy;
use crate::path::Path;
use crate::time::Instant;

/// See the file's head.
#[derive(Debug)]
pub(super) struct Challenge {
    pub(super) candidate: Path,
    candidate_data: [u8; 8],
    pub(super) present_data: [u8; 8],
    /// Bytes that came from the candidate and were not sent there yet.
    pub(super) allowance: usize,
    candidate_owed: bool,
    present_owed: bool,
    first_sent_at: Option<Instant>,
    answered_at: Option<Instant>,
    /// Challenges that went to the candidate.
    sent: u32,
    /// Times that a challenge was due since the peer's newest packet came from there.
    due_unheard: u32,
    again_at: Instant,
    /// From one challenge to the next.
    interval_micros: u64,
    /// Unless the peer is heard from there again. The candidate may be slower than the present path, as far as anybody knows (RFC 9000 §8.2.4).
    given_up_at: Instant,
    pub(super) wait_micros: u64,
}

impl Challenge {
    pub(super) fn new(now: Instant, arrived: Arrived, wait_micros: u64, entropy: &mut Entropy) -> Self {
        let (mut candidate_data, mut present_data) = ([0; 8], [0; 8]);
        entropy.fill(&mut candidate_data);
        entropy.fill(&mut present_data);
        let mut challenge = Self {
            candidate: arrived.from,
            candidate_data,
            present_data,
            allowance: 0,
            candidate_owed: false,
            present_owed: false,
            first_sent_at: None,
            answered_at: None,
            sent: 0,
            due_unheard: 0,
            again_at: now,
            interval_micros: wait_micros,
            given_up_at: now,
            wait_micros,
        };
        challenge.on_packet(now, arrived);
        challenge.owe(now);
        challenge
    }

    /// A packet came from the candidate.
    pub(super) fn on_packet(&mut self, now: Instant, arrived: Arrived) {
        self.allowance += arrived.bytes;
        if arrived.is_newest {
            self.due_unheard = 0;
            let micros = u64::from(PATH_CHALLENGES_MAX) * self.wait_micros.max(INITIAL_PTO_MICROS);
            self.given_up_at = now.plus_micros(micros);
        }
    }

    pub(super) fn on_response(&mut self, now: Instant, data: [u8; 8]) {
        if data == self.candidate_data && self.first_sent_at.is_some() {
            self.answered_at.get_or_insert(now);
        }
    }

    /// Whether the candidate has answered.
    pub(super) fn is_answered(&self) -> bool {
        self.answered_at.is_some()
    }

    /// Call when [`Challenge::deadline`] has passed. False: it is given up.
    pub(super) fn on_timeout(&mut self, now: Instant) -> bool {
        let is_due = now >= self.next_at();
        let is_exhausted = self.due_unheard >= PATH_CHALLENGES_MAX;
        if is_due && !is_exhausted {
            self.owe(now);
        }
        !(is_due && is_exhausted)
    }

    pub(super) fn deadline(&self) -> Instant {
        self.decided_at().unwrap_or(self.next_at())
    }

    pub(super) fn wants_to_send(&self) -> bool {
        self.present_owed || self.can_ask()
    }

    pub(super) fn poll_send(&mut self, now: Instant) -> Option<ChallengeToSend> {
        if self.can_ask() {
            self.candidate_owed = false;
            self.sent += 1;
            self.first_sent_at.get_or_insert(now);
            return Some(ChallengeToSend {
                data: self.candidate_data,
                candidate: Some(self.candidate),
                limit: self.allowance,
            });
        }
        std::mem::take(&mut self.present_owed).then_some(ChallengeToSend {
            data: self.present_data,
            candidate: None,
            limit: CHALLENGE_PACKET_BYTES,
        })
    }

    /// Where the peer is, once that is decided.
    pub(super) fn moved(&self, now: Instant) -> Option<Moved> {
        self.decided_at().filter(|at| now >= *at)?;
        Some(Moved { path: self.candidate, rtt_micros: self.answer_micros()?, is_exact: self.sent == 1 })
    }

    fn owe(&mut self, now: Instant) {
        self.due_unheard += 1;
        self.candidate_owed = self.answered_at.is_none();
        self.present_owed = true;
        self.again_at = now.plus_micros(self.interval_micros);
        self.interval_micros = (2 * self.interval_micros).min(self.wait_micros.max(PTO_MAX_MICROS));
    }

    /// When it is to be repeated or, as often as it may be unheard, given up.
    fn next_at(&self) -> Instant {
        if self.due_unheard < PATH_CHALLENGES_MAX {
            self.again_at
        } else {
            self.given_up_at.max(self.again_at)
        }
    }

    fn can_ask(&self) -> bool {
        self.candidate_owed && self.allowance >= CHALLENGE_PACKET_BYTES
    }

    /// From the first challenge to the answer.
    fn answer_micros(&self) -> Option<u64> {
        Some(self.answered_at?.saturating_micros_since(self.first_sent_at?))
    }

    /// When the present path will have had its time to answer: no less than the candidate took, and some more.
    fn decided_at(&self) -> Option<Instant> {
        let more_micros = self.wait_micros.max(self.answer_micros()?) / 4;
        let with_candidate = self.answered_at?.plus_micros(more_micros);
        Some(self.first_sent_at?.plus_micros(self.wait_micros).max(with_candidate))
    }
}
