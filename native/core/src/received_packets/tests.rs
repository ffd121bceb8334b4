use super::ReceivedPackets;
use crate::constants::{MAX_ACK_DELAY_MICROS, RECEIVED_RANGES_KEPT};
use crate::path::Ecn;
use crate::Instant;
use osier_wire::limits::MAX_ACK_RANGES;
use osier_wire::{EcnCounts, Frame, Reader, Writer};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

const RTT: u64 = 100_000;

fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

/// What one ACK frame said.
#[derive(Debug, PartialEq)]
struct Told {
    ranges: Vec<RangeInclusive<u64>>,
    delay_micros: u64,
    ecn: Option<EcnCounts>,
    length: usize,
}

fn ack_within(received: &mut ReceivedPackets, now: u64, room: usize) -> Option<Told> {
    let mut buffer = [0xee; 1200];
    let mut writer = Writer::new(&mut buffer);
    let largest = received.write_ack(at(now), &mut writer, room);
    let length = writer.position();
    let Some(largest) = largest else {
        assert_eq!(length, 0, "no acknowledgement, but bytes were written");
        return None;
    };
    let Ok(Frame::Ack(ack)) = Frame::decode(&mut Reader::new(&buffer[..length])) else {
        panic!("not an ACK")
    };
    assert_eq!(ack.largest, largest);
    Some(Told { ranges: ack.ranges().collect(), delay_micros: ack.delay_micros, ecn: ack.ecn, length })
}

fn ack(received: &mut ReceivedPackets, now: u64) -> Option<Told> {
    ack_within(received, now, 1200)
}

fn arrive(received: &mut ReceivedPackets, now: u64, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        received.on_packet(at(now), number, true, Ecn::NotEct, RTT);
    }
}

/// Packets 0..=9 received and acknowledged.
fn settled() -> ReceivedPackets {
    let mut received = ReceivedPackets::new();
    arrive(&mut received, 0, 0..10);
    ack(&mut received, 0).unwrap();
    received
}

#[test]
fn every_second_packet_of_a_slow_flow_is_acknowledged() {
    let mut received = settled();
    arrive(&mut received, 0, [10]);
    assert!(!received.ack_due(at(0)));
    arrive(&mut received, 0, [11]);
    assert!(received.ack_due(at(0)));
    assert_eq!(ack(&mut received, 0).unwrap().ranges, [0..=11]);
    assert!(!received.ack_due(Instant::FAR_FUTURE));
}

#[test]
fn a_lone_packet_is_acknowledged_by_its_deadline() {
    let mut received = settled();
    arrive(&mut received, 700, [10]);
    let deadline = 700 + MAX_ACK_DELAY_MICROS;
    assert_eq!(received.deadline(), Some(at(deadline)));
    assert!(!received.ack_due(at(deadline - 1)));
    assert!(received.ack_due(at(deadline)));
    assert_eq!(ack(&mut received, deadline + 3).unwrap().delay_micros, MAX_ACK_DELAY_MICROS + 3);
    assert_eq!(received.deadline(), None);
}

#[test]
fn a_new_hole_is_told_at_once_and_only_once() {
    let mut received = settled();
    arrive(&mut received, 0, [12]);
    assert!(received.ack_due(at(0)));
    assert_eq!(ack(&mut received, 0).unwrap().ranges, [12..=12, 0..=9]);
    arrive(&mut received, 0, [13]);
    assert!(!received.ack_due(at(0)), "the hole is known by now");
    ack(&mut received, 0).unwrap();
    arrive(&mut received, 0, [15]);
    assert!(received.ack_due(at(0)), "another hole");
}

#[test]
fn a_packet_that_fills_a_hole_is_told_at_once() {
    let mut received = settled();
    arrive(&mut received, 0, [12]);
    ack(&mut received, 0).unwrap();
    arrive(&mut received, 0, [10]);
    assert!(received.ack_due(at(0)));
    assert_eq!(ack(&mut received, 0).unwrap().ranges, [12..=12, 0..=10]);
}

#[test]
fn packets_that_ask_for_no_acknowledgement_get_none_of_their_own() {
    let mut received = settled();
    for number in [10, 11, 14, 13, 30] {
        received.on_packet(at(0), number, false, Ecn::Ce, RTT);
    }
    assert!(!received.ack_due(Instant::FAR_FUTURE));
    assert_eq!(received.deadline(), None);
    assert!(received.has_something_to_ack());
    arrive(&mut received, 0, [31]);
    assert!(received.ack_due(at(0)), "the holes are told with the first packet that asks");
    assert_eq!(ack(&mut received, 0).unwrap().ranges, [30..=31, 13..=14, 0..=11]);
    assert!(!received.has_something_to_ack());
}

