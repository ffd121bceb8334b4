//! BBR's parts by themselves, and the whole over a link of one bottleneck.

mod control;
mod delivery_rate;
mod filters;
mod link;
mod loss;
mod marks;
mod probing;
mod small_path;
mod states;

use super::*;
use link::Link;

const MTU: u64 = 1_200;
const RTT: u64 = 40_000;
/// 100 Mbit/s.
const RATE: u64 = 12_500_000;
const BDP: u64 = RATE * RTT / 1_000_000;

fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}
