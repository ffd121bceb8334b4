use super::*;
use proptest::prelude::*;

fn packet(number: u64) -> PacketSent {
    PacketSent { number, size_bytes: 1_200, ack_eliciting: true, in_flight: true, mtu_probe: false }
}

fn with_packets(first: u64, count: u64) -> SentPackets<u64> {
    let mut sent = SentPackets::new(first);
    (first..first + count).for_each(|number| {
        sent.push(Instant::from_micros(number), packet(number), 0, SnapshotSerial::default(), &[number])
    });
    sent
}

fn unacknowledged(sent: &SentPackets<u64>, from: u64, last: u64) -> Vec<u64> {
    let mut found = Vec::new();
    let mut from = from;
    while let Some(number) = sent.next_unacknowledged(from, last) {
        found.push(number);
        from = number + 1;
    }
    found
}

fn settled(_: u64, record: &SentRecord) -> bool {
    matches!(record.state, PacketState::Acknowledged | PacketState::Skipped)
}

#[test]
fn each_packet_keeps_its_own_frames() {
    let mut sent = SentPackets::new(7);
    sent.push(Instant::default(), packet(7), 0, SnapshotSerial::default(), &[70, 71]);
    sent.push(Instant::default(), packet(8), 0, SnapshotSerial::default(), &[]);
    sent.push(Instant::default(), packet(9), 0, SnapshotSerial::default(), &[90]);
    sent.acknowledge(7);
    sent.forget_while(settled);
    let frames = |number| sent.frames_of(sent.get(number).unwrap()).copied().collect::<Vec<_>>();
    assert_eq!(frames(8), []);
    assert_eq!(frames(9), [90]);
    assert!(sent.get(7).is_none());
}

#[test]
fn frames_survive_the_wrap_of_their_positions() {
    let mut sent = SentPackets { first_frame: u32::MAX - 1, ..SentPackets::new(0) };
    (0..4).for_each(|number| {
        sent.push(Instant::default(), packet(number), 0, SnapshotSerial::default(), &[number])
    });
    (0..3).for_each(|number| sent.acknowledge(number));
    sent.forget_while(settled);
    assert_eq!(sent.frames_of(sent.get(3).unwrap()).copied().collect::<Vec<_>>(), [3]);
}

#[test]
fn a_number_that_was_passed_over_stays_known_after_its_neighbours_are_forgotten() {
    let mut sent = with_packets(0, 3);
    sent.push(Instant::default(), packet(5), 0, SnapshotSerial::default(), &[5]);
    assert_eq!(sent.next_number(), 6);
    assert_eq!(sent.skipped_in(0, 9), Some(4));
    assert_eq!(sent.skipped_in(0, 3), Some(3));
    assert_eq!(sent.skipped_in(4, 4), Some(4));
    assert_eq!(sent.skipped_in(5, 9), None);
    assert_eq!(unacknowledged(&sent, 0, 9), [0, 1, 2, 5]);
    [0, 1, 2, 5].iter().for_each(|&number| sent.acknowledge(number));
    sent.forget_while(settled);
    assert_eq!((sent.len(), sent.first_number(), sent.skipped_in(0, 9)), (0, 6, Some(4)));
    sent.push(Instant::default(), packet(7), 0, SnapshotSerial::default(), &[7]);
    assert_eq!(sent.skipped_in(5, 9), Some(6), "nothing was under way when it was passed over");
    assert_eq!((sent.first_number(), sent.is_skipped(6)), (7, false));
}

#[test]
fn of_numbers_that_were_passed_over_the_last_few_are_kept() {
    let mut sent = SentPackets::new(0);
    for number in (0..1_000).step_by(10) {
        sent.push(Instant::default(), packet(number), 0, SnapshotSerial::default(), &[number]);
        sent.push(Instant::default(), packet(number + 1), 0, SnapshotSerial::default(), &[number]);
        sent.acknowledge(number);
        sent.acknowledge(number + 1);
        sent.forget_while(settled);
        assert!(sent.skipped.len() <= SKIPPED_NUMBERS_KEPT + 8, "{}", sent.skipped.len());
    }
    assert_eq!(sent.skipped_in(980, 1_000), Some(989));
}

