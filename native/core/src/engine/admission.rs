//! Which handshake messages reach the layer above: those with a valid mac1, in a bounded number, and under load with a proven address.
//!
//! ```text
//!   calm --half-open or messages a second beyond a bound--> load --a second below both--> calm
//! ```

use super::prefix_limit::PrefixLimit;
use crate::cookie::{self, CookieJar};
use crate::entropy::Entropy;
use crate::mac1;
use crate::path::Path;
use crate::time::Instant;
use osier_wire::limits::{COOKIE_NONCE_BYTES, MAC_BYTES};
use osier_wire::{CookieReply, HandshakeInvariants};
use std::net::SocketAddr;

/// Handshake messages that may wait to be read; more are dropped and counted.
pub(super) const WAITING_MAX: usize = 1_024;
/// First messages in one second that are admitted without a cookie: about a tenth of what one core can answer.
const CALM_PER_SECOND: u32 = 256;
/// Unconfirmed sessions beyond which first messages need a cookie.
const CALM_HALF_OPEN: usize = 512;
/// Unconfirmed sessions beyond which no first message is admitted.
const HALF_OPEN_MAX: usize = 4_096;
/// Load is assumed for so long after its last sign.
const LOAD_MICROS: u64 = 1_000_000;

/// The keys of handshake messages that begin with this node: each by one network secret and one name of the responder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdmissionKey {
    /// Of mac1.
    pub mac1: [u8; 32],
    /// Seals cookies.
    pub cookie: [u8; 32],
}

/// What becomes of a first message whose mac1 is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It crosses. `proven`: its mac2 shows that its sender is at its address.
    Admitted { proven: bool },
    /// Its sender must prove its address first.
    NeedsCookie,
    /// Neither now nor with a cookie.
    Dropped,
}

/// See the module's head.
#[derive(Default)]
pub(super) struct Admission {
    keys: Vec<AdmissionKey>,
    waiting: usize,
    cookies: CookieJar,
    prefixes: PrefixLimit,
    second: Option<Instant>,
    in_second: u32,
    loaded_at: Option<Instant>,
}

impl Admission {
    /// Replaces the keys.
    pub(super) fn set_keys(&mut self, keys: &[AdmissionKey]) {
        self.keys = keys.to_vec();
    }

    /// Whether there is a key of this number.
    pub(super) fn has_key(&self, number: usize) -> bool {
        number < self.keys.len()
    }

    /// Which key the message's mac1 was made with.
    pub(super) fn matching_key(&self, message: &HandshakeInvariants<'_>) -> Option<usize> {
        self.keys.iter().position(|key| mac1::verify(&key.mac1, message.before_mac1, &message.mac1))
    }

    /// What becomes of a first message that came by `path`, with `half_open` sessions waiting to be confirmed.
    pub(super) fn judge(
        &mut self,
        now: Instant,
        path: &Path,
        message: &HandshakeInvariants<'_>,
        half_open: usize,
    ) -> Verdict {
        let proven = self.proves_address(now, path.remote, message);
        if !self.under_load(now, half_open) {
            return Verdict::Admitted { proven };
        }
        if !proven {
            return Verdict::NeedsCookie;
        }
        if half_open >= HALF_OPEN_MAX || !self.has_prefix_room(now, path) {
            return Verdict::Dropped;
        }
        Verdict::Admitted { proven }
    }

    fn has_prefix_room(&mut self, now: Instant, path: &Path) -> bool {
        match path.relay() {
            Some(way) => self.prefixes.admit_relayed(now, way.hop, way.far),
            None => self.prefixes.admit(now, path.remote.ip()),
        }
    }

    /// The same for a message that another shard admitted, which counted it and knows nothing of the `half_open` sessions here.
    pub(super) fn judge_handed_over(proven: bool, half_open: usize) -> Verdict {
        match (proven, half_open) {
            (false, CALM_HALF_OPEN..) => Verdict::NeedsCookie,
            (true, HALF_OPEN_MAX..) => Verdict::Dropped,
            _ => Verdict::Admitted { proven },
        }
    }

    /// Whether the message bears a cookie that was given here to `address`.
    pub(super) fn proves_address(
        &mut self,
        now: Instant,
        address: SocketAddr,
        message: &HandshakeInvariants<'_>,
    ) -> bool {
        message.mac2 != [0; MAC_BYTES]
            && self.cookies.verify(now, address, message.before_mac2, &message.mac2)
    }

    /// The answer to a message that lacks a cookie; `None` for a key that there is none of.
    pub(super) fn cookie_reply(
        &mut self,
        now: Instant,
        entropy: &mut Entropy,
        address: SocketAddr,
        key: usize,
        message: &HandshakeInvariants<'_>,
    ) -> Option<CookieReply> {
        let key = self.keys.get(key)?.cookie;
        let given = self.cookies.give(now, entropy, address);
        let mut nonce = [0; COOKIE_NONCE_BYTES];
        entropy.fill(&mut nonce);
        let sealed_cookie = cookie::seal(&key, &nonce, &message.mac1, given);
        Some(CookieReply { receiver_index: message.sender_index, nonce, sealed_cookie })
    }

    /// Whether one more message may wait; counts it when so.
    pub(super) fn admit(&mut self) -> bool {
        let admitted = self.waiting < WAITING_MAX;
        self.waiting += usize::from(admitted);
        admitted
    }

    /// A waiting message was read.
    pub(super) fn on_read(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
    }

    /// Counts one more first message.
    fn under_load(&mut self, now: Instant, half_open: usize) -> bool {
        if self.second.is_none_or(|second| now.saturating_micros_since(second) >= 1_000_000) {
            self.second = Some(now);
            self.in_second = 0;
        }
        self.in_second = self.in_second.saturating_add(1);
        if self.in_second > CALM_PER_SECOND || half_open >= CALM_HALF_OPEN {
            self.loaded_at = Some(now);
        }
        self.loaded_at.is_some_and(|at| now.saturating_micros_since(at) < LOAD_MICROS)
    }
}

#[cfg(test)]
mod tests;
