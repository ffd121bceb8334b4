//! Bytes arrive once, in order, whatever the packets do.

use super::*;

#[test]
fn every_byte_arrives_once_and_in_order_through_loss_and_reordering() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    let sent = pattern(0, 20_000);
    pair.write(0, a, &sent);
    pair.ends[0].finish(a).unwrap();
    let mut packets = pair.send_all(0);
    assert!(packets.len() > 10);
    packets.reverse();
    for (n, packet) in packets.iter().enumerate() {
        if n % 3 == 0 {
            pair.lose(0, packet);
        } else {
            pair.deliver(1, packet);
            pair.deliver(1, packet);
            pair.acknowledge(0, packet);
        }
    }
    pair.exchange();
    assert_eq!(pair.read(1, b, 30_000), Ok((sent, true)));
}

#[test]
fn a_spurious_loss_delivers_nothing_twice_and_wakes_nobody_in_vain() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    pair.write(0, a, &pattern(0, 3000));
    let packets = pair.send_all(0);
    for packet in &packets {
        pair.lose(0, packet);
        pair.deliver(1, packet);
    }
    assert!(pair.ends[0].wants_to_send());
    for packet in &packets {
        pair.acknowledge(0, packet);
    }
    assert!(!pair.ends[0].wants_to_send(), "what was acknowledged after all is not sent again");
    assert_eq!(pair.events(1), [StreamEvent::Readable { handle: b, bytes: 3000, end: false }]);
    assert_eq!(pair.read(1, b, 5000).unwrap().0, pattern(0, 3000));
}

#[test]
fn a_late_loss_of_what_was_sent_again_and_arrived_is_nothing() {
    let mut pair = Pair::new();
    let [a, _] = pair.open_both();
    pair.write(0, a, &pattern(0, 3000));
    let packets = pair.send_all(0);
    // A probe repeats the second packet while the first is still missing; then the second one counts as lost, too.
    pair.lose(0, &packets[1]);
    let probe = pair.send(0).unwrap();
    pair.acknowledge(0, &probe);
    pair.lose(0, &packets[1]);
    assert!(!pair.ends[0].wants_to_send());
}

#[test]
fn what_is_sent_again_may_be_cut_differently() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    let sent = pattern(0, 5000);
    pair.write(0, a, &sent);
    pair.ends[0].finish(a).unwrap();
    for packet in pair.send_all(0) {
        pair.lose(0, &packet);
    }
    // Small packets: every frame of the first flight is cut in pieces.
    while pair.ends[0].wants_to_send() {
        let mut bytes = vec![0; 100];
        let mut log = FrameLog::new();
        let mut w = Writer::new(&mut bytes);
        pair.ends[0].fill(pair.now, &mut w, &mut log);
        let len = w.position();
        let packet = Packet { bytes: bytes[..len].to_vec(), frames: log.as_slice().to_vec() };
        pair.deliver(1, &packet);
        pair.acknowledge(0, &packet);
    }
    assert_eq!(pair.read(1, b, 9000), Ok((sent, true)));
}

#[test]
fn lost_bytes_go_before_new_ones_of_their_stream() {
    let mut pair = Pair::new();
    let [a, _] = pair.open_both();
    pair.write(0, a, &pattern(0, 10_000));
    let first = pair.send(0).unwrap();
    let _second = pair.send(0).unwrap();
    pair.lose(0, &first);
    let third = pair.send(0).unwrap();
    let offset_of = |packet: &Packet| match packet.frames[0] {
        SentFrame::Stream { offset, .. } => offset,
        other => panic!("not data: {other:?}"),
    };
    assert_eq!((offset_of(&first), offset_of(&third)), (0, 0));
}

#[test]
fn both_directions_of_a_stream_flow_at_once() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    let (there, back) = (pattern(0, 30_000), pattern(7, 40_000));
    pair.write(0, a, &there);
    pair.write(1, b, &back);
    pair.exchange();
    assert_eq!(pair.read(1, b, 50_000).unwrap().0, there);
    assert_eq!(pair.read(0, a, 50_000).unwrap().0, back);
}