#[test]
fn no_packet_of_a_fast_flow_waits_longer_than_the_longest_delay() {
    let (mut received, mut acks) = (ReceivedPackets::new(), 0);
    for number in 0..40_000 {
        let now = number * 100;
        received.on_packet(at(now), number, true, Ecn::NotEct, RTT);
        if received.ack_due(at(now)) {
            acks += u64::from(number >= 20_000);
            ack(&mut received, now);
        }
    }
    // 1,000 packets a round trip, but none waits longer than 5 ms: 50 packets, 20 acknowledgements a round trip.
    assert!((380..=420).contains(&acks), "{acks} acknowledgements in 20 round trips");
}

#[test]
fn whoever_asks_for_an_answer_without_delay_gets_it() {
    let mut received = settled();
    received.acknowledge_now();
    assert!(!received.ack_due(at(0)), "not before the packet that asked");
    arrive(&mut received, 0, [10]);
    assert!(received.ack_due(at(0)));
    ack(&mut received, 0).unwrap();
    arrive(&mut received, 0, [11]);
    assert!(!received.ack_due(at(0)), "asked once, answered once");
}

#[test]
fn a_congestion_mark_is_told_at_once_with_its_totals() {
    let mut received = settled();
    arrive(&mut received, 0, [10]);
    assert_eq!(ack(&mut received, 0).unwrap().ecn, None);
    received.on_packet(at(0), 11, true, Ecn::Ect0, RTT);
    assert!(!received.ack_due(at(0)));
    received.on_packet(at(0), 12, true, Ecn::Ce, RTT);
    assert!(received.ack_due(at(0)));
    ack(&mut received, 0).unwrap();
    received.on_packet(at(0), 13, true, Ecn::Ce, RTT);
    assert!(received.ack_due(at(0)));
    received.on_packet(at(0), 14, true, Ecn::Ect1, RTT);
    assert_eq!(ack(&mut received, 0).unwrap().ecn, Some(EcnCounts { ect0: 1, ect1: 1, ce: 2 }));
}

#[test]
fn a_packet_seen_twice_counts_once() {
    let mut received = settled();
    for _ in 0..5 {
        received.on_packet(at(0), 10, true, Ecn::Ect0, RTT);
    }
    assert!(!received.ack_due(at(0)));
    assert_eq!(ack(&mut received, 0).unwrap().ecn, Some(EcnCounts { ect0: 1, ect1: 0, ce: 0 }));
}

#[test]
fn what_the_other_end_knows_is_told_no_more() {
    let mut received = settled();
    arrive(&mut received, 0, [12, 14]);
    assert_eq!(ack(&mut received, 0).unwrap().ranges, [14..=14, 12..=12, 0..=9]);
    received.on_ack_acknowledged(9);
    arrive(&mut received, 0, [15]);
    assert_eq!(ack(&mut received, 0).unwrap().ranges, [14..=15, 12..=12]);
    received.on_ack_acknowledged(14);
    assert_eq!(ack(&mut received, 0).unwrap().ranges, [15..=15]);
    received.on_ack_acknowledged(15);
    assert_eq!(ack(&mut received, 0), None);
}

#[test]
fn a_late_packet_is_acknowledged_after_its_successors_were_forgotten() {
    let mut received = settled();
    arrive(&mut received, 0, [12]);
    ack(&mut received, 0).unwrap();
    received.on_ack_acknowledged(12);
    arrive(&mut received, 9_000, [11]);
    assert!(received.ack_due(at(9_000)));
    let told = ack(&mut received, 9_000).unwrap();
    assert_eq!((told.ranges, told.delay_micros), (vec![11..=11], 0));
    arrive(&mut received, 9_000, [13]);
    assert!(!received.ack_due(at(9_000)), "13 follows 12: no hole, though 12 is forgotten");
}

#[test]
fn a_late_packet_is_not_forgotten_before_it_was_told() {
    let mut received = settled();
    arrive(&mut received, 0, [12]);
    ack(&mut received, 0).unwrap();
    arrive(&mut received, 0, [11]);
    received.on_ack_acknowledged(12);
    assert_eq!(ack(&mut received, 0).unwrap().ranges, [11..=12, 0..=9]);
    received.on_ack_acknowledged(12);
    assert_eq!(ack(&mut received, 0), None);
}

