//! What is under way, what is lost, and what goes out next.

use super::cubic::{Acked, Cubic};
use super::receiver::Acknowledgement;
use std::collections::{BTreeMap, BTreeSet};

const LEAST_TIMEOUT_MICROS: u64 = 200_000;
/// Segments out of order after which reordering is given no more time (RFC 8985 §7.2).
const DUPLICATES: usize = 3;

#[derive(Clone, Copy)]
struct Segment {
    sent_at: u64,
    sent_again: bool,
    is_sacked: bool,
}

/// Proportional rate reduction (RFC 6937).
struct Recovery {
    until: u64,
    flight_before: f64,
    delivered: f64,
    sent: f64,
}

pub(super) struct Sender {
    in_all: u64,
    next: u64,
    unacknowledged: u64,
    segments: BTreeMap<u64, Segment>,
    /// (sent at, number) of those in flight.
    in_flight: BTreeSet<(u64, u64)>,
    lost: BTreeSet<u64>,
    sacked: usize,
    window: Cubic,
    recovery: Option<Recovery>,
    /// After a time-out, until this number is acknowledged.
    repairs_until: u64,
    /// When the last-sent of what has arrived was sent, and its number.
    newest_delivered: (u64, u64),
    smoothed: f64,
    variance: f64,
    least_rtt: u64,
    back_off: u32,
    reordering_deadline: Option<u64>,
    probe_deadline: Option<u64>,
    timeout: Option<u64>,
    probes: u32,
}

impl Sender {
    pub(super) fn new(in_all: u64) -> Self {
        Self {
            in_all,
            next: 0,
            unacknowledged: 0,
            segments: BTreeMap::new(),
            in_flight: BTreeSet::new(),
            lost: BTreeSet::new(),
            sacked: 0,
            window: Cubic::new(),
            recovery: None,
            repairs_until: 0,
            newest_delivered: (0, 0),
            smoothed: 0.0,
            variance: 0.0,
            least_rtt: u64::MAX,
            back_off: 0,
            reordering_deadline: None,
            probe_deadline: None,
            timeout: None,
            probes: 0,
        }
    }

    pub(super) fn segments_in_all(&self) -> u64 {
        self.in_all
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        let start = (self.next == 0).then_some(0);
        [start, self.reordering_deadline, self.probe_deadline, self.timeout].into_iter().flatten().min()
    }

    pub(super) fn on_acknowledgement(&mut self, now: u64, ack: &Acknowledgement) {
        let before = self.unacknowledged;
        let (mut delivered, mut sample) = (0, None);
        for number in before..ack.next {
            match self.segments.remove(&number) {
                Some(segment) if segment.is_sacked => self.sacked -= 1,
                Some(segment) => delivered += self.deliver(now, number, segment, &mut sample),
                None => {}
            }
        }
        self.unacknowledged = before.max(ack.next);
        for &(first, behind) in &ack.blocks {
            for number in first.max(self.unacknowledged)..behind {
                let Some(segment) = self.segments.get_mut(&number).filter(|segment| !segment.is_sacked)
                else {
                    continue;
                };
                segment.is_sacked = true;
                let segment = *segment;
                self.sacked += 1;
                delivered += self.deliver(now, number, segment, &mut sample);
            }
        }
        if let Some(rtt) = sample {
            self.take_rtt(rtt);
        }
        let acked = Acked {
            now,
            segments: self.unacknowledged - before,
            rtt_micros: sample,
            unacknowledged: self.unacknowledged,
            next: self.next,
        };
        self.window.on_sample(&acked);
        self.find_losses(now);
        self.set_window(&acked, delivered);
        if delivered > 0 {
            self.back_off = 0;
            self.probes = 0;
            self.arm(now);
        }
    }

    pub(super) fn on_timer(&mut self, now: u64) {
        if self.reordering_deadline.is_some_and(|at| at <= now) {
            self.reordering_deadline = None;
            self.find_losses(now);
        }
        if self.probe_deadline.is_some_and(|at| at <= now) {
            self.probe_deadline = None;
            self.probes += 1;
            self.probe();
        }
        if self.timeout.is_some_and(|at| at <= now) {
            self.window.collapse();
            self.recovery = None;
            self.repairs_until = self.next;
            let lost: Vec<u64> = self.in_flight.iter().map(|(_, number)| *number).collect();
            self.lost.extend(lost);
            self.in_flight.clear();
            self.back_off = (self.back_off + 1).min(8);
            self.arm(now);
        }
    }

