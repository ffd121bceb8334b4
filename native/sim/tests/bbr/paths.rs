//! Paths of every size: from 100 kbit/s to 10 Gbit/s, from a millisecond to two seconds.

use super::dumbbell::{Bottleneck, Dumbbell, SECOND};
use osier_core::CongestionAlgorithm::Bbr;

const MEGABIT: u64 = 125_000;

/// Share of the link and mean queue in milliseconds of one transfer, once `settling_micros` have passed.
fn transfer(seed: u64, bottleneck: Bottleneck, settling_micros: u64, micros: u64) -> (f64, u64) {
    let mut dumbbell = Dumbbell::new(seed, bottleneck, &[Bbr]);
    dumbbell.run(settling_micros);
    let share = dumbbell.run(micros)[0];
    (share, dumbbell.mean_queue * 1_000 / bottleneck.bytes_per_second)
}

fn bottleneck(bytes_per_second: u64, rtt_micros: u64, queue_bdp_percent: u64) -> Bottleneck {
    Bottleneck { bytes_per_second, rtt_micros, queue_bdp_percent, loss_rate: 0.0 }
}

#[test]
fn ten_gigabit_at_5_ms_are_filled() {
    let (share, _) = transfer(11, bottleneck(10_000 * MEGABIT, 5_000, 200), SECOND / 4, SECOND / 2);
    assert!(share >= 0.85, "share of the link: {share:.3}");
}

#[test]
fn short_paths_are_filled_with_a_short_queue() {
    for rtt_micros in [1_000, 5_000, 15_000] {
        let path = bottleneck(100 * MEGABIT, rtt_micros, 2_000_000 / rtt_micros * 2);
        let (share, queue_ms) = transfer(12, path, 5 * SECOND, 10 * SECOND);
        assert!(share >= 0.85 && queue_ms <= 10, "{rtt_micros} us: share {share:.3}, queue {queue_ms} ms");
    }
}

#[test]
fn slow_paths_are_filled_with_a_short_queue() {
    for (bytes_per_second, most_ms) in [(10 * MEGABIT, 20), (MEGABIT, 100), (MEGABIT / 10, 500)] {
        // A queue of fifty packets, and a second at least.
        let queue_bytes = bytes_per_second.max(60_000);
        let bdp = bytes_per_second / 20;
        let path = bottleneck(bytes_per_second, 50_000, queue_bytes * 100 / bdp);
        let (share, queue_ms) = transfer(13, path, 30 * SECOND, 60 * SECOND);
        assert!(
            share >= 0.8 && queue_ms <= most_ms,
            "{bytes_per_second} bytes/s: share {share:.3}, queue {queue_ms} ms"
        );
    }
}

#[test]
fn a_round_trip_of_two_seconds_is_filled() {
    let (share, queue_ms) = transfer(14, bottleneck(10 * MEGABIT, 2_000_000, 100), 60 * SECOND, 60 * SECOND);
    assert!(share >= 0.75, "share of the link: {share:.3}, queue {queue_ms} ms");
}

#[test]
fn a_transfer_that_the_default_window_limits_keeps_no_queue() {
    // 16 MiB where twice 12.5 MB would be probed for: what the receiver allows is a limit like another.
    let path = bottleneck(1_000 * MEGABIT, 100_000, 200);
    let (share, queue_ms) = transfer(15, path, 5 * SECOND, 5 * SECOND);
    assert!(
        share >= 0.9 && queue_ms <= 10,
        "share {share:.3}, queue {queue_ms} ms (2 ms when this was written)"
    );
}
