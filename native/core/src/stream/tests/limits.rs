//! What an authenticated peer may not do, and what it can not make this end hold.

use super::*;
use osier_wire::{OpenFrame, ResetStreamFrame, StopFrame, StreamFrame};

fn receiver() -> Streams {
    Setup { window: 10_000, window_cap: 10_000, max_streams: 8, ..Setup::default() }
        .streams(1, &MemoryBudget::new(64 << 20))
}

fn frame(number: u64, offset: u64, data: &[u8], fin: bool) -> StreamFrame<'_> {
    StreamFrame { id: StreamId(number << 1), offset, fin, data }
}

fn reset(number: u64, final_offset: u64) -> ResetStreamFrame {
    ResetStreamFrame { id: StreamId(number << 1), reason: ResetReason::Application, code: 0, final_offset }
}

#[test]
fn one_byte_beyond_the_credit_of_a_stream_is_a_violation() {
    for end_only in [false, true] {
        let mut streams = receiver();
        streams.on_stream(&frame(0, 9_999, &[0], false)).unwrap();
        let data: &[u8] = if end_only { &[] } else { &[0] };
        let offset = if end_only { 10_001 } else { 10_000 };
        assert_eq!(
            streams.on_stream(&frame(0, offset, data, end_only)),
            Err(ProtocolViolation::StreamCredit)
        );
    }
    assert_eq!(receiver().on_reset_stream(&reset(0, 10_001)), Err(ProtocolViolation::StreamCredit));
}

#[test]
fn holes_use_credit_like_bytes_do() {
    let mut streams = receiver();
    streams.on_stream(&frame(0, 6_000, &[0], false)).unwrap();
    streams.on_stream(&frame(1, 3_998, &[0], false)).unwrap();
    assert_eq!(streams.on_stream(&frame(2, 0, &[0], false)), Err(ProtocolViolation::AssociationCredit));
    assert_eq!(streams.on_reset_stream(&reset(3, 1)), Err(ProtocolViolation::AssociationCredit));
}

#[test]
fn an_end_that_overtakes_its_bytes_uses_their_credit_once() {
    let mut streams = receiver();
    streams.on_stream(&frame(0, 6_000, &[], true)).unwrap();
    assert_eq!(streams.on_stream(&frame(0, 0, &[0; 6_000], false)), Ok(()));
    assert_eq!(streams.on_stream(&frame(1, 0, &[0; 4_000], false)), Ok(()));
    assert_eq!(streams.on_stream(&frame(2, 0, &[0], false)), Err(ProtocolViolation::AssociationCredit));
}

#[test]
fn the_end_of_a_stream_can_not_move() {
    let mut streams = receiver();
    streams.on_stream(&frame(0, 10, &[0; 10], true)).unwrap();
    for (offset, len, fin) in [(15, 10, false), (0, 5, true), (20, 1, false), (30, 0, true)] {
        let data = vec![0; len];
        assert_eq!(streams.on_stream(&frame(0, offset, &data, fin)), Err(ProtocolViolation::FinalSize));
    }
    assert_eq!(streams.on_reset_stream(&reset(0, 19)), Err(ProtocolViolation::FinalSize));
    assert_eq!(streams.on_reset_stream(&reset(0, 20)), Ok(()));
}

#[test]
fn data_after_a_reset_is_ignored() {
    let mut streams = receiver();
    streams.on_reset_stream(&reset(0, 100)).unwrap();
    streams.on_stream(&frame(0, 0, &[0; 100], true)).unwrap();
    assert_eq!(streams.on_reset_stream(&reset(0, 100)), Ok(()));
}

#[test]
fn streams_beyond_the_limit_and_of_the_wrong_end_are_violations() {
    let open = |id| OpenFrame { id: StreamId(id), kind: StreamKind::Bytes, protocol: "p", metadata: &[] };
    let first_refused = 8 + crate::constants::CONTROL_STREAMS;
    assert_eq!(receiver().on_open(&open((first_refused - 1) << 1)), Ok(()));
    assert_eq!(receiver().on_open(&open(first_refused << 1)), Err(ProtocolViolation::StreamLimit));
    assert_eq!(receiver().on_open(&open(1)), Err(ProtocolViolation::OpenedByWrongEnd));
    let never = StreamId(1);
    assert_eq!(
        receiver().on_stop(&StopFrame { id: never, reason: ResetReason::Application, code: 0 }),
        Err(ProtocolViolation::NeverOpened)
    );
    assert_eq!(receiver().on_max_stream_data(never, 5), Err(ProtocolViolation::NeverOpened));
    assert_eq!(
        receiver().on_stream(&StreamFrame { id: never, offset: 0, fin: false, data: &[1] }),
        Err(ProtocolViolation::NeverOpened)
    );
}

