//! The engine: many associations behind one or more sockets, without a socket.
//!
//! The driver's loop: [`Engine::handle_train`] for what arrived, [`Engine::handle_timeout`] when [`Engine::poll_timeout`] has passed, then
//! [`Engine::poll_event`] and [`Engine::poll_transmit`] until they answer `None`. After any call of the application: `poll_transmit` again.

mod admission;
mod answer_limit;
mod application;
mod event_queue;
mod half_open;
mod messages;
mod network_reports;
#[cfg(test)]
mod notice_tests;
mod path_policy;
mod prefix_limit;
mod receive;
mod relay;
mod relay_faults;
mod relay_pass;
mod relay_receive;
#[cfg(test)]
mod relay_tests;
mod relay_transmit;
mod remotes;
mod reply_limit;
mod schedule;
#[cfg(test)]
mod starved_tests;
mod stats;
mod strays;
mod streams;
mod tell;

pub use application::{AssociationRefused, AssociationStats};

use crate::association::{Association, DroppedSession, Transmit};
use crate::config::EngineConfig;
use crate::constants::SUSPENDED_AFTER_MICROS;
use crate::entropy::Entropy;
use crate::event::Event;
use crate::index_table::IndexTable;
use crate::path::{Ecn, Path};
use crate::slab::Slab;
use crate::stream::{BlockSource, MemoryBudget};
use crate::time::Instant;
use admission::Admission;
pub use admission::AdmissionKey;
use answer_limit::AnswerLimit;
use event_queue::EventQueue;
use half_open::HalfOpen;
use osier_wire::limits::MAX_TTL;
use osier_wire::RouteId;
use relay::Relaying;
pub use relay::RouteChange;
pub use relay_pass::PassOn;
use remotes::Remotes;
use reply_limit::{Replies, ReplyLimit};
use schedule::Schedule;
pub use stats::{EngineStats, RelayRejected};
use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
pub use strays::Stray;
use strays::StrayQueue;

/// Low bits of an association handle that name the slot.
const SLOT_BITS: u32 = 20;

/// One received train: a run of datagrams from one sender.
#[derive(Clone, Copy, Debug)]
pub struct ReceiveMeta {
    /// Where it came from, and where it arrived.
    pub path: Path,
    /// Mark on the IP header.
    pub ecn: Ecn,
    /// Size of every datagram but the last, which may be shorter. 0 counts as one datagram.
    pub segment_size: usize,
}

/// What comes in answer to a handshake.
#[derive(Debug)]
struct Awaited {
    /// Of the mac1 that messages carry.
    mac1_key: [u8; 32],
    /// Where the first message went, if over a relay.
    called: Option<RouteId>,
    replies: Replies,
    /// Cookies and hints, which carry no mac1.
    notices: Replies,
}

/// What a receiver index stands for.
#[derive(Debug)]
enum Receiver {
    /// A handshake that this node began. Boxed, so that what a session keeps of it is little.
    Handshake(Box<Awaited>),
    /// A session of this association.
    Session { association: u32 },
}

/// One that goes as it is.
struct Datagram {
    path: Path,
    bytes: Vec<u8>,
    /// As in [`Transmit`].
    is_answer: bool,
}

/// See the module's head.
pub struct Engine {
    config: EngineConfig,
    entropy: Entropy,
    budget: Rc<MemoryBudget>,
    blocks: Rc<RefCell<dyn BlockSource>>,
    indices: IndexTable<Receiver>,
    associations: Slab<Association, SLOT_BITS>,
    remotes: Remotes,
    admission: Admission,
    half_open: HalfOpen,
    replies: ReplyLimit,
    notices: ReplyLimit,
    resets: AnswerLimit,
    version_hints: AnswerLimit,
    strays: StrayQueue,
    relaying: Relaying,
    schedule: Schedule,
    /// Associations that the spent budget refused a grant.
    starved: BTreeSet<u32>,
    /// Associations asked because memory became free.
    #[cfg(test)]
    asked_again: usize,
    events: EventQueue,
    datagrams: VecDeque<Datagram>,
    dropped: Vec<DroppedSession>,
    due: Vec<(Instant, u32)>,
    stats: EngineStats,
}

