//! How phases end that others cut short, and what guards them.

use super::super::short_term::Bounds;
use super::*;

#[test]
fn drain_ends_after_three_rounds_whatever_is_in_flight() {
    let mut link = Link::new();
    link.run_until(3_000_000, |bbr| matches!(bbr.state, State::Drain { .. }));
    // Now the path is slower than half of what it was: the queue does not drain.
    link.rate = RATE / 10;
    let State::Drain { since_round } = link.bbr.state else { panic!("just seen") };
    link.run_until(60 * RTT, |bbr| bbr.state.is_probe_bw());
    assert_eq!(link.bbr.rounds.count(), since_round + 4, "three whole rounds");
    assert!(link.in_flight > link.bbr.inflight(100), "{} of {}", link.in_flight, link.bbr.inflight(100));
}

#[test]
fn the_queue_is_gone_when_no_more_is_in_flight_than_the_path_takes_without_bounds() {
    let mut link = Link::settled();
    link.run_until(5_000_000, |bbr| matches!(bbr.state, State::Up(_)));
    link.run_until(12 * RTT, |bbr| bbr.state == State::Down);
    link.bbr.short_term.bounds = Bounds { bandwidth: RATE / 2, inflight: u64::MAX };
    link.run_until(12 * RTT, |bbr| bbr.state == State::Cruise);
    assert!(link.in_flight >= BDP * 8 / 10, "{} of {BDP}", link.in_flight);
}

/// One whose application has always limited, in a probe of the round trip.
fn probing_the_round_trip_of_startup() -> Link {
    let mut link = Link::new();
    link.app_bytes_per_ms = Some(1_200);
    link.run_until(7_000_000, |bbr| matches!(bbr.state, State::ProbeRtt { until: Some(_), .. }));
    assert!(!link.bbr.full_pipe.was_ever_full());
    link
}

#[test]
fn startup_goes_on_after_a_probe_of_the_round_trip() {
    let mut link = probing_the_round_trip_of_startup();
    let lasted = link.run_until(400_000, |bbr| !bbr.state.is_probe_rtt());
    assert!(lasted >= 190_000, "{lasted}");
    assert_eq!(link.bbr.state, State::Startup);
}

#[test]
fn a_silence_longer_than_the_probe_of_the_round_trip_ends_it_with_the_next_packet() {
    let mut link = probing_the_round_trip_of_startup();
    link.idle(300_000);
    assert!(link.bbr.state.is_probe_rtt());
    link.bbr.on_sent(at(link.now), MTU, 0);
    assert_eq!(link.bbr.state, State::Startup);

    let mut link = probing_the_round_trip_of_startup();
    link.bbr.full_pipe.set_ever_full(true);
    link.idle(300_000);
    link.bbr.on_sent(at(link.now), MTU, 0);
    assert_eq!(link.bbr.state, State::Cruise);
}

/// In the middle of a probe, with losses of a packet that was sent when `in_flight` bytes were.
fn lose_in_a_probe(link: &mut Link, in_flight: u64, packets: u64) {
    let now = at(link.now);
    let snapshot = link.bbr.on_sent(now, MTU, in_flight);
    for number in 1_000_000..1_000_000 + packets {
        let previous_number = Some(number - 1);
        let rtt_micros = 2 * RTT;
        let lost =
            LostPacket { now, sent_at: now, number, previous_number, bytes: MTU, rtt_micros, snapshot };
        link.bbr.on_packet_lost(&lost);
    }
}

fn in_the_middle_of_a_probe() -> Link {
    let mut link = Link::settled();
    link.run_until(5_000_000, |bbr| matches!(bbr.state, State::Up(_)));
    link.run(RTT);
    assert!(link.bbr.probe.is_sampling);
    link
}

#[test]
fn a_probe_that_loses_too_much_bounds_nothing_where_the_application_limited() {
    let mut link = in_the_middle_of_a_probe();
    link.bbr.delivery.mark_app_limited(link.in_flight);
    lose_in_a_probe(&mut link, BDP, 100);
    assert!(link.bbr.probe.was_too_high());
    assert_eq!((link.bbr.state, link.bbr.inflight_longterm), (State::Down, u64::MAX));
}

#[test]
fn a_probe_that_loses_too_much_bounds_no_lower_than_cubic_would_go() {
    let mut link = in_the_middle_of_a_probe();
    let least = link.bbr.target_inflight() * 7 / 10;
    link.run(2_000);
    lose_in_a_probe(&mut link, 10 * MTU, 5);
    let bound = link.bbr.inflight_longterm;
    assert!((least * 99 / 100..=least * 101 / 100).contains(&bound), "{bound} of {least}");
}

#[test]
fn who_has_filled_the_window_is_not_limited_by_the_application() {
    let mut bbr = Bbr::new(MTU);
    bbr.on_application_limited(bbr.window_bytes());
    assert!(!bbr.delivery.is_app_limited());
    bbr.on_application_limited(bbr.window_bytes() - 1);
    assert!(bbr.delivery.is_app_limited());
}

#[test]
fn a_loss_while_the_round_trip_is_probed_does_not_hide_the_window_before_it() {
    let mut link = Link::settled();
    link.run_until(6_000_000, |bbr| bbr.state.is_probe_rtt());
    let window = link.bbr.prior_window;
    link.run_until(3 * RTT, |bbr| matches!(bbr.state, State::ProbeRtt { until: Some(_), .. }));
    assert!(link.bbr.window_bytes() < window);
    for newer in [2, 1] {
        let (now, sent_at) = (at(link.now), at(link.now - newer));
        link.bbr.on_congestion_event(&CongestionEvent { now, sent_at, ..CongestionEvent::default() });
        assert_eq!(link.bbr.prior_window, window);
    }
    link.run_until(400_000, |bbr| !bbr.state.is_probe_rtt());
    assert!(link.bbr.window_bytes() >= window * 9 / 10, "{} of {window}", link.bbr.window_bytes());
}

#[test]
fn persistent_congestion_that_is_found_within_a_recovery_period_still_cuts_the_window() {
    let mut link = Link::settled();
    let (now, sent_at) = (at(link.now), at(link.now - 1));
    let loss = CongestionEvent { now, sent_at, ..CongestionEvent::default() };
    assert!(link.bbr.on_congestion_event(&loss));
    assert!(link.bbr.window_bytes() > 4 * MTU);
    assert!(!link.bbr.on_congestion_event(&CongestionEvent { persistent: true, ..loss }));
    assert_eq!(link.bbr.window_bytes(), 4 * MTU);
}
