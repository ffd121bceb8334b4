//! Paths whose bandwidth-delay product is a few packets, or less than one, and one whose round trip is longer than the time between probes.

use super::*;

fn slow(rate: u64, rtt: u64) -> Link {
    let mut link = Link::new();
    (link.rate, link.rtt, link.smoothed, link.queue_limit) = (rate, rtt, rtt, 100 * MTU);
    link
}

/// Runs for 600 packets' time; the mean of the packets in flight in the last third.
fn settle(link: &mut Link) -> u64 {
    let packet_micros = MTU * 1_000_000 / link.rate;
    link.run(400 * packet_micros);
    let sampled = (0..200).map(|_| {
        link.run(packet_micros);
        link.in_flight / MTU
    });
    sampled.sum::<u64>() / 200
}

#[test]
fn the_queue_of_a_path_of_a_packet_and_a_half_stays_short_and_its_round_trip_is_seen() {
    // 100 kbit/s over 50 ms.
    let mut link = slow(12_500, 50_000);
    let in_flight = settle(&mut link);
    assert!(in_flight <= 3, "{in_flight} packets");
    let micros = link.bbr.min_rtt.micros().unwrap_or_default();
    assert!(micros <= 160_000, "{micros} of 50 ms and a packet's 96 ms");
    let found = link.bbr.max_bandwidth.largest();
    assert!((12_500 * 9 / 10..=12_500 * 11 / 10).contains(&found), "{found}");
}

#[test]
fn where_a_packet_takes_a_second_a_dozen_wait_at_most() {
    let mut link = slow(1_250, 50_000);
    let in_flight = settle(&mut link);
    assert!(in_flight <= 12, "{in_flight} packets");
}

#[test]
fn bandwidth_that_went_is_forgotten_where_the_product_is_less_than_a_packet() {
    let mut link = slow(50_000, 10_000);
    link.run(10_000_000);
    assert!(link.bbr.max_bandwidth.largest() > 45_000);
    link.rate = 12_500;
    link.run(40_000_000);
    let found = link.bbr.max_bandwidth.largest();
    assert!(found <= 14_000, "{found}");
}

/// Runs for `micros`, and checks that a round passes between each probe and the next.
fn check_rounds_between_probes(link: &mut Link, micros: u64) -> u32 {
    let (end, mut before, mut stopped_in, mut probes) = (link.now + micros, link.bbr.state, 0, 0);
    while link.now < end {
        link.run(1_000);
        let (state, round) = (link.bbr.state, link.bbr.rounds.count());
        let is_over = state == State::Down || (state == State::Cruise && before.is_probe_rtt());
        if is_over && state != before {
            stopped_in = round;
        }
        if state == State::Refill && before != state {
            assert!(round > stopped_in, "at {}", link.now);
            probes += 1;
        }
        before = state;
    }
    probes
}

#[test]
fn the_last_of_a_probe_comes_back_before_the_next_begins() {
    // However long the round trip, ...
    let mut link = slow(125_000, 2_400_000);
    link.queue_limit = 4_000_000;
    link.run(60_000_000);
    assert!(check_rounds_between_probes(&mut link, 100_000_000) > 2);
    // ... and however little the model leaves in flight.
    let mut link = Link::settled();
    for _ in 0..10 {
        link.run_until(5_000_000, |bbr| bbr.state == State::Down);
        link.bbr.short_term.bounds.bandwidth = 1_000;
        assert!(check_rounds_between_probes(&mut link, 2_000_000) > 0);
    }
}

#[test]
fn a_small_path_is_probed_as_soon_as_a_reno_flow_would_be_back_at_its_window() {
    // Ten packets are a product; after at most ten rounds of 40 ms it is time.
    let mut link = slow(10 * MTU * 1_000_000 / RTT, RTT);
    link.run(5_000_000);
    link.run_until(5_000_000, |bbr| matches!(bbr.state, State::Up(_)));
    link.run_until(5_000_000, |bbr| bbr.state == State::Down);
    let waited = link.run_until(5_000_000, |bbr| bbr.state == State::Refill);
    assert!((6 * RTT..=16 * RTT).contains(&waited), "{waited}");
}

#[test]
fn a_large_short_path_is_probed_after_63_rounds() {
    let mut link = slow(RATE * 4, 10_000);
    link.queue_limit = 4 * BDP;
    link.run(3_000_000);
    link.run_until(5_000_000, |bbr| matches!(bbr.state, State::Up(_)));
    link.run_until(5_000_000, |bbr| bbr.state == State::Down);
    let waited = link.run_until(5_000_000, |bbr| bbr.state == State::Refill);
    assert!((55 * 10_000..=80 * 10_000).contains(&waited), "{waited}");
}
