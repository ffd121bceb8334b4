//! Which streams there are, were, and may be.

use super::entry::Stream;
use super::error::ProtocolViolation;
use crate::constants::{CONTROL_STREAMS, STREAMS_OPEN_MAX};
use crate::range_set::RangeSet;
use crate::slab::Slab;
use osier_wire::limits::MAX_STREAM_COUNT;
use osier_wire::StreamId;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Fraction of the streams allowed that must have closed before more are allowed: the peer always has seven eighths of its
/// limit, and many short streams cost few frames.
const GRANT_FRACTION: u64 = 8;

/// The streams of one association, by handle and by id.
///
/// Of closed streams only their numbers are kept, as ranges. There are never more of those than streams that the peer
/// may have open, because it is allowed a new number only when an old one closes.
pub(crate) struct StreamTable {
    streams: Slab<Stream, 16>,
    by_id: HashMap<u64, u32, BuildHasherDefault<IdHasher>>,
    /// The stream looked up last: it is nearly always the next one, too.
    recent: Option<(StreamId, u32)>,
    parity: u8,
    /// Number of the next stream that this end opens.
    next_number: u64,
    /// Streams that the peer allows, counted since the start.
    maximum: u64,
    opened_here: u64,
    /// Numbers of the peer's streams that are closed.
    closed: RangeSet,
    /// The peer's streams whose slot is free again.
    released: u64,
    /// The peer's streams that may be open at once, [`CONTROL_STREAMS`] not among them.
    limit: u64,
    /// Streams that the peer was allowed, counted since the start.
    granted: u64,
    grant_owed: bool,
    /// Streams that are Osier's own, of both ends and of this one.
    control: usize,
    control_here: u64,
}

/// What an id in a frame of the peer refers to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A stream that lives.
    Live(u32),
    /// A stream of the peer of which nothing has come before.
    New,
    /// A stream that both directions of have ended: the frame is late.
    Closed,
}

impl StreamTable {
    /// No streams; this end may open `maximum`, the peer may have `limit` open at once.
    pub(crate) fn new(parity: u8, maximum: u64, limit: u64) -> Self {
        let limit = limit.min(STREAMS_OPEN_MAX);
        Self {
            streams: Slab::new(),
            by_id: HashMap::default(),
            recent: None,
            parity,
            next_number: 0,
            maximum,
            opened_here: 0,
            closed: RangeSet::new(),
            released: 0,
            limit,
            granted: limit,
            grant_owed: false,
            control: 0,
            control_here: 0,
        }
    }

    /// What `id` in a frame of the peer refers to.
    #[inline]
    pub(crate) fn find(&mut self, id: StreamId) -> Result<Found, ProtocolViolation> {
        match self.recent {
            Some((recent, handle)) if recent == id => Ok(Found::Live(handle)),
            _ => self.look_up(id),
        }
    }

    /// The id of the next stream of this end; `None` when no more are allowed. What the peer allows is for streams of the application: one that
    /// is Osier's own finds room beyond that.
    pub(crate) fn next_id(&self, is_control: bool) -> Option<StreamId> {
        let beyond = if is_control { CONTROL_STREAMS } else { self.control_here };
        let is_taken = is_control && self.control_here >= CONTROL_STREAMS;
        let maximum = self.maximum.saturating_add(beyond);
        if is_taken || self.next_number >= maximum || self.opened_here - self.control_here >= STREAMS_OPEN_MAX
        {
            return None;
        }
        StreamId::new(self.next_number, self.parity)
    }

    /// Keeps a stream: the one of [`StreamTable::next_id`], or one that was [`Found::New`].
    pub(crate) fn insert(&mut self, stream: Stream) -> Option<u32> {
        let (id, is_control) = (stream.id, stream.is_control);
        let handle = self.streams.insert(stream).ok()?;
        self.control += usize::from(is_control);
        self.control_here += u64::from(is_control);
        self.by_id.insert(id.0, handle);
        if id.parity() == self.parity {
            self.next_number += 1;
            self.opened_here += 1;
        }
        Some(handle)
    }

