//! The calls of the layer above: handshakes, associations, streams.

use super::{AdmissionKey, Awaited, Datagram, Engine, Receiver, Replies};
use crate::association::{Association, AssociationCounters, SessionConfig};
use crate::config::AssociationConfig;
use crate::path::Path;
use crate::path_control::PathControl;
use crate::time::Instant;
use osier_wire::{CloseCode, HandshakeInvariants};

/// Why an association was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssociationRefused {
    /// As many associations as `peers` allows are there.
    Peers,
    /// The credit that the handshake promised does not fit `memory_bytes`.
    Memory,
}

/// Levels and counters of one association.
#[derive(Clone, Copy, Debug)]
pub struct AssociationStats {
    /// Since its start.
    pub counters: AssociationCounters,
    /// Smoothed round-trip time; `None` before the first sample.
    pub rtt_micros: Option<u64>,
    /// Mean deviation of the round-trip time.
    pub rtt_variance_micros: u64,
    /// UDP payload of a full packet.
    pub mtu_bytes: usize,
    /// What may be in flight.
    pub congestion_window_bytes: u64,
    /// What is in flight.
    pub bytes_in_flight: u64,
}

impl Engine {
    /// The keys of handshake messages meant for this node.
    pub fn set_admission_keys(&mut self, keys: &[AdmissionKey]) {
        self.admission.set_keys(keys);
    }

    /// Reserves a receiver index for a handshake or a session. Answers to it must carry a mac1 by this key.
    /// `None`: all are taken.
    pub fn reserve_index(&mut self, mac1_key: [u8; 32]) -> Option<u32> {
        let (replies, notices) = (Replies::default(), Replies::default());
        let awaited = Box::new(Awaited { mac1_key, called: None, replies, notices });
        self.indices.reserve(&mut self.entropy, Receiver::Handshake(awaited))
    }

    /// Gives a reserved index back; one that a session took over stays with it.
    pub fn release_index(&mut self, index: u32) {
        if matches!(self.indices.get(index), Some(Receiver::Handshake(_))) {
            self.indices.remove(index);
        }
    }

    /// The layer above has read one [`Event::Handshake`](crate::Event::Handshake) or hint.
    pub fn on_handshake_read(&mut self) {
        self.admission.on_read();
    }

    /// Answers a first message, which the layer above has read, with a cookie: its sender must prove its address.
    pub fn send_cookie(&mut self, now: Instant, path: Path, first_message: &[u8]) {
        let Ok(message) = HandshakeInvariants::decode(first_message) else { return };
        let Some(key) = self.admission.matching_key(&message) else { return };
        self.answer_with_cookie(now, path, key, &message);
    }

    /// Sends one datagram as it is. At most 1,472 bytes.
    pub fn send_datagram(&mut self, path: Path, datagram: &[u8]) {
        self.note_call(&path, datagram);
        self.datagrams.push_back(Datagram { path, bytes: datagram.to_vec(), is_answer: false });
    }

    /// Makes an association without sessions.
    pub fn create_association(
        &mut self,
        now: Instant,
        config: &AssociationConfig,
    ) -> Result<u32, AssociationRefused> {
        if self.associations.len() >= self.config.peers {
            return Err(AssociationRefused::Peers);
        }
        if !self.budget.has_room(self.config.initial_data_bytes) {
            return Err(AssociationRefused::Memory);
        }
        let association =
            Association::new(now, &self.config, config, self.budget.clone(), self.blocks.clone());
        let handle = self.associations.insert(association).map_err(|_| AssociationRefused::Peers)?;
        self.note_neighbour(handle, config);
        Ok(handle)
    }

    /// Adds a session to an association. `false`: the association has ended or is ending, or the index was never reserved; a reserved one
    /// is given back then.
    pub fn install_session(&mut self, now: Instant, handle: u32, config: &SessionConfig) -> bool {
        let Some(association) = self.associations.get_mut(handle).filter(|association| association.is_open())
        else {
            self.release_index(config.local_index);
            return false;
        };
        let Some(receiver) = self.indices.get_mut(config.local_index) else { return false };
        *receiver = Receiver::Session { association: handle };
        if !config.confirmed {
            self.half_open.insert(config.local_index);
        }
        let evicted = association.install_session(now, config);
        let remote = association.path().peer_address();
        if let Some(evicted) = evicted {
            self.forget_session(handle, evicted);
        }
        if config.confirmed {
            self.remotes.list(remote, config.remote_index, handle);
        }
        self.settle(now, handle);
        true
    }

    /// The number that the association's next packet takes.
    pub fn next_packet_number(&self, handle: u32) -> Option<u64> {
        self.associations.get(handle).map(Association::next_packet_number)
    }

    /// Tells the peer and ends; no event follows.
    pub fn close_association(&mut self, now: Instant, handle: u32, code: CloseCode, reason: &str) {
        if let Some(association) = self.associations.get_mut(handle) {
            association.close(now, code, reason);
            self.settle(now, handle);
        }
    }

    /// Ends without a word; no event follows.
    pub fn drop_association(&mut self, handle: u32) {
        self.remove_association(handle);
    }

    /// Asks for an acknowledgement at once; [`Event::Pong`](crate::Event::Pong) follows.
    pub fn ping(&mut self, now: Instant, handle: u32, token: u32) {
        if let Some(association) = self.associations.get_mut(handle) {
            association.ping(token);
            self.settle(now, handle);
        }
    }

    /// Asks the peer to open no new streams.
    pub fn drain(&mut self, now: Instant, handle: u32) {
        if let Some(association) = self.associations.get_mut(handle) {
            association.drain();
            self.settle(now, handle);
        }
    }

    /// Counters and levels of an association.
    pub fn association_stats(&self, handle: u32) -> Option<AssociationStats> {
        let association = self.associations.get(handle)?;
        let control: &PathControl = association.control();
        Some(AssociationStats {
            counters: association.counters,
            rtt_micros: control.rtt.has_sample().then(|| control.rtt.smoothed_micros()),
            rtt_variance_micros: control.rtt.variance_micros(),
            mtu_bytes: control.mtu_bytes(),
            congestion_window_bytes: control.window_bytes(),
            bytes_in_flight: control.bytes_in_flight(),
        })
    }

    /// Where an association's packets go now.
    pub fn association_path(&self, handle: u32) -> Option<Path> {
        self.associations.get(handle).map(Association::path)
    }
}
