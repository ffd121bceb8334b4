//! Packets that belong to a path rather than to the association's traffic: challenges and their answers, one a datagram. And the move that
//! follows from them.

use super::path_validation::{Moved, CHALLENGE_FRAME_BYTES, CHALLENGE_PACKET_BYTES};
use super::receive::Arrival;
use super::transmit::OVERHEAD;
use super::{Association, Transmit, UNKNOWN_PATH};
use crate::constants::PATH_RESPONSES_MAX;
use crate::path::{Ecn, Path};
use crate::recovery::PacketSent;
use crate::sent_frame::{FrameLog, SentFrame};
use crate::time::Instant;
use osier_wire::limits::{BASE_DATAGRAM_BYTES, DATA_HEADER_BYTES, MAX_TTL, MIN_ROUTE_MTU_BYTES};
use osier_wire::{Frame, Writer};
use std::collections::VecDeque;

#[cfg(test)]
mod tests;

/// Marks packets that no path's window counts: a tag that the present path will not take soon.
const FOREIGN_TAG_DISTANCE: u8 = 128;

/// Answers owed to challenges, oldest first; of more than are kept, the oldest are forgotten. Takes no memory while there are none.
#[derive(Debug, Default)]
pub(super) struct PathResponses {
    owed: VecDeque<(Path, [u8; 8])>,
}

impl PathResponses {
    pub(super) fn owe(&mut self, path: Path, data: [u8; 8]) {
        if self.owed.len() == PATH_RESPONSES_MAX {
            self.owed.pop_front();
        }
        self.owed.push_back((path, data));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.owed.is_empty()
    }

    fn pop(&mut self) -> Option<(Path, [u8; 8])> {
        let oldest = self.owed.pop_front();
        if self.owed.is_empty() {
            self.owed = VecDeque::new();
        }
        oldest
    }
}

/// A path that was left for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PathChange {
    pub(crate) from: Path,
    pub(crate) to: Path,
}

impl Association {
    /// Takes note of where an authentic packet came from.
    pub(super) fn on_arrival(
        &mut self,
        now: Instant,
        arrival: &mut Arrival<'_>,
        bytes: usize,
        is_newest: bool,
    ) {
        let is_present = self.path.is_same_way(&arrival.path);
        if is_present {
            self.note_arrival(now);
        }
        if self.path.is_relayed() || arrival.path.is_relayed() {
            self.note_direct_arrival(now, arrival.path);
            self.on_relayed_arrival(now, arrival.path, is_newest);
            return;
        }
        if is_present {
            self.learn_local_end(arrival.path);
            if !self.validation.is_challenging() {
                return;
            }
        }
        let arrived = super::path_validation::Arrived { from: arrival.path, bytes, is_newest };
        let wait_micros = self.recovery.answer_wait_micros(&self.control);
        self.validation.on_packet(now, arrived, &self.path, wait_micros, arrival.entropy);
    }

    /// `path` is the present one, and may say more of its local end.
    pub(super) fn learn_local_end(&mut self, path: Path) {
        self.path.local = self.path.local.or(path.local);
        if self.path.interface == 0 {
            self.path.interface = path.interface;
        }
    }

    /// PATH_RESPONSE arrived.
    pub(super) fn on_path_response(&mut self, now: Instant, data: [u8; 8]) {
        if self.path_probes.as_mut().is_some_and(|probes| probes.on_response(now, data)) {
            return;
        }
        if let Some(moved) = self.validation.on_response(now, data) {
            self.follow(now, moved);
        }
    }

    pub(super) fn on_validation_timeout(&mut self, now: Instant) {
        if let Some(moved) = self.validation.on_timeout(now) {
            self.follow(now, moved);
        }
    }

    /// The last change of path that was not told yet.
    pub(crate) fn poll_path_change(&mut self) -> Option<PathChange> {
        self.path_change.take()
    }

    /// New packets go here from now on. What was under way on the path before is taken for lost there, without blame for this one.
    pub(super) fn take_path(&mut self, now: Instant, path: Path) {
        if self.path.is_same_way(&path) {
            self.learn_local_end(path);
            return;
        }
        self.switch_path(now, path);
    }

    /// As [`Association::take_path`], where `path` is known to be another.
    pub(super) fn switch_path(&mut self, now: Instant, path: Path) {
        let from = std::mem::replace(&mut self.path, path);
        self.path_is_chosen = false;
        self.validation.forget();
        if let Some(liveness) = &mut self.liveness {
            liveness.on_other_path(now);
        }
        let tag = self.control.tag().wrapping_add(1);
        self.control = match from.differs_in_port_only(&path) {
            true => self.control.renewed(tag),
            false => self.control_of(&path, tag),
        };
        if from == UNKNOWN_PATH {
            return;
        }
        let (recovery, _, mut fate) = self.recovery_parts(now);
        recovery.on_path_left(now, &mut fate);
        self.sessions.follow(&from, path);
        let from = self.path_change.map_or(from, |change| change.from);
        self.path_change = Some(PathChange { from, to: path });
    }