#[test]
fn bytes_that_can_be_read_can_not_be_changed_any_more() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    let id = pair.ends[0].table.get(a).unwrap().id;
    let mut deliver = |offset, data: &[u8]| {
        pair.ends[1].on_stream(&StreamFrame { id, offset, fin: false, data }).unwrap();
    };
    deliver(0, &[1; 3000]);
    deliver(2000, &[2; 2000]);
    assert_eq!(pair.read(1, b, 1000).unwrap().0, [1; 1000]);
    // Repeats from before what was read: in a ring of 4096 their place belongs to later bytes by now.
    pair.ends[1].on_stream(&StreamFrame { id, offset: 0, fin: false, data: &[3; 4500] }).unwrap();
    let rest = [[1; 2000].as_slice(), &[2; 1000], &[3; 500]].concat();
    assert_eq!(pair.read(1, b, 5000).unwrap().0, rest);
}

#[test]
fn scattered_bytes_cost_no_more_memory_than_the_credit_they_use() {
    let budget = MemoryBudget::new(64 << 20);
    let window = 1 << 20;
    let setup = Setup { window, window_cap: window, max_streams: 1000, ..Setup::default() };
    let mut streams = setup.streams(1, &budget);
    let mut used = 0;
    for number in 0..1000 {
        let offset = window / 1000 - 1;
        streams.on_stream(&frame(number, offset, &[0], false)).unwrap();
        used += offset + 1;
    }
    assert!(budget.used_bytes() <= 2 * used.max(window) + 1000 * 4096);
    assert_eq!(
        streams.on_stream(&frame(0, window - 1, &[0], false)),
        Err(ProtocolViolation::AssociationCredit)
    );
}

#[test]
fn a_ring_that_was_large_once_does_not_stay_large_for_a_byte() {
    let budget = MemoryBudget::new(64 << 20);
    let window = 1 << 20;
    let setup = Setup { window, window_cap: window, max_streams: 100, ..Setup::default() };
    let mut streams = setup.streams(1, &budget);
    let mut into = vec![0; 1 << 20];
    let now = Instant::from_micros(1);
    for number in 0..100 {
        let open =
            OpenFrame { id: StreamId(number << 1), kind: StreamKind::Bytes, protocol: "p", metadata: &[] };
        streams.on_open(&open).unwrap();
        let handle = std::iter::from_fn(|| streams.poll_event()).find_map(|event| match event {
            StreamEvent::Opened { handle, .. } => Some(handle),
            _ => None,
        });
        let handle = handle.unwrap();
        streams.on_stream(&frame(number, 0, &vec![0; 300_000], false)).unwrap();
        streams.read(now, RTT, handle, &mut into).unwrap();
        streams.on_stream(&frame(number, 300_000, &[0], false)).unwrap();
        let mut log = FrameLog::new();
        streams.fill(Instant::from_micros(0), &mut Writer::new(&mut [0; PACKET_ROOM]), &mut log);
    }
    assert!(budget.used_bytes() <= 2 << 20, "{} bytes for 100 unread ones", budget.used_bytes());
}

#[test]
fn a_stream_in_too_many_pieces_is_a_violation_not_a_burden() {
    let mut streams = Setup { window: 1 << 20, ..Setup::default() }.streams(1, &MemoryBudget::new(64 << 20));
    let broken = (0..)
        .map(|n| streams.on_stream(&frame(0, 2 * n + 1, &[0], false)))
        .position(|result| result.is_err());
    assert_eq!(broken, Some(crate::constants::STREAM_GAPS_MAX));
}

