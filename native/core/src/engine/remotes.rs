//! Sessions by what a RESET can name: the peer's address and its receiver index. Confirmed ones alone: whoever sends message 1 claims both, and a
//! session that is not confirmed sends nothing that a RESET could answer.

use std::collections::HashMap;
use std::net::SocketAddr;

/// See the file's head. What one session costs does not grow with how many others there are.
#[derive(Debug, Default)]
pub(super) struct Remotes {
    owners: HashMap<(SocketAddr, u32), u32>,
    /// Entries looked at.
    #[cfg(test)]
    steps: usize,
}

impl Remotes {
    /// A session of `association` is at `remote`, under `index` there.
    pub(super) fn list(&mut self, remote: SocketAddr, index: u32, association: u32) {
        self.step();
        self.owners.insert((remote, index), association);
    }

    /// It is no longer there. Another association that has taken the name keeps it.
    pub(super) fn unlist(&mut self, remote: SocketAddr, index: u32, association: u32) {
        self.step();
        if self.owners.get(&(remote, index)) == Some(&association) {
            self.owners.remove(&(remote, index));
        }
    }

    /// The association with a session of that name.
    pub(super) fn find(&self, remote: SocketAddr, index: u32) -> Option<u32> {
        self.owners.get(&(remote, index)).copied()
    }

    #[cfg(test)]
    fn step(&mut self) {
        self.steps += 1;
    }

    #[cfg(not(test))]
    fn step(&mut self) {}
}

#[cfg(test)]
mod tests;
