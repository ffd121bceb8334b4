//! Sessions that wait for their first authentic packet: the measure of a flood of handshakes that nobody completes.

use std::collections::HashSet;

/// Local indices of unconfirmed sessions; at most four for each association.
#[derive(Debug, Default)]
pub(super) struct HalfOpen {
    indices: HashSet<u32>,
}

impl HalfOpen {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.indices.len()
    }

    /// A session was installed that waits.
    pub(super) fn insert(&mut self, local_index: u32) {
        self.indices.insert(local_index);
    }

    /// A session was confirmed, or is gone.
    pub(super) fn remove(&mut self, local_index: u32) {
        self.indices.remove(&local_index);
    }
}
