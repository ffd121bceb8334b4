//! Loss {0, 1, 5, 10 %} x delay {1, 20, 100, 200 ms} with jitter, reordering, duplicates and corruption: every byte once, in order, both ways.
#![allow(clippy::unwrap_used)]

use osier_sim::campaign::run_cell;

const SEEDS: u64 = 200;
const BYTES: u64 = 4 << 20;

#[test]
fn every_byte_arrives_once_and_in_order_both_ways_in_every_cell() {
    let halves = std::thread::scope(|scope| {
        let run = |parity: u64| {
            move || {
                (0..SEEDS)
                    .filter(|seed| seed % 2 == parity)
                    .filter_map(|seed| run_cell(seed, BYTES).err())
                    .collect::<Vec<_>>()
            }
        };
        let workers = [scope.spawn(run(0)), scope.spawn(run(1))];
        workers.map(|worker| worker.join().unwrap())
    });
    let failures = halves.concat();
    assert!(failures.is_empty(), "{} of {SEEDS} seeds failed:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let elapsed = |seed| run_cell(seed, 256 << 10).unwrap().elapsed_micros;
    assert_eq!(elapsed(7), elapsed(7));
    assert_ne!(elapsed(7), elapsed(23));
}
