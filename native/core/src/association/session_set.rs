//! The sessions of one association: which one sends, which ones still receive.

use crate::key_schedule::{ReceiveKeys, SendKeys};
use crate::packet_key::Cipher;
use crate::path::Path;
use crate::relay::{Hop, HopKeys};
use crate::time::Instant;
use std::net::SocketAddr;
use zeroize::Zeroize;

/// Sessions that one association keeps at once: the one that sends, those before it, and one for each message 1 of the peer's that it may still take
/// the answer to. An initiator that waits longer than it expected sends several of them, and takes the answer to any of the last three: the session
/// of an answer that is under way must be there when it is taken up.
const SESSIONS_MAX: usize = 8;
/// Sessions before the one that sends that are kept although others need the room: the peer may send under them for a round trip more.
const SUPERSEDED_KEPT: usize = 2;
/// How long a responder's session waits for its first authentic packet.
const CONFIRMATION_MICROS: u64 = 15_000_000;

/// Keys and indices from one finished handshake.
#[derive(Clone)]
pub struct SessionConfig {
    /// Receiver index at this end, from [`Engine::reserve_index`](crate::Engine::reserve_index).
    pub local_index: u32,
    /// Receiver index at the peer.
    pub remote_index: u32,
    /// Of both directions.
    pub cipher: Cipher,
    /// Secret of what this end sends.
    pub send_key: [u8; 32],
    /// Secret of what this end receives.
    pub receive_key: [u8; 32],
    /// Secrets for relayed packets between these two; without them none are taken from this peer or sent to it.
    pub hop_keys: Option<HopKeys>,
    /// Least packet number that this end sends under the key.
    pub first_send: u64,
    /// Least packet number that the peer sends under the key.
    pub first_receive: u64,
    /// Where this end asked, or where the message came from that it answered.
    pub path: Path,
    /// This end asked.
    pub begun_here: bool,
    /// True for the initiator; a responder's session sends nothing before the first authentic packet.
    pub confirmed: bool,
    /// Send on it from now on, or from its confirmation on.
    pub preferred: bool,
}

impl SessionConfig {
    /// Overwrites the secrets, once a session is made of them.
    pub fn erase_keys(&mut self) {
        self.send_key.zeroize();
        self.receive_key.zeroize();
        self.hop_keys.iter_mut().for_each(HopKeys::erase);
    }
}

/// One handshake's keys.
pub(crate) struct Session {
    pub(crate) local_index: u32,
    pub(crate) remote_index: u32,
    pub(crate) send: SendKeys,
    pub(crate) receive: ReceiveKeys,
    /// Boxed: most peers are no neighbours of which anything is relayed.
    pub(crate) hop: Option<Box<Hop>>,
    pub(crate) path: Path,
    pub(crate) confirmed: bool,
    pub(crate) begun_here: bool,
    preferred: bool,
    discard_at: Option<Instant>,
}

/// A session that is no more, and what it was known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DroppedSession {
    pub(crate) local_index: u32,
    pub(crate) remote: SocketAddr,
    pub(crate) remote_index: u32,
}

/// What the confirmation of a session changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmation {
    /// It had been confirmed before.
    Known,
    /// This was the first authentic packet under it.
    First,
}

impl Session {
    fn dropped(&self) -> DroppedSession {
        DroppedSession {
            local_index: self.local_index,
            remote: self.path.peer_address(),
            remote_index: self.remote_index,
        }
    }
}

/// Whose the index is: the top byte of every receiver index.
fn shard_of(local_index: u32) -> u8 {
    (local_index >> 24) as u8
}

/// All sessions of one association.
#[derive(Default)]
pub(crate) struct SessionSet {
    sessions: Vec<Session>,
}

impl SessionSet {
    /// Adds a session; returns one that had to give way.
    pub(crate) fn install(
        &mut self,
        now: Instant,
        config: &SessionConfig,
        linger_micros: u64,
    ) -> Option<DroppedSession> {
        let evicted = (self.sessions.len() == SESSIONS_MAX).then(|| self.evict());
        self.sessions.push(Session {
            local_index: config.local_index,
            remote_index: config.remote_index,
            send: SendKeys::new(config.cipher, config.send_key, config.first_send),
            receive: ReceiveKeys::new(config.cipher, config.receive_key, config.first_receive),
            hop: config.hop_keys.as_ref().map(|keys| Box::new(Hop::new(keys, shard_of(config.local_index)))),
            path: config.path,
            confirmed: config.confirmed,
            begun_here: config.begun_here,
            preferred: config.preferred,
            discard_at: (!config.confirmed).then(|| now.plus_micros(CONFIRMATION_MICROS)),
        });
        if config.confirmed {
            self.settle(now, self.sessions.len() - 1, linger_micros);
        }
        evicted
    }

