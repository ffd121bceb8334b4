//! Cells of loss, round trip and rate over a queue of one product, for one stream of ours, for TCP, and for both at once.

use crate::link::LinkConfig;
use crate::network::{HostId, Network};
use crate::tcp::{TcpFlow, TcpPath, SEGMENT_WIRE_BYTES};
use crate::transfer::Transfer;
use osier_core::{Cipher, CongestionAlgorithm, EngineConfig};

/// More than any cell moves.
const ENDLESS: u64 = 1 << 40;
/// What counts of a share begins after this part of the time.
const SHARE_WARM_UP_PART: u64 = 6;
/// A transfer that takes longer than this has failed.
const COMPLETION_LIMIT_SECONDS: u64 = 600;
/// Packets that always fit the queue.
const QUEUE_PACKETS_MIN: u64 = 10;
const SECOND: u64 = 1_000_000;

/// One path.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// Independent, each way.
    pub loss_rate: f64,
    /// There and back.
    pub rtt_micros: u64,
    /// Of the bottleneck there; there is none on the way back.
    pub megabits: u64,
}

/// Who sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sender {
    /// An engine.
    Osier(CongestionAlgorithm),
    /// The model of TCP.
    Tcp,
}

impl Cell {
    /// The cells that the benchmarks measure.
    pub fn all() -> impl Iterator<Item = Self> {
        [0.0, 0.001, 0.01, 0.05].into_iter().flat_map(|loss_rate| {
            [1_000, 20_000, 100_000, 200_000].into_iter().flat_map(move |rtt_micros| {
                [10, 100, 500].into_iter().map(move |megabits| Self { loss_rate, rtt_micros, megabits })
            })
        })
    }

    /// As the benchmarks name it.
    pub fn name(self) -> String {
        let Self { loss_rate, rtt_micros, megabits } = self;
        format!("{}%-{}ms-{megabits}Mbit", loss_rate * 100.0, rtt_micros / 1_000)
    }

    /// Share of the link that `sender` has in `seconds`, its start included.
    pub fn goodput(self, sender: Sender, seconds: u64, seed: u64) -> f64 {
        let mut course = Course::new(self, seed, &[sender], ENDLESS);
        course.run(seconds * SECOND, |_| false);
        course.read(sender) as f64 / (self.bytes_per_second() * seconds) as f64
    }

    /// Microseconds until `bytes` have arrived.
    pub fn completion_micros(self, sender: Sender, bytes: u64, seed: u64) -> u64 {
        let mut course = Course::new(self, seed, &[sender], bytes);
        let began = course.net.now();
        course.run(COMPLETION_LIMIT_SECONDS * SECOND, |course| course.read(sender) >= bytes);
        assert!(course.read(sender) >= bytes, "{}, seed {seed}: not complete", self.name());
        course.net.now().saturating_micros_since(began)
    }

    /// What a flow of `algorithm` moves to what one of TCP beside it does, of `seconds` the last five sixths.
    pub fn share_beside_tcp(self, algorithm: CongestionAlgorithm, seconds: u64, seed: u64) -> f64 {
        let both = [Sender::Osier(algorithm), Sender::Tcp];
        let mut course = Course::new(self, seed, &both, ENDLESS);
        course.run(seconds * SECOND / SHARE_WARM_UP_PART, |_| false);
        let before = both.map(|sender| course.read(sender));
        course.run(seconds * SECOND - seconds * SECOND / SHARE_WARM_UP_PART, |_| false);
        let moved = |position: usize| (course.read(both[position]) - before[position]) as f64;
        moved(0) / moved(1)
    }

    fn bytes_per_second(self) -> u64 {
        self.megabits * 125_000
    }

    fn queue_bytes(self) -> u64 {
        (self.bytes_per_second() * self.rtt_micros / SECOND).max(QUEUE_PACKETS_MIN * SEGMENT_WIRE_BYTES)
    }
}

struct Course {
    net: Network,
    transfer: Option<Transfer>,
}

impl Course {
    fn new(cell: Cell, seed: u64, senders: &[Sender], bytes: u64) -> Self {
        let mut net = Network::new(seed);
        let (delay_micros, loss_rate) = (cell.rtt_micros / 2, cell.loss_rate);
        let mut ends = None;
        for sender in senders {
            let &Sender::Osier(congestion) = sender else { continue };
            let mtu_bytes = SEGMENT_WIRE_BYTES as usize;
            let config = EngineConfig { mtu_ceiling_bytes: mtu_bytes, congestion, ..EngineConfig::default() };
            let hosts = (net.add_host(config.clone()), net.add_host(config));
            let link = LinkConfig { delay_micros, loss_rate, mtu_bytes, ..LinkConfig::default() };
            net.set_link(hosts.0, hosts.1, link.clone());
            net.set_link(hosts.1, hosts.0, link);
            ends = Some(hosts);
        }
        let associations = ends.map(|(from, to)| net.associate(from, to, Cipher::ChaCha20Poly1305));
        let ways = ends.into_iter().collect::<Vec<_>>();
        net.share_bottleneck_among(&ways, cell.bytes_per_second(), cell.queue_bytes());
        if senders.contains(&Sender::Tcp) {
            net.add_tcp(TcpFlow::new(TcpPath { delay_micros, loss_rate }, bytes));
        }
        let transfer = ends
            .zip(associations)
            .map(|(hosts, associations)| Transfer::start(&mut net, hosts, associations, bytes, 0));
        Self { net, transfer }
    }

    fn run(&mut self, micros: u64, is_done: impl Fn(&Self) -> bool) {
        let until = self.net.now().plus_micros(micros);
        loop {
            if let Some(transfer) = &mut self.transfer {
                for host in [HostId(0), HostId(1)] {
                    while let Some(event) = self.net.engine(host).poll_event() {
                        transfer.on_event(host, &event);
                    }
                }
                transfer.poll(&mut self.net);
                assert_eq!(transfer.failure(), None);
            }
            if is_done(self) || !self.net.step(until) {
                break;
            }
        }
    }

    fn read(&self, sender: Sender) -> u64 {
        match (sender, &self.transfer) {
            (Sender::Osier(_), Some(transfer)) => transfer.read().0,
            (Sender::Osier(_), None) => 0,
            (Sender::Tcp, _) => self.net.tcp().iter().map(TcpFlow::read_bytes).sum(),
        }
    }
}
