use super::*;

#[test]
fn a_packet_is_lost_when_one_three_later_arrives() {
    let mut sender = Sender::measured();
    sender.send(4);
    assert_eq!(sender.acknowledge(&[3..=3]).lost_packets, 0);
    let outcome = sender.acknowledge(&[4..=4]);
    assert_eq!(outcome.lost_packets, 1);
    assert_eq!(sender.fate.lost, [1]);
    assert_eq!(sender.path.bytes_in_flight(), u64::from(SIZE), "packet 2 is undecided");
}

#[test]
fn a_packet_is_lost_nine_eighths_of_a_round_trip_after_it_was_sent() {
    let mut sender = Sender::measured();
    sender.send(2);
    sender.wait(RTT);
    assert_eq!(sender.acknowledge(&[2..=2]).lost_packets, 0);
    assert_eq!(sender.micros_to_deadline(), Some(RTT / 8));
    assert_eq!(sender.time_out(), TimeoutOutcome::Lost(1));
    assert_eq!(sender.fate.lost, [1]);
    assert_eq!(sender.recovery.deadline(&sender.path), None);
}

#[test]
fn nothing_newer_than_the_largest_acknowledged_is_lost() {
    let mut sender = Sender::measured();
    sender.send(100);
    sender.wait(10 * RTT);
    assert_eq!(sender.acknowledge(&[1..=1]).lost_packets, 0);
}

#[test]
fn one_flights_losses_cut_the_window_once() {
    let mut sender = Sender::measured();
    sender.send(200);
    let window = sender.path.window_bytes();
    sender.acknowledge(&[50..=50]);
    sender.acknowledge(&[100..=100, 50..=50]);
    sender.acknowledge(&[200..=200, 100..=100, 50..=50]);
    assert_eq!(sender.fate.lost.len(), 195);
    assert_eq!(sender.path.window_bytes(), window * 7 / 10);
}

#[test]
fn the_acknowledgement_that_reveals_a_loss_does_not_grow_the_window() {
    let mut sender = Sender::measured();
    sender.send(1_000);
    let window = sender.path.window_bytes();
    assert_eq!(sender.acknowledge(&[500..=1_000]).lost_packets, 497 + 2);
    assert_eq!(sender.path.window_bytes(), window * 7 / 10);
}

#[test]
fn a_lost_mtu_probe_says_nothing_about_congestion() {
    let mut sender = Sender::measured();
    sender.send_one(|packet| packet.mtu_probe = true);
    sender.send(5);
    let window = sender.path.window_bytes();
    let outcome = sender.acknowledge(&[2..=6]);
    assert_eq!((outcome.lost_packets, outcome.mtu_probe_lost_bytes), (0, Some(SIZE)));
    assert!(sender.path.window_bytes() >= window);
    assert_eq!(sender.path.bytes_in_flight(), 0);
}

#[test]
fn an_mtu_probe_that_arrives_is_told() {
    let mut sender = Sender::measured();
    sender.send_one(|packet| packet.mtu_probe = true);
    assert_eq!(sender.acknowledge(&[1..=1]).mtu_probe_acked_bytes, Some(SIZE));
}

#[test]
fn an_acknowledgement_that_is_missing_is_never_told_lost() {
    let mut sender = Sender::measured();
    sender.send_acknowledgements(1);
    sender.send(10);
    sender.wait(RTT);
    assert_eq!(sender.acknowledge(&[2..=11]).lost_packets, 0);
    assert!(sender.fate.lost.is_empty());
    assert_eq!(sender.recovery.deadline(&sender.path), None);
}

#[test]
fn one_lost_packet_in_front_never_uses_up_the_room_to_send() {
    let mut sender = Sender::measured();
    sender.send(1);
    while sender.recovery.has_room() && sender.next < 2 * SENT_PACKETS_MAX as u64 {
        let first = sender.next;
        sender.send(1_000);
        sender.acknowledge(&[first..=sender.next - 1]);
    }
    assert!(sender.recovery.has_room(), "full after {} packets", sender.next);
}

#[test]
fn what_only_acknowledges_or_was_never_sent_parts_no_run_of_lost_packets() {
    let path = PathControl::new(0, usize::from(SIZE), CongestionAlgorithm::Bbr);
    let mut sender = Sender { path, ..Sender::new() };
    sender.send(2);
    sender.acknowledge(&[0..=0]);
    for _ in 0..3 {
        sender.send(1);
        sender.send_acknowledgements(1);
    }
    sender.next += 1;
    sender.send(2);
    sender.acknowledge(&[1..=1]);
    let arrived = sender.next + 3;
    sender.send(4);
    assert_eq!(sender.acknowledge(&[arrived..=arrived]).lost_packets, 6);
    assert_eq!(sender.path.lost_runs(), Some(1));
}
