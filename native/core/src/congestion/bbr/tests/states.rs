use super::*;

#[test]
fn startup_finds_the_rate_in_as_many_rounds_as_it_has_doublings_and_drain_empties_the_queue() {
    let mut link = Link::new();
    let micros = link.run_until(3_000_000, |bbr| bbr.state != State::Startup);
    assert!(matches!(link.bbr.state, State::Drain { .. }));
    // 12,000 to 500,000 bytes are 5.4 doublings; three more rounds prove the plateau.
    assert!(micros <= 16 * RTT, "{micros}");
    let found = link.bbr.max_bandwidth.largest();
    assert!((RATE * 97 / 100..=RATE * 103 / 100).contains(&found), "{found}");
    assert!(link.in_flight > BDP * 3 / 2, "a queue");
    link.run_until(4 * RTT, |bbr| bbr.state.is_probe_bw());
    assert!(link.in_flight <= BDP * 11 / 10, "{} of {BDP}", link.in_flight);
    assert_eq!(link.bbr.min_rtt.micros().map(|micros| micros / 2_000), Some(RTT / 2_000));
}

#[test]
fn startup_ends_by_loss_where_the_queue_is_too_short_for_a_plateau() {
    let mut link = Link::new();
    link.loses_to_a_queue = true;
    link.lose_every = 12;
    link.run_until(3_000_000, |bbr| bbr.state != State::Startup);
    assert!(link.bbr.inflight_longterm < u64::MAX);
    assert!(link.bbr.full_pipe.was_ever_full() && !link.bbr.full_pipe.is_full());
}

#[test]
fn startup_goes_on_while_the_application_limits() {
    let mut link = Link::new();
    link.app_bytes_per_ms = Some(1_200);
    link.run(4_000_000);
    assert_eq!(link.bbr.state, State::Startup);
    link.app_bytes_per_ms = None;
    link.run_until(3_000_000, |bbr| bbr.state.is_probe_bw());
    assert!(link.bbr.max_bandwidth.largest() >= RATE * 97 / 100);
}

#[test]
fn the_cycle_goes_down_cruise_refill_up_and_down_again() {
    let mut link = Link::settled();
    link.run_until(10 * RTT, |bbr| bbr.state == State::Cruise);
    let waited = link.run_until(3_100_000, |bbr| bbr.state == State::Refill);
    assert!(waited >= 1_500_000, "{waited}");
    let refilled = link.run_until(4 * RTT, |bbr| matches!(bbr.state, State::Up(_)));
    assert!(refilled >= RTT / 2, "a round: {refilled}");
    link.run_until(12 * RTT, |bbr| bbr.state == State::Down);
    assert!(!link.bbr.probe.was_too_high());
}

#[test]
fn up_finds_bandwidth_that_was_not_there_before() {
    let mut link = Link::settled();
    link.rate = 4 * RATE;
    link.queue_limit *= 4;
    link.run(12_000_000);
    let found = link.bbr.max_bandwidth.largest();
    assert!(found >= 4 * RATE * 9 / 10, "{found}");
}

#[test]
fn bandwidth_that_went_is_forgotten_after_two_cycles() {
    let mut link = Link::settled();
    link.rate = RATE / 4;
    link.run(20_000_000);
    let found = link.bbr.max_bandwidth.largest();
    assert!(found <= RATE / 4 * 11 / 10, "{found}");
}

#[test]
fn loss_in_up_bounds_what_is_in_flight_and_leaves_room_for_others_while_cruising() {
    let mut link = Link::settled();
    link.queue_limit = BDP / 5;
    link.run_until(5_000_000, |bbr| matches!(bbr.state, State::Up(_)));
    link.run_until(12 * RTT, |bbr| bbr.state == State::Down);
    assert!(link.bbr.probe.was_too_high());
    let bound = link.bbr.inflight_longterm;
    assert!((BDP..=BDP * 14 / 10).contains(&bound), "{bound} of {BDP}");
    link.run_until(20 * RTT, |bbr| bbr.state == State::Cruise);
    link.run(2 * RTT);
    assert!(link.bbr.window_bytes() <= bound * 86 / 100, "{}", link.bbr.window_bytes());
}

#[test]
fn the_probe_after_one_that_lost_too_much_ends_at_the_bound_and_is_repeated_when_that_was_harmless() {
    let mut link = Link::settled();
    link.queue_limit = BDP / 5;
    link.run_until(5_000_000, |bbr| bbr.probe.was_too_high());
    link.run_until(5_000_000, |bbr| bbr.state == State::Refill);
    link.queue_limit = 4 * BDP;
    link.run_until(4 * RTT, |bbr| matches!(bbr.state, State::Up(_)));
    let bound = link.bbr.inflight_longterm;
    link.run_until(12 * RTT, |bbr| bbr.state == State::Down);
    assert!(link.bbr.inflight_longterm <= bound + 20 * MTU, "stopped at the bound");
    let waited = link.run_until(4 * RTT, |bbr| bbr.state == State::Refill);
    assert!(waited <= 3 * RTT, "at once, without cruising: {waited}");
}

#[test]
fn a_bound_that_proves_too_low_rises_twice_as_fast_each_round() {
    let mut link = Link::settled();
    for _ in 0..200 {
        link.bbr.inflight_longterm = BDP / 2;
        link.run(1_000);
    }
    link.run(15_000_000);
    assert!(link.bbr.inflight_longterm > BDP, "{} of {BDP}", link.bbr.inflight_longterm);
}

#[test]
fn the_round_trip_is_probed_every_five_seconds_with_half_a_product_in_flight_for_200_ms() {
    let mut link = Link::settled();
    let waited = link.run_until(6_000_000, |bbr| bbr.state.is_probe_rtt());
    assert!(waited >= 3_000_000, "{waited}");
    let window = link.bbr.prior_window;
    link.run_until(3 * RTT, |bbr| matches!(bbr.state, State::ProbeRtt { until: Some(_), .. }));
    assert!(link.in_flight <= BDP * 52 / 100, "{}", link.in_flight);
    let lasted = link.run_until(400_000, |bbr| !bbr.state.is_probe_rtt());
    assert!((200_000..200_000 + 2 * RTT).contains(&lasted), "{lasted}");
    assert_eq!(link.bbr.state, State::Cruise);
    assert!(link.bbr.window_bytes() >= window * 9 / 10, "{} of {window}", link.bbr.window_bytes());
}

#[test]
fn a_round_trip_that_grew_for_good_is_learned() {
    let mut link = Link::settled();
    link.rtt = 2 * RTT;
    link.run(20_000_000);
    let micros = link.bbr.min_rtt.micros().unwrap_or_default();
    assert!((2 * RTT..2 * RTT + 4_000).contains(&micros), "{micros}");
}

#[test]
fn who_was_idle_needs_no_probe_of_the_round_trip_and_sends_on_at_the_rate_of_the_path() {
    let mut link = Link::settled();
    link.run_until(3_000_000, |bbr| bbr.state == State::Cruise);
    link.idle(7_000_000);
    link.run(RTT / 2);
    assert!(link.bbr.state.is_probe_bw(), "{:?}", link.bbr.state);
    let rate = link.bbr.pacing_rate;
    assert!((RATE * 9 / 10..=RATE).contains(&rate), "{rate}");
    link.run(2 * RTT);
    assert!(link.bbr.state.is_probe_bw(), "the sample after the silence was fresh");
}
