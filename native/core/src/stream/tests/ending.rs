//! Every way that a stream can end, in every state.

use super::*;

const GIVEN_UP: ResetReason = ResetReason::Application;

fn closed(handle: u32) -> StreamEvent {
    StreamEvent::Closed { handle, dropped: 0 }
}

#[test]
fn a_stream_finished_and_read_both_ways_closes_at_both_ends() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    for (at, handle) in [(0, a), (1, b)] {
        pair.write(at, handle, b"bye");
        pair.ends[at].finish(handle).unwrap();
    }
    pair.exchange();
    for (at, handle) in [(0, a), (1, b)] {
        assert_eq!(pair.read(at, handle, 10), Ok((b"bye".to_vec(), true)));
        let events = pair.events(at);
        assert!(events.contains(&StreamEvent::SendFinished { handle, expired: 0 }));
        assert_eq!(events.last(), Some(&closed(handle)));
        assert_eq!(pair.read(at, handle, 10), Err(StreamError::Unknown));
        assert_eq!(pair.ends[at].write(handle, b"x"), Err(StreamError::Unknown));
        assert_eq!(pair.ends[at].finish(handle), Err(StreamError::Unknown));
        assert_eq!(pair.ends[at].reset(handle, GIVEN_UP, 0), Err(StreamError::Unknown));
    }
    pair.exchange();
    pair.assert_nothing_held();
}

#[test]
fn one_direction_ends_and_the_other_goes_on() {
    for finisher in [0, 1] {
        let mut pair = Pair::new();
        let handles = pair.open_both();
        let (other, handle, there) = (1 - finisher, handles[finisher], handles[1 - finisher]);
        pair.ends[finisher].finish(handle).unwrap();
        pair.exchange();
        assert_eq!(pair.events(other), [StreamEvent::Readable { handle: there, bytes: 0, end: true }]);
        for round in 0..3 {
            pair.write(other, there, &[round; 100]);
            pair.exchange();
            assert_eq!(pair.read(finisher, handle, 200), Ok((vec![round; 100], false)));
        }
        assert!(!pair.events(finisher).contains(&closed(handle)));
        pair.ends[other].finish(there).unwrap();
        pair.exchange();
        assert_eq!(pair.events(finisher).last(), Some(&closed(handle)));
        assert_eq!(pair.events(other).last(), Some(&closed(there)));
        pair.assert_nothing_held();
    }
}

#[test]
fn the_end_of_an_empty_stream_is_told_without_bytes() {
    let mut pair = Pair::new();
    let a = pair.open(0);
    pair.ends[0].finish(a).unwrap();
    pair.exchange();
    let events = pair.events(1);
    let [StreamEvent::Opened { handle, .. }, StreamEvent::Readable { bytes: 0, end: true, .. }] = events[..]
    else {
        panic!("opened, then the end: {events:?}")
    };
    assert_eq!(pair.read(1, handle, 10), Ok((Vec::new(), true)));
}

#[test]
fn an_end_after_the_last_byte_was_read_is_told_by_itself() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    pair.write(0, a, b"all");
    pair.exchange();
    assert_eq!(pair.read(1, b, 10), Ok((b"all".to_vec(), false)));
    pair.events(1);
    pair.ends[0].finish(a).unwrap();
    pair.exchange();
    assert_eq!(pair.events(1), [StreamEvent::Readable { handle: b, bytes: 0, end: true }]);
}

#[test]
fn a_lost_end_is_sent_again_with_or_without_bytes() {
    for bytes in [0, 3000] {
        let mut pair = Pair::new();
        let [a, b] = pair.open_both();
        pair.write(0, a, &pattern(0, bytes));
        pair.ends[0].finish(a).unwrap();
        for _ in 0..3 {
            for packet in pair.send_all(0) {
                pair.lose(0, &packet);
            }
        }
        pair.exchange();
        assert_eq!(pair.read(1, b, 4000), Ok((pattern(0, bytes), true)));
    }
}

#[test]
fn nothing_is_written_after_the_end() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    pair.write(0, a, b"x");
    for _ in 0..2 {
        pair.ends[0].finish(a).unwrap();
        assert_eq!(pair.ends[0].write(a, b"y"), Err(StreamError::SendingEnded));
        pair.exchange();
    }
    assert_eq!(pair.read(1, b, 10), Ok((b"x".to_vec(), true)));
}