impl Engine {
    /// An engine without associations. `seed` must be unpredictable outside tests: receiver indices come from it.
    pub fn new(config: EngineConfig, seed: [u8; 32], blocks: Rc<RefCell<dyn BlockSource>>) -> Self {
        let budget = MemoryBudget::new(config.memory_bytes);
        let indices = IndexTable::new(config.shard);
        let mut entropy = Entropy::new(seed);
        let relaying = Relaying::new(&config, &mut entropy);
        Self {
            config,
            entropy,
            budget,
            blocks,
            indices,
            associations: Slab::new(),
            remotes: Remotes::default(),
            admission: Admission::default(),
            half_open: HalfOpen::default(),
            replies: ReplyLimit::default(),
            notices: ReplyLimit::default(),
            resets: AnswerLimit::default(),
            version_hints: AnswerLimit::default(),
            strays: StrayQueue::default(),
            relaying,
            schedule: Schedule::default(),
            starved: BTreeSet::new(),
            #[cfg(test)]
            asked_again: 0,
            events: EventQueue::default(),
            datagrams: VecDeque::new(),
            dropped: Vec::new(),
            due: Vec::new(),
            stats: EngineStats::default(),
        }
    }

    /// When [`Engine::handle_timeout`] is to be called next.
    pub fn poll_timeout(&mut self) -> Option<Instant> {
        let forwarding = self.relaying.queue.deadline();
        let association = self.association_deadline();
        forwarding.into_iter().chain(association).min()
    }

    fn association_deadline(&mut self) -> Option<Instant> {
        // Entries whose owner wants to be woken later, or not at all, are put right: nobody is woken for them.
        while let Some((scheduled, handle)) = self.schedule.first() {
            let association = self.associations.get_mut(handle).filter(|a| a.scheduled == Some(scheduled));
            let deadline = association.as_ref().and_then(|association| association.deadline());
            if deadline == Some(scheduled) {
                return Some(scheduled);
            }
            self.schedule.pop_first();
            if let Some(association) = association {
                association.scheduled = deadline;
            }
            if let Some(deadline) = deadline {
                self.schedule.push_deadline(deadline, handle);
            }
        }
        None
    }

