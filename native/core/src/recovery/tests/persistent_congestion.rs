use super::*;
use crate::constants::PERSISTENT_CONGESTION_MIN_MICROS;
use std::ops::RangeInclusive;

const MINIMUM_WINDOW: u64 = 2 * SIZE as u64;

/// Packets sent over `micros`, all lost but those `arrived`; then one more, which arrives.
fn blackout(sender: &mut Sender, micros: u64, arrived: &[RangeInclusive<u64>]) {
    let first = sender.next;
    for _ in 0..10 {
        sender.send(1);
        sender.wait(micros / 9 + 1);
    }
    sender.send(1);
    sender.wait(sender.path.rtt.smoothed_micros());
    let mut ranges = vec![first + 10..=first + 10];
    ranges.extend(arrived.iter().map(|range| first + range.start()..=first + range.end()));
    sender.acknowledge(&ranges);
    sender.wait(1);
}

#[test]
fn a_long_time_in_which_nothing_arrives_leaves_the_least_window() {
    let mut sender = Sender::measured();
    blackout(&mut sender, PERSISTENT_CONGESTION_MIN_MICROS + 10_000, &[]);
    assert_eq!(sender.path.window_bytes(), MINIMUM_WINDOW);
}

#[test]
fn a_short_time_in_which_nothing_arrives_is_one_cut() {
    let mut sender = Sender::measured();
    let window = sender.path.window_bytes();
    blackout(&mut sender, PERSISTENT_CONGESTION_MIN_MICROS - 30_000, &[]);
    assert_eq!(sender.path.window_bytes(), window * 7 / 10);
}

#[test]
fn on_a_slow_path_it_takes_three_probe_time_outs() {
    let mut sender = Sender::measured();
    (0..200).for_each(|_| sender.path.rtt.update(200_000, 0));
    let window = sender.path.window_bytes();
    blackout(&mut sender, 500_000, &[]);
    assert_eq!(sender.path.window_bytes(), window * 7 / 10);
    blackout(&mut sender, 700_000, &[]);
    assert_eq!(sender.path.window_bytes(), MINIMUM_WINDOW);
}

#[test]
fn one_packet_that_arrived_in_between_makes_it_two_short_times() {
    let mut sender = Sender::measured();
    blackout(&mut sender, PERSISTENT_CONGESTION_MIN_MICROS + 10_000, &[5..=5]);
    assert!(sender.path.window_bytes() > MINIMUM_WINDOW);
}

#[test]
fn losses_found_one_after_the_other_are_one_time() {
    let mut sender = Sender::measured();
    let first = sender.next;
    (0..2).for_each(|_| {
        sender.send(1);
        sender.wait(PERSISTENT_CONGESTION_MIN_MICROS + 10_000);
    });
    sender.send(3);
    // The first is found lost by number, the second only by time.
    sender.acknowledge(&[first + 3..=first + 3]);
    while sender.recovery.deadline(&sender.path).is_some_and(|at| at <= sender.now.plus_micros(RTT)) {
        sender.time_out();
    }
    assert_eq!(sender.path.window_bytes(), MINIMUM_WINDOW);
}

#[test]
fn before_the_round_trip_is_known_no_time_is_long() {
    let mut sender = Sender::new();
    blackout(&mut sender, 10_000_000, &[]);
    assert!(sender.path.window_bytes() > MINIMUM_WINDOW);
}

#[test]
fn a_number_that_was_never_used_ends_no_run() {
    let mut sender = Sender::measured();
    let first = sender.next;
    for sent in 0..10 {
        sender.next += u64::from(sent == 5);
        sender.send(1);
        sender.wait(PERSISTENT_CONGESTION_MIN_MICROS / 9 + 2_000);
    }
    sender.send(1);
    sender.wait(RTT);
    sender.acknowledge(&[first + 11..=first + 11]);
    assert_eq!(sender.path.window_bytes(), MINIMUM_WINDOW);
}
