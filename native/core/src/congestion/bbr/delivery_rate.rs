//! Delivery-rate samples (draft-ietf-ccwg-bbr §4.1): how fast the path delivered over about the last round trip.

use crate::congestion::{AckSample, SnapshotSerial};
use crate::constants::{BBR_SNAPSHOTS_MAX, BBR_SNAPSHOTS_PER_ROUND_TRIP};
use crate::time::Instant;
use std::collections::VecDeque;

/// What was delivered and lost so far, and what of it was known when packets were sent.
///
/// Packets of one train, and all within a 64th of a round trip, share a snapshot: a packet's record holds only its serial, and the
/// ring is as long as four round trips, whatever the rate. Where a flight lasts longer, its last packets share one. A straggler that is older
/// than the ring gives no sample.
#[derive(Clone, Debug, Default)]
pub(super) struct DeliveryRate {
    delivered: u64,
    lost: u64,
    delivered_at: Instant,
    /// When the packet was sent that was last delivered, or the first one after an idle time.
    first_sent_at: Instant,
    /// Packets sent now are application-limited until more than this is delivered. 0: they are not.
    app_limited_until: u64,
    snapshots: VecDeque<Snapshot>,
    next_serial: u16,
    newest_acked: SnapshotSerial,
    shared_for_micros: u64,
}

/// The state when packets were sent.
#[derive(Clone, Copy, Debug)]
struct Snapshot {
    taken_at: Instant,
    delivered: u64,
    lost: u64,
    delivered_at: Instant,
    first_sent_at: Instant,
    /// In flight after the last of its packets.
    in_flight: u64,
    app_limited: bool,
}

impl Snapshot {
    /// Whether a packet sent at `now` may share it.
    fn fits(&self, now: Instant, app_limited: bool, shared_for_micros: u64) -> bool {
        self.app_limited == app_limited && now.saturating_micros_since(self.taken_at) <= shared_for_micros
    }
}

/// What one acknowledgement, or one loss, says about the path. All zero where the packet's snapshot is gone.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RateSample {
    /// Bytes that this acknowledgement newly acknowledged.
    pub(super) newly_acked: u64,
    /// Bytes a second; 0 where the interval was too short to be believed.
    pub(super) rate: u64,
    /// Bytes delivered since the newest acknowledged packet was sent.
    pub(super) delivered: u64,
    /// Bytes lost since it was sent.
    pub(super) lost: u64,
    /// Bytes delivered when it was sent; none without a snapshot.
    pub(super) prior_delivered: Option<u64>,
    /// Bytes in flight just after it was sent.
    pub(super) sent_in_flight: u64,
    /// The application, not the path, held the rate down.
    pub(super) app_limited: bool,
}

impl DeliveryRate {
    /// Bytes delivered since the start.
    pub(super) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Bytes lost since the start, but for those that came late.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// What the newest acknowledged packet says, but for its rate.
    pub(super) fn newest_sample(&self) -> RateSample {
        self.sample_of(self.newest_acked)
    }

    /// Whether what is sent now is application-limited.
    pub(super) fn is_app_limited(&self) -> bool {
        self.app_limited_until != 0
    }

    /// Nothing more waits to be sent: until all that is in flight and something beyond it is delivered, samples prove no limit of the path.
    pub(super) fn mark_app_limited(&mut self, bytes_in_flight: u64) {
        self.app_limited_until = (self.delivered + bytes_in_flight).max(1);
    }

    /// A packet goes out while `in_flight_before` bytes are in flight.
    pub(super) fn on_sent(&mut self, now: Instant, bytes: u64, in_flight_before: u64) -> SnapshotSerial {
        if in_flight_before == 0 {
            self.first_sent_at = now;
            self.delivered_at = now;
        }
        let in_flight = in_flight_before + bytes;
        let app_limited = self.is_app_limited();
        let must_share = !self.has_room();
        match self.snapshots.back_mut() {
            Some(snapshot)
                if in_flight_before > 0
                    && (must_share || snapshot.fits(now, app_limited, self.shared_for_micros)) =>
            {
                snapshot.in_flight = in_flight;
                snapshot.app_limited |= app_limited;
            }
            _ => self.take_snapshot(now, in_flight),
        }
        SnapshotSerial(self.next_serial.wrapping_sub(1))
    }