    /// OPEN said that the stream is Osier's own.
    pub(crate) fn mark_control(&mut self, handle: u32) {
        if let Some(stream) = self.streams.get_mut(handle).filter(|stream| !stream.is_control) {
            stream.is_control = true;
            self.control += 1;
        }
    }

    /// Streams that are Osier's own and still have a handle.
    pub(crate) fn control_streams(&self) -> usize {
        self.control
    }

    /// The stream under `handle`.
    #[inline]
    pub(crate) fn get(&self, handle: u32) -> Option<&Stream> {
        self.streams.get(handle)
    }

    /// The stream under `handle`.
    #[inline]
    pub(crate) fn get_mut(&mut self, handle: u32) -> Option<&mut Stream> {
        self.streams.get_mut(handle)
    }

    /// Every stream.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.streams.iter_mut().map(|(_, stream)| stream)
    }

    /// Number of streams that still have a handle.
    pub(crate) fn len(&self) -> usize {
        self.streams.len()
    }

    /// The network will not find `id` any more: frames about it are late.
    pub(crate) fn close(&mut self, id: StreamId) {
        self.by_id.remove(&id.0);
        self.recent = None;
        if id.parity() != self.parity {
            self.closed.insert(id.number()..id.number() + 1);
        }
    }

    /// Frees the slot of a closed stream. Returns whether this end may open a stream that it could not before.
    pub(crate) fn release(&mut self, handle: u32) -> bool {
        let Some(stream) = self.streams.remove(handle) else { return false };
        self.control -= usize::from(stream.is_control);
        if stream.id.parity() == self.parity {
            self.opened_here -= 1;
            self.control_here -= u64::from(stream.is_control);
            return self.opened_here + 1 == STREAMS_OPEN_MAX;
        }
        self.released += 1;
        // Another one may be opened in its place before the application's streams have come to a grant.
        self.grant_owed |= stream.is_control;
        let due = (self.limit / GRANT_FRACTION).max(1);
        self.grant_owed |= self.released + self.limit - self.granted >= due;
        false
    }

    /// MAX_STREAMS came; an old one changes nothing. Returns whether more are allowed than before.
    pub(crate) fn on_max_streams(&mut self, maximum: u64) -> bool {
        let more = maximum > self.maximum;
        self.maximum = self.maximum.max(maximum);
        more
    }

    /// Whether MAX_STREAMS has to be sent.
    #[inline]
    pub(crate) fn wants_grant(&self) -> bool {
        self.grant_owed
    }

    /// The number of streams to tell the peer now.
    pub(crate) fn take_grant(&mut self) -> u64 {
        self.grant_owed = false;
        self.granted = (self.released + self.limit).min(MAX_STREAM_COUNT);
        self.granted
    }

    /// MAX_STREAMS was lost: the present value has to be sent.
    pub(crate) fn on_grant_lost(&mut self) {
        self.grant_owed = true;
    }

    fn look_up(&mut self, id: StreamId) -> Result<Found, ProtocolViolation> {
        if let Some(&handle) = self.by_id.get(&id.0) {
            self.recent = Some((id, handle));
            return Ok(Found::Live(handle));
        }
        let number = id.number();
        if id.parity() == self.parity {
            return if number < self.next_number {
                Ok(Found::Closed)
            } else {
                Err(ProtocolViolation::NeverOpened)
            };
        }
        if number >= self.granted + CONTROL_STREAMS {
            return Err(ProtocolViolation::StreamLimit);
        }
        Ok(if self.closed.contains(number) { Found::Closed } else { Found::New })
    }
}

/// Spreads stream ids, of which there are few at a time, over a hash table. A peer that chooses its ids badly slows down only
/// the look-up among its own streams.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, id: u64) {
        // Fibonacci hashing; the multiplication leaves the best bits on top, the table looks at both ends.
        self.0 = (self.0 ^ id).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }
}
