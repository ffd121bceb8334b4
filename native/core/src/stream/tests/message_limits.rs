//! What an authenticated peer may not do with messages, and what it can not make this end hold.

use super::*;
use crate::constants::EXPIRE_REPLIES_MAX;
use osier_wire::{
    DatagramFragment, DatagramFrame, DatagramHeader, ExpireFrame, MessageFrame, MessageHeader, StreamFrame,
};

fn receiver() -> Streams {
    Setup { window: 10_000, window_cap: 10_000, max_streams: 8, ..Setup::default() }
        .streams(1, &MemoryBudget::new(64 << 20))
}

fn part(number: u64, offset: u64, total_len: u64, fragment_offset: u64, data: &[u8]) -> MessageFrame<'_> {
    let id = StreamId(number << 1);
    let header =
        MessageHeader { id, offset, unordered: false, lifetime_micros: None, total_len, fragment_offset };
    MessageFrame { header, data }
}

const NOW: Instant = Instant::from_micros(1_000_000);

#[test]
fn a_message_beyond_the_credit_is_a_violation_its_record_included() {
    let mut streams = receiver();
    assert_eq!(streams.on_message(NOW, &part(0, 0, 9_984, 0, &[0; 9_984])), Ok(()));
    let beyond = receiver().on_message(NOW, &part(0, 0, 9_985, 0, &[0; 9_985]));
    assert_eq!(beyond, Err(ProtocolViolation::StreamCredit));
    let record = receiver().on_message(NOW, &part(0, 9_985, 0, 0, &[]));
    assert_eq!(record, Err(ProtocolViolation::StreamCredit));
}

#[test]
fn places_do_not_overlap_and_messages_do_not_change() {
    let mut streams = receiver();
    streams.on_message(NOW, &part(0, 100, 50, 0, &[0; 10])).unwrap();
    for (offset, len, violation) in [
        (90, 0, ProtocolViolation::MessageOverlap),
        (110, 5, ProtocolViolation::MessageOverlap),
        (165, 0, ProtocolViolation::MessageOverlap),
        (100, 51, ProtocolViolation::MessageChanged),
    ] {
        let frame = part(0, offset, len, 0, &[0; 60][..len as usize]);
        assert_eq!(streams.on_message(NOW, &frame), Err(violation));
    }
    let mut frame = part(0, 100, 50, 10, &[0; 10]);
    frame.header.unordered = true;
    assert_eq!(streams.on_message(NOW, &frame), Err(ProtocolViolation::MessageChanged));
    assert_eq!(streams.on_message(NOW, &part(0, 166, 0, 0, &[])), Ok(()));
}

#[test]
fn frames_of_another_kind_are_violations() {
    let data = StreamFrame { id: StreamId(0), offset: 0, fin: false, data: b"bytes" };
    let mut streams = receiver();
    streams.on_message(NOW, &part(0, 0, 1, 0, b"m")).unwrap();
    assert_eq!(streams.on_stream(&data), Err(ProtocolViolation::WrongKind));
    let mut streams = receiver();
    streams.on_stream(&data).unwrap();
    assert_eq!(streams.on_message(NOW, &part(0, 0, 1, 0, b"m")), Err(ProtocolViolation::WrongKind));
}

#[test]
fn an_expire_needs_credit_for_its_record() {
    let expire = |offset| ExpireFrame { id: StreamId(0), offset, total_len: 1 << 20 };
    assert_eq!(receiver().on_expire(NOW, &expire(10_000 - 16)), Ok(()));
    assert_eq!(receiver().on_expire(NOW, &expire(10_000 - 15)), Err(ProtocolViolation::StreamCredit));
}

#[test]
fn questions_that_are_never_let_answer_do_not_pile_up() {
    let mut streams = receiver();
    let expire = ExpireFrame { id: StreamId(0), offset: 0, total_len: 0 };
    for _ in 0..100_000 {
        assert_eq!(streams.on_expire(NOW, &expire), Ok(()));
    }
    let mut bytes = vec![0; 60_000];
    let (mut w, mut log) = (Writer::new(&mut bytes), FrameLog::new());
    streams.fill(NOW, &mut w, &mut log);
    let answers =
        log.as_slice().iter().filter(|frame| matches!(frame, SentFrame::ExpireReply { .. })).count();
    assert_eq!(answers, 1);
}

