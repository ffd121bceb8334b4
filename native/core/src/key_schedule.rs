//! Traffic keys that ratchet in band: which key seals a packet number, which one opens it, and when a secret is erased.
//!
//! A direction of a session has a chain of secrets, and every secret gives the packet key of one generation:
//!
//! ```text
//! secret 0 --"osier v1 next"--> secret 1 --"osier v1 next"--> secret 2 ...
//!    |                             |
//!    "osier v1 key" | cipher       "osier v1 key" | cipher
//!    v                             v
//!  key 0: numbers first..          key 1: numbers first + 2^24..
//! ```
//!
//! No flag says which key was used: generation = (packet number - first) >> 24. A secret is erased as soon as its
//! successor is known, so that whoever reads the memory later opens nothing that was sent before.

use zeroize::Zeroize;

use crate::constants::KEY_GENERATION_BITS;
use crate::keyed_hash::keyed_hash_256;
use crate::packet_key::{Cipher, PacketKey, Unauthentic, TAG_LENGTH};
use crate::Instant;

/// Why a packet number cannot be sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SealError {
    /// The number is not above the one sealed before (or below the session's first): a nonce must never be used twice.
    NumberUsed,
    /// The number lies more than one generation ahead, where the receiver does not follow: the session needs a rekey.
    GenerationSkipped,
}

/// The sending keys of one direction of a session.
pub(crate) struct SendKeys {
    generations: Generations,
    /// The least number that may be sealed next.
    next: u64,
}

impl SendKeys {
    /// Keys from the traffic `secret`, which the caller erases; `first` is the first packet number of the session.
    pub(crate) fn new(cipher: Cipher, secret: [u8; 32], first: u64) -> Self {
        Self { generations: Generations::new(cipher, secret, first, KEY_GENERATION_BITS), next: first }
    }

    /// Encrypts `payload` in place, authenticates it with `header`, writes the tag. Numbers only go up.
    ///
    /// # Errors
    /// [`SealError`]; nothing was written then, and the packet must not be sent.
    pub(crate) fn seal(
        &mut self,
        number: u64,
        header: &[u8],
        payload: &mut [u8],
        tag: &mut [u8; TAG_LENGTH],
    ) -> Result<(), SealError> {
        if number < self.next {
            return Err(SealError::NumberUsed);
        }
        match self.generations.place_of(number) {
            Place::Current => {}
            Place::Next => self.generations.advance(),
            Place::Previous | Place::Elsewhere => return Err(SealError::GenerationSkipped),
        }
        self.generations.current.seal(number, header, payload, tag);
        self.next = number.saturating_add(1);
        Ok(())
    }
}

/// The receiving keys of one direction of a session.
///
/// Only the current generation, the next, and for a while the previous are tried; which one follows from the number, so
/// a packet costs one try. An idle session holds one expanded key.
pub(crate) struct ReceiveKeys {
    generations: Generations,
    previous: Option<RetiredKey>,
}

struct RetiredKey {
    key: PacketKey,
    erase_at: Instant,
}

impl ReceiveKeys {
    /// Keys from the traffic `secret`, which the caller erases; `first` is the first packet number of the session.
    pub(crate) fn new(cipher: Cipher, secret: [u8; 32], first: u64) -> Self {
        Self { generations: Generations::new(cipher, secret, first, KEY_GENERATION_BITS), previous: None }
    }

    /// Decrypts `payload_and_tag` in place if it and `header` are authentic; returns the length of the plaintext.
    ///
    /// The first authentic packet of the next generation makes that one the current; the one before is kept for
    /// `three_pto_micros` from then, for packets that were overtaken.
    ///
    /// # Errors
    /// [`Unauthentic`], also for numbers of generations that have no key; no state changed then.
    pub(crate) fn open(
        &mut self,
        now: Instant,
        number: u64,
        header: &[u8],
        payload_and_tag: &mut [u8],
        three_pto_micros: u64,
    ) -> Result<usize, Unauthentic> {
        self.erase_expired(now);
        match self.generations.place_of(number) {
            Place::Current => self.generations.current.open(number, header, payload_and_tag),
            Place::Previous => match &self.previous {
                Some(previous) => previous.key.open(number, header, payload_and_tag),
                None => Err(Unauthentic),
            },
            Place::Next => {
                let key = self.generations.next_key();
                let length = key.open(number, header, payload_and_tag)?;
                let key = self.generations.advance_to(key);
                self.previous = Some(RetiredKey { key, erase_at: now.plus_micros(three_pto_micros) });
                Ok(length)
            }
            Place::Elsewhere => Err(Unauthentic),
        }
    }

    /// Erases the previous generation's key once its time is over. [`ReceiveKeys::open`] does so too; this is for the timer.
    pub(crate) fn erase_expired(&mut self, now: Instant) {
        if self.previous.as_ref().is_some_and(|previous| now >= previous.erase_at) {
            self.previous = None;
        }
    }

    /// When [`ReceiveKeys::erase_expired`] has something to erase.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.previous.as_ref().map(|previous| previous.erase_at)
    }
}

/// The current key of a direction and the chain that the next ones come from.
struct Generations {
    chain: KeyChain,
    current: PacketKey,
    /// The first packet number of the current generation.
    start: u64,
    /// Numbers of one generation, as a power of two.
    bits: u32,
}

/// Where the generation of a packet number lies, seen from the current one.
enum Place {
    /// One before; of the first generation, numbers that the session never had.
    Previous,
    Current,
    Next,
    Elsewhere,
}

impl Generations {
    fn new(cipher: Cipher, secret: [u8; 32], first: u64, bits: u32) -> Self {
        let mut chain = KeyChain { cipher, secret };
        let current = chain.key();
        chain.advance();
        Self { chain, current, start: first, bits }
    }

    fn place_of(&self, number: u64) -> Place {
        match number.checked_sub(self.start) {
            Some(ahead) => match ahead >> self.bits {
                0 => Place::Current,
                1 => Place::Next,
                _ => Place::Elsewhere,
            },
            None if (self.start - 1 - number) >> self.bits == 0 => Place::Previous,
            None => Place::Elsewhere,
        }
    }

    /// The key of the next generation, which stays the next one.
    fn next_key(&self) -> PacketKey {
        self.chain.key()
    }

    fn advance(&mut self) {
        self.advance_to(self.next_key());
    }

    /// Makes `key`, which is [`Generations::next_key`], the current one and returns the one before.
    fn advance_to(&mut self, key: PacketKey) -> PacketKey {
        self.chain.advance();
        self.start += 1 << self.bits;
        std::mem::replace(&mut self.current, key)
    }
}

/// The secret of one generation. The one before is erased by each step, the last when dropped.
struct KeyChain {
    cipher: Cipher,
    secret: [u8; 32],
}

impl KeyChain {
    /// The packet key of this generation.
    fn key(&self) -> PacketKey {
        let mut key = keyed_hash_256(&self.secret, &[b"osier v1 key", self.cipher.name().as_bytes()]);
        let expanded = PacketKey::new(self.cipher, &key);
        key.zeroize();
        expanded
    }

    fn advance(&mut self) {
        self.secret = keyed_hash_256(&self.secret, &[b"osier v1 next"]);
    }
}

impl Drop for KeyChain {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

#[cfg(test)]
mod tests;
