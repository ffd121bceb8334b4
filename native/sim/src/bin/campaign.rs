//! `campaign [--messages | --datagrams] [SEEDS] [SIZE] [FIRST_SEED]`: every cell of the loss campaign, on all cores. SIZE is in MiB each way, or how many
//! messages or datagrams are sent. Prints each failing seed; exit status 1 if there was one.

use osier_core::{MessageStats, StreamKind};
use osier_sim::campaign::run_cell;
use osier_sim::message_cell::run_message_cell;
use std::panic::catch_unwind;
use std::process::exit;
use std::sync::atomic::{AtomicU64, Ordering};

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let kind = match arguments.first().map(String::as_str) {
        Some("--messages") => StreamKind::Messages,
        Some("--datagrams") => StreamKind::Datagrams,
        _ => StreamKind::Bytes,
    };
    arguments.drain(..usize::from(kind != StreamKind::Bytes));
    let Some([seeds, size, first]) = numbers(&arguments, [10_000, default_size(kind), 0]) else {
        eprintln!("usage: campaign [--messages | --datagrams] [SEEDS] [SIZE] [FIRST_SEED]");
        exit(2);
    };
    let next = AtomicU64::new(first);
    let failures = AtomicU64::new(0);
    let totals = Totals::default();
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + seeds {
                    break;
                }
                let outcome = catch_unwind(|| run(seed, kind, size));
                match outcome.unwrap_or_else(|_| Err(format!("seed {seed}: panicked"))) {
                    Ok(stats) => totals.add(&stats),
                    Err(failure) => {
                        failures.fetch_add(1, Ordering::Relaxed);
                        println!("FAILED {failure}");
                    }
                }
            });
        }
    });
    let failed = failures.load(Ordering::Relaxed);
    println!("{} passed, {failed} failed", seeds - failed);
    if kind != StreamKind::Bytes {
        totals.print();
    }
    exit(i32::from(failed > 0));
}

/// The arguments, and the defaults of those that are not there; `None` when one is not a number or too many are given.
fn numbers<const N: usize>(arguments: &[String], mut values: [u64; N]) -> Option<[u64; N]> {
    for (position, argument) in arguments.iter().enumerate() {
        *values.get_mut(position)? = argument.parse().ok()?;
    }
    Some(values)
}

fn default_size(kind: StreamKind) -> u64 {
    match kind {
        StreamKind::Bytes => 64,
        StreamKind::Messages | StreamKind::Datagrams => 120,
    }
}

fn run(seed: u64, kind: StreamKind, size: u64) -> Result<MessageStats, String> {
    match kind {
        StreamKind::Bytes => run_cell(seed, size << 20).map(|_| MessageStats::default()),
        StreamKind::Messages | StreamKind::Datagrams => run_message_cell(seed, kind, size as u32),
    }
}

/// What became of all messages of the cells that passed.
#[derive(Default)]
struct Totals {
    sent: AtomicU64,
    delivered: AtomicU64,
    expired: AtomicU64,
    unknown: AtomicU64,
}

impl Totals {
    fn add(&self, stats: &MessageStats) {
        self.sent.fetch_add(stats.sent, Ordering::Relaxed);
        self.delivered.fetch_add(stats.delivered, Ordering::Relaxed);
        self.expired.fetch_add(stats.expired, Ordering::Relaxed);
        self.unknown.fetch_add(stats.unknown, Ordering::Relaxed);
    }

    fn print(&self) {
        let Self { sent, delivered, expired, unknown } = self;
        println!("{sent:?} sent = {delivered:?} delivered + {expired:?} expired + {unknown:?} unknown");
    }
}