#[test]
fn what_was_in_flight_before_is_found_behind_acknowledgements_and_numbers_passed_over() {
    let mut sent = with_packets(0, 3);
    let acknowledgement = PacketSent { in_flight: false, ack_eliciting: false, ..packet(3) };
    sent.push(Instant::default(), acknowledgement, 0, SnapshotSerial::default(), &[]);
    sent.push(Instant::default(), packet(5), 0, SnapshotSerial::default(), &[5]);
    assert_eq!(sent.previous_in_flight(5), Some(2));
    assert_eq!(sent.previous_in_flight(2), Some(1));
    assert_eq!(sent.previous_in_flight(0), None);
}

#[test]
fn an_empty_ring_takes_up_at_any_number() {
    let mut sent = with_packets(60, 10);
    (60..70).for_each(|number| sent.acknowledge(number));
    sent.forget_while(settled);
    sent.push(Instant::default(), packet(1_000_000), 0, SnapshotSerial::default(), &[1]);
    assert_eq!((sent.first_number(), sent.len()), (1_000_000, 1));
    assert_eq!(unacknowledged(&sent, 0, u64::MAX), [1_000_000]);
}

#[test]
fn acknowledged_packets_are_passed_over_64_at_a_step() {
    let mut sent = with_packets(1, 100_000);
    (2..=100_000).for_each(|number| sent.acknowledge(number));
    sent.steps.set(0);
    for _ in 0..10 {
        assert_eq!(sent.next_unacknowledged(2, 100_000), None);
    }
    assert!(sent.steps.get() <= 10 * 100_000 / 64 + 20, "{}", sent.steps.get());
}

#[test]
fn a_flight_that_comes_and_goes_allocates_once() {
    let mut sent = with_packets(0, 1_000);
    let mut send_on = |numbers: std::ops::Range<u64>| {
        for number in numbers {
            sent.acknowledge(number - 1_000);
            sent.forget_while(settled);
            sent.push(Instant::default(), packet(number), 0, SnapshotSerial::default(), &[number]);
        }
        (sent.records.capacity(), sent.frames.capacity(), sent.unacknowledged.capacity())
    };
    let room = send_on(1_000..1_100);
    assert_eq!(send_on(1_100..100_000), room);
}

#[test]
fn an_idle_ring_gives_its_memory_back() {
    let mut sent = with_packets(0, 10_000);
    (0..10_000).for_each(|number| sent.acknowledge(number));
    sent.forget_while(settled);
    sent.shrink();
    assert_eq!((sent.records.capacity(), sent.frames.capacity()), (0, 0));
}

proptest! {
    /// Against the obvious: a set of numbers.
    #[test]
    fn the_bitmap_agrees_with_a_set(
        first in 0u64..200,
        count in 1u64..400,
        acknowledged in prop::collection::vec((0u64..600, 0u64..100), 0..20),
        query in (0u64..700, 0u64..700),
    ) {
        let mut sent = with_packets(first, count);
        let mut model: std::collections::BTreeSet<u64> = (first..first + count).collect();
        for (low, length) in acknowledged {
            for number in unacknowledged(&sent, low, low + length) {
                sent.acknowledge(number);
            }
            model.retain(|number| !(low..=low + length).contains(number));
            sent.forget_while(settled);
        }
        let expected: Vec<u64> = model.iter().copied().filter(|number| (query.0..=query.1).contains(number)).collect();
        prop_assert_eq!(unacknowledged(&sent, query.0, query.1), expected);
        prop_assert_eq!(sent.first_number(), model.first().copied().unwrap_or(first + count));
        for &number in &model {
            prop_assert_eq!(sent.frames_of(sent.get(number).unwrap()).copied().collect::<Vec<_>>(), vec![number]);
        }
    }
}
