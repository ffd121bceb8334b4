//! What one received packet does: replay pre-check, AEAD, replay commit, then state, in this order.

use super::{Association, Phase, Received, Rejected};
use crate::entropy::Entropy;
use crate::event::CloseCause;
use crate::path::{Ecn, Path};
use crate::time::Instant;
use osier_wire::limits::DATA_HEADER_BYTES;
use osier_wire::{AckFrame, CloseCode, DataHeader, Frame, Reader};

/// How a packet came.
pub(crate) struct Arrival<'a> {
    /// Where from, and where it arrived.
    pub(crate) path: Path,
    /// The mark on its IP header.
    pub(crate) ecn: Ecn,
    /// For the challenge that it may call for.
    pub(crate) entropy: &'a mut Entropy,
}

/// A rule of the protocol that an authenticated peer broke.
pub(super) struct Violation(pub(super) &'static str);

impl Association {
    /// Takes one data packet. `packet` is the whole of it and is decrypted in place.
    pub(crate) fn on_packet(
        &mut self,
        now: Instant,
        header: &DataHeader,
        arrival: &mut Arrival<'_>,
        packet: &mut [u8],
    ) -> Result<Received, Rejected> {
        let number = header.packet_number;
        self.replay.check(number).map_err(|_| Rejected::Replayed)?;
        let linger = self.linger_micros();
        let was_in_use = self.sessions.can_send();
        let session = self.sessions.by_index(header.receiver_index).ok_or(Rejected::Unauthentic)?;
        let stays = was_in_use || session.begun_here;
        let (head, sealed) = packet.split_at_mut(DATA_HEADER_BYTES);
        let length =
            session.receive.open(now, number, head, sealed, linger).map_err(|_| Rejected::Unauthentic)?;
        let is_newest = self.replay.is_newest(number);
        self.replay.commit(number);
        let bytes = DATA_HEADER_BYTES + sealed.len();
        self.counters.packets_received += 1;
        self.counters.bytes_received += bytes as u64;

        let confirmation = self.sessions.confirm(now, header.receiver_index, linger);
        let received = match confirmation {
            super::session_set::Confirmation::First => {
                self.settle_path(now, header.receiver_index, arrival.path, stays);
                Received::Confirmed { local_index: header.receiver_index }
            }
            super::session_set::Confirmation::Known => Received::Processed,
        };
        self.numbers.choose_skipped(arrival.entropy);
        self.on_arrival(now, arrival, bytes, is_newest);
        self.on_authentic(now, number, arrival, &sealed[..length]);
        Ok(received)
    }

    /// The session of `local_index` is confirmed by a packet from `from`. Where a message 1 came from proves nothing, for a copy may have been
    /// faster; and a path that is in use, or that this end asked at, is left by validation alone: it `stays`.
    fn settle_path(&mut self, now: Instant, local_index: u32, from: Path, stays: bool) {
        if !stays && !self.path.is_same_way(&from) {
            self.take_path(now, from);
        }
        self.sessions.place(local_index, self.path);
    }

    fn on_authentic(&mut self, now: Instant, number: u64, arrival: &Arrival<'_>, payload: &[u8]) {
        match &mut self.phase {
            Phase::Open => {}
            Phase::Closing { owed, answered, seen, .. } => {
                *seen += 1;
                if *seen >= 1 << (*answered).min(16) {
                    *answered += 1;
                    *owed = true;
                }
                return;
            }
            Phase::Draining | Phase::Over => return,
        }
        self.unanswered_since = None;
        self.heard_at = now;
        match self.on_frames(now, &arrival.path, payload) {
            Ok(ack_eliciting) => {
                let rtt_micros =
                    if self.control.rtt.has_sample() { self.control.rtt.smoothed_micros() } else { 0 };
                if ack_eliciting {
                    self.last_activity = now;
                }
                self.received.on_packet(now, number, ack_eliciting, arrival.ecn, rtt_micros);
            }
            Err(Violation(rule)) => {
                self.close(now, CloseCode::Protocol, rule);
                self.cause = Some(CloseCause::Protocol { rule });
            }
        }
    }

    /// Returns whether any frame asks for an acknowledgement.
    fn on_frames(&mut self, now: Instant, from: &Path, payload: &[u8]) -> Result<bool, Violation> {
        let mut reader = Reader::new(payload);
        let (mut ack_eliciting, mut is_in_use, mut challenge) = (false, false, None);
        if reader.is_empty() {
            return Err(Violation("a packet without frames"));
        }
        while !reader.is_empty() {
            let frame = Frame::decode(&mut reader).map_err(|_| Violation("a malformed frame"))?;
            ack_eliciting |= !matches!(frame, Frame::Ack(_) | Frame::Padding(_) | Frame::Close(_));
            is_in_use |= is_of_application(&frame) && !self.streams.is_own(&frame);
            if let Frame::PathChallenge(data) = &frame {
                challenge.get_or_insert(*data);
            }
            self.on_frame(now, &frame)?;
            if !matches!(self.phase, Phase::Open) {
                break;
            }
        }
        if is_in_use {
            self.note_use(now);
        }
        if let Some(data) = challenge {
            // One answer a packet: it is no larger than what asked for it.
            self.responses.owe(*from, data);
        }
        Ok(ack_eliciting)
    }

    fn on_frame(&mut self, now: Instant, frame: &Frame<'_>) -> Result<(), Violation> {
        let broken = |violation: crate::stream::ProtocolViolation| Violation(violation.rule());
        match frame {
            Frame::Padding(_) | Frame::PathChallenge(_) => Ok(()),
            Frame::Ping => {
                self.received.acknowledge_now();
                Ok(())
            }
            Frame::Ack(ack) => self.on_ack(now, ack),
            Frame::Stream(stream) => self.streams.on_stream(stream).map_err(broken),
            Frame::Open(open) => self.streams.on_open(open).map_err(broken),
            Frame::ResetStream(reset) => self.streams.on_reset_stream(reset).map_err(broken),
            Frame::Stop(stop) => self.streams.on_stop(stop).map_err(broken),
            Frame::MaxData { maximum } => {
                self.streams.on_max_data(*maximum);
                Ok(())
            }
            Frame::MaxStreamData { id, maximum } => {
                self.streams.on_max_stream_data(*id, *maximum).map_err(broken)
            }
            Frame::MaxStreams { maximum } => {
                self.streams.on_max_streams(*maximum);
                Ok(())
            }
            Frame::PathResponse(data) => {
                self.on_path_response(now, *data);
                Ok(())
            }
            Frame::Drain => {
                self.peer_draining = true;
                Ok(())
            }
            Frame::Close(close) => {
                self.on_close(now, close.code, close.reason);
                Ok(())
            }
            Frame::RouteError(error) => {
                self.relayed.on_told(*error);
                Ok(())
            }
            Frame::Message(message) => self.streams.on_message(now, message).map_err(broken),
            Frame::Datagram(datagram) => self.streams.on_datagram(datagram).map_err(broken),
            Frame::Expire(expire) => self.streams.on_expire(now, expire).map_err(broken),
            Frame::ExpireReply(reply) => self.streams.on_expire_reply(reply).map_err(broken),
        }
    }

    fn on_ack(&mut self, now: Instant, ack: &AckFrame<'_>) -> Result<(), Violation> {
        let (recovery, control, mut fate) = self.recovery_parts(now);
        let outcome = recovery
            .on_ack(now, ack.delay_micros, ack.ranges(), control, &mut fate)
            .map_err(|_| Violation("an acknowledgement of a packet that was never sent"))?;
        self.counters.packets_lost += outcome.lost_packets;
        if outcome.is_of_path {
            self.note_proof(now);
        }
        self.control.on_marks(now, ack.ecn.as_ref(), &outcome);
        Ok(())
    }
}

/// Whether it is there because of what an application does, now or a round trip ago.
fn is_of_application(frame: &Frame<'_>) -> bool {
    match frame {
        Frame::Padding(_)
        | Frame::Ping
        | Frame::Ack(_)
        | Frame::PathChallenge(_)
        | Frame::PathResponse(_) => false,
        Frame::Drain | Frame::Close(_) | Frame::RouteError(_) => false,
        Frame::Open(_) | Frame::Stream(_) | Frame::ResetStream(_) | Frame::Stop(_) => true,
        Frame::MaxData { .. } | Frame::MaxStreamData { .. } | Frame::MaxStreams { .. } => true,
        Frame::Message(_) | Frame::Datagram(_) | Frame::Expire(_) | Frame::ExpireReply(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AssociationConfig, EngineConfig};
    use crate::received_packets::ReceivedPackets;
    use crate::recovery::PacketSent;
    use crate::stream::{HeapBlocks, MemoryBudget};
    use osier_wire::Writer;
    use std::cell::RefCell;
    use std::rc::Rc;

    fn association() -> Association {
        let facts = AssociationConfig {
            parity: 0,
            peer_max_data: 0,
            peer_max_stream_data: 0,
            peer_max_streams: 0,
            peer_route_id: None,
        };
        let blocks = Rc::new(RefCell::new(HeapBlocks::default()));
        let budget = MemoryBudget::new(1 << 20);
        Association::new(Instant::from_micros(0), &EngineConfig::default(), &facts, budget, blocks)
    }

    /// The end of an association that has sent `sent`, once the peer has acknowledged `acknowledged`.
    fn end_after(sent: &[u64], acknowledged: &[u64]) -> Option<CloseCause> {
        let (mut association, now) = (association(), Instant::from_micros(1_000));
        for &number in sent {
            let packet = PacketSent {
                number,
                size_bytes: 1_200,
                ack_eliciting: true,
                in_flight: true,
                mtu_probe: false,
            };
            association.recovery.on_packet_sent(now, packet, &[], &mut association.control);
        }
        let mut received = ReceivedPackets::new();
        for &number in acknowledged {
            received.on_packet(now, number, true, Ecn::NotEct, 0);
        }
        let mut payload = [0; 100];
        let mut writer = Writer::new(&mut payload);
        received.write_ack(now, &mut writer, 100).expect("something is to be acknowledged");
        let len = writer.position();
        let mut entropy = Entropy::new([1; 32]);
        let arrival = Arrival { path: association.path, ecn: Ecn::NotEct, entropy: &mut entropy };
        association.on_authentic(now, 0, &arrival, &payload[..len]);
        association.cause
    }

    #[test]
    fn a_peer_that_acknowledges_a_number_that_was_left_out_loses_the_association() {
        assert!(end_after(&[0, 1, 3], &[0, 1, 3]).is_none());
        let cause = end_after(&[0, 1, 3], &[0, 1, 2, 3]);
        assert!(matches!(cause, Some(CloseCause::Protocol { .. })), "{cause:?}");
    }
}
