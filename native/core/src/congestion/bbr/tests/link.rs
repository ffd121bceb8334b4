//! A sender that always has data (or as much as a test gives it), one bottleneck, a receiver that acknowledges every eighth packet.

use super::*;
use std::collections::VecDeque;

pub(super) struct Link {
    pub(super) bbr: Bbr,
    pub(super) now: u64,
    pub(super) rate: u64,
    pub(super) rtt: u64,
    pub(super) queue_limit: u64,
    /// Every so many packets are lost; 0: none.
    pub(super) lose_every: u64,
    /// Whatever the queue, the round trip when a loss is found shows a long one.
    pub(super) loses_to_a_queue: bool,
    /// Bytes that the application gives a millisecond; `None`: always enough.
    pub(super) app_bytes_per_ms: Option<u64>,
    pub(super) in_flight: u64,
    pub(super) smoothed: u64,
    number: u64,
    link_free_at_nanos: u64,
    allowance: u64,
    app_bytes: u64,
    sent: VecDeque<Sent>,
    limited: bool,
    round_end: u64,
}

struct Sent {
    number: u64,
    sent_at: u64,
    serial: SnapshotSerial,
    /// When its acknowledgement comes; none: it is lost.
    acked_at: Option<u64>,
}

impl Link {
    pub(super) fn new() -> Self {
        Self {
            bbr: Bbr::new(MTU),
            now: 1_000_000,
            rate: RATE,
            rtt: RTT,
            queue_limit: 4 * BDP,
            lose_every: 0,
            loses_to_a_queue: false,
            app_bytes_per_ms: None,
            in_flight: 0,
            smoothed: RTT,
            number: 0,
            link_free_at_nanos: 0,
            allowance: 0,
            app_bytes: 0,
            sent: VecDeque::new(),
            limited: false,
            round_end: 0,
        }
    }

    /// One that is in its steady state, just after Drain.
    pub(super) fn settled() -> Self {
        let mut link = Self::new();
        link.run_until(3_000_000, |bbr| bbr.state.is_probe_bw());
        link
    }

    /// Runs until `done`; panics if that takes more than `micros`. Microseconds that it took.
    pub(super) fn run_until(&mut self, micros: u64, done: impl Fn(&Bbr) -> bool) -> u64 {
        let start = self.now;
        while !done(&self.bbr) {
            assert!(self.now - start <= micros, "still {:?}", self.bbr.state);
            self.step();
        }
        self.now - start
    }

    pub(super) fn run(&mut self, micros: u64) {
        let end = self.now + micros;
        while self.now < end {
            self.step();
        }
    }

    /// Nothing is sent until everything is acknowledged, and for so long afterwards.
    pub(super) fn idle(&mut self, micros: u64) {
        let app = self.app_bytes_per_ms.replace(0);
        self.app_bytes = 0;
        let end = self.now + micros + 2 * self.rtt;
        while self.now < end {
            self.step();
        }
        self.app_bytes_per_ms = app;
    }

    fn step(&mut self) {
        self.now += 1_000;
        self.acknowledge();
        self.send();
    }

    fn send(&mut self) {
        let earned = self.bbr.pacing_rate_bytes_per_second(self.smoothed) / 1_000;
        self.allowance = (self.allowance + earned).min(2 * earned.max(MTU));
        self.app_bytes = self.app_bytes_per_ms.map_or(u64::MAX, |bytes| self.app_bytes.saturating_add(bytes));
        while self.allowance >= MTU && self.app_bytes >= MTU {
            if self.in_flight + MTU > self.bbr.window_bytes() {
                self.limited = true;
                return;
            }
            self.allowance -= MTU;
            self.app_bytes -= MTU;
            self.send_packet();
        }
        if self.app_bytes < MTU {
            self.bbr.on_application_limited(self.in_flight);
        }
    }

    fn send_packet(&mut self) {
        let serial = self.bbr.on_sent(at(self.now), MTU, self.in_flight);
        self.in_flight += MTU;
        self.number += 1;
        let start = self.link_free_at_nanos.max(self.now * 1_000);
        let queued = (start - self.now * 1_000) * self.rate / 1_000_000_000;
        let is_lost =
            queued + MTU > self.queue_limit || (self.lose_every > 0 && self.number % self.lose_every == 0);
        if !is_lost {
            self.link_free_at_nanos = start + MTU * 1_000_000_000 / self.rate;
        }
        let acked_at = (!is_lost).then_some(self.link_free_at_nanos / 1_000 + self.rtt);
        self.sent.push_back(Sent { number: self.number, sent_at: self.now, serial, acked_at });
    }

    /// Takes what has come back: what precedes it and has not is lost.
    fn acknowledge(&mut self) {
        let arrived = |sent: &Sent| sent.acked_at.is_some_and(|acked_at| acked_at <= self.now);
        let Some(newest) = self.sent.iter().rposition(arrived) else { return };
        let mut ack = AckSample { now: at(self.now), ..AckSample::default() };
        let mut newest_lost = None;
        let newest_rtt =
            if self.loses_to_a_queue { 2 * self.rtt } else { self.now - self.sent[newest].sent_at };
        for sent in self.sent.drain(..=newest).collect::<Vec<_>>() {
            self.in_flight -= MTU;
            if sent.acked_at.is_none() {
                let now = at(self.now);
                let lost = LostPacket {
                    now,
                    sent_at: at(sent.sent_at),
                    number: sent.number,
                    previous_number: sent.number.checked_sub(1),
                    bytes: MTU,
                    rtt_micros: newest_rtt,
                    snapshot: sent.serial,
                };
                self.bbr.on_packet_lost(&lost);
                newest_lost = Some(sent.sent_at);
                continue;
            }
            ack.acked_bytes += MTU;
            ack.newest_sent_at = at(sent.sent_at);
            ack.newest_snapshot = sent.serial;
            ack.rtt_micros = Some(self.now - sent.sent_at);
        }
        if let Some(sent_at) = newest_lost {
            let bytes_in_flight = self.in_flight;
            let (now, sent_at) = (at(self.now), at(sent_at));
            self.bbr.on_congestion_event(&CongestionEvent {
                now,
                sent_at,
                bytes_in_flight,
                ..CongestionEvent::default()
            });
        }
        self.smoothed = self.smoothed - self.smoothed / 8 + ack.rtt_micros.unwrap_or(self.smoothed) / 8;
        ack.smoothed_rtt_micros = self.smoothed;
        ack.bytes_in_flight = self.in_flight;
        ack.window_limited = self.limited;
        self.bbr.on_ack(&ack);
        if self.number >= self.round_end {
            self.round_end = self.number + self.in_flight / MTU;
            self.limited = false;
        }
    }
}
