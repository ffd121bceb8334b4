//! Which packets are lost (RFC 9002 §6.1), with thresholds that learn from reordering (after RFC 8985), and whether nothing got through
//! for long (RFC 9002 §7.6).

use crate::constants::{
    PACKET_THRESHOLD, PACKET_THRESHOLD_MAX, PERSISTENT_CONGESTION_MIN_MICROS, PERSISTENT_CONGESTION_PTOS,
    REORDERING_MEMORY_EVENTS, TIMER_GRANULARITY_MICROS, TIME_THRESHOLD_EIGHTHS, TIME_THRESHOLD_EIGHTHS_MAX,
};
use crate::path_control::{PathControl, PathLost};
use crate::recovery::FrameFate;
use crate::rtt::RttEstimator;
use crate::sent_packets::{PacketState, SentPackets, SentRecord};
use crate::time::Instant;

/// Finds lost packets in the order of their numbers.
///
/// Both thresholds are monotonic in the packet number, so what lies below `undecided` never has to be looked at again:
/// detection costs what it finds.
#[derive(Debug)]
pub(crate) struct LossDetector {
    undecided: u64,
    loss_time: Option<Instant>,
    tolerance: ReorderingTolerance,
    run: LossRun,
}

/// What one detection found.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Losses {
    pub(crate) packets: u64,
    pub(crate) ack_eliciting: u64,
    pub(crate) mtu_probe_bytes: Option<u16>,
    /// They began a new recovery period on the path.
    pub(crate) began_recovery: bool,
}

impl LossDetector {
    pub(crate) const fn new(first_number: u64) -> Self {
        Self {
            undecided: first_number,
            loss_time: None,
            tolerance: ReorderingTolerance::new(),
            run: LossRun::new(),
        }
    }

    /// When the next packet will be lost by time, if nothing is acknowledged before.
    pub(crate) fn loss_time(&self) -> Option<Instant> {
        self.loss_time
    }

    /// Lowest number that is neither acknowledged nor declared lost, or lower.
    pub(crate) fn undecided(&self) -> u64 {
        self.undecided
    }

    /// Declares lost what `largest_acked` and the time prove lost, and tells the frames' fate.
    pub(crate) fn detect<F: Copy>(
        &mut self,
        now: Instant,
        largest_acked: u64,
        sent: &mut SentPackets<F>,
        path: &mut PathControl,
        fate: &mut impl FrameFate<F>,
    ) -> Losses {
        let delay_micros = self.tolerance.delay_micros(&path.rtt);
        let mut losses = Losses::default();
        let mut on_path = PathLost::default();
        self.loss_time = None;
        while let Some(number) = sent.next_unacknowledged(self.undecided, largest_acked) {
            self.run.pass_skipped(sent);
            let Some(record) = sent.get_mut(number) else { break };
            if record.in_flight {
                let lost_at = record.sent_at.plus_micros(delay_micros);
                if largest_acked - number < self.tolerance.packets && now < lost_at {
                    self.loss_time = Some(lost_at);
                    break;
                }
                record.state = PacketState::Lost;
                let record = *record;
                losses.count(&record);
                if record.path == path.tag() {
                    let numbers = (sent.previous_in_flight(number), number);
                    path.count_lost(now, numbers, &record, &mut on_path);
                    on_path.persistent |= self.run.on_lost(number, &record, path);
                }
                sent.frames_of(&record).for_each(|frame| fate.lost(frame, record.handed_over));
            }
            self.run.pass(number);
            self.undecided = number + 1;
        }
        if self.loss_time.is_none() {
            self.undecided = self.undecided.max(largest_acked + 1);
        }
        losses.began_recovery = path.on_lost(now, on_path);
        if losses.began_recovery {
            self.tolerance.on_loss_event();
        }
        losses
    }

    /// A packet declared lost was acknowledged. `largest_acked_before` is what was known when it arrived.
    pub(crate) fn on_spurious(
        &mut self,
        now: Instant,
        number: u64,
        record: &SentRecord,
        largest_acked_before: u64,
        rtt: &RttEstimator,
    ) {
        self.run = LossRun::new();
        let distance = largest_acked_before.saturating_sub(number);
        self.tolerance.on_reordering(distance, now.saturating_micros_since(record.sent_at), rtt);
    }
}

impl Losses {
    fn count(&mut self, record: &SentRecord) {
        self.packets += u64::from(!record.mtu_probe);
        self.ack_eliciting += u64::from(record.ack_eliciting);
        if record.mtu_probe {
            self.mtu_probe_bytes = Some(record.size_bytes);
        }
    }
}

/// How much reordering is not loss. It grows with every packet that was declared lost and came late, and falls back after
/// a while without.
#[derive(Debug)]
struct ReorderingTolerance {
    packets: u64,
    time_eighths: u64,
    quiet_events: u32,
}

impl ReorderingTolerance {
    const fn new() -> Self {
        Self { packets: PACKET_THRESHOLD, time_eighths: TIME_THRESHOLD_EIGHTHS, quiet_events: 0 }
    }

    /// RFC 9002 §6.1.2.
    fn delay_micros(&self, rtt: &RttEstimator) -> u64 {
        (longest_micros(rtt) * self.time_eighths / 8).max(TIMER_GRANULARITY_MICROS)
    }

    fn on_reordering(&mut self, distance: u64, age_micros: u64, rtt: &RttEstimator) {
        self.quiet_events = 0;
        self.packets = self.packets.max(distance + 1).min(PACKET_THRESHOLD_MAX);
        let needed = age_micros * 8 / longest_micros(rtt) + 1;
        self.time_eighths = self.time_eighths.max(needed).min(TIME_THRESHOLD_EIGHTHS_MAX);
    }

    fn on_loss_event(&mut self) {
        self.quiet_events += 1;
        if self.quiet_events > REORDERING_MEMORY_EVENTS {
            *self = Self::new();
        }
    }
}

fn longest_micros(rtt: &RttEstimator) -> u64 {
    rtt.smoothed_micros().max(rtt.latest_micros())
}

/// Lost packets one after the other, without an acknowledged one between them.
#[derive(Debug)]
struct LossRun {
    next_number: u64,
    began_at: Option<Instant>,
}

impl LossRun {
    const fn new() -> Self {
        Self { next_number: 0, began_at: None }
    }

    /// True when the run has become persistent congestion.
    fn on_lost(&mut self, number: u64, record: &SentRecord, path: &PathControl) -> bool {
        if !record.ack_eliciting || record.mtu_probe || !path.was_measured_before(record.sent_at) {
            return false;
        }
        match self.began_at {
            Some(began_at) if number == self.next_number => {
                let is_persistent =
                    record.sent_at.saturating_micros_since(began_at) > persistent_micros(&path.rtt);
                if is_persistent {
                    self.began_at = None;
                }
                is_persistent
            }
            _ => {
                self.began_at = Some(record.sent_at);
                self.next_number = number;
                false
            }
        }
    }

    /// A number that was never used got through as little as those beside it.
    fn pass_skipped<F: Copy>(&mut self, sent: &SentPackets<F>) {
        while sent.is_skipped(self.next_number) {
            self.next_number += 1;
        }
    }

    /// `number` was not acknowledged: a run that reached it goes on.
    fn pass(&mut self, number: u64) {
        if number == self.next_number {
            self.next_number = number + 1;
        }
    }
}

fn persistent_micros(rtt: &RttEstimator) -> u64 {
    (rtt.pto_micros() * PERSISTENT_CONGESTION_PTOS).max(PERSISTENT_CONGESTION_MIN_MICROS)
}
