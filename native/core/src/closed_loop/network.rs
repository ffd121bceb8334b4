//! The network between senders and receivers, in virtual time.

use super::flow::Flow;
use crate::path_control::SendPermit;
use crate::recovery::{PacketSent, TimeoutOutcome};
use crate::time::Instant;
use osier_wire::{Frame, Reader};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// One direction with a bottleneck. The way back only delays.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) bits_per_second: u64,
    pub(super) one_way_micros: u64,
    pub(super) queue_bytes: u64,
    pub(super) mtu_bytes: u64,
    /// Lost at random, of a million.
    pub(super) loss_ppm: u64,
    /// Held back at random, of a million, by up to `reorder_micros`.
    pub(super) reorder_ppm: u64,
    pub(super) reorder_micros: u64,
}

impl Link {
    pub(super) fn new(bits_per_second: u64, rtt_micros: u64, queue_bdp_percent: u64) -> Self {
        let bdp = bits_per_second / 8 * rtt_micros / 1_000_000;
        Self {
            bits_per_second,
            one_way_micros: rtt_micros / 2,
            queue_bytes: bdp * queue_bdp_percent / 100,
            mtu_bytes: 1200,
            loss_ppm: 0,
            reorder_ppm: 0,
            reorder_micros: 0,
        }
    }
}

pub(super) struct Network {
    pub(super) now: Instant,
    pub(super) flows: Vec<Flow>,
    pub(super) link: Link,
    /// Timers of the senders fire on multiples of this.
    pub(super) timer_micros: u64,
    busy_until_nanos: u64,
    events: BinaryHeap<Reverse<(Instant, u64, Event)>>,
    event_count: u64,
    random: u64,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Event {
    Arrive { flow: usize, number: u64, chunk: u64 },
    AckDelay { flow: usize },
    Acknowledge { flow: usize, frame: Vec<u8> },
    Wake { flow: usize },
    ReceiverWakes { flow: usize },
}

impl Network {
    pub(super) fn new(link: Link, flows: usize) -> Self {
        let mut network = Self {
            now: Instant::from_micros(1_000_000),
            flows: (0..flows).map(|_| Flow::new(link.mtu_bytes)).collect(),
            link,
            timer_micros: 1_000,
            busy_until_nanos: 0,
            events: BinaryHeap::new(),
            event_count: 0,
            random: 0x9e37_79b9_7f4a_7c15,
        };
        for flow in 0..flows {
            // Not at once: flows in the real world never are.
            network.schedule(network.now.plus_micros(1_700 * flow as u64), Event::Wake { flow });
        }
        network
    }

    /// Runs for `micros` of virtual time.
    pub(super) fn run_micros(&mut self, micros: u64) {
        let end = self.now.plus_micros(micros);
        while self.events.peek().is_some_and(|Reverse((at, ..))| *at <= end) {
            self.step();
        }
        self.now = end;
    }

    /// Runs until every flow's chunks are acknowledged; microseconds that it took.
    pub(super) fn run_to_completion(&mut self, limit_micros: u64) -> Option<u64> {
        let start = self.now;
        while self.flows.iter().any(|flow| flow.unsent > 0 || flow.chunks.acknowledged < flow.chunks.next) {
            if self.now.saturating_micros_since(start) > limit_micros || !self.step() {
                return None;
            }
        }
        Some(self.now.saturating_micros_since(start))
    }

    /// Goodput of each flow over the next `micros`, in bits a second.
    pub(super) fn measure(&mut self, micros: u64) -> Vec<u64> {
        let before: Vec<u64> = self.flows.iter().map(|flow| flow.stats.bytes_delivered).collect();
        self.run_micros(micros);
        let rate =
            |(flow, before): (&Flow, u64)| (flow.stats.bytes_delivered - before) * 8 * 1_000_000 / micros;
        self.flows.iter().zip(before).map(rate).collect()
    }

    /// The receiving process of a flow does not run for so long.
    pub(super) fn put_receiver_to_sleep(&mut self, flow: usize, micros: u64) {
        let until = self.now.plus_micros(micros);
        self.flows[flow].receiver.asleep_until = until;
        self.schedule(until, Event::ReceiverWakes { flow });
    }

    /// The application of a flow that had nothing to send has something again.
    pub(super) fn wake_sender(&mut self, flow: usize) {
        self.send(flow);
    }

    fn step(&mut self) -> bool {
        let Some(Reverse((at, _, event))) = self.events.pop() else {
            return false;
        };
        self.now = self.now.max(at);
        match event {
            Event::Arrive { flow, number, chunk } => self.arrive(flow, number, chunk),
            Event::AckDelay { flow } => self.acknowledge_if_due(flow),
            Event::ReceiverWakes { flow } => {
                for (number, chunk) in std::mem::take(&mut self.flows[flow].receiver.held) {
                    self.arrive(flow, number, chunk);
                }
                self.acknowledge_if_due(flow);
            }
            // A process that wakes reads its socket before it looks at its timers.
            Event::Acknowledge { flow, frame } if self.flows[flow].asleep_until > self.now => {
                self.schedule(self.flows[flow].asleep_until, Event::Acknowledge { flow, frame });
            }
            Event::Acknowledge { flow, frame } => self.take_acknowledgement(flow, &frame),
            Event::Wake { flow } if self.flows[flow].asleep_until > self.now => {
                self.schedule(self.flows[flow].asleep_until.plus_micros(1), Event::Wake { flow });
            }
            Event::Wake { flow } => {
                self.flows[flow].wake_at = Instant::FAR_FUTURE;
                self.wake(flow);
            }
        }
        true
    }

