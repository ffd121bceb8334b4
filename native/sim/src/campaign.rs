//! The cells of the loss campaign: one per seed, every fault at once.

use crate::link::LinkConfig;
use crate::network::Network;
use crate::transfer::{Transfer, TransferReport};
use osier_core::{Cipher, EngineConfig};

/// Independent loss of the cells, each direction.
pub const LOSS_RATES: [f64; 4] = [0.0, 0.01, 0.05, 0.10];
/// One-way delays of the cells.
pub const DELAYS_MICROS: [u64; 4] = [1_000, 20_000, 100_000, 200_000];

/// The link of a seed's cell: loss by the lowest two bits, delay by the next two, and always jitter, reordering, duplicates and corruption.
pub fn link_of(seed: u64) -> LinkConfig {
    let delay_micros = DELAYS_MICROS[(seed / 4 % 4) as usize];
    LinkConfig {
        delay_micros,
        jitter_micros: delay_micros / 10,
        loss_rate: LOSS_RATES[(seed % 4) as usize],
        reorder_rate: 0.01,
        reorder_micros: delay_micros / 2,
        duplicate_rate: 0.01,
        corrupt_rate: 0.005,
        bytes_per_second: 125_000_000,
        queue_bytes: 1 << 20,
        ..LinkConfig::default()
    }
}

/// Moves `bytes` each way over the cell of `seed`. The error names the seed, which repeats the run.
pub fn run_cell(seed: u64, bytes: u64) -> Result<TransferReport, String> {
    let mut net = Network::new(seed);
    let (a, b) = (net.add_host(EngineConfig::default()), net.add_host(EngineConfig::default()));
    net.set_link(a, b, link_of(seed));
    net.set_link(b, a, link_of(seed));
    let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
    let mut transfer = Transfer::start(&mut net, (a, b), associations, bytes, bytes);
    let hours = 1 + bytes / (4 << 20);
    transfer.run(&mut net, hours * 3_600_000_000).map_err(|failure| format!("seed {seed}: {failure}"))
}
