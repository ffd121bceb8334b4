//! What is encoded decodes to the same value, in exactly as many bytes as announced, and any bytes decode to a value that encodes back or
//! to a typed error.
#![allow(clippy::expect_used)] // a test may fail by panicking

mod support;

use osier_wire::limits::*;
use osier_wire::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use support::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_frame_decodes_to_what_was_encoded(material in material(), seed in any::<u64>()) {
        for_arbitrary_frames(&material, seed, |frame| {
            let bytes = encode_one(frame).expect("frame within limits");
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(&Frame::decode(&mut reader).expect("own bytes"), frame);
            prop_assert!(reader.is_empty());
            Ok(())
        })?;
    }

    #[test]
    fn a_frame_that_does_not_fit_writes_nothing(material in material(), seed in any::<u64>()) {
        for_arbitrary_frames(&material, seed, |frame| {
            for room in [0, frame.encoded_len() / 2, frame.encoded_len() - 1] {
                let mut bytes = vec![0; room];
                let mut writer = Writer::new(&mut bytes);
                prop_assert_eq!(frame.encode(&mut writer), Err(EncodeError::NoRoom));
                prop_assert_eq!(writer.position(), 0);
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_truncated_frame_is_an_error(material in material(), seed in any::<u64>()) {
        for_arbitrary_frames(&material, seed, |frame| {
            if matches!(frame, Frame::Padding(_)) {
                return Ok(());
            }
            let bytes = encode_one(frame).expect("frame within limits");
            for len in 0..bytes.len() {
                prop_assert_eq!(Frame::decode(&mut Reader::new(&bytes[..len])), Err(DecodeError::Truncated));
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_stream_frame_without_length_runs_to_the_end(
        id in stream_id(),
        offset in number(MAX_STREAM_OFFSET - 100),
        fin in any::<bool>(),
        data in vec(any::<u8>(), 0..100),
    ) {
        let mut bytes = vec![0; stream_header_len(id, offset, None) + data.len()];
        let mut writer = Writer::new(&mut bytes);
        encode_stream_header(&mut writer, id, offset, None, fin).expect("room");
        writer.put_slice(&data).expect("room");
        prop_assert_eq!(writer.room(), 0);
        let frame = Frame::Stream(StreamFrame { id, offset, fin, data: &data });
        prop_assert_eq!(decode_all(&bytes), Ok(vec![frame]));
    }

    #[test]
    fn any_bytes_are_frames_that_encode_back_or_a_typed_error(payload in payload()) {
        let mut reader = Reader::new(&payload);
        while !reader.is_empty() {
            let Ok(frame) = Frame::decode(&mut reader) else { break };
            let bytes = encode_one(&frame).expect("what was decoded is within the limits");
            let mut again = Reader::new(&bytes);
            prop_assert_eq!(&Frame::decode(&mut again).expect("own bytes"), &frame);
            prop_assert!(again.is_empty());
        }
    }
}

#[test]
fn all_but_padding_ack_and_close_ask_for_an_acknowledgement() {
    let types: Vec<u8> = (0x00u8..=0x12).chain(0x20..=0x23).collect();
    let silent = |kind: &u8| matches!(kind, 0x00 | 0x02 | 0x03 | 0x11);
    for kind in types {
        // Zeros are a valid body of every type but OPEN, and of ROUTE_ERROR only with a hop left.
        let body: &[u8] = match kind {
            0x04 => &[0, 0, 0, 1, b'a', 0],
            0x12 => &[0, 0, 0, 1],
            _ => &[],
        };
        let bytes = [&[kind], body, &[0; 60]].concat();
        let frame = Frame::decode(&mut Reader::new(&bytes)).expect("valid");
        assert_eq!(frame.is_ack_eliciting(), !silent(&kind), "{frame:?}");
    }
}

/// Several frames from one seed, so that the material is made once.
fn for_arbitrary_frames(
    material: &Material,
    seed: u64,
    mut check: impl FnMut(&Frame<'_>) -> TestCaseResult,
) -> TestCaseResult {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = frame(material);
    for _ in 0..8 {
        let tree = strategy.new_tree(&mut runner).expect("a frame");
        check(&tree.current())?;
    }
    Ok(())
}

/// Random bytes, half of them behind a frame type, so that decoders get past the first byte.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let kinds = (0x00u8..=0x12).chain(0x20..=0x23).collect::<Vec<_>>();
    let behind_a_type = (proptest::sample::select(kinds), vec(small_byte(), 0..80))
        .prop_map(|(kind, rest)| [vec![kind], rest].concat());
    prop_oneof![vec(any::<u8>(), 0..200), vec(small_byte(), 0..200), behind_a_type]
}

fn small_byte() -> impl Strategy<Value = u8> {
    prop_oneof![4 => 0u8..8, 2 => 0u8..64, 1 => any::<u8>()]
}