    /// The session that packets to `local_index` belong to.
    pub(crate) fn by_index(&mut self, local_index: u32) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.local_index == local_index)
    }

    /// A packet authenticated under `local_index`.
    pub(crate) fn confirm(&mut self, now: Instant, local_index: u32, linger_micros: u64) -> Confirmation {
        match self.sessions.iter().position(|session| session.local_index == local_index) {
            Some(position) if !self.sessions[position].confirmed => {
                self.sessions[position].confirmed = true;
                self.sessions[position].discard_at = None;
                self.settle(now, position, linger_micros);
                Confirmation::First
            }
            _ => Confirmation::Known,
        }
    }

    /// The session that new packets go out on; `None` before any is confirmed.
    pub(crate) fn sending(&mut self) -> Option<&mut Session> {
        let position = self.sending_position()?;
        self.sessions.get_mut(position)
    }

    /// Whether any session can send.
    pub(crate) fn can_send(&self) -> bool {
        self.sending_position().is_some()
    }

    /// Whether the session that new packets go out on can prove routing headers, too.
    pub(crate) fn sends_hops(&self) -> bool {
        self.sending_position().is_some_and(|at| self.sessions[at].hop.is_some())
    }

    /// What proves routing headers under `local_index`, once the peer has shown that it has the keys.
    pub(crate) fn hop_of(&mut self, local_index: u32) -> Option<&mut Hop> {
        self.by_index(local_index).filter(|session| session.confirmed)?.hop.as_deref_mut()
    }

    /// Drops the next session whose time is over.
    pub(crate) fn drop_expired(&mut self, now: Instant) -> Option<DroppedSession> {
        let expired = |session: &Session| session.discard_at.is_some_and(|at| at <= now);
        let position = self.sessions.iter().position(expired)?;
        Some(self.sessions.remove(position).dropped())
    }

    /// Erases keys of earlier generations whose time is over.
    pub(crate) fn erase_expired_keys(&mut self, now: Instant) {
        for session in &mut self.sessions {
            session.receive.erase_expired(now);
        }
    }

    /// When the next session is to be dropped, or a key to be erased.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let deadlines = |session: &Session| [session.discard_at, session.receive.deadline()];
        self.sessions.iter().flat_map(deadlines).flatten().min()
    }

    /// The peer of a session is reached by `path`.
    pub(crate) fn place(&mut self, local_index: u32, path: Path) {
        if let Some(session) = self.by_index(local_index) {
            session.path = path;
        }
    }

    /// The peer is reached by `to` instead of `from`.
    pub(crate) fn follow(&mut self, from: &Path, to: Path) {
        let address = from.peer_address();
        for session in self.sessions.iter_mut().filter(|session| session.path.peer_address() == address) {
            session.path = to;
        }
    }

    /// Local indices and remote indices of all.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Session> {
        self.sessions.iter()
    }

    /// Those whose peer has shown that it has the keys.
    pub(crate) fn confirmed(&self) -> impl Iterator<Item = &Session> {
        self.iter().filter(|session| session.confirmed)
    }

    fn sending_position(&self) -> Option<usize> {
        let confirmed = |session: &Session| session.confirmed;
        let preferred = self.sessions.iter().rposition(|session| confirmed(session) && session.preferred);
        preferred.or_else(|| self.sessions.iter().rposition(confirmed))
    }

    /// A session has just been confirmed: whichever does not send any more lingers and goes.
    fn settle(&mut self, now: Instant, newest: usize, linger_micros: u64) {
        if self.sessions[newest].preferred {
            for (position, session) in self.sessions.iter_mut().enumerate() {
                if position != newest && session.confirmed {
                    session.preferred = false;
                }
            }
        }
        let sending = self.sending_position();
        for (position, session) in self.sessions.iter_mut().enumerate() {
            if Some(position) != sending && session.confirmed {
                session.discard_at.get_or_insert(now.plus_micros(linger_micros));
            }
        }
    }

    /// Makes room: the oldest of the superseded sessions where there are many, then the oldest unconfirmed one.
    fn evict(&mut self) -> DroppedSession {
        let sending = self.sending_position();
        let superseded = |(at, session): &(usize, &Session)| session.confirmed && Some(*at) != sending;
        let mut others = self.sessions.iter().enumerate().filter(superseded);
        let oldest = others.next().map(|(at, _)| at);
        let unconfirmed = self.sessions.iter().position(|session| !session.confirmed);
        let position = if others.count() < SUPERSEDED_KEPT { unconfirmed.or(oldest) } else { oldest };
        self.sessions.remove(position.unwrap_or(0)).dropped()
    }
}

#[cfg(test)]
mod tests;
