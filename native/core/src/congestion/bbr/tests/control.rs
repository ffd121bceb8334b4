use super::*;

#[test]
fn before_anything_is_measured_the_first_window_goes_out_at_once() {
    let bbr = Bbr::new(MTU);
    assert_eq!(bbr.window_bytes(), 14_720);
    // 2.77 x 14,720 bytes a millisecond.
    assert_eq!(bbr.pacing_rate_bytes_per_second(100_000), 40_774_000);
}

#[test]
fn each_state_paces_and_bounds_as_the_draft_says() {
    let growth = state::InflightGrowth::new(BDP, MTU);
    let probe_rtt = State::ProbeRtt { until: None, round_passed: false };
    let table = [
        (State::Startup, 277, 200),
        (State::Drain { since_round: 0 }, 50, 200),
        (State::Down, 90, 200),
        (State::Cruise, 100, 200),
        (State::Refill, 100, 200),
        (State::Up(growth), 125, 225),
        (probe_rtt, 100, 50),
    ];
    for (state, pacing, cwnd) in table {
        assert_eq!((state.pacing_percent(), state.cwnd_percent()), (pacing, cwnd), "{state:?}");
    }
}

#[test]
fn cruising_paces_a_percent_below_the_path_within_two_products() {
    let mut link = Link::settled();
    link.run_until(10 * RTT, |bbr| bbr.state == State::Cruise);
    link.run(4 * RTT);
    assert_eq!(link.bbr.pacing_rate, link.bbr.bandwidth() * 99 / 100);
    let window = link.bbr.window_bytes();
    assert!((BDP * 19 / 10..=BDP * 3).contains(&window), "{window}");
    assert!(link.in_flight <= BDP * 105 / 100, "{}", link.in_flight);
}

#[test]
fn a_fast_short_path_has_room_for_three_whole_trains() {
    let mut link = Link::new();
    (link.rate, link.rtt, link.smoothed, link.queue_limit) = (1_250_000_000, 100, 100, 16 << 20);
    link.run(300_000);
    assert!(link.bbr.window_bytes() >= 3 * (64 << 10), "{}", link.bbr.window_bytes());
}

#[test]
fn the_window_never_falls_below_four_packets_nor_the_rate_below_one_a_round_trip() {
    let mut link = Link::settled();
    link.lose_every = 2;
    link.run(10_000_000);
    assert!(link.bbr.window_bytes() >= 4 * MTU);
    link.bbr.pacing_rate = 1;
    assert_eq!(link.bbr.pacing_rate_bytes_per_second(RTT), MTU * 1_000_000 / RTT);
}

#[test]
fn the_long_term_bound_rises_by_a_packet_a_window_then_two_then_four() {
    let mut growth = state::InflightGrowth::new(16 * MTU, MTU);
    for packets in [1, 2, 4, 8, 16, 16] {
        assert_eq!(growth.on_acked(16 * MTU, MTU), packets * MTU);
        growth.on_round(16 * MTU, MTU);
    }
}

#[test]
fn a_larger_datagram_lifts_the_least_window() {
    let mut bbr = Bbr::new(MTU);
    bbr.on_mtu(9_000);
    assert_eq!(bbr.window_bytes(), 36_000);
}

#[test]
fn absurd_acknowledgements_are_survived() {
    let mut bbr = Bbr::new(MTU);
    for now in [0, 1, u64::MAX] {
        let ack = AckSample {
            now: at(now),
            acked_bytes: 1 << 40,
            bytes_in_flight: 1 << 40,
            rtt_micros: Some(1),
            smoothed_rtt_micros: 0,
            ..AckSample::default()
        };
        bbr.on_sent(at(now), 1 << 40, 0);
        bbr.on_ack(&ack);
        assert!(bbr.window_bytes() >= 4 * MTU && bbr.pacing_rate_bytes_per_second(0) > 0);
    }
}
