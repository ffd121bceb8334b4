use super::*;

const PACKET: [u8; 1_000] = [7; 1_000];

fn link(faults: Faults) -> Link {
    Link::new(&faults, faults.seed)
}

/// Sends `count` packets, one every `gap` nanoseconds, and returns when each arrived, in that order.
fn arrivals(link: &mut Link, count: u64, gap: u64) -> Vec<u64> {
    for number in 0..count {
        link.send(number * gap, &PACKET);
    }
    std::iter::from_fn(|| {
        let due = link.next_due()?;
        link.take_due(due).map(|_| due)
    })
    .collect()
}

#[test]
fn a_packet_arrives_after_the_delay_and_not_before() {
    let mut link = link(Faults { delay_ms: 50.0, ..Faults::default() });
    link.send(0, &PACKET);
    assert_eq!(link.take_due(49_999_999), None);
    assert_eq!(link.take_due(50_000_000).as_deref(), Some(&PACKET[..]));
}

#[test]
fn the_rate_spaces_packets_and_the_queue_drops_what_it_cannot_hold() {
    // 1,000 bytes at 8 Mbit/s take a millisecond; the queue holds 20.
    let mut link = link(Faults { bits_per_second: 8e6, queue_bytes: 20_000.0, ..Faults::default() });
    let all = arrivals(&mut link, 30, 0);
    assert_eq!(all, (1..=20).map(|number| number * 1_000_000).collect::<Vec<u64>>());
    assert_eq!(link.counters, Counters { sent: 30, lost: 0, overflowed: 10 });
}

#[test]
fn the_share_of_losses_is_that_asked_for_alone_and_in_bursts() {
    for burst_packets in [1.0, 8.0] {
        let mut link = link(Faults { loss: 0.05, burst_packets, ..Faults::default() });
        arrivals(&mut link, 200_000, 1);
        let share = link.counters.lost as f64 / link.counters.sent as f64;
        assert!((0.04..0.06).contains(&share), "{share} of all at bursts of {burst_packets}");
    }
}

#[test]
fn losses_come_in_runs_of_the_length_asked_for() {
    let mut link = link(Faults { loss: 0.05, burst_packets: 8.0, ..Faults::default() });
    let (mut runs, mut was_lost) = (0_u64, false);
    for number in 0..200_000 {
        let before = link.counters.lost;
        link.send(number, &PACKET);
        let is_lost = link.counters.lost > before;
        runs += u64::from(is_lost && !was_lost);
        was_lost = is_lost;
    }
    let length = link.counters.lost as f64 / runs as f64;
    assert!((7.0..9.0).contains(&length), "runs of {length}");
}

#[test]
fn jitter_keeps_the_order_and_reordering_does_not() {
    let sent = |faults| {
        let mut link = link(faults);
        for number in 0..1_000_u64 {
            link.send(number * 10_000, &number.to_le_bytes());
        }
        let mut numbers: Vec<u8> = Vec::new();
        while let Some(due) = link.next_due() {
            numbers.extend(link.take_due(due).into_iter().flatten());
        }
        numbers.chunks(8).map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap())).collect::<Vec<_>>()
    };
    assert!(sent(Faults { delay_ms: 5.0, jitter_ms: 20.0, ..Faults::default() }).is_sorted());
    assert!(!sent(Faults { delay_ms: 5.0, reorder: 0.1, ..Faults::default() }).is_sorted());
}

#[test]
fn a_seed_repeats_a_run_and_another_does_not() {
    let run = |seed| {
        arrivals(&mut link(Faults { seed, loss: 0.3, jitter_ms: 1.0, ..Faults::default() }), 100, 1_000)
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

#[test]
fn a_queue_is_one_product_of_rate_and_round_trip_unless_told_otherwise() {
    let faults = Faults { bits_per_second: 100e6, delay_ms: 50.0, ..Faults::default() };
    assert!((faults.queue_limit_bytes() - 1_250_000.0).abs() < 1.0);
    assert!((Faults { queue_bytes: 5.0, ..faults }.queue_limit_bytes() - 5.0).abs() < 1e-9);
}
