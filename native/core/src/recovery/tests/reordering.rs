use super::*;
use crate::constants::REORDERING_MEMORY_EVENTS;

/// Packets `from..` are sent, the first of them overtaken by `distance` others; it is taken for lost and comes late.
fn overtake(sender: &mut Sender, distance: u64) -> (AckOutcome, AckOutcome) {
    let first = sender.next;
    sender.send(distance + 1);
    let early = sender.acknowledge(&[first + 1..=first + distance]);
    (early, sender.acknowledge(&[first..=first + distance]))
}

#[test]
fn a_late_packet_takes_the_cut_back() {
    let mut sender = Sender::measured();
    sender.send(20);
    let window = sender.path.window_bytes();
    sender.acknowledge(&[10..=10]);
    assert!(sender.path.window_bytes() < window);
    let outcome = sender.acknowledge(&[1..=10]);
    assert_eq!(outcome.spurious_losses, 7);
    assert!(sender.path.window_bytes() >= window);
    assert_eq!(sender.fate.acknowledged.len(), 10, "the late ones are told acknowledged");
}

#[test]
fn what_is_lost_of_the_same_flight_after_the_cut_was_taken_back_cuts() {
    let mut sender = Sender::measured();
    sender.send(40);
    let window = sender.path.window_bytes();
    sender.acknowledge(&[10..=10]);
    sender.wait(1);
    sender.acknowledge(&[1..=10]);
    assert!(sender.path.window_bytes() >= window);
    let window = sender.path.window_bytes();
    assert!(sender.acknowledge(&[40..=40, 1..=10]).lost_packets > 0);
    assert_eq!(sender.path.window_bytes(), window * 7 / 10);
}

#[test]
fn a_cut_stays_while_one_of_its_losses_was_real() {
    let mut sender = Sender::measured();
    sender.send(20);
    let window = sender.path.window_bytes();
    sender.acknowledge(&[10..=10]);
    sender.acknowledge(&[2..=10]);
    assert_eq!(sender.path.window_bytes(), window * 7 / 10);
}

#[test]
fn a_cut_stays_while_a_loss_found_later_was_real() {
    let mut sender = Sender::measured();
    sender.send(20);
    let window = sender.path.window_bytes();
    sender.acknowledge(&[10..=10]);
    assert_eq!(sender.acknowledge(&[20..=20, 10..=10]).lost_packets, 2 + 7);
    sender.acknowledge(&[20..=20, 10..=10, 1..=7]);
    assert_eq!(sender.path.window_bytes(), window * 7 / 10);
    assert_eq!(sender.acknowledge(&[1..=20]).spurious_losses, 2 + 7);
    assert!(sender.path.window_bytes() >= window);
}

#[test]
fn a_distance_seen_once_is_not_taken_for_loss_again() {
    let mut sender = Sender::measured();
    let (early, late) = overtake(&mut sender, 40);
    assert_eq!((early.lost_packets, late.spurious_losses), (1, 1));
    let (early, _) = overtake(&mut sender, 40);
    assert_eq!(early.lost_packets, 0);
    let (early, _) = overtake(&mut sender, 41);
    assert_eq!(early.lost_packets, 1, "but a longer one is");
}

#[test]
fn a_delay_seen_once_is_not_taken_for_loss_again() {
    let mut sender = Sender::measured();
    let lost_after = |sender: &mut Sender| {
        let first = sender.next;
        sender.send(2);
        sender.wait(RTT);
        sender.acknowledge(&[first + 1..=first + 1]);
        let micros = sender.micros_to_deadline();
        sender.wait(RTT * 3 / 8);
        sender.recovery.on_timeout(sender.now, &mut sender.path, &mut sender.fate);
        sender.acknowledge(&[first..=first + 1]);
        micros
    };
    assert_eq!(lost_after(&mut sender), Some(RTT / 8));
    assert!(lost_after(&mut sender) >= Some(RTT * 3 / 8), "eleven eighths");
    assert_eq!(sender.fate.lost.len(), 1);
}

#[test]
fn thresholds_fall_back_when_losses_are_real_again() {
    let mut sender = Sender::measured();
    overtake(&mut sender, 40);
    for _ in 0..=REORDERING_MEMORY_EVENTS {
        sender.wait(RTT);
        let first = sender.next;
        sender.send(100);
        assert!(sender.acknowledge(&[first + 1..=first + 99]).lost_packets > 0);
    }
    sender.wait(RTT);
    let first = sender.next;
    sender.send(4);
    assert_eq!(sender.acknowledge(&[first + 1..=first + 3]).lost_packets, 1);
}

#[test]
fn a_packet_lost_long_ago_is_forgotten() {
    let mut sender = Sender::measured();
    sender.send(5);
    sender.acknowledge(&[2..=5]);
    assert_eq!(sender.recovery.sent.first_number(), 1, "it may come late");
    sender.wait(LOST_KEPT_PTOS * sender.path.rtt.pto_micros() + 1);
    sender.send(1);
    sender.wait(RTT);
    sender.acknowledge(&[6..=6]);
    assert_eq!(sender.recovery.sent.len(), 0);
    assert_eq!(sender.acknowledge(&[1..=6]), AckOutcome::default());
}
