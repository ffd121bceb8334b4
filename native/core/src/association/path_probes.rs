//! Challenges of paths that the layer above thinks of: whether the peer answers there, and how soon. Nothing moves because of them.
//!
//! Each is the smallest packet that there is, and goes three times at most, so that nobody is made to flood the address of a third.

#[cfg(test)]
mod tests;

use crate::constants::{
    INITIAL_PTO_MICROS, PATH_PROBES_MAX, PATH_PROBE_ATTEMPTS, PATH_PROBE_INTERVAL_MIN_MICROS,
};
use crate::entropy::Entropy;
use crate::path::Path;
use crate::time::Instant;

/// Probes of one association.
#[derive(Debug, Default)]
pub(super) struct PathProbes {
    outstanding: Vec<Probe>,
    outcomes: Vec<ProbeOutcome>,
    /// The round trips of the last candidates that answered.
    measured: Vec<(Path, u64)>,
}

/// What came of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProbeOutcome {
    /// As given to [`PathProbes::request`].
    pub(crate) token: u32,
    /// `None`: no answer.
    pub(crate) rtt_micros: Option<u64>,
}

#[derive(Debug)]
struct Probe {
    path: Path,
    token: u32,
    /// The last byte counts the attempts, so that an answer tells which of them it is to.
    data: [u8; 8],
    /// When each attempt went.
    sent_at: [Instant; PATH_PROBE_ATTEMPTS],
    sent: usize,
    is_owed: bool,
    /// From one attempt to the next.
    interval_micros: u64,
    due_at: Instant,
}

impl PathProbes {
    /// Asks at `path`; what comes of it is told under `token`. An answer on the present path takes `wait_micros` at most. False: as many are asked already
    /// as may be at once.
    pub(super) fn request(
        &mut self,
        now: Instant,
        (path, token): (Path, u32),
        wait_micros: u64,
        entropy: &mut Entropy,
    ) -> bool {
        if self.outstanding.len() == PATH_PROBES_MAX {
            return false;
        }
        let mut data = [0; 8];
        entropy.fill(&mut data);
        let interval_micros = wait_micros.max(PATH_PROBE_INTERVAL_MIN_MICROS);
        let due_at = now.plus_micros(interval_micros);
        let sent_at = [now; PATH_PROBE_ATTEMPTS];
        let probe = Probe { path, token, data, sent_at, sent: 0, is_owed: true, interval_micros, due_at };
        self.outstanding.push(probe);
        true
    }

    /// Takes a PATH_RESPONSE; false when it answers none of these.
    pub(super) fn on_response(&mut self, now: Instant, data: [u8; 8]) -> bool {
        let asked = |probe: &Probe| probe.attempt(data).is_some();
        let Some(position) = self.outstanding.iter().position(asked) else { return false };
        let probe = self.outstanding.remove(position);
        let sent_at = probe.attempt(data).map_or(now, |attempt| probe.sent_at[attempt]);
        let rtt_micros = now.saturating_micros_since(sent_at).max(1);
        self.measured.retain(|(path, _)| *path != probe.path);
        if self.measured.len() == PATH_PROBES_MAX {
            self.measured.remove(0);
        }
        self.measured.push((probe.path, rtt_micros));
        self.outcomes.push(ProbeOutcome { token: probe.token, rtt_micros: Some(rtt_micros) });
        true
    }

    /// Call when [`PathProbes::deadline`] has passed.
    pub(super) fn on_timeout(&mut self, now: Instant) {
        let outcomes = &mut self.outcomes;
        self.outstanding.retain_mut(|probe| {
            let is_over = probe.due_at <= now && probe.sent == PATH_PROBE_ATTEMPTS;
            if is_over {
                outcomes.push(ProbeOutcome { token: probe.token, rtt_micros: None });
            } else if probe.due_at <= now {
                probe.is_owed = true;
                probe.due_at = now.plus_micros(probe.interval_micros);
            }
            !is_over
        });
    }

    /// When the next one is to be repeated or given up.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.outstanding.iter().map(|probe| probe.due_at).min()
    }

    /// Whether [`PathProbes::poll_send`] has something.
    pub(super) fn wants_to_send(&self) -> bool {
        self.outstanding.iter().any(|probe| probe.is_owed)
    }

    /// The next challenge to send, and where to.
    pub(super) fn poll_send(&mut self, now: Instant) -> Option<(Path, [u8; 8])> {
        let probe = self.outstanding.iter_mut().find(|probe| probe.is_owed)?;
        let data = probe.data_of(probe.sent);
        probe.is_owed = false;
        probe.sent_at[probe.sent] = now;
        probe.sent += 1;
        if probe.sent == PATH_PROBE_ATTEMPTS {
            // Nobody knows how long an answer takes there: no less than on any path of which nothing was measured (RFC 9000 §8.2.4).
            probe.due_at = now.plus_micros(probe.interval_micros.max(INITIAL_PTO_MICROS));
        }
        Some((probe.path, data))
    }

    /// The next outcome.
    pub(super) fn poll_outcome(&mut self) -> Option<ProbeOutcome> {
        self.outcomes.pop()
    }

    /// Whether nobody is asked, and nothing is to be told.
    pub(super) fn is_idle(&self) -> bool {
        self.outstanding.is_empty() && self.outcomes.is_empty()
    }

    /// The round trip of a candidate that has answered.
    pub(super) fn rtt_micros(&self, path: &Path) -> Option<u64> {
        self.measured.iter().find(|(measured, _)| measured.is_same_choice(path)).map(|(_, rtt)| *rtt)
    }
}

impl Probe {
    /// What an attempt asks.
    fn data_of(&self, attempt: usize) -> [u8; 8] {
        let mut data = self.data;
        data[7] = data[7].wrapping_add(attempt as u8);
        data
    }

    /// Which attempt asked that.
    fn attempt(&self, data: [u8; 8]) -> Option<usize> {
        (0..self.sent).find(|attempt| self.data_of(*attempt) == data)
    }
}
