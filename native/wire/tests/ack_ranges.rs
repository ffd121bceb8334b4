//! An acknowledgement says exactly what the receiver knows, or as much of the newest as fits.
#![allow(clippy::expect_used)] // a test may fail by panicking

mod support;

use osier_wire::limits::*;
use osier_wire::*;
use proptest::prelude::*;
use std::ops::RangeInclusive;
use support::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn all_ranges_arrive_where_there_is_room(
        ranges in ack_ranges(),
        delay in number(MAX_VARINT),
        ecn in ecn_counts(),
    ) {
        let bytes = encode(2000, delay, &ranges, ecn).expect("room");
        let ack = decode(&bytes);
        prop_assert_eq!(ack.largest, *ranges[0].end());
        prop_assert_eq!((ack.delay_micros, ack.ecn), (delay, ecn));
        prop_assert_eq!(ack.ranges().len(), ranges.len());
        prop_assert_eq!(ack.ranges().collect::<Vec<_>>(), ranges);
        prop_assert_eq!(Frame::Ack(ack).encoded_len(), bytes.len());
        prop_assert_eq!(encode_one(&Frame::Ack(ack)).expect("room"), bytes);
    }

    #[test]
    fn the_newest_ranges_arrive_where_room_is_short(
        ranges in ack_ranges(),
        ecn in ecn_counts(),
        room in 0usize..200,
    ) {
        let whole = encode(2000, 1, &ranges, ecn).expect("room");
        match encode(room, 1, &ranges, ecn) {
            Err(error) => {
                prop_assert_eq!(error, EncodeError::NoRoom);
                prop_assert!(encode(2000, 1, &ranges[..1], ecn).expect("room").len() > room);
            }
            Ok(bytes) => {
                prop_assert!(bytes.len() <= room);
                let arrived: Vec<_> = decode(&bytes).ranges().collect();
                prop_assert_eq!(&arrived[..], &ranges[..arrived.len()]);
                prop_assert_eq!(arrived.len() == ranges.len(), whole.len() <= room);
                if let Some(next) = ranges.get(..arrived.len() + 1) {
                    prop_assert!(encode(2000, 1, next, ecn).expect("room").len() > room);
                }
            }
        }
    }
}

#[test]
fn no_ranges_are_no_frame() {
    assert_eq!(encode(100, 0, &[], None), Ok(vec![]));
}

#[test]
fn at_most_64_ranges_leave() {
    let ranges: Vec<_> = (0..200u64).rev().map(|n| 3 * n..=3 * n).collect();
    let bytes = encode(2000, 0, &ranges, None).expect("room");
    assert_eq!(decode(&bytes).ranges().collect::<Vec<_>>(), ranges[..MAX_ACK_RANGES]);
}

#[test]
fn ranges_out_of_order_touching_or_empty_are_refused() {
    #[allow(clippy::reversed_empty_ranges)]
    let wrong = [vec![1..=2, 5..=6], vec![5..=6, 4..=4], vec![5..=9, 3..=7], vec![6..=5], vec![9..=9, 3..=2]];
    for ranges in wrong {
        let result = encode(100, 0, &ranges, None);
        assert_eq!(result, Err(EncodeError::OutOfRange(Field::AckRanges)), "{ranges:?}");
    }
    let result = encode(100, 0, &[0..=MAX_PACKET_NUMBER + 1], None);
    assert_eq!(result, Err(EncodeError::OutOfRange(Field::PacketNumber)));
}

#[test]
fn a_range_may_reach_down_to_zero_but_not_below() {
    let largest_2_length = |length| [0x02, 2, 0, 0, length];
    assert_eq!(decode(&largest_2_length(2)).ranges().collect::<Vec<_>>(), [0..=2]);
    let below = DecodeError::OutOfRange(Field::AckRanges);
    assert_eq!(Frame::decode(&mut Reader::new(&largest_2_length(3))), Err(below));
    // 5..=5, then a gap of one number, then 0..=3: the length 4 would reach -1.
    assert_eq!(decode(&[0x02, 5, 0, 1, 0, 0, 3]).ranges().collect::<Vec<_>>(), [5..=5, 0..=3]);
    assert_eq!(Frame::decode(&mut Reader::new(&[0x02, 5, 0, 1, 0, 0, 4])), Err(below));
    // Neither may the gap.
    assert_eq!(Frame::decode(&mut Reader::new(&[0x02, 1, 0, 1, 0, 0, 0])), Err(below));
}

fn encode(
    room: usize,
    delay_micros: u64,
    ranges: &[RangeInclusive<u64>],
    ecn: Option<EcnCounts>,
) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = vec![0; room];
    let mut writer = Writer::new(&mut bytes);
    encode_ack(&mut writer, delay_micros, ranges.iter().cloned(), ecn)?;
    Ok(writer.finish().to_vec())
}

fn decode(bytes: &[u8]) -> AckFrame<'_> {
    let mut reader = Reader::new(bytes);
    let frame = Frame::decode(&mut reader).expect("an ACK");
    assert!(reader.is_empty());
    match frame {
        Frame::Ack(ack) => ack,
        other => panic!("{other:?} is no ACK"),
    }
}
