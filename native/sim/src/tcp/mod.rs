//! A model of a TCP connection as Linux runs it, one way: RFC 9438 with HyStart, first window of ten segments, SACK with RACK and tail probes (RFC 8985),
//! PRR (RFC 6937), delayed acknowledgements, no pacing. It stands beside the engines' flows, and for itself as what they are compared with.
//!
//! It has no handshake, no receive window, and does not undo spurious recoveries.

mod cubic;
mod receiver;
mod sender;

use crate::link::Link;
use crate::rng::Rng;
use receiver::{Acknowledgement, Receiver};
use sender::Sender;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Bytes of a segment on the wire, counted as those of the engines' datagrams are: without IP and UDP headers, of 28 bytes.
pub const SEGMENT_WIRE_BYTES: u64 = 1_472;
/// Payload of a segment of 1,500 bytes with timestamps.
pub const SEGMENT_BYTES: u64 = 1_448;

/// What lies between both ends beside the bottleneck.
#[derive(Clone, Copy, Debug)]
pub struct TcpPath {
    /// Each way.
    pub delay_micros: u64,
    /// Independent, each way.
    pub loss_rate: f64,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Segment(u64),
    Acknowledgement(Acknowledgement),
}

/// One connection that sends.
pub struct TcpFlow {
    path: TcpPath,
    sender: Sender,
    receiver: Receiver,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    event_count: u64,
}

impl TcpFlow {
    /// Sends `bytes` from the first call of [`TcpFlow::advance`] on.
    pub fn new(path: TcpPath, bytes: u64) -> Self {
        Self {
            path,
            sender: Sender::new(bytes.div_ceil(SEGMENT_BYTES)),
            receiver: Receiver::default(),
            events: BinaryHeap::new(),
            event_count: 0,
        }
    }

    /// Payload that has arrived in order.
    pub fn read_bytes(&self) -> u64 {
        self.receiver.in_order() * SEGMENT_BYTES
    }

    /// Whether all of it has.
    pub fn is_complete(&self) -> bool {
        self.receiver.in_order() == self.sender.segments_in_all()
    }

    /// When [`TcpFlow::advance`] is due.
    pub fn next_micros(&self) -> Option<u64> {
        let event = self.events.peek().map(|Reverse((at, ..))| *at);
        let timers = [self.sender.deadline(), self.receiver.deadline()];
        timers.into_iter().flatten().chain(event).min()
    }

    /// Does all that is due by `now`; what it sends passes `bottleneck`.
    pub fn advance(&mut self, now: u64, bottleneck: &mut Link, rng: &mut Rng) {
        while self.events.peek().is_some_and(|Reverse((at, ..))| *at <= now) {
            let Some(Reverse((at, _, event))) = self.events.pop() else { break };
            match event {
                Event::Segment(number) => {
                    if let Some(acknowledgement) = self.receiver.take(at, number) {
                        self.acknowledge(at, acknowledgement, rng);
                    }
                }
                Event::Acknowledgement(acknowledgement) => {
                    self.sender.on_acknowledgement(at, &acknowledgement)
                }
            }
        }
        if let Some(acknowledgement) = self.receiver.on_timer(now) {
            self.acknowledge(now, acknowledgement, rng);
        }
        self.sender.on_timer(now);
        while let Some(number) = self.sender.next_segment(now) {
            let Some(departure) = bottleneck.pass_bottleneck(now, SEGMENT_WIRE_BYTES) else { continue };
            if !rng.chance(self.path.loss_rate) {
                self.schedule(departure + self.path.delay_micros, Event::Segment(number));
            }
        }
    }

    fn acknowledge(&mut self, now: u64, acknowledgement: Acknowledgement, rng: &mut Rng) {
        if !rng.chance(self.path.loss_rate) {
            self.schedule(now + self.path.delay_micros, Event::Acknowledgement(acknowledgement));
        }
    }

    fn schedule(&mut self, at: u64, event: Event) {
        self.event_count += 1;
        self.events.push(Reverse((at, self.event_count, event)));
    }
}
