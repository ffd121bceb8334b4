//! Which packets arrived, what of it the other end was told, and what to tell it next (RFC 9000 §13.2).

use osier_wire::{encode_ack, EcnCounts, Writer};

use crate::ack_schedule::AckSchedule;
use crate::constants::RECEIVED_RANGES_KEPT;
use crate::path::Ecn;
use crate::range_set::RangeSet;
use crate::Instant;

/// The receiving side of one packet-number space.
///
/// It forgets: what the other end knows to be acknowledged, and the oldest ranges beyond a bound. What is forgotten is
/// never acknowledged again, so the sender at worst repeats data. It is no protection against replay; that is
/// [`ReplayWindow`](crate::replay_window::ReplayWindow)'s part, and each number comes here once.
pub(crate) struct ReceivedPackets {
    ranges: RangeSet,
    largest: Option<Largest>,
    /// Totals since the start, of every packet.
    ecn: EcnCounts,
    /// A packet arrived since the last acknowledgement was written.
    news: bool,
    /// One arrived below the largest since then.
    late_news: bool,
    schedule: AckSchedule,
}

#[derive(Clone, Copy)]
struct Largest {
    number: u64,
    arrived_at: Instant,
}

impl ReceivedPackets {
    /// Nothing received; allocates nothing.
    pub(crate) const fn new() -> Self {
        Self {
            ranges: RangeSet::new(),
            largest: None,
            ecn: EcnCounts { ect0: 0, ect1: 0, ce: 0 },
            news: false,
            late_news: false,
            schedule: AckSchedule::new(),
        }
    }

    /// Packet `number` arrived, was authentic and not a replay. `rtt_micros` is the smoothed round trip of its path, 0 while unknown.
    pub(crate) fn on_packet(
        &mut self,
        now: Instant,
        number: u64,
        ack_eliciting: bool,
        ecn: Ecn,
        rtt_micros: u64,
    ) {
        if self.ranges.insert(number..number.saturating_add(1)) == 0 {
            return;
        }
        if self.ranges.len() > RECEIVED_RANGES_KEPT {
            self.ranges.pop_front_up_to(u64::MAX);
        }
        self.news = true;
        self.count(ecn);
        let place = self.place_of(number);
        if place == Place::BelowLargest {
            self.late_news = true;
        } else {
            self.largest = Some(Largest { number, arrived_at: now });
        }
        if ack_eliciting {
            self.schedule.on_ack_eliciting(now, rtt_micros);
        }
        let out_of_order = ack_eliciting && (place == Place::BelowLargest || ecn == Ecn::Ce);
        if place == Place::AboveHole || out_of_order {
            self.schedule.on_urgent_news();
        }
    }

    /// The other end asked for an acknowledgement without delay, by the packet that is being taken in.
    pub(crate) fn acknowledge_now(&mut self) {
        self.schedule.on_urgent_news();
    }

    /// Whether an acknowledgement has to be sent now, in a packet of its own if need be.
    pub(crate) fn ack_due(&self, now: Instant) -> bool {
        self.schedule.is_due(now)
    }

    /// Whether an acknowledgement would tell anything new, so that a packet that goes out anyway should carry one. Telling
    /// of packets that asked for none lets the other end forget what it acknowledged in them.
    pub(crate) fn has_something_to_ack(&self) -> bool {
        self.news
    }

    /// When [`ReceivedPackets::ack_due`] becomes true if nothing else arrives.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.schedule.deadline()
    }

    /// Writes an ACK or ACK_ECN frame of at most `room_limit` bytes, newest ranges first, and counts it as sent. Returns the
    /// largest number acknowledged; None, and nothing is written, when there is nothing to acknowledge or no room.
    pub(crate) fn write_ack(&mut self, now: Instant, w: &mut Writer<'_>, room_limit: usize) -> Option<u64> {
        let written = self.write_ack_copy(now, w, room_limit);
        if written.is_some() || self.ranges.is_empty() {
            self.on_told();
        }
        written
    }

    /// Like [`ReceivedPackets::write_ack`], but does not count as sent: for a packet that may well not arrive.
    pub(crate) fn write_ack_copy(&self, now: Instant, w: &mut Writer<'_>, room_limit: usize) -> Option<u64> {
        let newest = self.ranges.last().map(|range| range.end - 1)?;
        let delay_micros = match self.largest {
            Some(largest) if largest.number == newest => now.saturating_micros_since(largest.arrived_at),
            // A late packet after its successors were forgotten. It is acknowledged at once, so it did not wait.
            _ => 0,
        };
        let ranges = self.ranges.iter_rev().map(|range| range.start..=range.end - 1);
        let ecn = (self.ecn != EcnCounts::default()).then_some(self.ecn);

        let start = w.position();
        let mut frame = Writer::new(w.take_mut(w.room().min(room_limit)).ok()?);
        let written = encode_ack(&mut frame, delay_micros, ranges, ecn);
        let length = frame.position();
        w.rewind(start + length);
        written.ok()?;
        Some(newest)
    }

    /// The other end acknowledged a packet that carried an acknowledgement up to `largest_acked`: it knows of all up to there,
    /// and need not be told again (RFC 9000 §13.2.4). While a late packet waits to be told nothing is forgotten, as it may lie
    /// below without having been in that acknowledgement.
    pub(crate) fn on_ack_acknowledged(&mut self, largest_acked: u64) {
        if !self.late_news {
            self.ranges.remove(0..largest_acked.saturating_add(1));
        }
    }

    /// What was told may not have arrived: the next packet tells it again.
    pub(crate) fn tell_again(&mut self) {
        self.news = !self.ranges.is_empty();
    }

    fn on_told(&mut self) {
        self.news = false;
        self.late_news = false;
        self.schedule.on_sent();
    }

    fn place_of(&self, number: u64) -> Place {
        match self.largest {
            Some(largest) if number < largest.number => Place::BelowLargest,
            Some(largest) if number > largest.number + 1 => Place::AboveHole,
            _ => Place::NextInOrder,
        }
    }

    fn count(&mut self, ecn: Ecn) {
        match ecn {
            Ecn::NotEct => {}
            Ecn::Ect0 => self.ecn.ect0 += 1,
            Ecn::Ect1 => self.ecn.ect1 += 1,
            Ecn::Ce => self.ecn.ce += 1,
        }
    }
}

/// Where a number lies, seen from the largest before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    BelowLargest,
    NextInOrder,
    /// Numbers between are missing that were not missing before.
    AboveHole,
}

#[cfg(test)]
mod tests;
