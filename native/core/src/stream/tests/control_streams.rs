//! Streams that are Osier's own count nowhere.

use super::*;
use crate::constants::CONTROL_STREAMS;

const CONTROL: &str = "\0mesh";

fn full_pair() -> Pair {
    Pair::with(Setup { max_streams: 2, ..Setup::default() })
}

fn open_control(pair: &mut Pair, at: usize) -> Result<u32, OpenError> {
    pair.ends[at].open(&OpenRequest {
        kind: StreamKind::Bytes,
        priority: 0,
        protocol: CONTROL,
        metadata: &[],
    })
}

#[test]
fn a_control_stream_finds_room_where_the_application_has_none_and_takes_none_of_it() {
    for control_first in [true, false] {
        let mut pair = full_pair();
        if control_first {
            open_control(&mut pair, 0).unwrap();
        }
        for _ in 0..2 {
            pair.open(0);
        }
        assert_eq!(pair.try_open(0), Err(OpenError::StreamLimit));
        if !control_first {
            open_control(&mut pair, 0).unwrap();
        }
        pair.exchange();
        assert_eq!(pair.try_open(0), Err(OpenError::StreamLimit));
        let opened =
            pair.events(1).iter().filter(|event| matches!(event, StreamEvent::Opened { .. })).count();
        assert_eq!(opened, 3);
        assert_eq!(
            pair.ends.each_ref().map(Streams::open_streams),
            [2, 2],
            "the control stream does not count"
        );
    }
}

#[test]
fn a_few_control_streams_are_open_at_a_time_and_others_after_them() {
    let mut pair = full_pair();
    for _ in 0..2 {
        pair.open(0);
    }
    for _ in 0..20 {
        let control: Vec<u32> = (0..CONTROL_STREAMS).map(|_| open_control(&mut pair, 0).unwrap()).collect();
        assert_eq!(open_control(&mut pair, 0), Err(OpenError::StreamLimit));
        pair.exchange();
        for stream in control {
            pair.ends[0].reset(stream, ResetReason::Application, 0).unwrap();
        }
        pair.exchange();
        pair.events(1);
        pair.events(0);
        pair.exchange();
    }
    assert_eq!(pair.ends.each_ref().map(Streams::open_streams), [2, 2]);
}
