//! How much is lost where no queue stands: to the medium, whatever the rate.

use crate::constants::{BBR_LOSS_THRESHOLD_PERCENT, BBR_LOSS_WITHOUT_QUEUE_PERCENT};

/// Share of loss among what met no queue of late.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RandomLoss {
    delivered: u64,
    lost: u64,
    lost_packets: u32,
}

/// Fewer lost packets are chance.
const LOST_PACKETS_MIN: u32 = 8;
/// Beyond so many bytes what came before counts for half.
const MEMORY_BYTES: u64 = 8 << 20;

impl RandomLoss {
    pub(super) fn on_acked(&mut self, bytes: u64) {
        self.delivered += bytes;
        if self.delivered > MEMORY_BYTES {
            self.delivered /= 2;
            self.lost /= 2;
            self.lost_packets /= 2;
        }
    }

    pub(super) fn on_lost(&mut self, bytes: u64) {
        self.lost += bytes;
        self.lost_packets += 1;
    }

    /// What a lost packet that met a queue counts for, so that the threshold of loss lies as much higher as is lost anyway, up to the one that
    /// holds without a queue.
    pub(super) fn counted_beside_queue(&self, bytes: u64) -> u64 {
        bytes * BBR_LOSS_THRESHOLD_PERCENT / (BBR_LOSS_THRESHOLD_PERCENT + self.percent())
    }

    /// What to send for `rate` to arrive, but for half of what is lost: where a policer loses what exceeds its rate, each round of that halves the excess.
    pub(super) fn made_up_for(&self, rate: u64) -> u64 {
        rate.saturating_add(rate / 200 * self.percent())
    }

    /// 0 while too few were lost to tell.
    fn percent(&self) -> u64 {
        if self.lost_packets < LOST_PACKETS_MIN {
            return 0;
        }
        let percent = self.lost * 100 / (self.lost + self.delivered);
        percent.min(BBR_LOSS_WITHOUT_QUEUE_PERCENT - BBR_LOSS_THRESHOLD_PERCENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: u64 = 1_000;

    #[test]
    fn the_threshold_beside_a_queue_rises_by_what_is_lost_without_one() {
        for (lost_every, threshold) in [(20, 7), (50, 4), (4, 15)] {
            let mut random = RandomLoss::default();
            for number in 0..2_000 {
                if number % lost_every == 0 {
                    random.on_lost(PACKET);
                } else {
                    random.on_acked(PACKET);
                }
            }
            assert_eq!(random.counted_beside_queue(PACKET), 2 * PACKET / threshold, "one of {lost_every}");
        }
    }

    #[test]
    fn half_of_what_is_lost_without_a_queue_is_sent_on_top() {
        let mut random = RandomLoss::default();
        assert_eq!(random.made_up_for(1_000_000), 1_000_000);
        (0..100).for_each(|_| random.on_lost(PACKET));
        random.on_acked(900 * PACKET);
        assert_eq!(random.made_up_for(1_000_000), 1_050_000);
        assert_eq!(random.made_up_for(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_few_lost_packets_are_chance_and_old_ones_are_forgotten() {
        let mut random = RandomLoss::default();
        (1..LOST_PACKETS_MIN).for_each(|_| random.on_lost(PACKET));
        assert_eq!(random.counted_beside_queue(PACKET), PACKET);
        random.on_lost(PACKET);
        assert!(random.counted_beside_queue(PACKET) < PACKET);
        (0..2 * MEMORY_BYTES / PACKET).for_each(|_| random.on_acked(PACKET));
        assert_eq!(random.counted_beside_queue(PACKET), PACKET);
    }
}
