//! Messages on their way in: which are whole, which the application may have, and which are dropped.

use super::deadline_queue::DeadlineQueue;
use super::place::{Place, PlaceState};
use super::places::Places;
use crate::constants::EXPIRE_REPLIES_MAX;
use crate::stream::error::ProtocolViolation;
use crate::time::Instant;
use osier_wire::MessageFate;
use std::collections::{BTreeMap, VecDeque};

/// The places of one stream that are not settled, in order of their offsets. Every one takes at least [`MESSAGE_RECORD_BYTES`](super::MESSAGE_RECORD_BYTES) of credit, which is what its
/// record takes.
///
/// ```text
///  0 ───── consumed ───────────────── cursor ────────────────── highest
///   settled         whole or dropped        whole, dropped, or
///                                           with parts missing
/// ```
#[derive(Default)]
pub(crate) struct Inbox {
    places: Places,
    /// Before it every place is whole or dropped: ordered messages are handed over up to here.
    cursor: u64,
    /// Messages that the application may have, in the order that it gets them.
    ready: VecDeque<u64>,
    deadlines: DeadlineQueue,
    /// Answers owed, by the offsets that they name: a peer may ask for thousands, each of which is looked up here.
    replies: BTreeMap<u64, MessageFate>,
    /// Handed to the application.
    pub(crate) received: u64,
    /// Bytes that the message at the cursor needs beyond what came.
    pub(crate) expected_bytes: u64,
}

/// What a part that came is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// A message that lacked it, or may have.
    Wanted,
    /// A message that is whole, dropped or gone.
    Late,
}

impl Inbox {
    /// A part of a message came; `expires_at`: when the message is dropped if this was its first part and it has a lifetime.
    pub(crate) fn on_part(
        &mut self,
        (offset, len, unordered): (u64, u32, bool),
        expires_at: Option<Instant>,
    ) -> Result<Arrival, ProtocolViolation> {
        let place = Place { offset, len, unordered, state: PlaceState::Incomplete };
        match self.known(&place)? {
            Some(known) => {
                let expected_len = known.unordered == unordered || known.state != PlaceState::Incomplete;
                if !expected_len {
                    return Err(ProtocolViolation::MessageChanged);
                }
                Ok(if known.state == PlaceState::Incomplete { Arrival::Wanted } else { Arrival::Late })
            }
            None => {
                self.places.insert(place);
                if let Some(at) = expires_at {
                    let places = &self.places;
                    let is_live = |offset| {
                        places.get(offset).is_some_and(|place| place.state == PlaceState::Incomplete)
                    };
                    self.deadlines.push(at, offset, places.len(), is_live);
                }
                Ok(Arrival::Wanted)
            }
        }
    }

    /// Every part of the message came.
    pub(crate) fn on_whole(&mut self, offset: u64) {
        let Some(place) = self.places.get_mut(offset) else { return };
        place.state = PlaceState::Whole;
        if place.unordered {
            self.ready.push_back(offset);
        }
        self.advance();
    }

    /// EXPIRE came for the place of a message of `len` bytes at `offset`. `consumed` is before every place that is remembered.
    pub(crate) fn on_expire(
        &mut self,
        offset: u64,
        len: u32,
        consumed: u64,
    ) -> Result<(), ProtocolViolation> {
        // It is asked again every second: one that finds no room now does later.
        if self.replies.len() >= EXPIRE_REPLIES_MAX || self.replies.contains_key(&offset) {
            return Ok(());
        }
        let mut fate = MessageFate::Delivered;
        // What is forgotten was handed over, or the peer has heard already that it was not.
        if offset >= consumed {
            let place = Place { offset, len, unordered: false, state: PlaceState::Dropped };
            match self.known(&place)?.map(|known| known.state) {
                Some(PlaceState::Whole | PlaceState::Gone) => {}
                Some(PlaceState::Incomplete | PlaceState::Dropped) => {
                    self.drop_incomplete(offset);
                    fate = MessageFate::Dropped;
                }
                None => {
                    self.places.insert(place);
                    fate = MessageFate::Dropped;
                }
            }
            self.advance();
        }
        self.replies.insert(offset, fate);
        Ok(())
    }