    /// The sample of an acknowledgement. Intervals below `min_rtt_micros` are not believed.
    pub(super) fn on_acked(&mut self, ack: &AckSample, min_rtt_micros: Option<u64>) -> RateSample {
        self.delivered += ack.acked_bytes;
        self.delivered_at = ack.now;
        self.newest_acked = ack.newest_snapshot;
        self.shared_for_micros = ack.smoothed_rtt_micros / BBR_SNAPSHOTS_PER_ROUND_TRIP;
        if self.delivered > self.app_limited_until {
            self.app_limited_until = 0;
        }
        let mut sample = self.sample_of(ack.newest_snapshot);
        sample.newly_acked = ack.acked_bytes;
        let Some(snapshot) = self.snapshot(ack.newest_snapshot) else {
            return sample;
        };
        let send_elapsed = ack.newest_sent_at.saturating_micros_since(snapshot.first_sent_at);
        let ack_elapsed = ack.now.saturating_micros_since(snapshot.delivered_at);
        let interval = send_elapsed.max(ack_elapsed);
        if interval > 0 && interval >= min_rtt_micros.unwrap_or(0) {
            let rate = u128::from(sample.delivered) * 1_000_000 / u128::from(interval);
            sample.rate = u64::try_from(rate).unwrap_or(u64::MAX).min(MAX_RATE);
        }
        self.first_sent_at = ack.newest_sent_at;
        sample
    }

    /// A packet was declared lost. What the path looked like from when it was sent until now.
    pub(super) fn on_lost(&mut self, bytes: u64, serial: SnapshotSerial) -> RateSample {
        self.lost += bytes;
        self.sample_of(serial)
    }

    /// A packet that was declared lost has arrived after all.
    pub(super) fn on_late(&mut self, bytes: u64) {
        self.delivered += bytes;
        self.lost = self.lost.saturating_sub(bytes);
    }

    fn sample_of(&self, serial: SnapshotSerial) -> RateSample {
        self.snapshot(serial).map_or_else(RateSample::default, |snapshot| RateSample {
            delivered: self.delivered - snapshot.delivered,
            lost: self.lost.saturating_sub(snapshot.lost),
            prior_delivered: Some(snapshot.delivered),
            sent_in_flight: snapshot.in_flight,
            app_limited: snapshot.app_limited,
            ..RateSample::default()
        })
    }

    fn take_snapshot(&mut self, now: Instant, in_flight: u64) {
        if self.snapshots.len() == BBR_SNAPSHOTS_MAX {
            self.snapshots.pop_front();
        }
        self.snapshots.push_back(Snapshot {
            taken_at: now,
            delivered: self.delivered,
            lost: self.lost,
            delivered_at: self.delivered_at,
            first_sent_at: self.first_sent_at,
            in_flight,
            app_limited: self.is_app_limited(),
        });
        self.next_serial = self.next_serial.wrapping_add(1);
    }

    /// The oldest may make room only once a later packet was acknowledged: however long the flight, its newest packets keep theirs.
    fn has_room(&self) -> bool {
        let oldest = self.next_serial.wrapping_sub(self.snapshots.len() as u16);
        let acked_later = self.newest_acked.0.wrapping_sub(oldest);
        self.snapshots.len() < BBR_SNAPSHOTS_MAX || (1..BBR_SNAPSHOTS_MAX as u16).contains(&acked_later)
    }

    fn snapshot(&self, serial: SnapshotSerial) -> Option<&Snapshot> {
        let newer = usize::from(self.next_serial.wrapping_sub(1).wrapping_sub(serial.0));
        self.snapshots.get(self.snapshots.len().checked_sub(newer + 1)?)
    }
}

/// 1 TB/s: more than any path, and little enough for sums.
const MAX_RATE: u64 = 1_000_000_000_000;
