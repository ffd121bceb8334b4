//! The streams of one association.
//!
//! [`Streams`] is everything between the application's `write` and `read` on one side and the frames of packets on the other. Who calls
//! what lies in three files: `application.rs`, `ingress.rs` (frames that came), `egress.rs` (frames that go, and their
//! fate). A stream is two halves that know nothing of each other; each has a state, a buffer in a ring, and credit.

mod application;
mod association_credit;
mod block;
mod config;
mod credit_window;
mod delivery;
mod egress;
mod entry;
mod error;
mod event;
mod event_queue;
mod ingress;
mod memory_budget;
mod message;
mod own_streams;
mod ready_set;
mod receive_buffer;
mod receive_half;
mod receive_state;
mod request;
mod ring;
mod send_buffer;
mod send_half;
mod send_state;
mod sent_fate;
mod stream_frame_writer;
mod stream_table;
#[cfg(test)]
mod tests;

pub use block::{Block, BlockPool, BlockSource, HeapBlocks};
pub use error::{OpenError, StreamError};
pub use event::StreamEvent;
pub use message::{MessageFate, MessageOptions, MessageStats, MessagesRead, SendOutcome};
pub use request::{OpenRequest, Peek, ReadOutcome, StreamStats};

pub(crate) use config::{LocalCredit, PeerCredit, StreamsConfig};
pub(crate) use error::ProtocolViolation;
pub(crate) use memory_budget::MemoryBudget;
#[cfg(test)]
pub(crate) use memory_budget::Reservation as MemoryReservation;

use crate::constants::STREAM_BYTES;
use crate::time::Instant;
use association_credit::{AssociationCredit, SendCredit};
use entry::{Opening, Stream};
use event_queue::{EventQueue, EventSet, EventSort};
use memory_budget::Reservation;
use osier_wire::StreamId;
use ready_set::ReadySet;
use receive_half::ReceiveHalf;
use send_half::SendHalf;
use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use stream_table::StreamTable;

/// All streams of one association, both directions.
///
/// After any call, and when [`Streams::wants_to_send`] says so, packets are to be built with [`Streams::fill`]; and events wait in
/// [`Streams::poll_event`]. The fate of every [`SentFrame`](crate::sent_frame::SentFrame) that `fill` recorded has to be told, lost or
/// acknowledged, in any order, also lost first and acknowledged after all. Dropping it gives all memory and credit back.
pub(crate) struct Streams {
    table: StreamTable,
    shared: Shared,
}

/// What the streams of an association have in common.
struct Shared {
    config: StreamsConfig,
    budget: Rc<MemoryBudget>,
    blocks: Rc<RefCell<dyn BlockSource>>,
    /// What this end allowed the peer.
    credit: AssociationCredit,
    /// What the peer allowed this end.
    send_credit: SendCredit,
    /// Streams with frames about their state.
    control: ReadySet,
    /// Streams with something to send that takes no credit.
    urgent: ReadySet,
    /// Streams with bytes never sent that their own credit allows.
    fresh: ReadySet,
    /// Streams that credit or a full send buffer held back when last looked at, and maybe does no more.
    held_back: ReadySet,
    events: EventQueue,
    /// Answers to EXPIRE for streams that are closed.
    forgotten_replies: VecDeque<(StreamId, u64)>,
    /// Which stream has to be looked at when, because a lifetime is over.
    deadlines: BTreeSet<(Instant, u32)>,
    /// The application was refused a stream and waits to hear of [`StreamEvent::MoreStreams`].
    opener_waits: bool,
    more_streams: bool,
}

