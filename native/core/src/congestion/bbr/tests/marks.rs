use super::super::short_term::Bounds;
use super::*;

/// The network has marked the newest packet that was acknowledged.
fn mark(link: &mut Link) {
    let (now, sent_at, bytes_in_flight) = (at(link.now), at(link.now - link.rtt), link.in_flight);
    let event = CongestionEvent { now, sent_at, marked: true, bytes_in_flight, ..CongestionEvent::default() };
    link.bbr.on_congestion_event(&event);
}

#[test]
fn a_mark_ends_startup() {
    let mut link = Link::new();
    link.run(3 * RTT);
    assert_eq!(link.bbr.state, State::Startup);
    mark(&mut link);
    link.run(RTT / 2);
    assert!(!matches!(link.bbr.state, State::Startup), "{:?}", link.bbr.state);
    assert!(link.bbr.inflight_longterm < u64::MAX);
}

#[test]
fn a_mark_while_probing_ends_the_probe_and_bounds_what_is_in_flight() {
    let mut link = Link::settled();
    link.run_until(5_000_000, |bbr| matches!(bbr.state, State::Up(_)));
    link.run(3 * RTT / 2);
    assert!(matches!(link.bbr.state, State::Up(_)));
    mark(&mut link);
    assert_eq!(link.bbr.state, State::Down);
    assert!(link.bbr.probe.was_too_high());
    let bound = link.bbr.inflight_longterm;
    assert!((BDP..=BDP * 3 / 2).contains(&bound), "{bound} of {BDP}");
}

#[test]
fn marks_while_cruising_slow_down_once_a_round_until_the_next_probe() {
    let mut link = Link::settled();
    link.run_until(10 * RTT, |bbr| bbr.state == State::Cruise);
    link.run(2 * RTT);
    let mut bounds = vec![link.bbr.short_term.bounds];
    assert_eq!(bounds, [Bounds::NONE]);
    for _ in 0..4 * RTT / 1_000 {
        mark(&mut link);
        link.run(1_000);
        bounds.push(link.bbr.short_term.bounds);
    }
    bounds.dedup();
    assert!((3..=5).contains(&bounds.len()), "{bounds:?}");
    assert!(bounds.last().is_some_and(|last| last.inflight < BDP * 3 / 2), "{bounds:?}");
    link.run_until(5_000_000, |bbr| bbr.state == State::Refill);
    assert_eq!(link.bbr.short_term.bounds, Bounds::NONE);
}
