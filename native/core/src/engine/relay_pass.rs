//! Relayed packets on their way through: what came as a train leaves as one, at once where nothing is in its way.

use super::relay_receive::Onward;
use super::Engine;
use crate::association::{Transmit, TRAIN_BYTES_MAX};
use crate::constants::RELAY_PASS_PACKETS_MIN;
use crate::path::{Ecn, Path};
use crate::relay::Arrival;
use crate::time::Instant;
use osier_wire::limits::MAX_TTL;
use osier_wire::RouteId;
use std::ops::Range;

/// Sends a train out of the memory that it arrived in.
pub trait PassOn {
    /// Sends all of `train` now; false: nothing of it was sent, and it is to wait for [`Engine::poll_transmit`].
    fn pass_on(&mut self, transmit: &Transmit, train: &[u8]) -> bool;
}

/// The packets of a received train that go on together: they lie back to back.
pub(super) struct Passing {
    ecn: Ecn,
    segment_size: usize,
    run: Option<(Onward, Range<usize>)>,
}

impl Passing {
    pub(super) fn new(ecn: Ecn, segment_size: usize) -> Self {
        Self { ecn, segment_size, run: None }
    }

    /// Has the packet at `range` of the received train go with those before it; false: it does not go with them.
    pub(super) fn take(&mut self, range: Range<usize>, onward: Onward) -> bool {
        match &mut self.run {
            Some((first, run)) if *first == onward && onward.skipped == 0 && run.end == range.start => {
                run.end = range.end;
                true
            }
            _ => false,
        }
    }

    /// Has the packet at `range` be the first of others.
    pub(super) fn begin(&mut self, range: Range<usize>, onward: Onward) {
        self.run = Some((onward, range.start + onward.skipped..range.end));
    }
}

impl Engine {
    /// Passes on, or queues, what goes on together.
    pub(super) fn pass(
        &mut self,
        now: Instant,
        passing: &Passing,
        train: &mut [u8],
        passer: &mut Option<&mut dyn PassOn>,
    ) {
        let Some((onward, range)) = &passing.run else { return };
        let Some(bytes) = train.get_mut(range.clone()) else { return };
        let segment_size = passing.segment_size.min(bytes.len());
        let packets = bytes.len().div_ceil(segment_size.max(1));
        let may_pass = packets >= RELAY_PASS_PACKETS_MIN && !onward.control;
        if let Some(passer) = passer.as_mut().filter(|_| may_pass && self.relaying.queue.lets_pass(now)) {
            let train = passed(passing.ecn, segment_size, bytes.len());
            let sealed = self.send_by(now, onward.next, train, bytes);
            if let Some(transmit) = sealed.filter(|transmit| passer.pass_on(transmit, bytes)) {
                self.relaying.queue.on_passed(now, packets, bytes.len());
                self.count_relayed(&transmit);
                self.count_sent(transmit);
                return;
            }
        }
        let Onward { neighbour, source, next, control, .. } = *onward;
        let arrival = Arrival { neighbour, source, hop: next, ecn: passing.ecn, control };
        self.relaying.queue.push(now, &arrival, segment_size, bytes);
    }

    /// Whether packets wait to be passed on that more would make a longer train of.
    pub fn gathers_train(&self) -> bool {
        (1..TRAIN_BYTES_MAX).contains(&self.relaying.queue.queued_bytes())
    }

    pub(super) fn count_relayed(&mut self, transmit: &Transmit) {
        self.stats.relayed_packets += transmit.len.div_ceil(transmit.segment_size) as u64;
        self.stats.relayed_bytes += transmit.len as u64;
    }
}

/// A train of others' packets, whose path its next hop says.
pub(super) fn passed(ecn: Ecn, segment_size: usize, len: usize) -> Transmit {
    let path = Path::relayed_to(RouteId([0; 8]), None);
    Transmit { path, ecn, segment_size, len, is_answer: false, is_control: false, ttl: MAX_TTL }
}
