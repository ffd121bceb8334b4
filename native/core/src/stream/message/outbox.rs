//! Messages that were accepted and whose fate is not known.

use super::deadline_queue::DeadlineQueue;
use super::fates::Fates;
use super::message_queue::MessageQueue;
use super::out_message::{OutMessage, OutState, NO_PLACE};
use super::request::{MessageFate, MessageOptions, MessageStats};
use super::MESSAGE_RECORD_BYTES;
use crate::constants::{EXPIRE_REPEAT_MICROS, EXPIRIES_ASKED_MAX};
use crate::time::Instant;
use std::collections::VecDeque;
use std::ops::Range;

#[cfg(test)]
mod tests;

/// The messages of one stream's send buffer, in order, and what became of those before.
///
/// A message lies in the buffer from `start` to [`OutMessage::end`], its record included. Its place in the stream is given to it with its first
/// part: one that expires before has never been there.
#[derive(Default)]
pub(crate) struct Outbox {
    messages: MessageQueue,
    deadlines: DeadlineQueue,
    /// Starts of those whose EXPIRE has to be sent. The first is one that still has to; others may have been settled since.
    to_ask: VecDeque<u64>,
    /// EXPIREs sent and not answered.
    asked: usize,
    fates: Fates,
    /// Bytes that the last message refused needs.
    pub(crate) wanted_bytes: u64,
    /// Number of the next datagram that is sent in parts.
    pub(crate) next_number: u64,
}

impl Outbox {
    /// A message was put into the buffer at `start`.
    pub(crate) fn push(&mut self, now: Instant, start: u64, len: u32, options: &MessageOptions) {
        let expires_at =
            options.lifetime_micros.map_or(Instant::FAR_FUTURE, |micros| now.plus_micros(micros));
        self.messages.push_back(OutMessage {
            start,
            place: NO_PLACE,
            expires_at,
            len,
            unordered: options.unordered,
            token: options.token,
            state: OutState::Waiting,
            is_watched: false,
        });
        if expires_at != Instant::FAR_FUTURE {
            self.watch(expires_at, start);
        }
        self.fates.on_accepted();
    }

    /// The message that holds the buffer's `offset`.
    #[inline]
    pub(crate) fn at(&self, offset: u64) -> Option<OutMessage> {
        self.messages.at(offset)
    }

    /// Whether something of the message at the start of `range` may be sent, when all of `range` may: with its first part goes its record. One that expired is
    /// passed over before what follows it has a place.
    #[inline]
    pub(crate) fn may_send(&self, range: Range<u64>) -> bool {
        self.at(range.start).is_some_and(|message| {
            let record_and_byte = MESSAGE_RECORD_BYTES + u64::from(message.len > 0);
            let fits = message.start < range.start || range.end - range.start >= record_and_byte;
            fits && !message.is_settled()
        })
    }

    /// The message's first part is in a packet: from now on it has a place.
    pub(crate) fn on_begun(&mut self, start: u64, place: u64) {
        if let Some(message) = self.messages.find_mut(start) {
            if message.state == OutState::Waiting {
                message.state = OutState::Sent;
            }
            message.place = place;
        }
    }

    /// The peer has `range` of the buffer: of the messages that it touches, those are delivered of which the peer `has` every part. After its lifetime that
    /// settles a datagram (`one_shot`), but of a message only EXPIRE_REPLY does.
    pub(crate) fn on_acknowledged(
        &mut self,
        now: Instant,
        range: &Range<u64>,
        one_shot: bool,
        has: impl Fn(Range<u64>) -> bool,
    ) {
        let Some(mut index) = self.messages.first_in(range) else { return };
        while let Some(message) = self.messages.get_mut(index).filter(|message| message.start < range.end) {
            let is_open = message.state == OutState::Sent && (one_shot || now < message.expires_at);
            let is_inside = range.start <= message.start && message.end() <= range.end;
            if is_open && (is_inside || has(message.start..message.end())) {
                self.fates.settle(message, MessageFate::Delivered);
            }
            index += 1;
        }
    }

    /// A part of the datagram is lost. Returns whether that settled it.
    pub(crate) fn on_datagram_lost(&mut self, start: u64) -> bool {
        let lost = self.messages.find(start).is_some_and(|message| message.state == OutState::Sent);
        if lost {
            self.settle(start, MessageFate::Expired);
        }
        lost
    }

    /// Takes the next message whose lifetime is over while its fate is open. A message without a place has expired with that; of another the peer
    /// has to be asked, unless `one_shot`: then an acknowledgement or a loss will settle it.
    pub(crate) fn pop_expired(&mut self, now: Instant, one_shot: bool) -> Option<OutMessage> {
        while let Some(start) = self.deadlines.pop_due(now) {
            let Some(message) = self.messages.find_mut(start) else { continue };
            message.is_watched = false;
            let before = *message;
            match message.state {
                OutState::Waiting => self.settle(start, MessageFate::Expired),
                OutState::Sent if !one_shot => {
                    message.state = OutState::Expiring;
                    self.to_ask.push_back(start);
                }
                OutState::Asked { again_at } if now >= again_at => {
                    self.on_ask_lost(start);
                    continue;
                }
                OutState::Asked { again_at } => {
                    self.watch(again_at, start);
                    continue;
                }
                _ => continue,
            }
            return Some(before);
        }
        None
    }

