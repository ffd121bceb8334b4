//! `cells goodput | completion | share [FILTER] [SEEDS]`: every cell of loss, round trip and rate whose name holds one of FILTER's parts (commas between
//! them), for CUBIC, BBR and a model of TCP with CUBIC: share of the link in 30 s, median milliseconds of 1 MB, or what each moves beside TCP to what that does.

use osier_core::CongestionAlgorithm::{Bbr, Cubic};
use osier_sim::cell::{Cell, Sender};
use std::process::exit;

const SECONDS: u64 = 30;
const MEGABYTE: u64 = 1_000_000;
const SENDERS: [Sender; 3] = [Sender::Osier(Cubic), Sender::Osier(Bbr), Sender::Tcp];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let kind = arguments.first().map_or("", String::as_str);
    let filter = arguments.get(1).map_or("", String::as_str);
    let is_chosen = |cell: &Cell| filter.split(',').any(|part| cell.name().contains(part));
    for cell in Cell::all().filter(is_chosen) {
        let seeds = |default| 1..=arguments.get(2).and_then(|n| n.parse().ok()).unwrap_or(default);
        let figures = match kind {
            "goodput" => SENDERS.map(|sender| mean(seeds(1).map(|seed| cell.goodput(sender, SECONDS, seed)))),
            "completion" => SENDERS.map(|sender| {
                let micros = seeds(31).map(|seed| cell.completion_micros(sender, MEGABYTE, seed));
                median(micros) as f64 / 1e3
            }),
            "share" => {
                let [cubic, bbr] = [Cubic, Bbr].map(|algorithm| {
                    mean(seeds(3).map(|seed| cell.share_beside_tcp(algorithm, SECONDS, seed)))
                });
                [cubic, bbr, 1.0]
            }
            _ => {
                eprintln!("usage: cells goodput | completion | share [FILTER] [SEEDS]");
                exit(2);
            }
        };
        let [cubic, bbr, tcp] = figures;
        let name = cell.name();
        println!(
            "{name:22} CUBIC {cubic:9.3}  BBR {bbr:9.3}  TCP {tcp:9.3}  to TCP {:6.2} {:6.2}",
            cubic / tcp,
            bbr / tcp
        );
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

fn median(values: impl Iterator<Item = u64>) -> u64 {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}
