//! Streams begin, whatever overtakes what.

use super::*;

#[test]
fn the_peer_learns_what_a_stream_is_for() {
    let mut pair = Pair::new();
    let request =
        OpenRequest { kind: StreamKind::Messages, priority: 0, protocol: "files/2", metadata: &[1, 2, 3] };
    pair.ends[0].open(&request).unwrap();
    pair.exchange();
    let events = pair.events(1);
    let [StreamEvent::Opened { kind, protocol, metadata, .. }] = events.as_slice() else {
        panic!("not one opening: {events:?}")
    };
    assert_eq!(
        (*kind, protocol.as_slice(), metadata.as_slice()),
        (StreamKind::Messages, &b"files/2"[..], &[1, 2, 3][..])
    );
}

#[test]
fn the_opening_rides_with_the_first_data() {
    let mut pair = Pair::new();
    let a = pair.open(0);
    pair.write(0, a, b"hello");
    pair.ends[0].finish(a).unwrap();
    let packet = pair.send(0).unwrap();
    assert_eq!(
        packet.frames,
        [SentFrame::Open { handle: a }, SentFrame::Stream { handle: a, offset: 0, len: 5, fin: true }]
    );
}

#[test]
fn data_that_overtakes_the_opening_waits_for_it() {
    let mut pair = Pair::new();
    let a = pair.open(0);
    let opening = pair.send(0).unwrap();
    pair.write(0, a, b"early");
    pair.ends[0].finish(a).unwrap();
    let data = pair.send(0).unwrap();
    pair.deliver(1, &data);
    pair.acknowledge(0, &data);
    assert_eq!(pair.events(1), []);
    pair.lose(0, &opening);
    pair.exchange();
    let events = pair.events(1);
    let [StreamEvent::Opened { handle, .. }, StreamEvent::Readable { bytes: 5, end: true, .. }] = events[..]
    else {
        panic!("opened, then readable: {events:?}")
    };
    assert_eq!(pair.read(1, handle, 10), Ok((b"early".to_vec(), true)));
}

#[test]
fn an_opening_is_repeated_until_acknowledged_and_told_once() {
    let mut pair = Pair::new();
    pair.open(0);
    for _ in 0..3 {
        let packet = pair.send(0).unwrap();
        pair.deliver(1, &packet);
        pair.lose(0, &packet);
    }
    pair.exchange();
    assert_eq!(pair.events(1).len(), 1);
}

#[test]
fn both_ends_open_with_ids_of_their_own() {
    let mut pair = Pair::new();
    for at in [0, 1] {
        let handle = pair.open(at);
        pair.write(at, handle, &[at as u8]);
    }
    pair.exchange();
    for at in [0, 1] {
        let events = pair.events(at);
        let [StreamEvent::Opened { handle, .. }, StreamEvent::Readable { .. }] = events[..] else {
            panic!("opened, then readable: {events:?}")
        };
        assert_eq!(pair.read(at, handle, 10), Ok((vec![1 - at as u8], false)));
    }
}

#[test]
fn credit_for_a_stream_whose_opening_was_lost_is_kept() {
    let mut pair = Pair::new();
    let a = pair.open(0);
    let opening = pair.send(0).unwrap();
    // The opener's reader consumes what the acceptor can not have sent yet: only its grant matters here.
    let id = pair.ends[0].table.get(a).unwrap().id;
    pair.ends[1].on_max_stream_data(id, 1 << 20).unwrap();
    pair.deliver(1, &opening);
    let events = pair.events(1);
    let [StreamEvent::Opened { handle, .. }] = events[..] else { panic!("one opening: {events:?}") };
    pair.write(1, handle, &pattern(0, 200_000));
    pair.ends[1].on_max_data(1 << 20);
    let sent: usize = pair.send_all(1).iter().map(|packet| packet.bytes.len()).sum();
    assert!(sent > 200_000);
}

#[test]
fn reset_and_stop_that_overtake_the_opening_end_the_stream_unseen() {
    let mut pair = Pair::new();
    let a = pair.open(0);
    let opening = pair.send(0).unwrap();
    pair.ends[0].reset(a, ResetReason::Application, 5).unwrap();
    let reset = pair.send(0).unwrap();
    pair.deliver(1, &reset);
    pair.acknowledge(0, &reset);
    pair.exchange();
    pair.deliver(1, &opening);
    assert_eq!(pair.events(1), []);
    assert_eq!(pair.ends[1].open_streams(), 0);
    pair.acknowledge(0, &opening);
    assert_eq!(pair.events(0), [StreamEvent::Closed { handle: a, dropped: 0 }]);
    pair.exchange();
    pair.assert_nothing_held();
}

#[test]
fn a_stream_stays_until_its_opening_is_acknowledged() {
    let mut pair = Pair::new();
    let a = pair.open(0);
    let opening = pair.send(0).unwrap();
    pair.write(0, a, b"last words");
    pair.ends[0].finish(a).unwrap();
    pair.ends[0].stop(a, 0).unwrap();
    let rest = pair.send(0).unwrap();
    pair.deliver(1, &rest);
    pair.acknowledge(0, &rest);
    pair.exchange();
    // Both halves are settled here, but the peer's application does not know of the stream and its data.
    assert!(!pair.events(0).contains(&StreamEvent::Closed { handle: a, dropped: 0 }));
    pair.lose(0, &opening);
    pair.exchange();
    assert_eq!(pair.events(0), [StreamEvent::Closed { handle: a, dropped: 0 }]);
    let opened = pair.events(1);
    assert!(matches!(opened[0], StreamEvent::Opened { .. }));
    assert!(matches!(opened[1], StreamEvent::Readable { bytes: 10, end: true, .. }));
}