#[test]
fn a_reset_ends_both_directions_at_both_ends() {
    for data_on_the_way in [false, true] {
        let mut pair = Pair::new();
        let [a, b] = pair.open_both();
        if data_on_the_way {
            pair.write(0, a, &pattern(0, 5000));
            pair.write(1, b, &pattern(0, 5000));
            pair.send(0).unwrap();
            pair.send(1).unwrap();
        }
        pair.ends[0].reset(a, GIVEN_UP, 77).unwrap();
        assert_eq!(pair.ends[0].write(a, b"x"), Err(StreamError::SendingEnded));
        assert_eq!(pair.read(0, a, 10), Err(StreamError::ReadingStopped));
        pair.exchange();
        let told = pair.events(1);
        assert!(
            told.contains(&StreamEvent::ResetByPeer { handle: b, reason: GIVEN_UP, code: 77 }),
            "{told:?}"
        );
        assert!(
            told.contains(&StreamEvent::StoppedByPeer {
                handle: b,
                reason: ResetReason::Application,
                code: 77
            }),
            "{told:?}"
        );
        assert_eq!(told.last(), Some(&closed(b)));
        assert_eq!(pair.events(0), [closed(a)]);
        pair.exchange();
        pair.assert_nothing_held();
    }
}

#[test]
fn both_ends_reset_at_once() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    pair.write(0, a, &pattern(0, 5000));
    let lost = pair.send_all(0);
    pair.ends[0].reset(a, GIVEN_UP, 1).unwrap();
    pair.ends[1].reset(b, GIVEN_UP, 2).unwrap();
    let crossing = [pair.send(0).unwrap(), pair.send(1).unwrap()];
    for from in [0, 1] {
        pair.deliver(1 - from, &crossing[from]);
        pair.acknowledge(from, &crossing[from]);
    }
    lost.iter().for_each(|packet| pair.lose(0, packet));
    pair.exchange();
    assert_eq!(pair.events(0), [closed(a)]);
    assert_eq!(pair.events(1), [closed(b)]);
    pair.exchange();
    pair.assert_nothing_held();
}

#[test]
fn a_reset_after_the_end_gives_up_what_is_not_acknowledged() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    pair.write(0, a, &pattern(0, 5000));
    pair.ends[0].finish(a).unwrap();
    let packets = pair.send_all(0);
    pair.deliver(1, packets.last().unwrap());
    pair.ends[0].reset(a, GIVEN_UP, 9).unwrap();
    packets.iter().for_each(|packet| pair.lose(0, packet));
    pair.exchange();
    assert!(pair.events(1).contains(&StreamEvent::ResetByPeer { handle: b, reason: GIVEN_UP, code: 9 }));
    pair.events(0);
    pair.exchange();
    pair.assert_nothing_held();
}

#[test]
fn what_came_whole_is_readable_although_its_sender_gave_up() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    pair.write(0, a, b"whole");
    pair.ends[0].finish(a).unwrap();
    let packet = pair.send(0).unwrap();
    pair.deliver(1, &packet);
    pair.ends[0].reset(a, GIVEN_UP, 9).unwrap();
    pair.exchange();
    assert_eq!(pair.read(1, b, 10), Ok((b"whole".to_vec(), true)));
    let told = pair.events(1);
    assert!(!told.iter().any(|event| matches!(event, StreamEvent::ResetByPeer { .. })), "{told:?}");
    assert_eq!(told.last(), Some(&closed(b)));
}

#[test]
fn unread_bytes_are_gone_after_a_reset() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    pair.write(0, a, b"partial");
    pair.exchange();
    pair.ends[0].reset(a, ResetReason::Shutdown, 0).unwrap();
    pair.exchange();
    assert_eq!(pair.read(1, b, 10), Err(StreamError::ResetByPeer { reason: ResetReason::Shutdown, code: 0 }));
    let told = pair.events(1);
    assert!(!told.iter().any(|event| matches!(event, StreamEvent::Readable { .. })), "{told:?}");
}

#[test]
fn stop_ends_the_writer_and_leaves_the_other_direction() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    pair.write(0, a, &pattern(0, 100_000));
    pair.exchange();
    pair.ends[1].stop(b, 42).unwrap();
    pair.ends[1].stop(b, 43).unwrap();
    assert_eq!(pair.read(1, b, 10), Err(StreamError::ReadingStopped));
    pair.exchange();
    assert!(pair.events(0).contains(&StreamEvent::StoppedByPeer {
        handle: a,
        reason: ResetReason::Application,
        code: 42
    }));
    assert_eq!(
        pair.ends[0].write(a, b"x"),
        Err(StreamError::StoppedByPeer { reason: ResetReason::Application, code: 42 })
    );
    assert_eq!(
        pair.ends[0].finish(a),
        Err(StreamError::StoppedByPeer { reason: ResetReason::Application, code: 42 })
    );
    assert!(!pair.events(1).iter().any(|event| matches!(event, StreamEvent::ResetByPeer { .. })));
    pair.write(1, b, b"answer");
    pair.ends[1].finish(b).unwrap();
    pair.exchange();
    assert_eq!(pair.read(0, a, 10), Ok((b"answer".to_vec(), true)));
    assert_eq!(pair.events(0).last(), Some(&closed(a)));
    assert_eq!(pair.events(1).last(), Some(&closed(b)));
    pair.assert_nothing_held();
}

