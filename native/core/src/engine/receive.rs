//! From a train of datagrams to packets, by type and receiver index.

use super::admission::{Admission, Verdict};
use super::answer_limit::HINT_INTERVAL_MICROS;
use super::relay_pass::{PassOn, Passing};
use super::relay_receive::Relayed;
use super::{Datagram, Engine, ReceiveMeta, Receiver};
use crate::association::{Arrival, Received};
use crate::event::{Event, RefusalKind};
use crate::mac1;
use crate::path::Path;
use crate::time::Instant;
use osier_wire::limits::{COOKIE_REPLY_BYTES, HINT_BYTES, RESET_BYTES, VERSION};
use osier_wire::{
    CookieReply, DataHeader, DecodeError, HandshakeEnvelope, HandshakeInvariants, HandshakeMessage, Hint,
    HintVersions, PacketKind, Reset, Writer,
};

impl Engine {
    /// Takes one train; its packets are decrypted in place. Returns whether one of them was not rejected.
    pub fn handle_train(&mut self, now: Instant, meta: &ReceiveMeta, train: &mut [u8]) -> bool {
        self.handle_train_passing(now, meta, train, None)
    }

    /// As [`Engine::handle_train`]; what is only passed on, and has to wait for nothing, `passer` sends at once.
    pub fn handle_train_passing(
        &mut self,
        now: Instant,
        meta: &ReceiveMeta,
        train: &mut [u8],
        passer: Option<&mut dyn PassOn>,
    ) -> bool {
        if train.is_empty() {
            return false;
        }
        let segment_size = if meta.segment_size == 0 { train.len() } else { meta.segment_size };
        self.stats.packets_received += train.len().div_ceil(segment_size) as u64;
        self.stats.bytes_received += train.len() as u64;
        self.handle_packets(now, meta, segment_size, train, self.config.shards > 1, passer)
    }

    /// `has_strays`: packets for other shards may be among them. Returns whether one was not rejected, and not a stray.
    pub(super) fn handle_packets(
        &mut self,
        now: Instant,
        meta: &ReceiveMeta,
        segment_size: usize,
        train: &mut [u8],
        has_strays: bool,
        mut passer: Option<&mut dyn PassOn>,
    ) -> bool {
        let mut touched = None;
        let mut has_accepted = false;
        let mut passing = Passing::new(meta.ecn, segment_size);
        for start in (0..train.len()).step_by(segment_size) {
            let end = train.len().min(start + segment_size);
            let packet = &mut train[start..end];
            if has_strays && self.put_aside(now, meta, packet) {
                continue;
            }
            let handled = if PacketKind::of(packet) == Ok(PacketKind::Relay) {
                match self.handle_relayed(now, meta, packet) {
                    Some(Relayed::Onward(onward)) => {
                        if !passing.take(start..end, onward) {
                            self.pass(now, &passing, train, &mut passer);
                            passing.begin(start..end, onward);
                        }
                        Some(None)
                    }
                    Some(Relayed::Taken(touched)) => Some(touched),
                    None => None,
                }
            } else {
                self.handle_packet(now, meta, packet)
            };
            has_accepted |= handled.is_some();
            if handled.is_none() {
                self.stats.packets_rejected += 1;
            }
            let handle = handled.flatten();
            if handle.is_some() && handle != touched {
                if let Some(before) = touched {
                    self.finish_batch(now, before);
                }
                touched = handle;
            }
        }
        self.pass(now, &passing, train, &mut passer);
        if let Some(handle) = touched {
            self.finish_batch(now, handle);
        }
        has_accepted
    }

    /// `None`: rejected. `Some(None)`: done. `Some(Some(handle))`: an association changed.
    pub(super) fn handle_packet(
        &mut self,
        now: Instant,
        meta: &ReceiveMeta,
        packet: &mut [u8],
    ) -> Option<Option<u32>> {
        match PacketKind::of(packet).ok()? {
            PacketKind::Data => self.handle_data(now, meta, packet),
            PacketKind::Handshake => self.handle_handshake(now, meta, packet).map(|()| None),
            PacketKind::Reset => self.handle_reset(now, meta, packet).map(|()| None),
            PacketKind::Hint => self.handle_hint(now, packet).map(|()| None),
            PacketKind::Cookie => self.handle_cookie(now, meta, packet).map(|()| None),
            // A packet of a train, or nothing: none is inside another.
            PacketKind::Relay => None,
        }
    }