    /// The segment to send now, counted as sent.
    pub(super) fn next_segment(&mut self, now: u64) -> Option<u64> {
        if self.in_flight.len() as f64 + 1.0 > self.window.window.max(1.0) {
            return None;
        }
        let number = match self.lost.first() {
            Some(&number) => number,
            None if self.next < self.in_all => self.next,
            None => return None,
        };
        let sent_again = self.lost.remove(&number);
        self.next = self.next.max(number + 1);
        self.segments.insert(number, Segment { sent_at: now, sent_again, is_sacked: false });
        self.in_flight.insert((now, number));
        if let Some(recovery) = &mut self.recovery {
            recovery.sent += 1.0;
        }
        if self.timeout.is_none() || self.recovery.is_none() && !sent_again {
            self.arm(now);
        }
        Some(number)
    }

    /// One more goes out than the window allows: a new one, or else the last.
    fn probe(&mut self) {
        self.window.window = self.window.window.max(self.in_flight.len() as f64 + 1.0);
        if self.next >= self.in_all {
            if let Some(&(at, number)) = self.in_flight.iter().max_by_key(|(_, number)| *number) {
                self.in_flight.remove(&(at, number));
                self.lost.insert(number);
            }
        }
    }

    /// A segment has arrived. Returns how many that are: one.
    fn deliver(&mut self, now: u64, number: u64, segment: Segment, sample: &mut Option<u64>) -> u64 {
        let Segment { sent_at, sent_again, .. } = segment;
        self.in_flight.remove(&(sent_at, number));
        self.lost.remove(&number);
        let rtt = now - sent_at;
        if !sent_again || rtt >= self.least_rtt {
            self.newest_delivered = self.newest_delivered.max((sent_at, number));
        }
        if !sent_again {
            *sample = Some(rtt);
        }
        1
    }

    fn take_rtt(&mut self, rtt: u64) {
        let sample = rtt as f64;
        self.least_rtt = self.least_rtt.min(rtt);
        if self.smoothed == 0.0 {
            (self.smoothed, self.variance) = (sample, sample / 2.0);
        } else {
            self.variance += ((sample - self.smoothed).abs() - self.variance) / 4.0;
            self.smoothed += (sample - self.smoothed) / 8.0;
        }
    }

    /// RACK: what was sent before something delivered, and some time ago.
    fn find_losses(&mut self, now: u64) {
        let in_order = self.sacked < DUPLICATES && self.recovery.is_none();
        let tolerance = if in_order { self.least_rtt / 4 } else { 0 };
        self.reordering_deadline = None;
        let mut found = false;
        while let Some(&(sent_at, number)) = self.in_flight.first() {
            if (sent_at, number) > self.newest_delivered {
                break;
            }
            let lost_at = sent_at + self.smoothed as u64 + tolerance;
            if tolerance > 0 && now < lost_at {
                self.reordering_deadline = Some(lost_at);
                break;
            }
            self.in_flight.remove(&(sent_at, number));
            self.lost.insert(number);
            found = true;
        }
        if found && self.recovery.is_none() && self.unacknowledged >= self.repairs_until {
            let flight_before = (self.in_flight.len() + self.lost.len()) as f64;
            self.window.cut();
            self.recovery = Some(Recovery { until: self.next, flight_before, delivered: 0.0, sent: 0.0 });
        }
    }

    fn set_window(&mut self, acked: &Acked, delivered: u64) {
        let Some(recovery) = &mut self.recovery else {
            self.window.grow(acked);
            return;
        };
        if self.unacknowledged >= recovery.until {
            self.window.window = self.window.threshold();
            self.recovery = None;
            return;
        }
        let threshold = self.window.threshold();
        let flight = self.in_flight.len() as f64;
        recovery.delivered += delivered as f64;
        let to_send = if flight > threshold {
            (recovery.delivered * threshold / recovery.flight_before).ceil() - recovery.sent
        } else {
            let limit = (recovery.delivered - recovery.sent).max(delivered as f64) + 1.0;
            (threshold - flight).min(limit)
        };
        let least = if recovery.sent == 0.0 { 1.0 } else { 0.0 };
        self.window.window = flight + to_send.max(least);
    }

    fn arm(&mut self, now: u64) {
        (self.probe_deadline, self.timeout) = (None, None);
        if self.in_flight.is_empty() && self.lost.is_empty() {
            return;
        }
        let smoothed = if self.smoothed > 0.0 { self.smoothed } else { 1e6 };
        let timeout =
            (smoothed as u64 + ((4.0 * self.variance) as u64).max(LEAST_TIMEOUT_MICROS)) << self.back_off;
        self.timeout = Some(now + timeout);
        let may_probe =
            self.recovery.is_none() && self.lost.is_empty() && self.probes == 0 && self.smoothed > 0.0;
        let delay =
            if self.in_flight.len() == 1 { 2.0 * self.smoothed + 200_000.0 } else { 2.0 * self.smoothed };
        if may_probe && (delay as u64) < timeout {
            self.probe_deadline = Some(now + delay as u64);
        }
    }
}
