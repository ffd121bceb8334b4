//! One sender, whose packets each carry one frame: their own number.

mod acknowledgement;
mod loss;
mod persistent_congestion;
mod probing;
mod reordering;
mod suspension;

use super::*;
use crate::congestion::CongestionAlgorithm;
use std::ops::RangeInclusive;

const SIZE: u16 = 1_200;
const RTT: u64 = 20_000;

struct Sender {
    recovery: Recovery<u64>,
    path: PathControl,
    fate: Log,
    now: Instant,
    next: u64,
}

#[derive(Default, Debug)]
struct Log {
    acknowledged: Vec<u64>,
    /// Told to go into a new packet, because they were lost or a probe may carry them.
    lost: Vec<u64>,
    /// Told lost after they were told probed.
    lost_after_probe: Vec<u64>,
}

impl FrameFate<u64> for Log {
    fn acknowledged(&mut self, frame: &u64) {
        self.acknowledged.push(*frame);
    }

    fn probed(&mut self, frame: &u64) {
        self.lost.push(*frame);
    }

    fn lost(&mut self, frame: &u64, was_probed: bool) {
        if was_probed { &mut self.lost_after_probe } else { &mut self.lost }.push(*frame);
    }
}

impl Sender {
    fn new() -> Self {
        Self {
            recovery: Recovery::new(0),
            path: PathControl::new(0, usize::from(SIZE), CongestionAlgorithm::Cubic),
            fate: Log::default(),
            now: Instant::from_micros(1_000_000),
            next: 0,
        }
    }

    /// One whose path has been measured: `RTT` without variance, largest acknowledged packet 0.
    fn measured() -> Self {
        let mut sender = Self::new();
        sender.send(1);
        sender.wait(RTT);
        sender.acknowledge(&[0..=0]);
        (0..200).for_each(|_| sender.path.rtt.update(RTT, 0));
        sender.fate = Log::default();
        sender
    }

    fn wait(&mut self, micros: u64) {
        self.now = self.now.plus_micros(micros);
    }

    fn send(&mut self, packets: u64) {
        (0..packets).for_each(|_| self.send_one(|_| ()));
    }

    fn send_acknowledgements(&mut self, packets: u64) {
        (0..packets).for_each(|_| {
            self.send_one(|packet| {
                packet.ack_eliciting = false;
                packet.in_flight = false;
            });
        });
    }

    fn send_one(&mut self, change: impl FnOnce(&mut PacketSent)) {
        let mut packet = PacketSent {
            number: self.next,
            size_bytes: SIZE,
            ack_eliciting: true,
            in_flight: true,
            mtu_probe: false,
        };
        change(&mut packet);
        self.recovery.on_packet_sent(self.now, packet, &[packet.number], &mut self.path);
        self.next = packet.number + 1;
    }

    /// `ranges` descend.
    fn acknowledge(&mut self, ranges: &[RangeInclusive<u64>]) -> AckOutcome {
        self.try_acknowledge(ranges).expect("of packets that were sent")
    }

    fn try_acknowledge(&mut self, ranges: &[RangeInclusive<u64>]) -> Result<AckOutcome, AckOfUnsent> {
        self.recovery.on_ack(self.now, 0, ranges.iter().cloned(), &mut self.path, &mut self.fate)
    }

    /// Waits for the deadline and takes it.
    fn time_out(&mut self) -> TimeoutOutcome {
        self.now = self.recovery.deadline(&self.path).expect("something is awaited");
        self.recovery.on_timeout(self.now, &mut self.path, &mut self.fate)
    }

    fn micros_to_deadline(&self) -> Option<u64> {
        let deadline = self.recovery.deadline(&self.path)?;
        Some(deadline.saturating_micros_since(self.now))
    }
}