    /// Handles what was due by `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.relaying.queue.on_timeout(now);
        let mut due = std::mem::take(&mut self.due);
        due.extend(std::iter::from_fn(|| self.schedule.pop_due(now)));
        for (scheduled, handle) in due.drain(..) {
            let Some(association) = self.associations.get_mut(handle) else { continue };
            if association.scheduled != Some(scheduled) {
                continue;
            }
            association.scheduled = None;
            if now.saturating_micros_since(scheduled) > SUSPENDED_AFTER_MICROS {
                association.resume(now);
            }
            if association.deadline().is_some_and(|deadline| deadline <= now) {
                let mut dropped = std::mem::take(&mut self.dropped);
                association.on_timeout(now, &mut dropped);
                for session in dropped.drain(..) {
                    self.forget_session(handle, session);
                }
                self.dropped = dropped;
            }
            self.settle(now, handle);
        }
        self.due = due;
    }

    /// Writes the next train into `out`, which should hold [`TRAIN_BYTES_MAX`](crate::TRAIN_BYTES_MAX) bytes.
    pub fn poll_transmit(&mut self, now: Instant, out: &mut [u8]) -> Option<Transmit> {
        if let Some(transmit) =
            self.transmit_datagram(now, out).or_else(|| self.transmit_forwarded_in_turn(now, out))
        {
            return Some(self.count_sent(transmit));
        }
        if self.budget.take_freed() {
            self.offer_freed_budget(now);
        }
        while let Some(handle) = self.schedule.pop_ready() {
            let Some(association) = self.associations.get_mut(handle) else { continue };
            association.queued = false;
            if association.is_over() {
                // What it has to tell, and what can be read meanwhile, comes first: then it is queued again.
                if !association.eventful {
                    self.remove_association(handle);
                }
                continue;
            }
            let transmit = match association.path().relay() {
                None => association.poll_transmit(now, out),
                Some(way) => self.poll_relayed(now, handle, &way, out),
            };
            let wants_more = |association: &Association| transmit.is_some() && association.wants_to_send(now);
            if let Some(association) = self.associations.get_mut(handle).filter(|at| wants_more(at)) {
                association.queued = true;
                self.schedule.push_ready(handle);
            }
            self.note_refusal(handle);
            self.tell_events(now, handle);
            self.reschedule(handle);
            let transmit = match transmit {
                Some(transmit) if transmit.path.is_relayed() => self.wrap(now, transmit, out),
                transmit => transmit,
            };
            if let Some(transmit) = transmit {
                return Some(self.count_sent(transmit));
            }
        }
        self.transmit_forwarded(now, out).map(|transmit| self.count_sent(transmit))
    }

    /// Whether anybody could send something that concerns an association.
    pub fn has_associations(&self) -> bool {
        self.associations.len() > 0
    }

    /// Entries in the queue of timers: bounded by a small multiple of the associations.
    pub fn timers_waiting(&self) -> usize {
        self.schedule.waiting()
    }

    /// Counters and levels.
    pub fn stats(&self) -> EngineStats {
        let streams_open =
            self.associations.iter().map(|(_, association)| association.streams.open_streams() as u64).sum();
        let relay_dropped_packets =
            self.stats.relay_dropped_packets + self.relaying.queue.counters().dropped_packets();
        let memory_bytes = self.budget.used_bytes();
        EngineStats { streams_open, memory_bytes, relay_dropped_packets, ..self.stats }
    }

    fn count_sent(&mut self, transmit: Transmit) -> Transmit {
        let packets = transmit.len.div_ceil(transmit.segment_size.max(1));
        self.stats.packets_sent += packets as u64;
        self.stats.bytes_sent += transmit.len as u64;
        transmit
    }

    fn transmit_datagram(&mut self, now: Instant, out: &mut [u8]) -> Option<Transmit> {
        loop {
            let Datagram { path, bytes: datagram, is_answer } = self.datagrams.pop_front()?;
            let len = datagram.len();
            out.get_mut(..len)?.copy_from_slice(&datagram);
            let ecn = Ecn::NotEct;
            let transmit =
                Transmit { path, ecn, segment_size: len, len, is_answer, is_control: true, ttl: MAX_TTL };
            if !path.is_relayed() {
                return Some(transmit);
            }
            if let Some(transmit) = self.wrap(now, transmit, out) {
                return Some(transmit);
            }
        }
    }

    /// After anything that touched an association: tells its events, queues it for sending or for its removal, sets its timer.
    fn settle(&mut self, now: Instant, handle: u32) {
        self.tell_events(now, handle);
        self.make_ready(now, handle);
        self.reschedule(handle);
    }

    fn make_ready(&mut self, now: Instant, handle: u32) {
        let Some(association) = self.associations.get_mut(handle) else { return };
        if !association.queued && (association.is_over() || association.wants_to_send(now)) {
            association.queued = true;
            self.schedule.push_ready(handle);
        }
        self.note_refusal(handle);
    }

    /// Call when `handle` was asked whether it wants to send.
    fn note_refusal(&mut self, handle: u32) {
        if self.budget.take_refusal() {
            self.starved.insert(handle);
        }
    }

    fn reschedule(&mut self, handle: u32) {
        let Some(association) = self.associations.get_mut(handle) else { return };
        let Some(deadline) = association.deadline() else { return };
        if association.scheduled.is_none_or(|scheduled| deadline < scheduled) {
            association.scheduled = Some(deadline);
            self.schedule.push_deadline(deadline, handle);
            let associations = &self.associations;
            let counts =
                |at: Instant, handle: u32| associations.get(handle).is_some_and(|a| a.scheduled == Some(at));
            self.schedule.drop_stale(associations.len(), counts);
        }
    }

    fn forget_session(&mut self, handle: u32, dropped: DroppedSession) {
        let DroppedSession { local_index, remote, remote_index } = dropped;
        self.indices.remove(local_index);
        self.half_open.remove(local_index);
        self.remotes.unlist(remote, remote_index, handle);
        let Some(association) = self.associations.get(handle) else { return };
        for session in association.sessions.confirmed().filter(|session| session.remote_index == remote_index)
        {
            // The peer has used the index twice.
            self.remotes.list(session.path.peer_address(), remote_index, handle);
        }
        self.events.push_back(Event::SessionDropped { association: handle, local_index });
    }

    fn remove_association(&mut self, handle: u32) {
        let Some(association) = self.associations.remove(handle) else { return };
        self.forget_neighbour(handle, &association);
        for session in association.sessions.iter() {
            self.indices.remove(session.local_index);
            self.half_open.remove(session.local_index);
            self.remotes.unlist(session.path.peer_address(), session.remote_index, handle);
        }
    }

    /// Grants that the spent budget had refused can be given now: who was refused is asked once.
    fn offer_freed_budget(&mut self, now: Instant) {
        for handle in std::mem::take(&mut self.starved) {
            #[cfg(test)]
            {
                self.asked_again += 1;
            }
            self.make_ready(now, handle);
        }
    }
}