    fn handle_data(&mut self, now: Instant, meta: &ReceiveMeta, packet: &mut [u8]) -> Option<Option<u32>> {
        let header = DataHeader::decode(packet).ok()?;
        let Some(&Receiver::Session { association: handle }) = self.indices.get(header.receiver_index) else {
            self.answer_with_reset(now, meta, &header, packet.len());
            return None;
        };
        let association = self.associations.get_mut(handle)?;
        let mut arrival = Arrival { path: meta.path, ecn: meta.ecn, entropy: &mut self.entropy };
        match association.on_packet(now, &header, &mut arrival, packet) {
            Ok(Received::Processed) => Some(Some(handle)),
            Ok(Received::Confirmed { local_index }) => {
                self.half_open.remove(local_index);
                if let Some(session) = association.sessions.by_index(local_index) {
                    self.remotes.list(session.path.peer_address(), session.remote_index, handle);
                }
                self.events.push_back(Event::SessionConfirmed { association: handle, local_index });
                Some(Some(handle))
            }
            Err(_) => None,
        }
    }

    /// A packet for a session that is not known: its sender is told, by less than it sent.
    fn answer_with_reset(
        &mut self,
        now: Instant,
        meta: &ReceiveMeta,
        header: &DataHeader,
        received_len: usize,
    ) {
        if received_len <= RESET_BYTES || !self.resets.admit(now) {
            return;
        }
        let reset = Reset { receiver_index: header.receiver_index, packet_number: header.packet_number };
        let mut bytes = vec![0; RESET_BYTES];
        if reset.encode(&mut Writer::new(&mut bytes)).is_ok() {
            self.datagrams.push_back(Datagram { path: meta.path, bytes, is_answer: true });
        }
    }

    fn handle_reset(&mut self, now: Instant, meta: &ReceiveMeta, packet: &[u8]) -> Option<()> {
        let reset = Reset::decode(packet).ok()?;
        let handle = self.remotes.find(meta.path.peer_address(), reset.receiver_index)?;
        let association = self.associations.get_mut(handle)?;
        if !association.is_open() || !association.may_have_sent(reset.packet_number) {
            return None;
        }
        let recent = |at: Instant| now.saturating_micros_since(at) < HINT_INTERVAL_MICROS;
        if !association.reset_hinted_at.is_some_and(recent) {
            association.reset_hinted_at = Some(now);
            self.events.push_back(Event::ResetHint { association: handle });
        }
        Some(())
    }

    fn handle_hint(&mut self, now: Instant, packet: &[u8]) -> Option<()> {
        let (local_index, kind) = match Hint::decode(packet).ok()? {
            Hint::Version { receiver_index, .. } => (receiver_index, RefusalKind::Version),
            Hint::Busy { receiver_index } => (receiver_index, RefusalKind::Busy),
        };
        self.admit_notice(now, local_index)?;
        self.admit(Event::RefusalHint { local_index, kind })
    }

    fn handle_handshake(&mut self, now: Instant, meta: &ReceiveMeta, packet: &[u8]) -> Option<()> {
        let invariants = HandshakeInvariants::decode(packet).ok()?;
        let envelope = match HandshakeEnvelope::decode(packet) {
            Ok(envelope) => envelope,
            Err(DecodeError::UnknownVersion(_)) => return self.hint_version(now, meta, &invariants),
            Err(_) => return None,
        };
        let (local_index, admission_key, proven) = match envelope.message {
            HandshakeMessage::Ik1 | HandshakeMessage::Xx1 => {
                let key = self.admission.matching_key(&invariants)?;
                (None, key, self.admit_first(now, meta, key, &invariants)?)
            }
            HandshakeMessage::Ik2 | HandshakeMessage::Xx2 | HandshakeMessage::Xx3 => {
                self.admit_reply(now, envelope.receiver_index, &invariants)?;
                (Some(envelope.receiver_index), 0, false)
            }
        };
        self.admit(Event::Handshake {
            local_index,
            admission_key,
            proven,
            path: meta.path,
            datagram: packet.to_vec(),
        })
    }

