//! One direction of a link: delay, rate and queue, and everything that can go wrong.

use crate::rng::Rng;
use osier_core::Ecn;

/// What a link does to datagrams. Rates are probabilities from 0 to 1; the default is a perfect link without delay.
#[derive(Clone, Debug, Default)]
pub struct LinkConfig {
    /// One-way propagation delay.
    pub delay_micros: u64,
    /// Added at random, uniform from 0 to this; order is kept.
    pub jitter_micros: u64,
    /// Independent loss.
    pub loss_rate: f64,
    /// Chance for each datagram to begin a burst of loss (Gilbert).
    pub burst_rate: f64,
    /// Mean length of a burst in datagrams.
    pub burst_length: f64,
    /// Chance to be held back by up to `reorder_micros`, overtaken by what follows.
    pub reorder_rate: f64,
    /// How long at most.
    pub reorder_micros: u64,
    /// Chance to arrive twice.
    pub duplicate_rate: f64,
    /// Chance that a byte is changed.
    pub corrupt_rate: f64,
    /// Bottleneck rate; 0 is unbounded.
    pub bytes_per_second: u64,
    /// Drop-tail queue in front of the bottleneck; 0 is unbounded.
    pub queue_bytes: u64,
    /// ECN-capable datagrams that find more than this in the queue are marked CE; 0 marks none.
    pub mark_above_bytes: u64,
    /// Clears the ECN field of all that passes.
    pub clears_ecn: bool,
    /// Larger datagrams vanish; 0 is unbounded.
    pub mtu_bytes: usize,
    /// Nothing passes.
    pub down: bool,
    /// The sender is told at once of what is too large or finds the link down, as its own kernel or an ICMP message would tell it.
    pub reports_failures: bool,
}

/// A datagram that will arrive.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// When.
    pub at_micros: u64,
    /// The mark that it arrives with.
    pub ecn: Ecn,
    /// What.
    pub datagram: Vec<u8>,
}

/// What a link did so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkCounters {
    /// Datagrams given to the link.
    pub offered: u64,
    /// Their bytes.
    pub offered_bytes: u64,
    /// Lost at random, in bursts, or while the link was down.
    pub lost: u64,
    /// Dropped because the queue was full.
    pub overflowed: u64,
    /// Marked CE.
    pub marked: u64,
    /// Dropped because they were larger than the MTU.
    pub too_large: u64,
}

/// One direction of a link.
#[derive(Clone, Debug, Default)]
pub struct Link {
    /// May be changed at any time.
    pub config: LinkConfig,
    /// Since the start.
    pub counters: LinkCounters,
    busy_until_nanos: u64,
    last_arrival_micros: u64,
    in_burst: bool,
}

impl Link {
    /// A link that has carried nothing.
    pub fn new(config: LinkConfig) -> Self {
        Self { config, ..Self::default() }
    }

    /// Sends one datagram; what will arrive goes to `arrivals`.
    pub fn send(
        &mut self,
        now_micros: u64,
        ecn: Ecn,
        datagram: &[u8],
        rng: &mut Rng,
        arrivals: &mut Vec<Arrival>,
    ) {
        self.counters.offered += 1;
        self.counters.offered_bytes += datagram.len() as u64;
        if self.config.mtu_bytes > 0 && datagram.len() > self.config.mtu_bytes {
            self.counters.too_large += 1;
            return;
        }
        let ecn = self.mark(now_micros, ecn);
        let Some(departure_micros) = self.pass_bottleneck(now_micros, datagram.len() as u64) else {
            self.counters.overflowed += 1;
            return;
        };
        if self.loses(rng) {
            self.counters.lost += 1;
            return;
        }
        let copies = 1 + usize::from(rng.chance(self.config.duplicate_rate));
        for _ in 0..copies {
            let mut datagram = datagram.to_vec();
            self.corrupt(rng, &mut datagram);
            arrivals.push(Arrival { at_micros: self.arrival_micros(departure_micros, rng), ecn, datagram });
        }
    }

    /// When a datagram leaves the bottleneck; `None`: the queue is full.
    pub(crate) fn pass_bottleneck(&mut self, now_micros: u64, len: u64) -> Option<u64> {
        let rate = self.config.bytes_per_second;
        if rate == 0 {
            return Some(now_micros);
        }
        let queued = self.queued_bytes(now_micros);
        let start = self.busy_until_nanos.max(now_micros * 1_000);
        if self.config.queue_bytes > 0 && queued + len > self.config.queue_bytes {
            return None;
        }
        self.busy_until_nanos = start + len * 1_000_000_000 / rate;
        Some(self.busy_until_nanos / 1_000)
    }

    /// Bytes that wait before the bottleneck.
    pub(crate) fn queued_bytes(&self, now_micros: u64) -> u64 {
        let wait_nanos = self.busy_until_nanos.saturating_sub(now_micros * 1_000);
        (u128::from(wait_nanos) * u128::from(self.config.bytes_per_second) / 1_000_000_000) as u64
    }

    fn mark(&mut self, now_micros: u64, ecn: Ecn) -> Ecn {
        let limit = self.config.mark_above_bytes;
        if self.config.clears_ecn {
            return Ecn::NotEct;
        }
        if limit == 0 || ecn == Ecn::NotEct || self.queued_bytes(now_micros) <= limit {
            return ecn;
        }
        self.counters.marked += 1;
        Ecn::Ce
    }

