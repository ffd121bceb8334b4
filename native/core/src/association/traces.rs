//! PINGs that may go so far and no farther: the relay at which one ends tells who it is, or the other end acknowledges it.

use crate::time::Instant;
use osier_wire::RouteId;

/// Traces at once; one more replaces the oldest, whose answer is then not told.
const OUTSTANDING_MAX: usize = 64;

/// Who answered a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceAnswer {
    /// As given to [`Engine::trace_hop`](crate::Engine::trace_hop).
    pub token: u32,
    /// From the question to the answer.
    pub rtt_micros: u64,
    /// What the one who answered is known by.
    pub reporter: RouteId,
    /// It is the other end, and has proved it. What a relay says, its neighbours may have made up.
    pub is_far_end: bool,
}

/// Traces of one association, oldest first.
#[derive(Debug, Default)]
pub(super) struct Traces {
    outstanding: Vec<Trace>,
    answers: Vec<TraceAnswer>,
    next_serial: u32,
}

#[derive(Debug)]
struct Trace {
    token: u32,
    ttl: u8,
    serial: u32,
    /// Its packet, and when that went.
    sent: Option<(u64, Instant)>,
}

impl Traces {
    /// Asks whoever is `ttl` hops away.
    pub(super) fn request(&mut self, ttl: u8, token: u32) {
        if self.outstanding.len() == OUTSTANDING_MAX {
            self.outstanding.remove(0);
        }
        self.next_serial = self.next_serial.wrapping_add(1);
        self.outstanding.push(Trace { token, ttl, serial: self.next_serial, sent: None });
    }

    /// Whether [`Traces::next_to_send`] has one.
    pub(super) fn wants_to_send(&self) -> bool {
        self.outstanding.iter().any(|trace| trace.sent.is_none())
    }

    /// The next one to send: its serial, which its packet records, and how far it goes.
    pub(super) fn next_to_send(&self) -> Option<(u32, u8)> {
        let trace = self.outstanding.iter().find(|trace| trace.sent.is_none())?;
        Some((trace.serial, trace.ttl))
    }

    /// It went as this packet.
    pub(super) fn on_sent(&mut self, now: Instant, serial: u32, packet_number: u64) {
        if let Some(trace) = self.outstanding.iter_mut().find(|trace| trace.serial == serial) {
            trace.sent = Some((packet_number, now));
        }
    }

    /// The other end, known by `far`, acknowledged it.
    pub(super) fn on_acknowledged(&mut self, now: Instant, serial: u32, far: RouteId) {
        self.answer(now, far, true, |trace| trace.serial == serial);
    }

    /// A relay says that the packet went no farther. False: it is none of these.
    pub(super) fn on_expired(&mut self, now: Instant, packet_number: u64, reporter: RouteId) -> bool {
        self.answer(now, reporter, false, |trace| {
            trace.sent.is_some_and(|(number, _)| number == packet_number)
        })
    }

    /// The next answer.
    pub(super) fn poll_answer(&mut self) -> Option<TraceAnswer> {
        self.answers.pop()
    }

    fn answer(
        &mut self,
        now: Instant,
        reporter: RouteId,
        is_far_end: bool,
        is_it: impl Fn(&Trace) -> bool,
    ) -> bool {
        let Some(position) = self.outstanding.iter().position(is_it) else { return false };
        let trace = self.outstanding.remove(position);
        let rtt_micros = trace.sent.map_or(0, |(_, at)| now.saturating_micros_since(at));
        self.answers.push(TraceAnswer { token: trace.token, rtt_micros, reporter, is_far_end });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: RouteId = RouteId([9; 8]);
    const RELAY: RouteId = RouteId([3; 8]);

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    #[test]
    fn each_trace_is_answered_once_by_a_relay_or_by_the_other_end() {
        let mut traces = Traces::default();
        traces.request(1, 10);
        traces.request(2, 20);
        for (now, number) in [(100, 7), (200, 8)] {
            let (serial, ttl) = traces.next_to_send().unwrap();
            assert_eq!(u64::from(ttl), number - 6);
            traces.on_sent(at(now), serial, number);
        }
        assert!(!traces.wants_to_send());
        assert!(!traces.on_expired(at(300), 9, RELAY), "not a packet of a trace");
        assert!(traces.on_expired(at(300), 7, RELAY));
        assert!(!traces.on_expired(at(300), 7, RELAY), "told before");
        traces.on_acknowledged(at(500), 2, FAR);
        traces.on_acknowledged(at(500), 2, FAR);
        let answers: Vec<_> = std::iter::from_fn(|| traces.poll_answer()).collect();
        let answer =
            |token, rtt_micros, reporter, is_far_end| TraceAnswer { token, rtt_micros, reporter, is_far_end };
        assert_eq!(answers, [answer(20, 300, FAR, true), answer(10, 200, RELAY, false)]);
    }

    #[test]
    fn of_more_traces_than_are_kept_the_newest_are_answered() {
        let mut traces = Traces::default();
        for token in 0..10 * OUTSTANDING_MAX as u32 {
            traces.request(1, token);
        }
        assert_eq!(traces.outstanding.len(), OUTSTANDING_MAX);
        assert_eq!(traces.outstanding.last().map(|trace| trace.token), Some(10 * OUTSTANDING_MAX as u32 - 1));
    }
}
