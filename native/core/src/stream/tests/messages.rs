//! Messages without lifetimes: whole, once, in order or as they complete.

use super::*;

impl Pair {
    /// Opens a stream of `kind` at end 0 and tells end 1 of it; returns both handles.
    pub(super) fn open_kind(&mut self, kind: StreamKind) -> [u32; 2] {
        let request = OpenRequest { kind, priority: 3, protocol: "test/1", metadata: b"" };
        let here = self.ends[0].open(&request).unwrap();
        self.exchange();
        let there = self.events(1).iter().find_map(|event| match event {
            StreamEvent::Opened { handle, .. } => Some(*handle),
            _ => None,
        });
        [here, there.expect("the stream arrives")]
    }

    pub(super) fn send_with(&mut self, at: usize, handle: u32, bytes: &[u8], options: MessageOptions) {
        let outcome = self.ends[at].send_message(self.now, handle, bytes, &options);
        assert_eq!(outcome, Ok(SendOutcome::Accepted));
    }

    pub(super) fn send_plain(&mut self, handle: u32, bytes: &[u8]) {
        self.send_with(0, handle, bytes, MessageOptions::default());
    }

    /// All messages that can be read at an end now, and whether the stream ended with them.
    pub(super) fn receive(&mut self, at: usize, handle: u32) -> (Vec<Vec<u8>>, bool) {
        let (mut into, mut lengths) = (vec![0; 2 << 20], [0; 100]);
        let mut messages = Vec::new();
        loop {
            let read = self.ends[at].read_messages(self.now, RTT, handle, &mut into, &mut lengths).unwrap();
            let mut from = 0;
            for length in &lengths[..read.count] {
                messages.push(into[from..from + *length as usize].to_vec());
                from += *length as usize;
            }
            if read.count == 0 || read.end {
                return (messages, read.end);
            }
        }
    }

    pub(super) fn stats(&self, at: usize, handle: u32) -> MessageStats {
        self.ends[at].message_stats(handle).unwrap()
    }

    pub(super) fn fates(&mut self, at: usize) -> Vec<(u32, MessageFate)> {
        let events = self.events(at);
        let settled = events.into_iter().filter_map(|event| match event {
            StreamEvent::MessageSettled { token, fate, .. } => Some((token, fate)),
            _ => None,
        });
        settled.collect()
    }
}

pub(super) fn unordered() -> MessageOptions {
    MessageOptions { unordered: true, ..MessageOptions::default() }
}

fn told(token: u32) -> MessageOptions {
    MessageOptions { token: Some(token), ..MessageOptions::default() }
}

#[test]
fn messages_of_all_sizes_arrive_whole_and_in_order_the_empty_one_too() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    let sent: Vec<Vec<u8>> =
        [0, 1, 15, 16, 17, 1100, 1168, 1169, 5000, 0, 40_000].map(|len| pattern(len as u64, len)).to_vec();
    for message in &sent {
        pair.send_plain(a, message);
    }
    pair.ends[0].finish(a).unwrap();
    pair.exchange();
    let mut got = Vec::new();
    loop {
        let (messages, end) = pair.receive(1, b);
        got.extend(messages);
        pair.exchange();
        if end {
            break;
        }
    }
    assert_eq!(got, sent);
    let stats = pair.stats(0, a);
    assert_eq!((stats.sent, stats.delivered, stats.expired, stats.unknown), (11, 11, 0, 0));
    assert_eq!(pair.stats(1, b).received, 11);
}

#[test]
fn both_ends_send_on_one_stream_and_all_is_given_back_at_the_end() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_plain(a, b"there");
    pair.send_with(1, b, b"back", MessageOptions::default());
    pair.ends[0].finish(a).unwrap();
    pair.ends[1].finish(b).unwrap();
    pair.exchange();
    assert_eq!(pair.receive(1, b), (vec![b"there".to_vec()], true));
    assert_eq!(pair.receive(0, a), (vec![b"back".to_vec()], true));
    pair.exchange();
    assert!(pair.events(0).contains(&StreamEvent::Closed { handle: a, dropped: 0 }));
    assert!(pair.events(1).contains(&StreamEvent::Closed { handle: b, dropped: 0 }));
    pair.assert_nothing_held();
}

