//! Transfers that never end behind one bottleneck.

use osier_core::{Cipher, CongestionAlgorithm, EngineConfig};
use osier_sim::{HostId, LinkConfig, Network, Transfer};

pub(crate) const SECOND: u64 = 1_000_000;

#[derive(Clone, Copy)]
pub(crate) struct Bottleneck {
    pub(crate) bytes_per_second: u64,
    pub(crate) rtt_micros: u64,
    pub(crate) queue_bdp_percent: u64,
    pub(crate) loss_rate: f64,
}

impl Bottleneck {
    pub(crate) fn bdp(&self) -> u64 {
        self.bytes_per_second * self.rtt_micros / 1_000_000
    }
}

/// A sender and a receiver for each algorithm, with a transfer that never ends, all behind one bottleneck.
pub(crate) struct Dumbbell {
    pub(crate) net: Network,
    transfers: Vec<Transfer>,
    bottleneck: Bottleneck,
    /// Mean of the queue over the last run, bytes.
    pub(crate) mean_queue: u64,
}

impl Dumbbell {
    pub(crate) fn new(seed: u64, bottleneck: Bottleneck, senders: &[CongestionAlgorithm]) -> Self {
        Self::over(seed, bottleneck, &LinkConfig::default(), senders)
    }

    /// With what `link` does to datagrams, beside the bottleneck's delay and loss, on the way there.
    pub(crate) fn over(
        seed: u64,
        bottleneck: Bottleneck,
        link: &LinkConfig,
        senders: &[CongestionAlgorithm],
    ) -> Self {
        let mut net = Network::new(seed);
        let mut ways = Vec::new();
        for &congestion in senders {
            let config = EngineConfig { mtu_ceiling_bytes: 1_200, ..EngineConfig::default() };
            let from = net.add_host(EngineConfig { congestion, ..config });
            let to = net.add_host(EngineConfig::default());
            let back = LinkConfig { delay_micros: bottleneck.rtt_micros / 2, ..LinkConfig::default() };
            let Bottleneck { loss_rate, .. } = bottleneck;
            net.set_link(from, to, LinkConfig { delay_micros: back.delay_micros, loss_rate, ..link.clone() });
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
    pub(crate) fn run(&mut self, micros: u64) -> Vec<f64> {
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
