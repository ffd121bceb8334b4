//! What other shards of a node leave for one: a bounded queue that any thread may put into, and that wakes its owner's event loop.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use osier_core::{Path, Stray};

use crate::uv;
use crate::uv_handle::UvHandle;

/// Bytes of strays that may wait: what a core decrypts in about a millisecond. In the normal course there are none; they come in the moments in which the
/// order of sockets changes, and what is lost then is sent again, as with any full queue.
const STRAY_BYTES_MAX: usize = 1 << 20;
/// Strays that may wait, so that small ones cost no more memory beside their bytes than in them.
const STRAYS_MAX: usize = 4_096;
/// First messages that may wait: as many as an engine lets wait for JavaScript. Apart from the strays, so that neither is refused for the other.
const HANDSHAKES_MAX: usize = 1_024;

/// One thing that is left for a shard. It owns its bytes: no memory of JavaScript crosses a thread.
#[derive(Debug)]
pub(crate) enum Letter {
    /// Datagrams that arrived at another shard.
    Stray(Stray),
    /// A first message that another shard admitted.
    Handshake { path: Path, admission_key: usize, proven: bool, datagram: Vec<u8> },
}

/// See the file's head.
pub(crate) struct Mailbox {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    letters: VecDeque<Letter>,
    strays: usize,
    stray_bytes: usize,
    handshakes: usize,
    /// None once the owner takes nothing more: then the handle may be closed.
    wake: Option<Wake>,
}

/// An initialised `uv_async_t`.
struct Wake(UvHandle);

// SAFETY: `uv_async_send` is the one function of libuv that any thread may call; nothing else is done with the handle here.
unsafe impl Send for Wake {}

impl Mailbox {
    /// An empty one that wakes `handle`, an initialised `uv_async_t` that stays so until [`Mailbox::close`].
    pub(crate) fn new(handle: UvHandle) -> Self {
        Self { state: Mutex::new(State { wake: Some(Wake(handle)), ..State::default() }) }
    }

    /// Leaves a letter; gives it back where there is no room, or nobody any more.
    pub(crate) fn put(&self, letter: Letter) -> Result<(), Letter> {
        let mut state = self.lock();
        if !state.has_room_for(&letter) {
            return Err(letter);
        }
        let State { letters, strays, stray_bytes, handshakes, wake } = &mut *state;
        // Under the lock that `close` takes: no handle that is being closed is woken.
        let Some(Wake(handle)) = wake else { return Err(letter) };
        match &letter {
            Letter::Stray(stray) => {
                *strays += 1;
                *stray_bytes += stray.bytes.len();
            }
            Letter::Handshake { .. } => *handshakes += 1,
        }
        if letters.is_empty() {
            // SAFETY: the handle is initialised, and not closed while it is here.
            unsafe { uv::uv_async_send(handle.raw()) };
        }
        letters.push_back(letter);
        Ok(())
    }

    /// Takes all that is there. Called whenever the handle was woken.
    pub(crate) fn take(&self) -> VecDeque<Letter> {
        let mut state = self.lock();
        let wake = state.wake.take();
        mem::replace(&mut *state, State { wake, ..State::default() }).letters
    }

    /// Takes nothing more, and drops what is there. When this returns nobody uses the handle, and nobody will.
    pub(crate) fn close(&self) {
        let left = mem::take(&mut *self.lock());
        drop(left);
    }

    /// A thread that panicked inside these few lines left nothing half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room_for(&self, letter: &Letter) -> bool {
        match letter {
            Letter::Stray(stray) => {
                self.strays < STRAYS_MAX && self.stray_bytes + stray.bytes.len() <= STRAY_BYTES_MAX
            }
            Letter::Handshake { .. } => self.handshakes < HANDSHAKES_MAX,
        }
    }
}