#[test]
fn lost_parts_come_again_and_an_ordered_message_waits_for_them() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_with(0, a, &pattern(1, 3000), told(7));
    let packets = pair.send_all(0);
    pair.send_plain(a, b"later");
    pair.exchange();
    pair.deliver(1, &packets[0]);
    pair.acknowledge(0, &packets[0]);
    assert_eq!(pair.receive(1, b).0, Vec::<Vec<u8>>::new());
    assert_eq!(pair.fates(0), []);
    for packet in &packets[1..] {
        pair.lose(0, packet);
    }
    pair.exchange();
    assert_eq!(pair.receive(1, b).0, [pattern(1, 3000), b"later".to_vec()]);
    assert_eq!(pair.fates(0), [(7, MessageFate::Delivered)]);
}

#[test]
fn an_unordered_message_overtakes_a_lost_one() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_with(0, a, b"first", unordered());
    let lost = pair.send(0).unwrap();
    pair.send_with(0, a, b"second", unordered());
    pair.exchange();
    assert_eq!(pair.receive(1, b).0, [b"second".to_vec()]);
    pair.lose(0, &lost);
    pair.exchange();
    assert_eq!(pair.receive(1, b).0, [b"first".to_vec()]);
}

#[test]
fn a_message_far_larger_than_every_window_arrives() {
    let setup = Setup { window: 4 << 10, window_cap: 4 << 10, ..Setup::default() };
    let mut pair = Pair::with(setup);
    let [a, b] = pair.open_kind(StreamKind::Messages);
    let large = pattern(3, 1 << 20);
    pair.send_plain(a, &large);
    pair.exchange();
    assert_eq!(pair.receive(1, b).0, [large]);
    pair.send_plain(a, b"after");
    pair.exchange();
    assert_eq!(pair.receive(1, b).0, [b"after".to_vec()]);
}

#[test]
fn a_message_that_finds_no_room_is_refused_whole_and_its_sender_called() {
    let mut pair = Pair::with(Setup { send_buffer_cap: 64 << 10, ..Setup::default() });
    let [a, b] = pair.open_kind(StreamKind::Messages);
    let options = MessageOptions::default();
    let mut accepted = 0;
    while pair.ends[0].send_message(pair.now, a, &[1; 10_000], &options) == Ok(SendOutcome::Accepted) {
        accepted += 1;
    }
    assert_eq!(accepted, 6);
    assert_eq!(pair.ends[0].send_message(pair.now, a, &[1; 10_000], &options), Ok(SendOutcome::NoRoom));
    let mut messages = 0;
    while messages < accepted {
        pair.exchange();
        messages += pair.receive(1, b).0.len();
    }
    assert!(pair.events(0).contains(&StreamEvent::Writable { handle: a }));
    pair.send_plain(a, &[2; 10_000]);
}

#[test]
fn what_is_larger_than_the_limit_is_not_accepted() {
    let mut pair = Pair::new();
    let [a, _] = pair.open_kind(StreamKind::Messages);
    let too_large = vec![0; (1 << 20) + 1];
    let outcome = pair.ends[0].send_message(pair.now, a, &too_large, &MessageOptions::default());
    assert_eq!(outcome, Ok(SendOutcome::TooLarge));
    assert_eq!(pair.stats(0, a), MessageStats::default());
}

#[test]
fn a_message_that_does_not_fit_the_reader_stays_and_tells_its_length() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_plain(a, b"12345");
    pair.exchange();
    let (mut into, mut lengths) = ([0; 4], [0; 4]);
    let read = pair.ends[1].read_messages(pair.now, RTT, b, &mut into, &mut lengths).unwrap();
    assert_eq!(read, MessagesRead { count: 0, end: false, too_long: Some(5) });
    assert_eq!(pair.receive(1, b).0, [b"12345".to_vec()]);
}