    /// Drops what is not whole and whose time is over.
    pub(crate) fn expire(&mut self, now: Instant) {
        while let Some(offset) = self.deadlines.pop_due(now) {
            self.drop_incomplete(offset);
        }
        self.advance();
    }

    /// The peer knows that the message at `offset` was dropped. Returns where its place ends, when that was still remembered.
    pub(crate) fn on_drop_known(&mut self, offset: u64) -> Option<u64> {
        let place = self.places.get_mut(offset)?;
        if place.state != PlaceState::Dropped {
            return None;
        }
        place.state = PlaceState::Gone;
        Some(place.end())
    }

    /// The message that the application gets next: its offset and length.
    pub(crate) fn first_ready(&self) -> Option<(u64, u32)> {
        let offset = *self.ready.front()?;
        self.places.get(offset).map(|place| (offset, place.len))
    }

    /// Messages that the application may have.
    #[inline]
    pub(crate) fn ready_count(&self) -> usize {
        self.ready.len()
    }

    /// The application has the message of [`Inbox::first_ready`].
    pub(crate) fn on_read(&mut self) {
        let Some(place) = self.ready.pop_front().and_then(|offset| self.places.get_mut(offset)) else {
            return;
        };
        place.state = PlaceState::Gone;
        self.received += 1;
    }

    /// Forgets the settled places that come next after `consumed`; returns how many bytes they take.
    pub(crate) fn forget_gone(&mut self, consumed: u64) -> u64 {
        let mut end = consumed;
        while let Some(place) = self.places.front() {
            if place.state != PlaceState::Gone || place.offset != end {
                break;
            }
            end = place.end();
            self.places.pop_front();
        }
        end - consumed
    }

    /// Where the message ends that all ordered ones wait for, if a part of it has come.
    pub(crate) fn awaited_end(&self) -> Option<u64> {
        self.places.get(self.cursor).map(Place::end)
    }

    /// When the next message is to be dropped.
    #[inline]
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    /// The next answer to EXPIRE.
    pub(crate) fn next_reply(&self) -> Option<(u64, MessageFate)> {
        self.replies.first_key_value().map(|(offset, fate)| (*offset, *fate))
    }

    /// The answer of [`Inbox::next_reply`] is in a packet.
    pub(crate) fn on_replied(&mut self) {
        self.replies.pop_first();
    }

    /// A packet with an answer counts as lost.
    pub(crate) fn on_reply_lost(&mut self, offset: u64, fate: MessageFate) {
        if self.replies.len() < EXPIRE_REPLIES_MAX {
            self.replies.entry(offset).or_insert(fate);
        }
    }

    /// Nothing more is read.
    pub(crate) fn clear(&mut self) {
        *self = Self { received: self.received, ..Self::default() };
    }

    /// The place, when it is known already: then with the same end. It must not overlap another.
    fn known(&self, place: &Place) -> Result<Option<Place>, ProtocolViolation> {
        if self.places.is_behind_all(place.offset) {
            return Ok(None);
        }
        if self.places.before(place.offset).is_some_and(|before| before.end() > place.offset) {
            return Err(ProtocolViolation::MessageOverlap);
        }
        match self.places.get(place.offset) {
            Some(known) if known.len == place.len => Ok(Some(*known)),
            Some(_) => Err(ProtocolViolation::MessageChanged),
            None if self.places.after(place.offset).is_some_and(|after| after.offset < place.end()) => {
                Err(ProtocolViolation::MessageOverlap)
            }
            None => Ok(None),
        }
    }

    fn drop_incomplete(&mut self, offset: u64) {
        if let Some(place) = self.places.get_mut(offset).filter(|place| place.state == PlaceState::Incomplete)
        {
            place.state = PlaceState::Dropped;
        }
    }

    fn advance(&mut self) {
        while let Some(place) = self.places.get(self.cursor).filter(|at| at.state != PlaceState::Incomplete) {
            if place.state == PlaceState::Whole && !place.unordered {
                self.ready.push_back(place.offset);
            }
            self.cursor = place.end();
        }
    }
}