    pub(super) fn has_path_packet(&self) -> bool {
        !self.responses.is_empty()
            || self.validation.wants_to_send()
            || self.path_probes.as_ref().is_some_and(|probes| probes.wants_to_send())
            || self.traces.as_ref().is_some_and(|traces| traces.wants_to_send())
    }

    /// The next answer or challenge. Neither window nor pacer hold it up: it is smaller than what asked for it.
    pub(super) fn build_path_packet(&mut self, now: Instant, out: &mut [u8]) -> Option<Transmit> {
        if !self.has_path_packet() || !self.sessions.can_send() || !self.recovery.has_room() {
            return None;
        }
        if let Some(trace) = self.build_trace(now, out) {
            return Some(trace);
        }
        let (path, frame, limit) = if let Some((path, data)) = self.responses.pop() {
            (path, Frame::PathResponse(data), CHALLENGE_PACKET_BYTES)
        } else if let Some((path, data)) = self.path_probes.as_mut().and_then(|probes| probes.poll_send(now))
        {
            (path, Frame::PathChallenge(data), CHALLENGE_PACKET_BYTES)
        } else {
            let challenge = self.validation.poll_send(now)?;
            let path = challenge.candidate.unwrap_or(self.path);
            (path, Frame::PathChallenge(challenge.data), challenge.limit)
        };
        let transmit = self.build_lone(now, out, path, (&frame, FrameLog::new()), limit)?;
        // An answer, too, takes of what may go to an address that is not proved.
        self.validation.on_sent(&path, transmit.len);
        Some(transmit)
    }

    /// One datagram of at most `limit` bytes: `frame`, and where there is room for it, what was told on a path that may be dead: what arrived.
    fn build_lone(
        &mut self,
        now: Instant,
        out: &mut [u8],
        path: Path,
        (frame, mut log): (&Frame<'_>, FrameLog),
        limit: usize,
    ) -> Option<Transmit> {
        let most = if path.is_relayed() { MIN_ROUTE_MTU_BYTES } else { BASE_DATAGRAM_BYTES };
        let room = limit.min(most).min(out.len()).checked_sub(OVERHEAD)?;
        let mut writer = Writer::new(&mut out[DATA_HEADER_BYTES..DATA_HEADER_BYTES + room]);
        frame.encode(&mut writer).ok()?;
        let padding = CHALLENGE_FRAME_BYTES.saturating_sub(writer.position());
        if padding > 0 {
            Frame::Padding(padding).encode(&mut writer).ok()?;
        }
        if room > CHALLENGE_FRAME_BYTES {
            if let Some(largest) = self.received.write_ack_copy(now, &mut writer, room) {
                log.push(SentFrame::Ack { largest });
            }
        }
        let payload_len = writer.position();
        let number = self.seal(out, payload_len)?;
        let len = OVERHEAD + payload_len;
        self.counters.packets_sent += 1;
        self.counters.bytes_sent += len as u64;
        let packet = PacketSent {
            number,
            size_bytes: len as u16,
            ack_eliciting: true,
            in_flight: true,
            mtu_probe: false,
        };
        let tag = self.control.tag().wrapping_add(FOREIGN_TAG_DISTANCE);
        self.recovery.on_foreign_packet_sent(now, packet, log.as_slice(), tag);
        self.unanswered_since.get_or_insert(now);
        Some(Transmit {
            path,
            ecn: Ecn::NotEct,
            segment_size: len,
            len,
            is_answer: false,
            is_control: true,
            ttl: MAX_TTL,
        })
    }

    /// The next PING that goes only so far.
    fn build_trace(&mut self, now: Instant, out: &mut [u8]) -> Option<Transmit> {
        let (serial, ttl) = self.traces.as_ref()?.next_to_send()?;
        let mut log = FrameLog::new();
        log.push(SentFrame::Trace { serial });
        let number = self.next_packet_number();
        let transmit = self.build_lone(now, out, self.path, (&Frame::Ping, log), CHALLENGE_PACKET_BYTES)?;
        self.traces.as_mut()?.on_sent(now, serial, number);
        Some(Transmit { ttl, ..transmit })
    }

    /// The peer is elsewhere. It is told at once what arrived meanwhile: what was told on the old path did not reach it.
    fn follow(&mut self, now: Instant, moved: Moved) {
        self.take_path(now, moved.path);
        if !self.control.rtt.has_sample() {
            self.control.take_rtt_of_challenge(now, moved.rtt_micros, moved.is_exact);
        }
        self.tell_at_once();
    }

    /// What arrived is told in the next packet, which asks for an acknowledgement.
    pub(super) fn tell_at_once(&mut self) {
        self.received.tell_again();
        self.pings.request_probe();
    }
}