#[test]
fn readers_take_any_amount_and_see_what_is_left() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    pair.write(0, a, &pattern(0, 5000));
    pair.ends[0].finish(a).unwrap();
    pair.exchange();
    let mut got = Vec::new();
    for most in [1, 10, 100, 1000] {
        got.extend(pair.read(1, b, most).unwrap().0);
    }
    let (now, peek) = (pair.now, pair.ends[1].peek(b).unwrap());
    assert_eq!((peek.readable, peek.end), (5000 - 1111, true));
    got.extend(peek.bytes());
    let len = peek.len;
    let outcome = pair.ends[1].consume(now, RTT, b, len).unwrap();
    assert_eq!(outcome, ReadOutcome { bytes: len, end: got.len() == 5000 });
    got.extend(pair.read(1, b, 5000).unwrap().0);
    assert_eq!(got, pattern(0, 5000));
    assert_eq!(pair.read(1, b, 10), Ok((Vec::new(), true)));
}

#[test]
fn nobody_can_consume_what_is_not_there() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    pair.write(0, a, b"abc");
    pair.exchange();
    let now = pair.now;
    assert_eq!(pair.ends[1].consume(now, RTT, b, usize::MAX), Ok(ReadOutcome { bytes: 3, end: false }));
    assert_eq!(pair.ends[1].stats(b).unwrap().consumed, 3);
}

#[test]
fn flush_is_answered_by_the_bytes_before_it_and_by_no_others() {
    let mut pair = Pair::new();
    let [a, _] = pair.open_both();
    pair.write(0, a, &pattern(0, 100));
    assert_eq!(pair.ends[0].watch_acknowledged(a), Ok(100));
    let first = pair.send(0).unwrap();
    pair.write(0, a, &pattern(100, 100));
    assert_eq!(pair.ends[0].watch_acknowledged(a), Ok(200));
    let second = pair.send(0).unwrap();
    pair.acknowledge(0, &second);
    assert_eq!(pair.events(0), []);
    pair.acknowledge(0, &first);
    assert_eq!(pair.events(0), [StreamEvent::Flushed { handle: a, acknowledged: 200 }]);
    // With nothing outstanding the answer comes at once.
    assert_eq!(pair.ends[0].watch_acknowledged(a), Ok(200));
    assert_eq!(pair.events(0), [StreamEvent::Flushed { handle: a, acknowledged: 200 }]);
}

#[test]
fn each_of_two_flushes_is_told_as_soon_as_it_is_reached() {
    let mut pair = Pair::new();
    let [a, _] = pair.open_both();
    for offset in [100, 200] {
        pair.write(0, a, &pattern(offset - 100, 100));
        pair.ends[0].watch_acknowledged(a).unwrap();
        let packet = pair.send(0).unwrap();
        pair.acknowledge(0, &packet);
        assert_eq!(pair.events(0), [StreamEvent::Flushed { handle: a, acknowledged: offset }]);
    }
}

#[test]
fn statistics_count_each_byte_once() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_both();
    pair.write(0, a, &pattern(0, 3000));
    for packet in pair.send_all(0) {
        pair.lose(0, &packet);
    }
    let stats = pair.ends[0].stats(a).unwrap();
    assert_eq!((stats.sent, stats.acknowledged, stats.send_buffered), (3000, 0, 3000));
    pair.exchange();
    pair.read(1, b, 1000).unwrap();
    let stats = pair.ends[0].stats(a).unwrap();
    assert_eq!((stats.sent, stats.acknowledged, stats.send_buffered), (3000, 3000, 0));
    let stats = pair.ends[1].stats(b).unwrap();
    assert_eq!((stats.received, stats.consumed, stats.receive_buffered), (3000, 1000, 2000));
}
