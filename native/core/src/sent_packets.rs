//! The packets that were sent and whose fate still matters, by packet number.

use crate::congestion::SnapshotSerial;
use crate::constants::SKIPPED_NUMBERS_KEPT;
use crate::time::Instant;
use std::collections::VecDeque;

#[cfg(test)]
mod tests;

/// A ring of packets, a ring of their frames, and a bitmap of what is not acknowledged.
///
/// An ACK frame repeats ranges that are long settled; the bitmap lets them be passed over 64 packets at a step, so that taking
/// an acknowledgement costs what is new in it. Once the rings have grown to a path's flight, nothing is allocated.
#[derive(Debug)]
pub(crate) struct SentPackets<F> {
    first_number: u64,
    records: VecDeque<SentRecord>,
    unacknowledged: VecDeque<u64>,
    frames: VecDeque<F>,
    first_frame: u32,
    /// Numbers among the records that were never used, and the last few before those: few, if any.
    skipped: VecDeque<u64>,
    /// Words of the bitmap looked at.
    #[cfg(test)]
    steps: std::cell::Cell<usize>,
}

/// A packet as it was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PacketSent {
    /// Packet number; higher than all before.
    pub(crate) number: u64,
    /// UDP payload, header and tag included.
    pub(crate) size_bytes: u16,
    /// Holds a frame other than ACK, PADDING and CLOSE.
    pub(crate) ack_eliciting: bool,
    /// Ack-eliciting, or padded: counts against the congestion window.
    pub(crate) in_flight: bool,
    /// Probes for a larger MTU: its loss says nothing about congestion (RFC 8899 §3).
    pub(crate) mtu_probe: bool,
}

/// One packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SentRecord {
    pub(crate) sent_at: Instant,
    /// Position of its first frame, modulo 2^32.
    frames_start: u32,
    frame_count: u8,
    pub(crate) size_bytes: u16,
    /// What the congestion controller remembers of when it was sent.
    pub(crate) snapshot: SnapshotSerial,
    /// Tag of the path that it was sent on.
    pub(crate) path: u8,
    pub(crate) state: PacketState,
    pub(crate) ack_eliciting: bool,
    pub(crate) in_flight: bool,
    pub(crate) mtu_probe: bool,
    /// Marked ECT(0).
    pub(crate) marked: bool,
    /// Its frames were told probed: what may be repeated of them goes into another packet.
    pub(crate) handed_over: bool,
}

const _: () = assert!(size_of::<SentRecord>() == 24, "a flight of 25 Gbit/s over 100 ms is 2^18 of these");

/// ```text
///   Outstanding ---> Acknowledged
///        |                ^
///        +-----> Lost ----+  (it was late)
///
///   Skipped
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PacketState {
    Outstanding,
    Acknowledged,
    Lost,
    /// The number was never used.
    Skipped,
}

impl<F: Copy> SentPackets<F> {
    pub(crate) const fn new(first_number: u64) -> Self {
        Self {
            first_number,
            records: VecDeque::new(),
            unacknowledged: VecDeque::new(),
            frames: VecDeque::new(),
            first_frame: 0,
            skipped: VecDeque::new(),
            #[cfg(test)]
            steps: std::cell::Cell::new(0),
        }
    }

    /// Oldest number recorded; all below it are settled.
    pub(crate) fn first_number(&self) -> u64 {
        self.first_number
    }