    /// EXPIRE_REPLY came for the message at `place`. Returns whether that settled it.
    pub(crate) fn on_reply(&mut self, place: u64, fate: MessageFate) -> bool {
        // Messages that never had a place stand before the one that got it.
        let Some(message) = self.messages.before_place(place) else { return false };
        let asked = matches!(message.state, OutState::Expiring | OutState::Asked { .. });
        if message.place != place || !asked {
            return false;
        }
        self.asked -= usize::from(message.state != OutState::Expiring);
        self.settle(message.start, fate);
        // Where it was to be asked for again it is not any more.
        self.next_to_ask();
        true
    }

    /// The next message to be asked for by EXPIRE.
    pub(crate) fn next_to_ask(&mut self) -> Option<OutMessage> {
        while let Some(start) = self.to_ask.front() {
            match self.messages.find(*start) {
                Some(message) if message.state == OutState::Expiring => return Some(*message),
                _ => self.to_ask.pop_front(),
            };
        }
        None
    }

    /// Whether EXPIRE has to be sent, and may be.
    #[inline]
    pub(crate) fn owes_expire(&self) -> bool {
        !self.to_ask.is_empty() && self.may_ask()
    }

    /// Whether not too many EXPIREs wait for their answer.
    #[inline]
    pub(crate) fn may_ask(&self) -> bool {
        self.asked < EXPIRIES_ASKED_MAX
    }

    /// EXPIRE for the message of [`Outbox::next_to_ask`] is in a packet. It is asked for again when no answer comes.
    pub(crate) fn on_asked(&mut self, now: Instant) {
        let Some(start) = self.to_ask.pop_front() else { return };
        if let Some(message) = self.messages.find_mut(start) {
            let again_at = now.plus_micros(EXPIRE_REPEAT_MICROS);
            message.state = OutState::Asked { again_at };
            self.asked += 1;
            self.watch(again_at, start);
        }
    }

    /// A packet with EXPIRE counts as lost, or its answer does.
    pub(crate) fn on_ask_lost(&mut self, start: u64) {
        let Some(message) = self.messages.find_mut(start) else { return };
        if matches!(message.state, OutState::Asked { .. }) {
            message.state = OutState::Expiring;
            self.asked -= 1;
            self.to_ask.push_back(start);
        }
    }

    /// The message at `sent`, which is the next to be sent, when it has expired: it is passed over, and leaves `next_place` to the one after it.
    pub(crate) fn next_passed_over(&mut self, sent: u64, next_place: u64) -> Option<OutMessage> {
        let message = self.at(sent).filter(OutMessage::is_settled)?;
        if let Some(passed) = self.messages.find_mut(message.start) {
            passed.place = next_place;
        }
        Some(message)
    }

    /// Forgets the settled messages before all others.
    #[inline]
    pub(crate) fn forget_settled(&mut self) {
        while self.messages.front().is_some_and(OutMessage::is_settled) {
            self.messages.pop_front();
        }
    }

    /// Where the first message begins whose fate is open.
    #[inline]
    pub(crate) fn first_pending(&self) -> Option<u64> {
        self.messages.front().map(|message| message.start)
    }

    /// When the next lifetime is over.
    #[inline]
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    /// Sending was given up: what is pending will never be known.
    pub(crate) fn abandon(&mut self) {
        self.fates.abandon();
        self.messages = MessageQueue::default();
        self.to_ask = VecDeque::new();
        self.asked = 0;
        self.deadlines.clear();
    }

    /// The next fate to be told, with its token.
    pub(crate) fn pop_untold(&mut self) -> Option<(u32, MessageFate)> {
        self.fates.pop_untold()
    }

    /// Whether a fate has to be told.
    #[inline]
    pub(crate) fn has_untold(&self) -> bool {
        self.fates.has_untold()
    }

    /// Totals of what was sent.
    pub(crate) fn stats(&self) -> MessageStats {
        self.fates.stats()
    }

    /// Sees to it that the message is looked at, at `at` or, where it is watched already, before: then it is watched again.
    fn watch(&mut self, at: Instant, start: u64) {
        let Some(message) = self.messages.find_mut(start) else { return };
        if std::mem::replace(&mut message.is_watched, true) {
            return;
        }
        let messages = &self.messages;
        let is_live = |start| messages.find(start).is_some_and(|message| !message.is_settled());
        self.deadlines.push(at, start, messages.len(), is_live);
    }

    fn settle(&mut self, start: u64, fate: MessageFate) {
        if let Some(message) = self.messages.find_mut(start) {
            self.fates.settle(message, fate);
        }
    }
}
