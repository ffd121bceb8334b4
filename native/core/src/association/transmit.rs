//! Builds trains: packets of one size, back to back, sealed where they lie.

use super::path_validation::CHALLENGE_FRAME_BYTES;
use super::{Association, Drain, Phase, Timer};
use crate::path::{Ecn, Path};
use crate::path_control::SendPermit;
use crate::recovery::PacketSent;
use crate::sent_frame::{FrameLog, SentFrame};
use crate::time::Instant;
use osier_wire::limits::{DATA_HEADER_BYTES, MAX_CLOSE_REASON_BYTES, MAX_TTL, TAG_BYTES};
use osier_wire::{CloseFrame, DataHeader, Frame, Writer};

/// Packets in one train: what every kernel with UDP_SEGMENT takes.
pub(crate) const TRAIN_PACKETS_MAX: usize = 64;
/// Bytes in one train: the largest UDP payload over IPv4.
pub const TRAIN_BYTES_MAX: usize = 65_507;
/// What a packet takes beside its frames.
pub(crate) const OVERHEAD: usize = DATA_HEADER_BYTES + TAG_BYTES;
/// The longest CLOSE frame: type, code, length of the reason, reason.
const CLOSE_BYTES_MAX: usize = 1 + 8 + 2 + MAX_CLOSE_REASON_BYTES;

/// One train that is ready to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Transmit {
    /// Where to.
    pub path: Path,
    /// Mark for the IP header.
    pub ecn: Ecn,
    /// Size of every packet but the last, which may be shorter.
    pub segment_size: usize,
    /// Bytes in all.
    pub len: usize,
    /// It answers a packet that belongs to nothing here: whoever sent that shows no life.
    pub is_answer: bool,
    /// Nothing but a probe or an answer: relays may pass it on before bulk.
    pub is_control: bool,
    /// Hops that it may take on a relayed path.
    pub ttl: u8,
}

/// What one packet may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    Everything,
    AcknowledgementOnly,
}

impl Association {
    /// Whether [`Association::poll_transmit`] may have something, window and pacing aside.
    pub(crate) fn wants_to_send(&self, now: Instant) -> bool {
        match &self.phase {
            Phase::Open => {
                let wants = self.received.ack_due(now)
                    || self.has_content()
                    || self.has_path_packet()
                    || self.control.next_mtu_probe().is_some();
                wants && self.sessions.can_send()
            }
            Phase::Closing { owed, .. } => *owed,
            Phase::Draining | Phase::Over => false,
        }
    }

    /// Fills `out` with the next train.
    pub(crate) fn poll_transmit(&mut self, now: Instant, out: &mut [u8]) -> Option<Transmit> {
        let transmit = match self.phase {
            Phase::Open => self
                .build_path_packet(now, out)
                .or_else(|| self.build_mtu_probe(now, out))
                .or_else(|| self.build_train(now, out)),
            Phase::Closing { .. } => self.build_close(now, out),
            Phase::Draining | Phase::Over => None,
        };
        self.update_timers(now);
        transmit
    }

    fn has_content(&self) -> bool {
        let owes = self.drain == Drain::Owed || self.relayed.wants_to_send();
        self.streams.wants_to_send() || self.pings.wants_to_send() || owes
    }

    fn build_train(&mut self, now: Instant, out: &mut [u8]) -> Option<Transmit> {
        if !self.sessions.can_send() {
            return None;
        }
        let segment_size = self.control.segment_bytes();
        let most = self.control.segments_max(TRAIN_PACKETS_MAX);
        let limit = out.len().min(TRAIN_BYTES_MAX);
        let ecn = self.control.begin_train();
        let mut len = 0;
        let mut packets = 0;
        let packets_in_use = self.counters.packets_in_use;
        while packets < most && len + segment_size <= limit {
            let Some(content) = self.permitted(now, segment_size) else { break };
            let Some(size) = self.build_packet(now, &mut out[len..len + segment_size], content) else {
                break;
            };
            len += size;
            packets += 1;
            if size < segment_size {
                break;
            }
            self.control.on_full_packet(now);
        }
        // Credit and a full send buffer are limits of the peer and the path, not of the application.
        if !self.has_content() && !self.streams.is_held_back() {
            self.control.on_application_limited();
        }
        let segment_size = segment_size.min(len);
        let is_control = packets == 1 && self.counters.packets_in_use == packets_in_use;
        (len > 0).then_some(Transmit {
            path: self.path,
            ecn,
            segment_size,
            len,
            is_answer: false,
            is_control,
            ttl: MAX_TTL,
        })
    }

    /// What the next packet may hold; `None` when nothing may or need be sent.
    fn permitted(&mut self, now: Instant, size: usize) -> Option<Content> {
        let acknowledge = self.received.ack_due(now).then_some(Content::AcknowledgementOnly);
        if acknowledge.is_some() && self.recovery.wants_ping() {
            self.pings.request_probe();
        }
        if !self.has_content() || !self.recovery.has_room() {
            return acknowledge.filter(|_| self.recovery.has_room());
        }
        match self.control.can_send(now, size as u64) {
            SendPermit::Now(_) => Some(Content::Everything),
            SendPermit::BlockedByWindow => acknowledge,
            SendPermit::PacedUntil(at) => {
                self.timers.set(Timer::Pacing, Some(at));
                acknowledge
            }
        }
    }

