//! The one thing that environments of a process share: which shards of a node there are, and where to leave letters for them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::mailbox::{Letter, Mailbox};

/// Mailboxes of the shards that are alive, by group and shard.
static MAILBOXES: Mutex<BTreeMap<(u64, u8), Arc<Mailbox>>> = Mutex::new(BTreeMap::new());

/// One engine's place in a group.
pub(crate) struct Membership {
    group: u64,
    shard: u8,
    mailbox: Arc<Mailbox>,
}

impl Membership {
    /// Takes the place of `shard`; who has it loses it: one that starts anew does not wait for the end of the one before.
    pub(crate) fn join(group: u64, shard: u8, mailbox: Arc<Mailbox>) -> Self {
        mailboxes().insert((group, shard), mailbox.clone());
        Self { group, shard, mailbox }
    }

    /// Gives the place up. When this returns nobody uses the mailbox's handle.
    pub(crate) fn leave(&self) {
        self.mailbox.close();
        let mut mailboxes = mailboxes();
        let place = (self.group, self.shard);
        if mailboxes.get(&place).is_some_and(|present| Arc::ptr_eq(present, &self.mailbox)) {
            mailboxes.remove(&place);
        }
    }

    /// Leaves a letter for a shard of the group; gives it back where it has no room, or is not there.
    pub(crate) fn send(&self, shard: u8, letter: Letter) -> Result<(), Letter> {
        let mailbox = mailboxes().get(&(self.group, shard)).cloned();
        match mailbox {
            Some(mailbox) => mailbox.put(letter),
            None => Err(letter),
        }
    }

    /// What was left for this engine.
    pub(crate) fn take_letters(&self) -> impl Iterator<Item = Letter> {
        self.mailbox.take().into_iter()
    }
}

/// A thread that panicked while it held the lock left a whole map: each change is one call.
fn mailboxes() -> MutexGuard<'static, BTreeMap<(u64, u8), Arc<Mailbox>>> {
    MAILBOXES.lock().unwrap_or_else(PoisonError::into_inner)
}
