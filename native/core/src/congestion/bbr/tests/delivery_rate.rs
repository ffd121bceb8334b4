use super::super::delivery_rate::{DeliveryRate, RateSample};
use super::*;

/// A sender of packets of 1,000 bytes, and what is in flight.
#[derive(Clone, Default)]
struct Sender {
    delivery: DeliveryRate,
    in_flight: u64,
}

type Mark = (u64, SnapshotSerial);

impl Sender {
    fn send(&mut self, now: u64) -> Mark {
        let serial = self.delivery.on_sent(at(now), 1_000, self.in_flight);
        self.in_flight += 1_000;
        (now, serial)
    }

    /// Acknowledges `packets`, the newest of which was sent as `newest` says.
    fn acked(&mut self, now: u64, packets: u64, newest: Mark, min_rtt: Option<u64>) -> RateSample {
        self.in_flight -= packets * 1_000;
        let ack = AckSample {
            now: at(now),
            acked_bytes: packets * 1_000,
            newest_sent_at: at(newest.0),
            newest_snapshot: newest.1,
            smoothed_rtt_micros: 64_000,
            ..AckSample::default()
        };
        self.delivery.on_acked(&ack, min_rtt)
    }
}

#[test]
fn a_rate_is_what_was_delivered_since_the_newest_packet_was_sent() {
    let mut sender = Sender::default();
    let first: Vec<Mark> = (0..10).map(|number| sender.send(number * 2_000)).collect();
    let sample = sender.acked(100_000, 1, first[0], None);
    assert_eq!((sample.delivered, sample.rate), (1_000, 10_000), "1,000 bytes in 100 ms");
    let second = sender.send(100_000);
    for number in 1..10 {
        sender.acked(100_000 + number * 2_000, 1, first[number as usize], None);
    }
    let sample = sender.acked(200_000, 1, second, None);
    assert_eq!((sample.delivered, sample.rate), (10_000, 100_000), "10,000 bytes in 100 ms");
    assert_eq!((sample.prior_delivered, sample.sent_in_flight), (Some(1_000), 10_000));
}

#[test]
fn acknowledgements_that_were_squeezed_together_do_not_make_a_path_faster() {
    let mut sender = Sender::default();
    let first = sender.send(0);
    sender.send(50_000);
    sender.acked(90_000, 1, first, None);
    let third = sender.send(100_000);
    // 20 ms between the acknowledgements, 100 ms between the packets.
    assert_eq!(sender.acked(110_000, 2, third, None).rate, 20_000);
}

#[test]
fn an_interval_shorter_than_the_round_trip_is_not_believed() {
    let mut sender = Sender::default();
    let mark = sender.send(0);
    assert_eq!(sender.clone().acked(9_999, 1, mark, Some(10_000)).rate, 0);
    assert_eq!(sender.acked(10_000, 1, mark, Some(10_000)).rate, 100_000);
}

#[test]
fn idle_time_is_no_part_of_an_interval() {
    let mut sender = Sender::default();
    let mark = sender.send(0);
    sender.acked(10_000, 1, mark, None);
    let mark = sender.send(60_000_000);
    assert_eq!(sender.acked(60_010_000, 1, mark, None).rate, 100_000);
}

#[test]
fn samples_are_application_limited_until_what_was_sent_after_the_gap_is_delivered() {
    let mut sender = Sender::default();
    let before = sender.send(0);
    sender.delivery.mark_app_limited(sender.in_flight);
    let within = sender.send(1_000);
    assert!(!sender.acked(10_000, 1, before, None).app_limited);
    assert!(sender.delivery.is_app_limited(), "nothing beyond the gap is delivered yet");
    assert!(sender.acked(11_000, 1, within, None).app_limited);
    assert!(!sender.delivery.is_app_limited());
    let after = sender.send(12_000);
    assert!(!sender.acked(22_000, 1, after, None).app_limited);
}

#[test]
fn packets_of_a_train_share_a_snapshot_and_later_ones_have_their_own() {
    let mut sender = Sender::default();
    let mark = sender.send(0);
    sender.acked(64_000, 1, mark, None);
    let train: Vec<Mark> = (0..64).map(|_| sender.send(65_000)).collect();
    assert!(train.iter().all(|mark| *mark == train[0]));
    assert_eq!(sender.send(66_000).1, train[0].1, "a 64th of 64 ms later");
    let next = sender.send(66_001);
    assert_ne!(next.1, train[0].1);
    assert_eq!(sender.acked(130_000, 65, train[0], None).sent_in_flight, 65_000, "of the whole train");
}

#[test]
fn a_flight_of_any_length_keeps_its_samples() {
    let mut sender = Sender::default();
    let marks: Vec<Mark> = (0..5_000).map(|number| sender.send(number * 10)).collect();
    for (number, mark) in marks.into_iter().enumerate() {
        let sample = sender.acked(1_000_000 + number as u64 * 10, 1, mark, None);
        assert!(sample.prior_delivered.is_some(), "packet {number}");
    }
}

#[test]
fn a_straggler_older_than_the_ring_gives_no_sample_and_counts_all_the_same() {
    let mut sender = Sender::default();
    let oldest = sender.send(0);
    for number in 1..=257 {
        let mark = sender.send(number * 10_000);
        sender.acked(number * 10_000 + 5_000, 1, mark, None);
    }
    let sample = sender.acked(10_000_000, 1, oldest, None);
    assert_eq!((sample.rate, sample.prior_delivered, sample.newly_acked), (0, None, 1_000));
    assert_eq!(sender.delivery.delivered(), 258_000);
}

#[test]
fn serials_that_wrap_find_their_snapshots() {
    let mut sender = Sender::default();
    for number in 1..70_000 {
        let mark = sender.send(number * 1_000_000);
        let sample = sender.acked(number * 1_000_000 + 10_000, 1, mark, None);
        assert_eq!(sample.rate, 100_000, "{number}");
    }
}

#[test]
fn what_was_lost_counts_from_when_the_packet_was_sent_and_comes_back_when_it_was_late() {
    let mut sender = Sender::default();
    let first = sender.send(0);
    assert_eq!(sender.delivery.on_lost(1_000, first.1).lost, 1_000);
    let second = sender.send(1_000_000);
    assert_eq!(sender.delivery.on_lost(1_000, second.1).lost, 1_000);
    sender.delivery.on_late(1_000);
    assert_eq!(sender.delivery.delivered(), 1_000);
}
