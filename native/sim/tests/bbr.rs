//! What BBR promises, beside CUBIC: it fills long paths, stands random loss, keeps queues short and shares.
#![allow(clippy::unwrap_used)]

use osier_core::CongestionAlgorithm::{Bbr, Cubic};
use osier_core::{Cipher, CongestionAlgorithm, EngineConfig};
use osier_sim::{HostId, LinkConfig, Network, Transfer};

const SECOND: u64 = 1_000_000;

#[derive(Clone, Copy)]
struct Bottleneck {
    bytes_per_second: u64,
    rtt_micros: u64,
    queue_bdp_percent: u64,
    loss_rate: f64,
}

impl Bottleneck {
    fn bdp(&self) -> u64 {
        self.bytes_per_second * self.rtt_micros / 1_000_000
    }
}

/// A sender and a receiver for each algorithm, with a transfer that never ends, all behind one bottleneck.
struct Dumbbell {
    net: Network,
    transfers: Vec<Transfer>,
    bottleneck: Bottleneck,
    /// Mean of the queue over the last run, bytes.
    mean_queue: u64,
}

impl Dumbbell {
    fn new(seed: u64, bottleneck: Bottleneck, senders: &[CongestionAlgorithm]) -> Self {
        let mut net = Network::new(seed);
        let mut ways = Vec::new();
        for &congestion in senders {
            let config = EngineConfig { mtu_ceiling_bytes: 1_200, ..EngineConfig::default() };
            let from = net.add_host(EngineConfig { congestion, ..config });
            let to = net.add_host(EngineConfig::default());
            let back = LinkConfig { delay_micros: bottleneck.rtt_micros / 2, ..LinkConfig::default() };
            net.set_link(from, to, LinkConfig { loss_rate: bottleneck.loss_rate, ..back.clone() });
            net.set_link(to, from, back);
            ways.push((from, to));
        }
        let queue_bytes = bottleneck.bdp() * bottleneck.queue_bdp_percent / 100;
        net.share_bottleneck_among(&ways, bottleneck.bytes_per_second, queue_bytes);
        let mut dumbbell = Self { net, transfers: Vec::new(), bottleneck, mean_queue: 0 };
        for (from, to) in ways {
            let associations = dumbbell.net.associate(from, to, Cipher::ChaCha20Poly1305);
            let transfer = Transfer::start(&mut dumbbell.net, (from, to), associations, 1 << 40, 0);
            dumbbell.transfers.push(transfer);
            // Not at once: flows in the real world never are.
            dumbbell.run(37_000);
        }
        dumbbell
    }

    /// Shares of the bottleneck over the next `micros`.
    fn run(&mut self, micros: u64) -> Vec<f64> {
        let before = self.read();
        let until = self.net.now().plus_micros(micros);
        let (mut queued, mut samples, mut sampled_at) = (0, 0, self.net.now());
        loop {
            for host in (0..2 * self.transfers.len()).map(HostId) {
                while let Some(event) = self.net.engine(host).poll_event() {
                    self.transfers.iter_mut().any(|transfer| transfer.on_event(host, &event));
                }
            }
            for transfer in &mut self.transfers {
                transfer.poll(&mut self.net);
                assert_eq!(transfer.failure(), None);
            }
            if self.net.now().saturating_micros_since(sampled_at) >= 1_000 {
                sampled_at = self.net.now();
                queued += self.net.shared_queue_bytes();
                samples += 1;
            }
            if !self.net.step(until) {
                break;
            }
        }
        self.mean_queue = queued / samples.max(1);
        let whole = self.bottleneck.bytes_per_second as f64 * micros as f64 / 1e6;
        self.read().iter().zip(before).map(|(after, before)| (after - before) as f64 / whole).collect()
    }

    fn read(&self) -> Vec<u64> {
        self.transfers.iter().map(|transfer| transfer.read().0).collect()
    }
}

fn jain_index(shares: &[f64]) -> f64 {
    let sum: f64 = shares.iter().sum();
    sum * sum / (shares.len() as f64 * shares.iter().map(|share| share * share).sum::<f64>())
}