#[test]
fn a_reset_makes_the_fate_of_what_was_pending_unknown() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_with(0, a, b"known", told(1));
    pair.exchange();
    pair.send_with(0, a, &[0; 5000], told(2));
    let _ = pair.send(0);
    pair.send_with(0, a, b"never sent", told(3));
    pair.ends[0].reset(a, ResetReason::Application, 5).unwrap();
    let stats = pair.stats(0, a);
    assert_eq!((stats.sent, stats.delivered, stats.expired, stats.unknown), (3, 1, 0, 2));
    assert_eq!(pair.fates(0), [(1, MessageFate::Delivered)]);
    pair.exchange();
    let reset = StreamEvent::ResetByPeer { handle: b, reason: ResetReason::Application, code: 5 };
    assert!(pair.events(1).contains(&reset));
}

#[test]
fn what_is_acknowledged_after_a_reset_that_followed_an_expiry_stays_unknown() {
    for kind in [StreamKind::Messages, StreamKind::Datagrams] {
        let mut pair = Pair::new();
        let [a, _] = pair.open_kind(kind);
        pair.send_with(0, a, b"under way", told(1));
        let packet = pair.send(0).unwrap();
        pair.send_with(0, a, b"passed over", MessageOptions { lifetime_micros: Some(10), ..told(2) });
        pair.wait(10);
        pair.ends[0].reset(a, ResetReason::Application, 5).unwrap();
        pair.deliver(1, &packet);
        pair.acknowledge(0, &packet);
        pair.ends[0].reset(a, ResetReason::Application, 6).unwrap();
        let stats = pair.stats(0, a);
        assert_eq!((stats.sent, stats.delivered, stats.expired, stats.unknown), (2, 0, 1, 1));
        assert_eq!(pair.fates(0), [(2, MessageFate::Expired)]);
    }
}

#[test]
fn a_stop_ends_the_sending_and_gives_the_credit_back() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    pair.send_plain(a, &[0; 5000]);
    let packet = pair.send(0).unwrap();
    pair.deliver(1, &packet);
    pair.ends[1].stop(b, 9).unwrap();
    pair.exchange();
    assert!(pair.events(0).contains(&StreamEvent::StoppedByPeer {
        handle: a,
        reason: ResetReason::Application,
        code: 9
    }));
    assert_eq!(pair.stats(0, a).unknown, 1);
    pair.ends[1].finish(b).unwrap();
    pair.exchange();
    let _ = pair.receive(0, a);
    pair.exchange();
    let _ = (pair.events(0), pair.events(1));
    pair.assert_nothing_held();
}

#[test]
fn a_flush_is_told_when_the_fate_of_all_before_it_is_known_and_after_the_fates() {
    let mut pair = Pair::new();
    let [a, _] = pair.open_kind(StreamKind::Messages);
    pair.send_with(0, a, b"one", told(1));
    pair.ends[0].watch_acknowledged(a).unwrap();
    let packet = pair.send(0).unwrap();
    pair.send_with(0, a, b"two", told(2));
    pair.deliver(1, &packet);
    assert_eq!(pair.events(0), []);
    pair.acknowledge(0, &packet);
    let events = pair.events(0);
    let fate = StreamEvent::MessageSettled { handle: a, token: 1, fate: MessageFate::Delivered };
    assert!(matches!(&events[..], [first, StreamEvent::Flushed { .. }] if *first == fate), "{events:?}");
}

#[test]
fn calls_about_bytes_are_refused_on_streams_of_messages_and_the_reverse() {
    let mut pair = Pair::new();
    let [a, _] = pair.open_kind(StreamKind::Messages);
    assert_eq!(pair.ends[0].write(a, b"x"), Err(StreamError::WrongKind));
    assert_eq!(pair.read(0, a, 10), Err(StreamError::WrongKind));
    let bytes = pair.open(0);
    let outcome = pair.ends[0].send_message(pair.now, bytes, b"x", &MessageOptions::default());
    assert_eq!(outcome, Err(StreamError::WrongKind));
}

#[test]
fn small_messages_share_packets() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    for n in 0..100 {
        pair.send_plain(a, &pattern(n, 64));
    }
    let packets = pair.send_all(0);
    assert!(packets.len() <= 7, "{} packets", packets.len());
    packets.iter().for_each(|packet| pair.deliver(1, packet));
    assert_eq!(pair.receive(1, b).0.len(), 100);
}