    /// One above the highest number sent.
    pub(crate) fn next_number(&self) -> u64 {
        self.first_number + self.records.len() as u64
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Records a packet. Numbers passed over are recorded as skipped; a number that is not new is not recorded.
    pub(crate) fn push(
        &mut self,
        now: Instant,
        packet: PacketSent,
        path: u8,
        snapshot: SnapshotSerial,
        frames: &[F],
    ) {
        let number = packet.number;
        if number < self.next_number() {
            debug_assert!(false, "packet numbers ascend");
            return;
        }
        if self.records.is_empty() {
            let kept = SKIPPED_NUMBERS_KEPT as u64;
            self.skipped.extend(self.next_number().max(number.saturating_sub(kept))..number);
            self.first_number = number;
            self.unacknowledged.clear();
        }
        let record = SentRecord {
            sent_at: now,
            frames_start: self.first_frame.wrapping_add(self.frames.len() as u32),
            frame_count: frames.len() as u8,
            size_bytes: packet.size_bytes,
            snapshot,
            path,
            state: PacketState::Outstanding,
            ack_eliciting: packet.ack_eliciting,
            in_flight: packet.in_flight,
            mtu_probe: packet.mtu_probe,
            marked: false,
            handed_over: false,
        };
        while self.next_number() < number {
            self.skipped.push_back(self.next_number());
            self.push_record(SentRecord { state: PacketState::Skipped, frame_count: 0, ..record });
        }
        self.frames.extend(frames);
        self.push_record(record);
    }

    /// The newest packet was marked.
    pub(crate) fn mark_newest(&mut self) {
        if let Some(record) = self.records.back_mut() {
            record.marked = true;
        }
    }

    pub(crate) fn get(&self, number: u64) -> Option<&SentRecord> {
        let index = number.checked_sub(self.first_number)?;
        self.records.get(usize::try_from(index).ok()?)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut SentRecord> {
        let index = number.checked_sub(self.first_number)?;
        self.records.get_mut(usize::try_from(index).ok()?)
    }

    /// Marks a packet as acknowledged.
    pub(crate) fn acknowledge(&mut self, number: u64) {
        if let Some(record) = self.get_mut(number) {
            record.state = PacketState::Acknowledged;
            let (word, bit) = self.place(number);
            self.unacknowledged[word] &= !bit;
        }
    }

    /// First number from `from` to `last` (both included) that was not acknowledged, lost ones among them.
    pub(crate) fn next_unacknowledged(&self, from: u64, last: u64) -> Option<u64> {
        let last = last.min(self.next_number().checked_sub(1)?);
        let from = from.max(self.first_number);
        if from > last {
            return None;
        }
        let base = self.first_number / 64;
        let mut word_number = from / 64;
        let mut word = self.unacknowledged[(word_number - base) as usize] & (u64::MAX << (from % 64));
        while word == 0 {
            word_number += 1;
            if word_number > last / 64 {
                return None;
            }
            word = self.unacknowledged[(word_number - base) as usize];
            #[cfg(test)]
            self.steps.set(self.steps.get() + 1);
        }
        Some(word_number * 64 + u64::from(word.trailing_zeros())).filter(|&number| number <= last)
    }

    /// The last packet in flight before `number`, if it is still recorded.
    pub(crate) fn previous_in_flight(&self, number: u64) -> Option<u64> {
        let is_in_flight = |record: &SentRecord| record.in_flight && record.state != PacketState::Skipped;
        let mut previous = number.checked_sub(1)?;
        while !is_in_flight(self.get(previous)?) {
            previous = previous.checked_sub(1)?;
        }
        Some(previous)
    }

    /// Whether `number` is recorded as never used.
    pub(crate) fn is_skipped(&self, number: u64) -> bool {
        self.get(number).is_some_and(|record| record.state == PacketState::Skipped)
    }

    /// A number from `from` to `last` that was never used.
    pub(crate) fn skipped_in(&self, from: u64, last: u64) -> Option<u64> {
        let not_below = self.skipped.iter().rev().take_while(|number| **number >= from);
        not_below.copied().find(|number| *number <= last)
    }

    /// The frames of a packet.
    pub(crate) fn frames_of(&self, record: &SentRecord) -> impl Iterator<Item = &F> + '_ {
        let start = record.frames_start.wrapping_sub(self.first_frame) as usize;
        let end = start + usize::from(record.frame_count);
        self.frames.range(start.min(self.frames.len())..end.min(self.frames.len()))
    }

    /// Forgets packets from the oldest on, as long as `settled` says so of (number, packet).
    pub(crate) fn forget_while(&mut self, settled: impl Fn(u64, &SentRecord) -> bool) {
        while let Some(record) = self.records.front() {
            if !settled(self.first_number, record) {
                break;
            }
            let frame_count = record.frame_count;
            self.frames.drain(..usize::from(frame_count));
            self.first_frame = self.first_frame.wrapping_add(u32::from(frame_count));
            self.records.pop_front();
            self.first_number += 1;
            if self.first_number % 64 == 0 {
                self.unacknowledged.pop_front();
            }
        }
        while self.skipped.len() > SKIPPED_NUMBERS_KEPT && self.skipped[0] < self.first_number {
            self.skipped.pop_front();
        }
    }

    /// Words of the bitmap looked at so far.
    #[cfg(test)]
    pub(crate) fn steps(&self) -> usize {
        self.steps.get()
    }

    /// Gives unused capacity back.
    pub(crate) fn shrink(&mut self) {
        self.records.shrink_to_fit();
        self.unacknowledged.shrink_to_fit();
        self.frames.shrink_to_fit();
    }

    fn push_record(&mut self, record: SentRecord) {
        let number = self.next_number();
        let (word, bit) = self.place(number);
        if word >= self.unacknowledged.len() {
            self.unacknowledged.push_back(0);
        }
        if record.state != PacketState::Skipped {
            self.unacknowledged[word] |= bit;
        }
        self.records.push_back(record);
    }

    fn place(&self, number: u64) -> (usize, u64) {
        ((number / 64 - self.first_number / 64) as usize, 1 << (number % 64))
    }
}