impl Streams {
    /// No streams yet. `budget` and `blocks` are the node's.
    pub(crate) fn new(
        config: StreamsConfig,
        budget: Rc<MemoryBudget>,
        blocks: Rc<RefCell<dyn BlockSource>>,
    ) -> Self {
        let StreamsConfig { parity, peer, local, .. } = config;
        Self {
            table: StreamTable::new(parity, peer.max_streams, local.max_streams),
            shared: Shared {
                credit: AssociationCredit::new(local.initial_max_data, local.association_window_cap, &budget),
                send_credit: SendCredit::new(peer.max_data),
                config,
                budget,
                blocks,
                control: ReadySet::new(),
                urgent: ReadySet::new(),
                fresh: ReadySet::new(),
                held_back: ReadySet::new(),
                events: EventQueue::default(),
                forgotten_replies: VecDeque::new(),
                deadlines: BTreeSet::new(),
                opener_waits: false,
                more_streams: false,
            },
        }
    }

    /// Streams of the application that have a handle: those whose `Closed` event was not fetched included.
    pub(crate) fn open_streams(&self) -> usize {
        self.table.len() - self.table.control_streams()
    }

    /// A state of `handle` changed: puts it where its turn comes, or ends it.
    fn settle(&mut self, handle: u32) {
        let Some(stream) = self.table.get_mut(handle) else { return };
        self.shared.reschedule(handle, stream);
        if stream.closed || !stream.is_over() {
            return;
        }
        stream.closed = true;
        let (id, announced) = (stream.id, stream.opening.is_announced());
        self.shared.raise(handle, stream, EventSort::Closed);
        self.table.close(id);
        if !announced {
            self.release(handle);
        }
    }

    /// Frees the slot of `handle`. What it still owed the peer is asked for again, and answered as of a stream that is forgotten.
    fn release(&mut self, handle: u32) {
        if let Some(at) = self.table.get(handle).and_then(|stream| stream.wakes_at) {
            self.shared.deadlines.remove(&(at, handle));
        }
        self.shared.forget(handle);
        if self.table.release(handle) {
            self.shared.tell_opener();
        }
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        for stream in self.table.iter_mut() {
            stream.send.buffer.abandon(&self.shared.blocks);
            stream.receive.buffer.skip_to(&self.shared.blocks, 0);
        }
    }
}

impl Shared {
    fn new_stream(&self, id: StreamId, priority: u8, opening: Opening) -> Stream {
        let StreamsConfig { peer, local, send_buffer_cap, .. } = self.config;
        Stream {
            id,
            kind: None,
            priority,
            opening,
            send: SendHalf::new(&self.budget, peer.max_stream_data, send_buffer_cap),
            receive: ReceiveHalf::new(local.initial_max_stream_data, local.stream_window_cap),
            raised: EventSet::default(),
            wakes_at: None,
            closed: false,
            is_control: false,
            _memory: Reservation::of(&self.budget, STREAM_BYTES),
        }
    }

    #[inline]
    fn raise(&mut self, handle: u32, stream: &mut Stream, sort: EventSort) {
        self.events.raise(handle, &mut stream.raised, stream.opening.is_announced(), sort);
    }

    /// Puts a stream into the sets that it belongs to now, and takes it out of the others.
    #[inline]
    fn reschedule(&mut self, handle: u32, stream: &Stream) {
        set_membership(&mut self.control, handle, 0, stream.owes_control());
        set_membership(&mut self.urgent, handle, stream.priority, stream.is_urgent());
        set_membership(&mut self.fresh, handle, stream.priority, stream.send.sendable() > 0);
        self.note_held_back(handle, stream);
    }

    /// Takes a stream whose slot becomes free out of every set.
    fn forget(&mut self, handle: u32) {
        for set in [&mut self.control, &mut self.urgent, &mut self.fresh, &mut self.held_back] {
            set.remove(handle);
        }
    }

    /// Remembers a stream that is held back. Call after whatever may make it so; that it is no more is seen when somebody asks.
    #[inline]
    fn note_held_back(&mut self, handle: u32, stream: &Stream) {
        if stream.send.is_held_back() {
            self.held_back.insert(handle, 0);
        }
    }

    fn tell_opener(&mut self) {
        self.more_streams |= self.opener_waits;
        self.opener_waits = false;
    }
}

#[inline]
fn set_membership(set: &mut ReadySet, handle: u32, level: u8, member: bool) {
    if member {
        set.insert(handle, level);
    } else {
        set.remove(handle);
    }
}
