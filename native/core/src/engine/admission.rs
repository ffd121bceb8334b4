//! Which handshake messages reach the layer above: those with a valid mac1, in a bounded number.

use crate::mac1;
use osier_wire::HandshakeInvariants;

/// Handshake messages that may wait to be read; more are dropped and counted.
pub(super) const WAITING_MAX: usize = 1_024;

/// Keys of mac1 for messages meant for this node.
#[derive(Debug, Default)]
pub(super) struct Admission {
    keys: Vec<[u8; 32]>,
    waiting: usize,
}

impl Admission {
    /// Replaces the keys.
    pub(super) fn set_keys(&mut self, keys: &[[u8; 32]]) {
        self.keys = keys.to_vec();
    }

    /// Which key the message's mac1 was made with.
    pub(super) fn matching_key(&self, message: &HandshakeInvariants<'_>) -> Option<usize> {
        self.keys.iter().position(|key| mac1::verify(key, message.before_mac1, &message.mac1))
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
}
