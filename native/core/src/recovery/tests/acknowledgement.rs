use super::*;

#[test]
fn each_packet_is_acknowledged_once() {
    let mut sender = Sender::new();
    sender.send(5);
    let outcome = sender.acknowledge(&[4..=4, 0..=2]);
    assert_eq!((outcome.newly_acked_packets, outcome.newly_acked_bytes), (4, 4 * u64::from(SIZE)));
    assert_eq!(outcome.largest_newly_acked, Some(4));
    assert_eq!(sender.fate.acknowledged, [4, 0, 1, 2]);
    assert_eq!(sender.acknowledge(&[4..=4, 0..=2]), AckOutcome::default());
    assert_eq!(sender.path.bytes_in_flight(), u64::from(SIZE));
}

#[test]
fn an_acknowledgement_of_what_was_never_sent_is_an_error() {
    let mut sender = Sender::new();
    assert_eq!(sender.try_acknowledge(&[0..=0]), Err(AckOfUnsent { number: 0 }));
    sender.send(3);
    assert_eq!(sender.try_acknowledge(&[2..=3]), Err(AckOfUnsent { number: 3 }));
    assert_eq!(sender.try_acknowledge(&[u64::MAX..=u64::MAX]), Err(AckOfUnsent { number: u64::MAX }));
    assert!(sender.fate.acknowledged.is_empty(), "and acknowledges nothing");
    sender.send_one(|packet| packet.number = 5);
    assert_eq!(
        sender.try_acknowledge(&[4..=5]),
        Err(AckOfUnsent { number: 4 }),
        "a number that was passed over"
    );
}

#[test]
fn a_number_that_was_never_used_may_be_named_at_no_time() {
    let mut sender = Sender::new();
    sender.send(3);
    sender.next += 1;
    assert_eq!(sender.try_acknowledge(&[0..=3]), Err(AckOfUnsent { number: 3 }), "the last so far");
    sender.acknowledge(&[0..=2]);
    sender.send(3);
    sender.acknowledge(&[4..=6]);
    for _ in 0..3 {
        assert_eq!(sender.try_acknowledge(&[0..=6]), Err(AckOfUnsent { number: 3 }), "all is settled");
    }
    sender.send(3);
    assert_eq!(sender.try_acknowledge(&[0..=9]), Err(AckOfUnsent { number: 3 }));
}

#[test]
fn no_round_trip_takes_less_than_the_clock_can_tell() {
    let mut sender = Sender::new();
    sender.send(1);
    assert_eq!(sender.acknowledge(&[0..=0]).rtt_sample_micros, Some(1));
}

#[test]
fn the_round_trip_is_measured_only_from_a_largest_that_is_new() {
    let mut sender = Sender::new();
    sender.send(3);
    sender.wait(RTT);
    assert_eq!(sender.acknowledge(&[1..=1]).rtt_sample_micros, Some(RTT));
    sender.wait(RTT);
    assert_eq!(sender.acknowledge(&[0..=1]).rtt_sample_micros, None, "the largest is old news");
    assert_eq!(sender.acknowledge(&[2..=2]).rtt_sample_micros, Some(2 * RTT));
}

#[test]
fn the_round_trip_is_not_measured_from_what_asked_for_no_acknowledgement() {
    let mut sender = Sender::new();
    sender.send_acknowledgements(1);
    sender.wait(RTT);
    assert_eq!(sender.acknowledge(&[0..=0]).rtt_sample_micros, None);
}

#[test]
fn a_large_acknowledgement_costs_what_is_new_in_it() {
    let mut sender = Sender::measured();
    sender.send(20_000);
    sender.wait(RTT);
    // Packet 1 stays away, so that nothing can be forgotten before it.
    for acks in 1..=100 {
        let largest = acks * 200;
        let outcome = sender.acknowledge(&[2..=largest]);
        assert_eq!(outcome.newly_acked_packets, if acks == 1 { 199 } else { 200 });
    }
    let words = 20_000 / 64;
    assert!(
        sender.recovery.sent.steps() < 100 * words,
        "{} words for 20,000 packets",
        sender.recovery.sent.steps()
    );
}

#[test]
fn packets_of_another_path_leave_this_ones_window_and_round_trip_alone() {
    let mut sender = Sender::measured();
    sender.send(10);
    let before = sender.path.window_bytes();
    sender.path = PathControl::new(1, usize::from(SIZE), CongestionAlgorithm::Cubic);
    sender.send(2);
    sender.wait(RTT * 9);
    let outcome = sender.acknowledge(&[10..=10, 5..=6]);
    assert_eq!(outcome.newly_acked_packets, 3);
    assert_eq!(outcome.lost_packets, 7, "all others below the largest: some by number, some by time");
    assert!(!sender.path.rtt.has_sample());
    assert_eq!(sender.path.window_bytes(), before.min(14_720), "the other path's losses");
    assert_eq!(sender.path.bytes_in_flight(), 2 * u64::from(SIZE));
    sender.acknowledge(&[12..=12]);
    assert!(sender.path.rtt.has_sample());
}

#[test]
fn nothing_is_remembered_of_a_flight_that_was_acknowledged() {
    let mut sender = Sender::new();
    sender.send(1_000);
    sender.acknowledge(&[0..=999]);
    assert_eq!(sender.recovery.sent.len(), 0);
    assert_eq!(sender.recovery.ack_eliciting_in_flight, 0);
    sender.recovery.release_memory();
}

#[test]
fn acknowledgements_that_nobody_acknowledges_do_not_pile_up() {
    let mut sender = Sender::measured();
    sender.send_acknowledgements(10_000);
    assert!(sender.recovery.sent.len() <= UNACKNOWLEDGEABLE_KEPT + 1, "{}", sender.recovery.sent.len());
    assert_eq!(sender.recovery.deadline(&sender.path), None);
    sender.acknowledge(&[1..=10_000]);
    assert_eq!(sender.recovery.sent.len(), 0);
}

#[test]
fn a_long_run_of_acknowledgements_asks_for_a_ping() {
    let mut sender = Sender::new();
    sender.send_acknowledgements(u64::from(ACK_ONLY_STREAK) - 1);
    assert!(!sender.recovery.wants_ping());
    sender.send_acknowledgements(1);
    assert!(sender.recovery.wants_ping());
    sender.send(1);
    assert!(!sender.recovery.wants_ping());
}

#[test]
fn a_peer_that_acknowledges_nothing_cannot_make_this_end_remember_without_bound() {
    let mut sender = Sender::new();
    sender.send(1);
    while sender.recovery.has_room() {
        sender.send_acknowledgements(1);
    }
    assert_eq!(sender.recovery.sent.len(), SENT_PACKETS_MAX);
    sender.time_out();
    assert!(sender.recovery.has_room(), "for the probe");
}

#[test]
fn after_a_long_silence_nothing_is_remembered_of_what_nobody_has_to_acknowledge() {
    let mut sender = Sender::measured();
    sender.send_acknowledgements(500);
    assert!(sender.recovery.sent.len() >= 500);
    sender.recovery.release_memory();
    assert_eq!(sender.recovery.sent.len(), 0);
    sender.send(1);
    sender.wait(RTT);
    assert_eq!(sender.acknowledge(&[501..=501]).newly_acked_packets, 1);
}
