//! Records in which events cross to JavaScript. `src/engine/events.ts` reads the same layout.

use osier_core::{
    CloseCause, CloseCode, Event, MessageFate, RefusalKind, ResetReason, RouteFault, StreamEvent,
};

/// Words of one record: kind, association, stream or index, bytes offset, bytes length, a, b, c.
pub(crate) const RECORD_WORDS: usize = 8;
/// Records of one batch at most: one of each of a thousand peers that answer at once. What there is no room for comes in the next batch.
pub(crate) const MAX_RECORDS: usize = 1_024;
/// Words of the shared array: the records, and one that is 1 while the listener runs.
pub(crate) const EVENT_WORDS: usize = MAX_RECORDS * RECORD_WORDS + 1;
/// Bytes that the records of one batch can point to: 170 first messages.
pub(crate) const MAX_BYTES: usize = 64 << 10;

const HANDSHAKE: u32 = 1;
const SESSION_CONFIRMED: u32 = 2;
const STREAM_OPENED: u32 = 3;
const STREAM_READABLE: u32 = 4;
const STREAM_WRITABLE: u32 = 5;
const STREAM_FINISHED: u32 = 6;
const STREAM_RESET: u32 = 7;
const STREAM_STOPPED: u32 = 8;
const STREAM_CLOSED: u32 = 9;
const STREAM_FLUSHED: u32 = 10;
const ASSOCIATION_CLOSED: u32 = 11;
const PONG: u32 = 12;
const RESET_HINT: u32 = 13;
const REFUSAL_HINT: u32 = 14;
const MORE_STREAMS: u32 = 15;
const PEER_DRAINING: u32 = 16;
const ENGINE_FAILED: u32 = 17;
const SESSION_DROPPED: u32 = 18;
const MESSAGE_SETTLED: u32 = 19;
const PATH_CHANGED: u32 = 20;
const PATH_PROBED: u32 = 21;
const HOP_SUSPECTED: u32 = 22;
const HOP_RECOVERED: u32 = 23;
const TRACE_ANSWERED: u32 = 24;
const ROUTE_ERROR: u32 = 25;

/// A round trip that was not measured: there was no answer.
const UNANSWERED: u32 = u32::MAX;

/// No room is left in the batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BatchFull;

#[derive(Default)]
struct Record {
    kind: u32,
    association: u32,
    stream: u32,
    a: u32,
    b: u32,
    c: u32,
}

/// Writes one batch.
pub(crate) struct RecordWriter<'a> {
    records: &'a mut [u32],
    bytes: &'a mut [u8],
    count: usize,
    used: usize,
}

impl<'a> RecordWriter<'a> {
    pub(crate) fn new(records: &'a mut [u32], bytes: &'a mut [u8]) -> Self {
        Self { records, bytes, count: 0, used: 0 }
    }

    /// Records written so far.
    pub(crate) fn count(&self) -> u32 {
        self.count as u32
    }

    /// Adds an event.
    pub(crate) fn put(&mut self, event: &Event) -> Result<(), BatchFull> {
        match event {
            Event::Handshake { local_index, admission_key, proven, path, datagram } => {
                let record = Record {
                    kind: HANDSHAKE,
                    association: local_index.unwrap_or(0),
                    stream: *admission_key as u32,
                    a: u32::from(*proven),
                    ..Record::default()
                };
                self.write(&record, &[&path.to_record(), datagram])
            }
            Event::SessionConfirmed { association, local_index } => {
                self.write(&about(SESSION_CONFIRMED, *association, *local_index), &[])
            }
            Event::SessionDropped { association, local_index } => {
                self.write(&about(SESSION_DROPPED, *association, *local_index), &[])
            }
            Event::Stream { association, event } => self.put_stream(*association, event),
            Event::AssociationClosed { association, cause } => self.put_closed(*association, cause),
            Event::Pong { association, token, rtt_micros } => {
                self.write(&Record { a: clamp(*rtt_micros), ..about(PONG, *association, *token) }, &[])
            }
            Event::ResetHint { association } => self.write(&about(RESET_HINT, *association, 0), &[]),
            Event::RefusalHint { local_index, kind } => {
                let a = match kind {
                    RefusalKind::Version => 1,
                    RefusalKind::Busy => 2,
                };
                self.write(&Record { a, ..about(REFUSAL_HINT, *local_index, 0) }, &[])
            }
            Event::PathChanged { association, to, .. } => {
                self.write(&about(PATH_CHANGED, *association, 0), &[&to.to_record()])
            }
            Event::PathProbed { association, token, rtt_micros } => {
                let a = rtt_micros.map_or(UNANSWERED, |micros| clamp(micros).min(UNANSWERED - 1));
                self.write(&Record { a, ..about(PATH_PROBED, *association, *token) }, &[])
            }
            Event::HopSuspected { association, silent_micros } => {
                self.write(&Record { a: clamp(*silent_micros), ..about(HOP_SUSPECTED, *association, 0) }, &[])
            }
            Event::TraceAnswered { association, answer } => {
                let (a, b) = (clamp(answer.rtt_micros), u32::from(answer.is_far_end));
                let record = Record { a, b, ..about(TRACE_ANSWERED, *association, answer.token) };
                self.write(&record, &[&answer.reporter.0])
            }
            Event::HopRecovered { association } => self.write(&about(HOP_RECOVERED, *association, 0), &[]),
            Event::PeerDraining { association } => self.write(&about(PEER_DRAINING, *association, 0), &[]),
            Event::RouteError { fault, destination, reporter } => {
                let (a, b) = match fault {
                    RouteFault::NoRoute => (0, 0),
                    RouteFault::TooBig { mtu_bytes } => (1, u32::from(*mtu_bytes)),
                    RouteFault::TtlExpired => (2, 0),
                };
                self.write(&Record { a, b, ..about(ROUTE_ERROR, 0, 0) }, &[&destination.0, &reporter.0])
            }
        }
    }