#[test]
fn a_spent_budget_refuses_new_streams_both_ways_and_says_why() {
    let mut pair = Pair::with(Setup { budget_bytes: 50 << 10, ..Setup::default() });
    assert_eq!(pair.try_open(0), Err(OpenError::MemoryBudget));
    let roomy = Setup::default().streams(0, &MemoryBudget::new(1 << 20));
    pair.ends[0] = roomy;
    pair.budgets[0] = Rc::clone(&pair.ends[0].shared.budget);
    let a = pair.open(0);
    pair.write(0, a, &pattern(0, 5000));
    pair.exchange();
    assert_eq!(pair.events(1), []);
    let told = pair.events(0);
    assert!(
        told.contains(&StreamEvent::ResetByPeer { handle: a, reason: ResetReason::Limit, code: 0 }),
        "{told:?}"
    );
    assert_eq!(told.last(), Some(&StreamEvent::Closed { handle: a, dropped: 0 }));
    pair.exchange();
    pair.assert_nothing_held();
}

#[test]
fn what_is_written_counts_against_the_budget_and_existing_streams_go_on_when_it_is_spent() {
    let mut pair = Pair::with(Setup { budget_bytes: 400 << 10, ..Setup::default() });
    let handles: Vec<u32> = (0..10).map(|_| pair.open(0)).collect();
    let taken: usize = handles.iter().map(|handle| pair.ends[0].write(*handle, &[0; 100_000]).unwrap()).sum();
    let used = pair.budgets[0].used_bytes();
    // Above the limit are only the smallest rings, without which the last streams could not go on.
    assert!(used >= taken as u64 && used <= (400 << 10) + 10 * 4096, "{used} for {taken}");
    assert!(taken >= 250 << 10, "the budget is not made use of: {taken}");
    assert_eq!(pair.try_open(0), Err(OpenError::MemoryBudget));
    assert!(handles.iter().all(|handle| pair.ends[0].stats(*handle).unwrap().send_buffered >= 4096));
}

#[test]
fn a_writer_whose_buffer_could_not_grow_is_called_when_a_part_of_what_it_got_is_free() {
    let mut pair = Pair::with(Setup { budget_bytes: 100 << 10, ..Setup::default() });
    let [a, _] = pair.open_both();
    pair.events(0);
    let taken = pair.ends[0].write(a, &[0; 200_000]).unwrap();
    assert!((16 << 10..100 << 10).contains(&taken), "{taken}");
    let mut held = None;
    for packet in pair.send_all(0) {
        pair.acknowledge(0, &packet);
        if pair.events(0) == [StreamEvent::Writable { handle: a }] {
            held = Some(pair.ends[0].stats(a).unwrap().send_buffered);
        }
    }
    let held = held.expect("the writer is called") as usize;
    assert!(held > taken / 2 && held <= taken / 8 * 7, "{held} of {taken}");
}

#[test]
fn as_many_streams_as_allowed_and_another_for_each_that_closes() {
    let mut pair = Pair::with(Setup { max_streams: 4, ..Setup::default() });
    let mut open: Vec<u32> = (0..4).map(|_| pair.open(0)).collect();
    for _ in 0..50 {
        assert_eq!(pair.try_open(0), Err(OpenError::StreamLimit));
        pair.exchange();
        pair.events(1);
        pair.ends[0].reset(open.remove(0), ResetReason::Application, 0).unwrap();
        pair.exchange();
        assert!(!pair.events(0).contains(&StreamEvent::MoreStreams));
        pair.events(1);
        pair.exchange();
        assert_eq!(pair.events(0), [StreamEvent::MoreStreams]);
        open.push(pair.open(0));
    }
}

#[test]
fn requests_that_no_packet_could_carry_are_refused_at_the_call() {
    let mut streams = receiver();
    let long = "x".repeat(65);
    for (protocol, metadata_len) in [("", 0), (long.as_str(), 0), ("p", 1025)] {
        let metadata = vec![0; metadata_len];
        let request = OpenRequest { kind: StreamKind::Bytes, priority: 3, protocol, metadata: &metadata };
        assert_eq!(streams.open(&request), Err(OpenError::BadRequest));
    }
}

#[test]
fn a_handle_of_another_time_is_nobodys() {
    let mut pair = Pair::new();
    let [a, _] = pair.open_both();
    pair.ends[0].reset(a, ResetReason::Application, 0).unwrap();
    pair.exchange();
    pair.events(0);
    let [again, _] = pair.open_both();
    assert_ne!(a, again);
    assert_eq!(pair.ends[0].write(a, b"x"), Err(StreamError::Unknown));
    assert_eq!(pair.ends[0].stats(u32::MAX), Err(StreamError::Unknown));
}