    fn wake(&mut self, index: usize) {
        let flow = &mut self.flows[index];
        match flow.recovery.on_timeout(self.now, &mut flow.path, &mut flow.chunks) {
            TimeoutOutcome::Nothing => (),
            TimeoutOutcome::Lost(packets) => flow.stats.lost += packets,
            TimeoutOutcome::Probe { packets } => flow.stats.probes += u64::from(packets),
        }
        self.send(index);
    }

    fn send(&mut self, index: usize) {
        let mut deadline = None;
        while self.flows[index].has_data() {
            match self.flows[index].path.can_send(self.now, self.link.mtu_bytes) {
                SendPermit::Now(bytes) => {
                    for _ in 0..(bytes / self.link.mtu_bytes).min(64) {
                        self.send_packet(index);
                    }
                }
                SendPermit::BlockedByWindow => break,
                SendPermit::PacedUntil(when) => {
                    deadline = Some(when);
                    break;
                }
            }
        }
        let flow = &self.flows[index];
        let deadline = deadline.into_iter().chain(flow.recovery.deadline(&flow.path)).min();
        if let Some(deadline) = deadline {
            let at = deadline.as_micros().next_multiple_of(self.timer_micros);
            let at = Instant::from_micros(at).max(self.now.plus_micros(1));
            // An earlier one will look again.
            if at < flow.wake_at {
                self.flows[index].wake_at = at;
                self.schedule(at, Event::Wake { flow: index });
            }
        }
    }

    fn send_packet(&mut self, index: usize) {
        let now = self.now;
        let flow = &mut self.flows[index];
        let Some(chunk) = flow.take_chunk() else { return };
        let number = flow.next_number;
        flow.next_number += 1;
        flow.stats.packets_sent += 1;
        let packet = PacketSent {
            number,
            size_bytes: self.link.mtu_bytes as u16,
            ack_eliciting: true,
            in_flight: true,
            mtu_probe: false,
        };
        flow.recovery.on_packet_sent(now, packet, &[chunk], &mut flow.path);

        let now_nanos = now.as_micros() * 1_000;
        let start = self.busy_until_nanos.max(now_nanos);
        let queued = (start - now_nanos) as u128 * u128::from(self.link.bits_per_second) / 8_000_000_000;
        if queued as u64 + self.link.mtu_bytes > self.link.queue_bytes.max(self.link.mtu_bytes)
            || self.chance(self.link.loss_ppm)
        {
            return;
        }
        self.busy_until_nanos = start + self.link.mtu_bytes * 8_000_000_000 / self.link.bits_per_second;
        let mut arrival =
            Instant::from_micros(self.busy_until_nanos / 1_000).plus_micros(self.link.one_way_micros);
        if self.chance(self.link.reorder_ppm) {
            arrival = arrival.plus_micros(1 + self.next_random() % self.link.reorder_micros);
        }
        self.schedule(arrival, Event::Arrive { flow: index, number, chunk });
    }

    fn arrive(&mut self, index: usize, number: u64, chunk: u64) {
        let receiver = &mut self.flows[index].receiver;
        if receiver.asleep_until > self.now {
            receiver.held.push((number, chunk));
            return;
        }
        let is_new = receiver.take(self.now, number, chunk, 2 * self.link.one_way_micros);
        self.flows[index].stats.bytes_delivered += u64::from(is_new) * self.link.mtu_bytes;
        self.acknowledge_if_due(index);
    }

    fn acknowledge_if_due(&mut self, index: usize) {
        let receiver = &mut self.flows[index].receiver;
        if receiver.asleep_until > self.now {
            return;
        }
        if receiver.packets.ack_due(self.now) {
            let frame = receiver.acknowledgement(self.now);
            let at = self.now.plus_micros(self.link.one_way_micros);
            self.schedule(at, Event::Acknowledge { flow: index, frame });
        } else if let Some(deadline) = receiver.packets.deadline() {
            if receiver.looks_at != deadline {
                receiver.looks_at = deadline;
                self.schedule(deadline, Event::AckDelay { flow: index });
            }
        }
    }

    fn take_acknowledgement(&mut self, index: usize, frame: &[u8]) {
        let flow = &mut self.flows[index];
        let Ok(Frame::Ack(ack)) = Frame::decode(&mut Reader::new(frame)) else {
            panic!("receivers send ACK frames only");
        };
        let outcome =
            flow.recovery.on_ack(self.now, ack.delay_micros, ack.ranges(), &mut flow.path, &mut flow.chunks);
        let outcome = outcome.expect("only sent packets are acknowledged");
        flow.stats.spurious += outcome.spurious_losses;
        flow.stats.lost += outcome.lost_packets;
        self.send(index);
    }

    fn schedule(&mut self, at: Instant, event: Event) {
        self.event_count += 1;
        self.events.push(Reverse((at, self.event_count, event)));
    }

    fn chance(&mut self, ppm: u64) -> bool {
        ppm > 0 && self.next_random() % 1_000_000 < ppm
    }

    /// xorshift64*: the same every time.
    fn next_random(&mut self) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }
}
