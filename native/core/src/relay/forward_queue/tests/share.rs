//! Who gets how much of a bounded rate.

use super::*;

const RATE: u64 = 12_500_000;
const FAIR: u64 = RATE / 2;
const SECONDS: u64 = 20;

/// What a neighbour offers: so many bytes a second over so many sources and next hops.
struct Offer {
    bytes_per_second: u64,
    sources: u64,
    hops: u32,
}

/// Bytes forwarded and the delays of each neighbour's packets, of trains that come each millisecond; the queue is asked as often as timers fire.
fn compete(rate: u64, offers: &[Offer], packet_bytes: usize, seconds: u64) -> Vec<(u64, Vec<u64>)> {
    let mut rig = Rig::new(rate, 4 << 20);
    let mut results: Vec<(u64, Vec<u64>)> = offers.iter().map(|_| (0, Vec::new())).collect();
    let mut owed = vec![0_u64; offers.len()];
    for tick in 0..seconds * SECOND / MILLI {
        let now = tick * MILLI;
        for (neighbour, offer) in offers.iter().enumerate() {
            owed[neighbour] += offer.bytes_per_second / 1_000;
            let packets = owed[neighbour] as usize / packet_bytes;
            owed[neighbour] -= (packets * packet_bytes) as u64;
            let source = neighbour as u64 * 1_000 + tick % offer.sources;
            let hop = 100 + (tick % u64::from(offer.hops)) as u32;
            if packets > 0 {
                rig.push(now, &arrival(neighbour as u32, source, hop), packets, packet_bytes);
            }
        }
        for packet in rig.drain(now) {
            let (bytes, delays) = &mut results[packet.source as usize / 1_000];
            *bytes += packet.bytes as u64;
            delays.push(now - packet.pushed_at);
        }
    }
    rig.assert_conserved();
    results
}

#[test]
fn a_neighbour_that_sends_ten_times_as_much_leaves_the_other_its_share() {
    for (sources, hops) in [(1, 1), (100, 1), (1, 9), (100, 9)] {
        let offers = [
            Offer { bytes_per_second: 10 * FAIR, sources, hops },
            Offer { bytes_per_second: FAIR, sources: 1, hops: 1 },
        ];
        let results = compete(RATE, &offers, 1_240, SECONDS);
        let share = results[1].0 as f64 / (FAIR * SECONDS) as f64;
        assert!(share >= 0.9, "{share} of its share, beside {sources} sources to {hops} next hops");
        let used = (results[0].0 + results[1].0) as f64 / (RATE * SECONDS) as f64;
        assert!((0.98..1.001).contains(&used), "{used} of the rate");
    }
}

#[test]
fn neither_of_the_two_waits_for_more_than_10_ms_in_99_of_100_cases() {
    let offers = [
        Offer { bytes_per_second: 10 * FAIR, sources: 1, hops: 1 },
        Offer { bytes_per_second: FAIR, sources: 1, hops: 1 },
    ];
    for (_, mut delays) in compete(RATE, &offers, 1_240, SECONDS) {
        let p99 = percentile(&mut delays, 99);
        assert!(p99 <= 10 * MILLI, "p99 {p99} us of {} packets", delays.len());
    }
}

#[test]
fn one_that_sends_less_than_its_share_hardly_waits() {
    let offers = [
        Offer { bytes_per_second: 10 * FAIR, sources: 100, hops: 1 },
        Offer { bytes_per_second: FAIR / 4, sources: 1, hops: 1 },
    ];
    let mut results = compete(RATE, &offers, 1_240, SECONDS);
    let (bytes, delays) = &mut results[1];
    assert!(*bytes as f64 >= 0.999 * (FAIR / 4 * SECONDS) as f64, "{bytes} bytes");
    let p99 = percentile(delays, 99);
    assert!(p99 <= MILLI, "p99 {p99} us");
}

#[test]
fn sources_of_one_neighbour_share_its_turn() {
    let mut rig = Rig::new(0, 4 << 20);
    for source in [1, 2, 3] {
        let packets = if source == 1 { 2_000 } else { 200 };
        for _ in 0..packets / 50 {
            rig.push(0, &arrival(0, source, 9), 50, 1_000);
        }
    }
    let mut bytes = BTreeMap::new();
    while bytes.values().sum::<usize>() < 300_000 {
        for packet in rig.pop(0) {
            *bytes.entry(packet.source).or_insert(0) += packet.bytes;
        }
    }
    let (least, most) = (bytes.values().min().unwrap(), bytes.values().max().unwrap());
    assert!(bytes.len() == 3 && most - least <= TRAIN_BYTES_MAX + 1_000, "{bytes:?}");
}

#[test]
fn the_rate_bound_is_kept_and_used_up_by_a_loop_whose_timer_fires_each_millisecond() {
    for (rate, seconds) in [(100_000, 60), (1_250_000, 20), (125_000_000, 2), (2_500_000_000, 1)] {
        let offers = [Offer { bytes_per_second: 2 * rate, sources: 1, hops: 1 }];
        let bytes = compete(rate, &offers, 1_240, seconds)[0].0;
        let used = bytes as f64 / (rate * seconds) as f64;
        assert!((0.99..1.01).contains(&used), "{used} of {rate}");
    }
}