#[test]
fn a_message_larger_than_the_limit_resets_its_stream_and_nothing_else() {
    let mut pair = Pair::new();
    pair.ends[0] = Setup { message_bytes: 2 << 20, ..Setup::default() }.streams(0, &pair.budgets[0]);
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_plain(a, &[0; (1 << 20) + 1]);
    let packet = pair.send(0).unwrap();
    pair.deliver(1, &packet);
    let (size_bytes, max_bytes) = ((1 << 20) + 1, 1 << 20);
    let told = StreamEvent::MessageTooLarge { handle: b, size_bytes, max_bytes };
    assert!(pair.events(1).contains(&told));
    pair.exchange();
    let events = pair.events(0);
    let (reason, code) = (ResetReason::TooLarge, 1 << 20);
    assert!(events.contains(&StreamEvent::ResetByPeer { handle: a, reason, code }), "{events:?}");
    assert!(events.contains(&StreamEvent::StoppedByPeer { handle: a, reason, code }), "{events:?}");
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_plain(a, b"another stream goes on");
    pair.exchange();
    assert_eq!(pair.receive(1, b).0.len(), 1);
}

#[test]
fn a_sender_learns_that_a_message_was_too_large_also_when_its_peer_had_nothing_left_to_send() {
    for kind in [StreamKind::Messages, StreamKind::Datagrams] {
        let mut pair = Pair::new();
        pair.ends[0] = Setup { message_bytes: 2 << 20, ..Setup::default() }.streams(0, &pair.budgets[0]);
        let [a, b] = pair.open_kind(kind);
        pair.ends[1].finish(b).unwrap();
        pair.exchange();
        pair.send_plain(a, &[0; (1 << 20) + 1]);
        pair.exchange();
        let told = StreamEvent::StoppedByPeer { handle: a, reason: ResetReason::TooLarge, code: 1 << 20 };
        assert!(pair.events(0).contains(&told));
    }
}

#[test]
fn first_parts_of_many_huge_messages_take_no_more_than_the_budget() {
    let budget_bytes = 8 << 20;
    let setup = Setup { budget_bytes, window_cap: 4 << 20, message_bytes: 64 << 20, ..Setup::default() };
    let mut pair = Pair::with(setup);
    let request = OpenRequest { kind: StreamKind::Messages, priority: 3, protocol: "p", metadata: b"" };
    let handles: Vec<u32> = (0..50).map(|_| pair.ends[0].open(&request).unwrap()).collect();
    // Nothing is ever whole: the last part of each is kept back.
    let budget = MemoryBudget::new(4 << 30);
    let hostile = Setup { budget_bytes: 4 << 30, send_buffer_cap: 1 << 30, ..setup };
    let mut sender = hostile.streams(0, &budget);
    for _ in &handles {
        let handle = sender.open(&request).unwrap();
        let huge = vec![1; 8 << 20];
        let _ = sender.send_message(pair.now, handle, &huge, &MessageOptions::default());
    }
    pair.ends[0] = sender;
    for _ in 0..20_000 {
        let Some(packet) = pair.send(0) else { break };
        pair.deliver(1, &packet);
        pair.acknowledge(0, &packet);
        while let Some(answer) = pair.send(1) {
            pair.deliver(0, &answer);
            pair.acknowledge(1, &answer);
        }
        assert!(pair.budgets[1].used_bytes() <= budget_bytes);
    }
    assert!(pair.budgets[1].used_bytes() > 1 << 20);
    let empty = Setup::default().streams(0, &pair.budgets[0]);
    pair.ends[0] = empty;
}