    /// Whether a first message proved its sender's address; `None` when it does not cross.
    fn admit_first(
        &mut self,
        now: Instant,
        meta: &ReceiveMeta,
        key: usize,
        message: &HandshakeInvariants<'_>,
    ) -> Option<bool> {
        match self.admission.judge(now, &meta.path, message, self.half_open.len()) {
            Verdict::Admitted { proven } => Some(proven),
            Verdict::NeedsCookie => {
                self.answer_with_cookie(now, meta.path, key, message);
                None
            }
            Verdict::Dropped => None,
        }
    }

    /// `None` for a message to a reserved index that does not cross: the mac1 is wrong, or too many came.
    fn admit_reply(&mut self, now: Instant, index: u32, message: &HandshakeInvariants<'_>) -> Option<()> {
        let Some(Receiver::Handshake(awaited)) = self.indices.get_mut(index) else {
            return None;
        };
        let authentic = mac1::verify(&awaited.mac1_key, message.before_mac1, &message.mac1);
        (authentic && self.replies.admit(now, &mut awaited.replies)).then_some(())
    }

    /// `None` for a cookie or a hint to an index that is not reserved, or when too many came: whoever saw the first message can make them.
    fn admit_notice(&mut self, now: Instant, index: u32) -> Option<()> {
        let Some(Receiver::Handshake(awaited)) = self.indices.get_mut(index) else { return None };
        self.notices.admit(now, &mut awaited.notices).then_some(())
    }

    pub(super) fn answer_with_cookie(
        &mut self,
        now: Instant,
        path: Path,
        key: usize,
        message: &HandshakeInvariants<'_>,
    ) {
        let reply = self.admission.cookie_reply(now, &mut self.entropy, path.remote, key, message);
        let mut bytes = vec![0; COOKIE_REPLY_BYTES];
        if reply.is_some_and(|reply| reply.encode(&mut Writer::new(&mut bytes)).is_ok()) {
            self.datagrams.push_back(Datagram { path, bytes, is_answer: true });
        }
    }

    /// A cookie is opened by whoever made the message that it answers.
    fn handle_cookie(&mut self, now: Instant, meta: &ReceiveMeta, packet: &[u8]) -> Option<()> {
        let reply = CookieReply::decode(packet).ok()?;
        self.admit_notice(now, reply.receiver_index)?;
        self.admit(Event::Handshake {
            local_index: Some(reply.receiver_index),
            admission_key: 0,
            proven: false,
            path: meta.path,
            datagram: packet.to_vec(),
        })
    }

    /// A member's message of another version is told which one is spoken here. Nobody else is: mac1 is what every version checks.
    fn hint_version(
        &mut self,
        now: Instant,
        meta: &ReceiveMeta,
        invariants: &HandshakeInvariants<'_>,
    ) -> Option<()> {
        self.admission.matching_key(invariants)?;
        if !self.version_hints.admit(now) {
            return None;
        }
        let versions = HintVersions::new(&[VERSION])?;
        let hint = Hint::Version { receiver_index: invariants.sender_index, versions };
        let mut bytes = vec![0; HINT_BYTES];
        hint.encode(&mut Writer::new(&mut bytes)).ok()?;
        self.datagrams.push_back(Datagram { path: meta.path, bytes, is_answer: true });
        None
    }

    pub(super) fn admit(&mut self, event: Event) -> Option<()> {
        let admission: &mut Admission = &mut self.admission;
        admission.admit().then(|| self.events.push_back(event))
    }

    /// The end of a train: timers follow from what it changed.
    fn finish_batch(&mut self, now: Instant, handle: u32) {
        if let Some(association) = self.associations.get_mut(handle) {
            association.update_timers(now);
        }
        self.settle(now, handle);
    }
}
