//! Marking a path's packets, and what its marks do to the window.

use super::loss_event::LossEvent;
use super::PathControl;
use crate::congestion::{CongestionControl, CongestionEvent};
use crate::path::Ecn;
use crate::recovery::AckOutcome;
use crate::time::Instant;
use osier_wire::EcnCounts;

impl PathControl {
    /// The mark of the train that is built next, an MTU probe's included.
    pub(crate) fn begin_train(&mut self) -> Ecn {
        self.ecn.begin_train()
    }

    /// A packet of the present train goes out, in flight or not. True when it is marked.
    pub(crate) fn on_packet_of_train(&mut self) -> bool {
        self.ecn.on_packet_sent()
    }

    /// Takes the counts of the ACK frame that did `outcome`. A mark is a congestion event like a loss, at most once a round trip.
    pub(crate) fn on_marks(&mut self, now: Instant, counts: Option<&EcnCounts>, outcome: &AckOutcome) {
        let is_congested = self.ecn.on_ack(counts, outcome.newly_acked_marked, outcome.is_newest);
        let Some(sent_at) = outcome.newest_sent_at.filter(|_| is_congested) else { return };
        let before = self.recovery_start();
        let bytes_in_flight = self.bytes_in_flight;
        let event = CongestionEvent { now, sent_at, persistent: false, marked: true, bytes_in_flight };
        if self.controller.on_congestion_event(&event) {
            self.loss_event = LossEvent::marked(before);
        } else if self.loss_event.covers(sent_at, before) {
            self.loss_event.mark();
        }
    }
}