#[test]
fn what_the_peer_passes_over_takes_no_memory() {
    let budget = MemoryBudget::new(64 << 20);
    let mut streams = Setup { max_streams: 8, ..Setup::default() }.streams(1, &budget);
    let before = budget.used_bytes();
    for number in 0..4 {
        assert_eq!(streams.on_message(NOW, &part(number, 0, 0, 0, b"")), Ok(()));
        let end = StreamFrame { id: StreamId(number << 1), offset: 1 << 30, fin: true, data: b"" };
        assert_eq!(streams.on_stream(&end), Ok(()));
        // The credit that the first bytes took is granted again.
        let mut bytes = vec![0; 60_000];
        let (mut w, mut log) = (Writer::new(&mut bytes), FrameLog::new());
        streams.fill(NOW, &mut w, &mut log);
    }
    let held = budget.used_bytes() - before;
    assert!(held < 8 << 20, "{held} bytes for eight frames");
}

#[test]
fn a_part_of_a_datagram_takes_the_memory_of_its_bytes_whatever_length_it_claims() {
    let budget = MemoryBudget::new(64 << 20);
    let mut streams = Setup { max_streams: 8, ..Setup::default() }.streams(1, &budget);
    let before = budget.used_bytes();
    for number in 0..8 {
        for datagram in 0..4 {
            let fragment = DatagramFragment { number: datagram, total_len: 1 << 20, offset: (1 << 20) - 1 };
            let header = DatagramHeader { id: StreamId(number << 1), fragment: Some(fragment) };
            assert_eq!(streams.on_datagram(&DatagramFrame { header, data: b"1" }), Ok(()));
        }
    }
    let held = budget.used_bytes() - before;
    assert!(held < 1 << 20, "{held} bytes for 32 of one byte");
}

#[test]
fn no_end_is_lost_where_a_packet_holds_as_many_frames_as_it_can() {
    let mut pair = Pair::new();
    let request = OpenRequest { kind: StreamKind::Messages, priority: 3, protocol: "p", metadata: b"" };
    let handles: Vec<u32> = (0..18).map(|_| pair.ends[0].open(&request).unwrap()).collect();
    for &handle in &handles {
        pair.send_plain(handle, b"x");
        pair.ends[0].finish(handle).unwrap();
    }
    // An acknowledgement comes first: the frames behind it are odd in number.
    let mut bytes = vec![0; PACKET_ROOM];
    let (mut w, mut log) = (Writer::new(&mut bytes), FrameLog::new());
    log.push(SentFrame::MaxData);
    pair.ends[0].fill(pair.now, &mut w, &mut log);
    let len = w.position();
    bytes.truncate(len);
    let frames = log.as_slice().to_vec();
    pair.lose(0, &Packet { bytes, frames });
    pair.exchange();
    for handle in pair
        .events(1)
        .iter()
        .filter_map(|event| match event {
            StreamEvent::Opened { handle, .. } => Some(*handle),
            _ => None,
        })
        .collect::<Vec<_>>()
    {
        assert!(pair.receive(1, handle).1, "the end arrived");
    }
}

#[test]
fn a_question_costs_the_same_however_many_are_owed_an_answer() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    for _ in 0..40 {
        pair.send_plain(a, &[0; 10_000]);
        pair.exchange();
        pair.receive(1, b);
    }
    let started = std::time::Instant::now();
    let mut bytes = [0; 64];
    for offset in 0..100_000 {
        let expire = ExpireFrame { id: StreamId(0), offset, total_len: 0 };
        assert_eq!(pair.ends[1].on_expire(pair.now, &expire), Ok(()));
        if offset < EXPIRE_REPLIES_MAX as u64 {
            continue;
        }
        // One answer arrives and others are lost, so that there is room for one more question.
        let (mut w, mut log) = (Writer::new(&mut bytes), FrameLog::new());
        pair.ends[1].fill(pair.now, &mut w, &mut log);
        log.as_slice().iter().skip(1).for_each(|frame| pair.ends[1].on_lost(frame));
    }
    // Less than half a second; each a look through 4,096 others took eight.
    assert!(started.elapsed().as_millis() < 2_000, "{:?}", started.elapsed());
}