const GIGABIT: u64 = 125_000_000;

#[test]
fn one_session_fills_one_gigabit_at_100_ms() {
    let bottleneck =
        Bottleneck { bytes_per_second: GIGABIT, rtt_micros: 100_000, queue_bdp_percent: 100, loss_rate: 0.0 };
    let mut dumbbell = Dumbbell::new(1, bottleneck, &[Bbr]);
    dumbbell.run(5 * SECOND);
    let share = dumbbell.run(10 * SECOND)[0];
    // 1,200-byte datagrams carry at most 1,160 bytes of a stream: 0.967 is what there is to reach.
    assert!(share >= 0.9, "share of the link: {share:.3} (0.937 when this was written)");
}

#[test]
fn one_percent_of_random_loss_costs_little_where_cubic_collapses() {
    for rtt_micros in [20_000, 100_000] {
        let bottleneck = Bottleneck {
            bytes_per_second: GIGABIT / 10,
            rtt_micros,
            queue_bdp_percent: 100,
            loss_rate: 0.01,
        };
        let share = |algorithm| {
            let mut dumbbell = Dumbbell::new(2, bottleneck, &[algorithm]);
            dumbbell.run(5 * SECOND);
            dumbbell.run(20 * SECOND)[0]
        };
        let (bbr, cubic) = (share(Bbr), share(Cubic));
        assert!(bbr >= 0.8 && cubic < 0.4, "{rtt_micros} us: BBR {bbr:.3}, CUBIC {cubic:.3} (0.88 and 0.06 at 20 ms, 0.91 and 0.01 at 100 ms when this was written)");
    }
}

#[test]
fn four_sessions_share_one_bottleneck_fairly() {
    let bottleneck = Bottleneck {
        bytes_per_second: GIGABIT / 10,
        rtt_micros: 40_000,
        queue_bdp_percent: 100,
        loss_rate: 0.0,
    };
    let mut dumbbell = Dumbbell::new(3, bottleneck, &[Bbr; 4]);
    dumbbell.run(20 * SECOND);
    let shares = dumbbell.run(30 * SECOND);
    let (jain, sum) = (jain_index(&shares), shares.iter().sum::<f64>());
    assert!(
        jain >= 0.9 && sum >= 0.9,
        "Jain's index {jain:.3} of {shares:.3?}, together {sum:.3} (0.99 and 0.94 when this was written)"
    );
}

#[test]
fn neither_bbr_nor_cubic_starves_the_other_in_a_queue_of_one_bdp() {
    let bottleneck = Bottleneck {
        bytes_per_second: GIGABIT / 10,
        rtt_micros: 40_000,
        queue_bdp_percent: 100,
        loss_rate: 0.0,
    };
    let mut dumbbell = Dumbbell::new(4, bottleneck, &[Bbr, Cubic]);
    dumbbell.run(10 * SECOND);
    let shares = dumbbell.run(40 * SECOND);
    // A fair share is half of the link; a fifth of that is the least.
    assert!(
        shares.iter().all(|share| *share >= 0.1),
        "BBR and CUBIC: {shares:.3?} of the link (0.65 and 0.32 when this was written)"
    );
}

#[test]
fn the_queue_stays_below_half_a_bdp_where_two_would_fit() {
    let bottleneck = Bottleneck {
        bytes_per_second: GIGABIT / 10,
        rtt_micros: 40_000,
        queue_bdp_percent: 200,
        loss_rate: 0.0,
    };
    let mut dumbbell = Dumbbell::new(5, bottleneck, &[Bbr]);
    dumbbell.run(10 * SECOND);
    let share = dumbbell.run(20 * SECOND)[0];
    let queue = dumbbell.mean_queue as f64 / bottleneck.bdp() as f64;
    assert!(
        queue < 0.5 && share >= 0.9,
        "queue {queue:.3} of a BDP, share of the link {share:.3} (0.11 and 0.94 when this was written)"
    );
}