    fn loses(&mut self, rng: &mut Rng) -> bool {
        if self.config.down {
            return true;
        }
        if self.in_burst {
            self.in_burst = !rng.chance(1.0 / self.config.burst_length.max(1.0));
        } else {
            self.in_burst = rng.chance(self.config.burst_rate);
        }
        self.in_burst || rng.chance(self.config.loss_rate)
    }

    fn corrupt(&self, rng: &mut Rng, datagram: &mut [u8]) {
        if rng.chance(self.config.corrupt_rate) && !datagram.is_empty() {
            let position = rng.below(datagram.len() as u64) as usize;
            datagram[position] ^= 1 << rng.below(8);
        }
    }

    fn arrival_micros(&mut self, departure_micros: u64, rng: &mut Rng) -> u64 {
        let jitter = rng.below(self.config.jitter_micros + 1);
        let in_order = (departure_micros + self.config.delay_micros + jitter).max(self.last_arrival_micros);
        if rng.chance(self.config.reorder_rate) {
            return in_order + rng.below(self.config.reorder_micros + 1);
        }
        self.last_arrival_micros = in_order;
        in_order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(config: LinkConfig, datagrams: usize, gap_micros: u64) -> Vec<Arrival> {
        let mut link = Link::new(config);
        let mut rng = Rng::new(3);
        let mut out = Vec::new();
        for index in 0..datagrams {
            link.send(index as u64 * gap_micros, Ecn::Ect0, &[7; 1_000], &mut rng, &mut out);
        }
        out
    }

    #[test]
    fn a_link_without_faults_only_delays() {
        let out = arrivals(LinkConfig { delay_micros: 500, ..LinkConfig::default() }, 10, 1);
        assert_eq!(out.iter().map(|a| a.at_micros).collect::<Vec<_>>(), (500..510).collect::<Vec<_>>());
        assert!(out.iter().all(|a| a.datagram == [7; 1_000]));
    }

    #[test]
    fn jitter_alone_keeps_the_order_and_reordering_breaks_it() {
        let ordered = |out: &[Arrival]| out.windows(2).all(|pair| pair[0].at_micros <= pair[1].at_micros);
        assert!(ordered(&arrivals(LinkConfig { jitter_micros: 900, ..LinkConfig::default() }, 1_000, 10)));
        let reorder = LinkConfig { reorder_rate: 0.1, reorder_micros: 900, ..LinkConfig::default() };
        assert!(!ordered(&arrivals(reorder, 1_000, 10)));
    }

    #[test]
    fn the_bottleneck_spaces_datagrams_and_the_full_queue_drops() {
        let config = LinkConfig { bytes_per_second: 1_000_000, queue_bytes: 10_000, ..LinkConfig::default() };
        let out = arrivals(config, 100, 0);
        assert_eq!(out.len(), 10);
        assert!(out.windows(2).all(|pair| pair[1].at_micros - pair[0].at_micros == 1_000));
    }

    #[test]
    fn what_finds_a_long_queue_is_marked_unless_it_is_not_capable() {
        let config =
            LinkConfig { bytes_per_second: 1_000_000, mark_above_bytes: 3_000, ..LinkConfig::default() };
        let marks = |out: &[Arrival]| out.iter().filter(|arrival| arrival.ecn == Ecn::Ce).count();
        assert_eq!(marks(&arrivals(config.clone(), 10, 0)), 6);
        assert_eq!(marks(&arrivals(config.clone(), 10, 1_000)), 0);
        assert_eq!(marks(&arrivals(LinkConfig { clears_ecn: true, ..config }, 10, 0)), 0);
    }

    #[test]
    fn losses_bursts_duplicates_and_corruption_keep_their_rates() {
        let n = 50_000;
        let lost = n - arrivals(LinkConfig { loss_rate: 0.1, ..LinkConfig::default() }, n, 1).len();
        assert!((4_500..5_500).contains(&lost), "{lost}");
        let bursts = LinkConfig { burst_rate: 0.01, burst_length: 4.0, ..LinkConfig::default() };
        let lost = n - arrivals(bursts, n, 1).len();
        assert!((1_500..2_500).contains(&lost), "{lost}");
        let doubled = arrivals(LinkConfig { duplicate_rate: 0.1, ..LinkConfig::default() }, n, 1).len() - n;
        assert!((4_500..5_500).contains(&doubled), "{doubled}");
        let corrupt = arrivals(LinkConfig { corrupt_rate: 0.1, ..LinkConfig::default() }, n, 1);
        let changed = corrupt.iter().filter(|a| a.datagram != [7; 1_000]).count();
        assert!((4_500..5_500).contains(&changed), "{changed}");
    }

    #[test]
    fn what_is_larger_than_the_mtu_vanishes_and_a_link_that_is_down_carries_nothing() {
        assert!(arrivals(LinkConfig { mtu_bytes: 999, ..LinkConfig::default() }, 5, 1).is_empty());
        assert!(arrivals(LinkConfig { down: true, ..LinkConfig::default() }, 5, 1).is_empty());
    }
}