    /// Writes and seals one packet into `out`; `None` when there was nothing to put into it.
    fn build_packet(&mut self, now: Instant, out: &mut [u8], content: Content) -> Option<usize> {
        let room = out.len() - OVERHEAD;
        let mut log = FrameLog::new();
        let mut writer = Writer::new(&mut out[DATA_HEADER_BYTES..DATA_HEADER_BYTES + room]);
        if self.received.has_something_to_ack() {
            if let Some(largest) = self.received.write_ack(now, &mut writer, room) {
                log.push(SentFrame::Ack { largest });
            }
        }
        let acknowledgement_len = writer.position();
        let (mut is_in_use, mut is_in_own_use) = (false, false);
        if content == Content::Everything {
            is_in_use = self.pings.is_awaited();
            self.write_control(now, &mut writer, &mut log);
            let control_len = writer.position();
            let control_frames = log.as_slice().len();
            self.streams.fill(now, &mut writer, &mut log);
            if writer.position() > control_len {
                is_in_own_use = self.streams.are_own(&log.as_slice()[control_frames..]);
                is_in_use |= !is_in_own_use;
            }
        }
        let payload_len = writer.position();
        if payload_len == 0 {
            return None;
        }
        let ack_eliciting = payload_len > acknowledgement_len;
        let padding = CHALLENGE_FRAME_BYTES.saturating_sub(payload_len);
        if padding > 0 {
            Frame::Padding(padding).encode(&mut writer).ok()?;
        }
        let payload_len = payload_len + padding;
        let Some(number) = self.seal(out, payload_len) else {
            self.fail(now, "the keys of the session are used up");
            return None;
        };
        if is_in_use {
            self.note_use(now);
        } else if is_in_own_use {
            self.note_own_use(now);
        }
        let size = OVERHEAD + payload_len;
        self.record(now, number, size, ack_eliciting, &log);
        Some(size)
    }

    fn write_control(&mut self, now: Instant, writer: &mut Writer<'_>, log: &mut FrameLog) {
        if self.pings.wants_to_send() && Frame::Ping.encode(writer).is_ok() {
            log.push(SentFrame::Ping { serial: self.pings.on_sent(now) });
        }
        if self.drain == Drain::Owed && Frame::Drain.encode(writer).is_ok() {
            self.drain = Drain::Sent;
            log.push(SentFrame::Drain);
        }
        self.relayed.write(writer);
    }

    /// Puts the header before and the tag behind `payload_len` bytes; returns the packet number used.
    pub(super) fn seal(&mut self, out: &mut [u8], payload_len: usize) -> Option<u64> {
        let number = self.numbers.next();
        let session = self.sessions.sending()?;
        let header = DataHeader { receiver_index: session.remote_index, packet_number: number };
        let (head, rest) = out.split_at_mut(DATA_HEADER_BYTES);
        head.copy_from_slice(&header.to_bytes().ok()?);
        let (payload, rest) = rest.split_at_mut(payload_len);
        let tag: &mut [u8; TAG_BYTES] = rest.get_mut(..TAG_BYTES)?.try_into().ok()?;
        session.send.seal(number, head, payload, tag).ok()?;
        self.numbers.on_used();
        Some(number)
    }

    fn record(&mut self, now: Instant, number: u64, size: usize, ack_eliciting: bool, log: &FrameLog) {
        self.counters.packets_sent += 1;
        self.counters.bytes_sent += size as u64;
        let packet = PacketSent {
            number,
            size_bytes: size as u16,
            ack_eliciting,
            in_flight: ack_eliciting,
            mtu_probe: false,
        };
        self.recovery.on_packet_sent(now, packet, log.as_slice(), &mut self.control);
        if ack_eliciting {
            self.grown = true;
            self.last_activity = now;
            self.unanswered_since.get_or_insert(now);
            if let Some(liveness) = &mut self.liveness {
                liveness.on_asked(now);
            }
        }
    }

    /// CLOSE, behind the last acknowledgement: what the peer sent in time, its ends of streams included, counts as arrived there.
    fn build_close(&mut self, now: Instant, out: &mut [u8]) -> Option<Transmit> {
        let Phase::Closing { code, reason, owed, .. } = &mut self.phase else { return None };
        if !std::mem::take(owed) {
            return None;
        }
        let room = self.control.mtu_bytes().min(out.len());
        let code = *code;
        let mut writer = Writer::new(&mut out[DATA_HEADER_BYTES..room - TAG_BYTES]);
        if self.received.has_something_to_ack() {
            let beside_close = writer.room().saturating_sub(CLOSE_BYTES_MAX);
            self.received.write_ack(now, &mut writer, beside_close);
        }
        Frame::Close(CloseFrame { code, reason }).encode(&mut writer).ok()?;
        let padding = CHALLENGE_FRAME_BYTES.saturating_sub(writer.position());
        if padding > 0 {
            Frame::Padding(padding).encode(&mut writer).ok()?;
        }
        let payload_len = writer.position();
        self.seal(out, payload_len)?;
        let len = OVERHEAD + payload_len;
        self.counters.packets_sent += 1;
        self.counters.bytes_sent += len as u64;
        let path = self.path;
        Some(Transmit {
            path,
            ecn: Ecn::NotEct,
            segment_size: len,
            len,
            is_answer: false,
            is_control: false,
            ttl: MAX_TTL,
        })
    }
}
