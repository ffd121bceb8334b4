//! `campaign [SEEDS] [MEBIBYTES] [FIRST_SEED]`: every cell of the loss campaign, on all cores. Prints each failing seed; exit status 1 if there was one.

use osier_sim::campaign::run_cell;
use std::sync::atomic::{AtomicU64, Ordering};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let mut number = |default: u64| match arguments.next() {
        None => default,
        Some(Ok(value)) => value,
        Some(Err(_)) => {
            eprintln!("usage: campaign [SEEDS] [MEBIBYTES] [FIRST_SEED]");
            std::process::exit(2);
        }
    };
    let (seeds, mebibytes, first) = (number(10_000), number(64), number(0));
    let next = AtomicU64::new(first);
    let failures = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + seeds {
                    break;
                }
                if let Err(failure) = run_cell(seed, mebibytes << 20) {
                    failures.fetch_add(1, Ordering::Relaxed);
                    println!("FAILED {failure}");
                }
            });
        }
    });
    let failed = failures.load(Ordering::Relaxed);
    println!("{} passed, {failed} failed", seeds - failed);
    std::process::exit(i32::from(failed > 0));
}
