use super::super::short_term::Bounds;
use super::*;

#[test]
fn a_percent_of_loss_bounds_nothing_while_cruising_and_a_tenth_does_where_a_queue_stands_and_a_fifth_anywhere(
) {
    let bounds_with = |lose_every, loses_to_a_queue| {
        let mut link = Link::settled();
        link.loses_to_a_queue = loses_to_a_queue;
        link.run_until(10 * RTT, |bbr| bbr.state == State::Cruise);
        link.lose_every = lose_every;
        link.run(10 * RTT);
        link.bbr.short_term.bounds
    };
    assert_eq!(bounds_with(100, true), Bounds::NONE);
    assert_eq!(bounds_with(10, false), Bounds::NONE);
    for bounded in [bounds_with(10, true), bounds_with(5, false)] {
        assert!(bounded.bandwidth < RATE && bounded.inflight < 2 * BDP, "{bounded:?}");
    }
}

#[test]
fn short_term_bounds_end_with_the_next_probe() {
    let mut link = Link::settled();
    link.run_until(10 * RTT, |bbr| bbr.state == State::Cruise);
    link.loses_to_a_queue = true;
    link.lose_every = 10;
    link.run(5 * RTT);
    assert_ne!(link.bbr.short_term.bounds, Bounds::NONE);
    link.run_until(5_000_000, |bbr| bbr.state == State::Refill);
    assert_eq!(link.bbr.short_term.bounds, Bounds::NONE);
}

#[test]
fn a_loss_that_was_reordering_gives_bounds_and_window_back() {
    let mut link = Link::settled();
    link.run_until(10 * RTT, |bbr| bbr.state == State::Cruise);
    link.run(2 * RTT);
    let (window, recovery_start) = (link.bbr.window_bytes(), link.bbr.recovery_start());
    link.loses_to_a_queue = true;
    link.lose_every = 5;
    link.run(RTT / 4);
    link.lose_every = 0;
    link.run_until(4 * RTT, |bbr| bbr.short_term.bounds != Bounds::NONE);
    assert_ne!(link.bbr.recovery_start(), recovery_start);
    link.bbr.on_spurious_loss();
    assert_eq!(link.bbr.recovery_start(), recovery_start, "what is lost of that flight after all counts");
    assert_eq!(link.bbr.short_term.bounds, Bounds::NONE);
    assert!(link.bbr.window_bytes() >= window * 9 / 10, "{} of {window}", link.bbr.window_bytes());
}

#[test]
fn startup_and_up_go_on_when_the_loss_that_ended_them_was_reordering() {
    let mut link = Link::new();
    link.loses_to_a_queue = true;
    link.lose_every = 12;
    link.run_until(3_000_000, |bbr| bbr.state != State::Startup);
    link.bbr.on_spurious_loss();
    assert_eq!((link.bbr.state, link.bbr.inflight_longterm), (State::Startup, u64::MAX));
    assert!(!link.bbr.full_pipe.was_ever_full());

    let mut link = Link::settled();
    link.queue_limit = BDP / 5;
    link.run_until(5_000_000, |bbr| bbr.probe.was_too_high());
    assert_eq!(link.bbr.state, State::Down);
    link.bbr.on_spurious_loss();
    assert_eq!((link.bbr.state, link.bbr.inflight_longterm), (State::Refill, u64::MAX));
}

#[test]
fn losses_of_one_flight_are_one_recovery_period() {
    let mut bbr = Bbr::new(MTU);
    let event = |now, sent_at| CongestionEvent {
        now: at(now),
        sent_at: at(sent_at),
        bytes_in_flight: 10 * MTU,
        ..CongestionEvent::default()
    };
    assert!(bbr.on_congestion_event(&event(1_000, 500)));
    assert!(!bbr.on_congestion_event(&event(2_000, 1_000)));
    assert!(bbr.on_congestion_event(&event(3_000, 1_001)));
}

#[test]
fn persistent_congestion_leaves_what_is_in_flight_and_recovery_gives_the_window_back() {
    let mut link = Link::settled();
    link.run_until(10 * RTT, |bbr| bbr.state == State::Cruise);
    let window = link.bbr.window_bytes();
    let (now, sent_at) = (at(link.now), at(link.now - 1));
    link.bbr.on_congestion_event(&CongestionEvent {
        now,
        sent_at,
        persistent: true,
        ..CongestionEvent::default()
    });
    assert_eq!(link.bbr.window_bytes(), 4 * MTU);
    link.run(3 * RTT);
    assert!(link.bbr.window_bytes() >= window * 9 / 10, "{}", link.bbr.window_bytes());
}

#[test]
fn losses_behind_the_one_that_ended_a_probe_do_not_hide_what_it_ended() {
    let mut link = Link::settled();
    link.run_until(5_000_000, |bbr| matches!(bbr.state, State::Up(_)));
    let (now, bytes) = (at(link.now), MTU);
    let snapshot = link.bbr.on_sent(now, bytes, link.in_flight);
    for number in 1_000_000..1_000_100 {
        link.bbr.on_packet_lost(&LostPacket {
            now,
            sent_at: now,
            number,
            previous_number: None,
            bytes,
            rtt_micros: 2 * RTT,
            snapshot,
        });
    }
    let bytes_in_flight = link.in_flight;
    link.bbr.on_congestion_event(&CongestionEvent {
        now,
        sent_at: now,
        bytes_in_flight,
        ..CongestionEvent::default()
    });
    assert_eq!(link.bbr.state, State::Down);
    link.bbr.on_spurious_loss();
    assert_eq!((link.bbr.state, link.bbr.inflight_longterm), (State::Refill, u64::MAX));
}