#[test]
fn stop_of_a_stream_that_has_been_finished() {
    // With all bytes here, with bytes missing, and with the end itself missing.
    for delivered in [3, 1, 0] {
        let mut pair = Pair::new();
        let [a, b] = pair.open_both();
        pair.write(0, a, &pattern(0, 3000));
        pair.ends[0].finish(a).unwrap();
        let packets = pair.send_all(0);
        assert_eq!(packets.len(), 3);
        for packet in packets.iter().rev().take(delivered) {
            pair.deliver(1, packet);
            pair.acknowledge(0, packet);
        }
        pair.ends[1].stop(b, 5).unwrap();
        packets.iter().rev().skip(delivered).for_each(|packet| pair.lose(0, packet));
        pair.ends[1].finish(b).unwrap();
        pair.exchange();
        pair.events(0);
        pair.events(1);
        pair.exchange();
        pair.assert_nothing_held();
    }
}

#[test]
fn nothing_is_readable_once_reading_stopped() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    pair.write(0, a, &pattern(0, 3000));
    pair.ends[0].finish(a).unwrap();
    let packets = pair.send_all(0);
    pair.deliver(1, &packets[0]);
    pair.deliver(1, &packets[2]);
    pair.ends[1].stop(b, 0).unwrap();
    assert_eq!(pair.events(1), []);
}

#[test]
fn stop_and_finish_cross() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    pair.write(0, a, &pattern(0, 100));
    pair.ends[0].finish(a).unwrap();
    pair.ends[1].stop(b, 5).unwrap();
    pair.ends[1].finish(b).unwrap();
    let crossing = [pair.send(0).unwrap(), pair.send(1).unwrap()];
    for from in [0, 1] {
        pair.deliver(1 - from, &crossing[from]);
        pair.acknowledge(from, &crossing[from]);
    }
    pair.exchange();
    assert_eq!(pair.events(0).last(), Some(&closed(a)));
    assert_eq!(pair.events(1).last(), Some(&closed(b)));
    pair.exchange();
    pair.assert_nothing_held();
}

#[test]
fn every_order_of_endings_closes_the_stream_and_leaks_nothing() {
    type Step = fn(&mut Streams, u32) -> bool;
    let steps: [Step; 4] = [
        |streams, handle| streams.finish(handle).is_ok(),
        |streams, handle| streams.reset(handle, GIVEN_UP, 1).is_ok(),
        |streams, handle| streams.stop(handle, 2).is_ok(),
        |streams, handle| streams.write(handle, &[5; 2000]).is_ok(),
    ];
    // Three steps of either end, each out of four and each exchanged at once or not: 32,768 lives of a stream.
    for case in 0..1_u32 << 15 {
        let mut pair = Pair::with(Setup { window: 3_000, window_cap: 3_000, ..Setup::default() });
        let handles = pair.open_both();
        for turn in 0..6 {
            let at = (turn % 2) as usize;
            steps[(case >> (2 * turn) & 3) as usize](&mut pair.ends[at], handles[at]);
            if turn < 3 && case >> (12 + turn) & 1 == 1 {
                pair.exchange();
            }
        }
        end_all(&mut pair, handles);
    }
}

/// Whatever was done before, finishing and reading both ways must close the stream.
fn end_all(pair: &mut Pair, handles: [u32; 2]) {
    let mut closings = 0;
    for _ in 0..20 {
        for at in [0, 1] {
            let _ = pair.ends[at].finish(handles[at]);
            let _ = pair.read(at, handles[at], 10_000);
        }
        pair.exchange();
        for at in [0, 1] {
            closings += pair.events(at).iter().filter(|event| **event == closed(handles[at])).count();
        }
    }
    assert_eq!(closings, 2);
    pair.assert_nothing_held();
}

#[test]
fn late_frames_of_closed_streams_bring_nothing_back() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    pair.write(0, a, &pattern(0, 5000));
    pair.ends[0].finish(a).unwrap();
    let mut kept = pair.send_all(0);
    for packet in &kept {
        pair.deliver(1, packet);
    }
    pair.read(1, b, 5000).unwrap();
    pair.ends[1].reset(b, GIVEN_UP, 0).unwrap();
    while let Some(packet) = pair.send(1) {
        pair.deliver(0, &packet);
        pair.acknowledge(1, &packet);
        kept.push(packet);
    }
    kept.extend(pair.send_all(0));
    kept.iter().for_each(|packet| pair.acknowledge(0, packet));
    pair.exchange();
    pair.events(0);
    pair.events(1);
    pair.exchange();
    for packet in &kept {
        for to in [0, 1] {
            let _ = pair.try_deliver(to, packet);
            pair.lose(to, packet);
            pair.acknowledge(to, packet);
        }
    }
    assert_eq!((pair.events(0), pair.events(1)), (Vec::new(), Vec::new()));
    pair.exchange();
    pair.assert_nothing_held();
}