    /// Adds the record that the engine cannot go on.
    pub(crate) fn put_failure(&mut self, message: &str) -> Result<(), BatchFull> {
        self.write(&about(ENGINE_FAILED, 0, 0), &[message.as_bytes()])
    }

    fn put_stream(&mut self, association: u32, event: &StreamEvent) -> Result<(), BatchFull> {
        let record = |kind, handle| about(kind, association, handle);
        match event {
            StreamEvent::Opened { handle, kind, protocol, metadata } => {
                let a = *kind as u32;
                let length = [u8::try_from(protocol.len()).unwrap_or(u8::MAX)];
                self.write(&Record { a, ..record(STREAM_OPENED, *handle) }, &[&length, protocol, metadata])
            }
            StreamEvent::Readable { handle, bytes, end } => {
                let (a, b) = (clamp(*bytes as u64), u32::from(*end));
                self.write(&Record { a, b, ..record(STREAM_READABLE, *handle) }, &[])
            }
            StreamEvent::Writable { handle } => self.write(&record(STREAM_WRITABLE, *handle), &[]),
            StreamEvent::Flushed { handle, .. } => self.write(&record(STREAM_FLUSHED, *handle), &[]),
            StreamEvent::SendFinished { handle, expired } => {
                let (a, b) = (*expired as u32, (*expired >> 32) as u32);
                self.write(&Record { a, b, ..record(STREAM_FINISHED, *handle) }, &[])
            }
            StreamEvent::ResetByPeer { handle, reason, code } => {
                let (a, b) = (*reason as u32, *code);
                self.write(&Record { a, b, ..record(STREAM_RESET, *handle) }, &[])
            }
            StreamEvent::StoppedByPeer { handle, reason, code } => {
                let (a, b) = (*reason as u32, *code);
                self.write(&Record { a, b, ..record(STREAM_STOPPED, *handle) }, &[])
            }
            StreamEvent::MessageTooLarge { handle, size_bytes, max_bytes } => {
                let (a, b, c) = (ResetReason::TooLarge as u32, clamp(*max_bytes), clamp(*size_bytes));
                self.write(&Record { a, b, c, ..record(STREAM_RESET, *handle) }, &[])
            }
            StreamEvent::MessageSettled { handle, token, fate } => {
                let b = match fate {
                    MessageFate::Delivered => 1,
                    MessageFate::Expired => 2,
                };
                self.write(&Record { a: *token, b, ..record(MESSAGE_SETTLED, *handle) }, &[])
            }
            StreamEvent::Closed { handle, dropped } => {
                let (a, b) = (*dropped as u32, (*dropped >> 32) as u32);
                self.write(&Record { a, b, ..record(STREAM_CLOSED, *handle) }, &[])
            }
            StreamEvent::MoreStreams => self.write(&record(MORE_STREAMS, 0), &[]),
        }
    }

    fn put_closed(&mut self, association: u32, cause: &CloseCause) -> Result<(), BatchFull> {
        let (a, b, c, reason): (u32, u32, u32, &[u8]) = match cause {
            CloseCause::Remote { code, reason } => (2, *code as u32, 0, reason.as_bytes()),
            CloseCause::Idle => (3, CloseCode::Idle as u32, 0, &[]),
            CloseCause::PeerLost { silent_micros } => (4, 0, clamp(silent_micros / 1_000), &[]),
            CloseCause::Protocol { rule } => (5, CloseCode::Protocol as u32, 0, rule.as_bytes()),
        };
        self.write(&Record { a, b, c, ..about(ASSOCIATION_CLOSED, association, 0) }, &[reason])
    }

    fn write(&mut self, record: &Record, parts: &[&[u8]]) -> Result<(), BatchFull> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let at = self.count * RECORD_WORDS;
        let words = self.records.get_mut(at..at + RECORD_WORDS).ok_or(BatchFull)?;
        let mut room = self.bytes.get_mut(self.used..self.used + length).ok_or(BatchFull)?;
        for part in parts {
            let (here, rest) = room.split_at_mut(part.len());
            here.copy_from_slice(part);
            room = rest;
        }
        let Record { kind, association, stream, a, b, c } = *record;
        words.copy_from_slice(&[kind, association, stream, self.used as u32, length as u32, a, b, c]);
        self.used += length;
        self.count += 1;
        Ok(())
    }
}

fn about(kind: u32, association: u32, stream: u32) -> Record {
    Record { kind, association, stream, ..Record::default() }
}

/// What does not fit a word is told as the largest that does.
fn clamp(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