#[test]
fn nothing_stays_due_once_all_is_forgotten() {
    let mut received = settled();
    arrive(&mut received, 0, [12]);
    received.on_ack_acknowledged(12);
    assert!(received.ack_due(at(0)));
    assert_eq!(ack(&mut received, 0), None);
    assert!(!received.ack_due(Instant::FAR_FUTURE) && !received.has_something_to_ack());
    assert_eq!(received.deadline(), None);
}

#[test]
fn ranges_beyond_the_bound_are_forgotten_and_never_acknowledged() {
    let mut received = ReceivedPackets::new();
    let last = 2 * (RECEIVED_RANGES_KEPT as u64 + 50);
    arrive(&mut received, 0, (0..=last).step_by(2));
    assert_eq!(received.ranges.len(), RECEIVED_RANGES_KEPT);
    // A late packet below all that is kept is forgotten at once; it must not join what is kept.
    arrive(&mut received, 0, [1]);
    assert_eq!(received.ranges.len(), RECEIVED_RANGES_KEPT);
    let told = ack(&mut received, 0).unwrap();
    assert_eq!(told.ranges.len(), MAX_ACK_RANGES);
    assert_eq!(told.ranges[0], last..=last);
    assert!(told.ranges.iter().all(|range| range.start() == range.end() && range.start() % 2 == 0));
}

#[test]
fn an_acknowledgement_keeps_within_the_room_that_it_is_given() {
    for room in 0..60 {
        let mut received = ReceivedPackets::new();
        arrive(&mut received, 0, (0..100).step_by(2));
        match ack_within(&mut received, 0, room) {
            Some(told) => {
                assert!(told.length <= room);
                assert!(told.length + 2 > room, "there was room for one range more");
                assert_eq!(told.ranges[0], 98..=98);
                assert!(!received.has_something_to_ack());
            }
            None => {
                assert!(room < 6, "{room} bytes are enough");
                assert!(received.has_something_to_ack() && received.ack_due(at(0)));
            }
        }
    }
}

#[test]
fn an_acknowledgement_follows_what_the_packet_holds_already() {
    let mut received = settled();
    let mut buffer = [0; 9];
    let mut writer = Writer::new(&mut buffer);
    writer.put_u8(0x01).unwrap();
    assert_eq!(received.write_ack(at(0), &mut writer, usize::MAX), Some(9));
    let length = writer.position();
    let mut reader = Reader::new(&buffer[..length]);
    assert_eq!(Frame::decode(&mut reader), Ok(Frame::Ping));
    assert!(matches!(Frame::decode(&mut reader), Ok(Frame::Ack(_))));
}

#[test]
fn the_largest_packet_number_is_acknowledged() {
    let mut received = ReceivedPackets::new();
    let largest = (1 << 62) - 1;
    arrive(&mut received, 0, [0, largest]);
    assert_eq!(ack(&mut received, 0).unwrap().ranges, [largest..=largest, 0..=0]);
    received.on_ack_acknowledged(largest);
    assert_eq!(ack(&mut received, 0), None);
}

#[derive(Clone, Debug)]
enum Step {
    Arrive(u64),
    Ack,
    AckAcknowledged(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0_u64..1_200).prop_map(Step::Arrive),
        2 => Just(Step::Ack),
        1 => any::<prop::sample::Index>().prop_map(Step::AckAcknowledged),
    ]
}

proptest! {
    #[test]
    fn only_packets_that_arrived_are_ever_acknowledged(steps in proptest::collection::vec(step(), 1..900)) {
        let (mut received, mut arrived, mut sent) = (ReceivedPackets::new(), BTreeSet::new(), Vec::new());
        for step in steps {
            match step {
                Step::Arrive(number) if arrived.insert(number) => arrive(&mut received, 0, [number]),
                Step::Arrive(_) => {}
                Step::Ack => {
                    let Some(told) = ack(&mut received, 0) else { continue };
                    for number in told.ranges.iter().cloned().flatten() {
                        prop_assert!(arrived.contains(&number), "{} never came", number);
                    }
                    sent.push(*told.ranges[0].end());
                }
                Step::AckAcknowledged(which) if !sent.is_empty() => {
                    received.on_ack_acknowledged(sent[which.index(sent.len())]);
                }
                Step::AckAcknowledged(_) => {}
            }
            prop_assert!(received.ranges.len() <= RECEIVED_RANGES_KEPT);
        }
    }
}
