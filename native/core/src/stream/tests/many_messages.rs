//! Many small messages at a time: handed over together, side by side in a packet, and settled together.

use super::messages::unordered;
use super::*;

const LEN: usize = 20;

fn message(number: usize) -> Vec<u8> {
    pattern(number as u64, LEN)
}

/// A pair with a stream of messages, and `count` messages in its send buffer.
fn with_messages(count: usize) -> (Pair, [u32; 2]) {
    let mut pair = Pair::new();
    let handles = pair.open_kind(StreamKind::Messages);
    for number in 0..count {
        pair.send_plain(handles[0], &message(number));
    }
    (pair, handles)
}

/// As many as an end takes of `count` messages in one call.
fn send_many(pair: &mut Pair, handle: u32, count: usize) -> usize {
    let bytes: Vec<u8> = (0..count).flat_map(message).collect();
    let options = MessageOptions::default();
    pair.ends[0].send_messages(pair.now, handle, &bytes, &vec![LEN as u32; count], &options).unwrap()
}

#[test]
fn what_is_sent_in_one_call_arrives_as_if_sent_one_by_one() {
    let (mut pair, [a, b]) = with_messages(1);
    assert_eq!(send_many(&mut pair, a, 50), 50);
    pair.exchange();
    let (got, _) = pair.receive(1, b);
    assert_eq!(got[1..], (0..50).map(message).collect::<Vec<_>>());
    assert_eq!((pair.stats(0, a).sent, pair.stats(0, a).delivered), (51, 51));
}

#[test]
fn the_room_that_is_told_is_taken_and_what_is_beyond_is_refused_whole() {
    let (mut pair, [a, b]) = with_messages(1);
    let room = pair.ends[0].message_room(a).unwrap();
    let sure = (room / (LEN as u64 + 16)) as usize;
    assert!(sure > 10, "the ring is attached with the first message");
    let memory = pair.ends[0].shared.budget.used_bytes();
    assert_eq!(send_many(&mut pair, a, sure), sure);
    assert_eq!(pair.ends[0].shared.budget.used_bytes(), memory, "it takes no memory");
    let all = 1_000_000;
    let more = send_many(&mut pair, a, all);
    assert!(more < all, "the buffer is bounded");
    assert_eq!(pair.ends[0].message_room(a).map(|room| room < LEN as u64 + 16), Ok(true));
    pair.exchange();
    let mut got = 0;
    loop {
        let (messages, _) = pair.receive(1, b);
        pair.exchange();
        if messages.is_empty() {
            break;
        }
        got += messages.len();
    }
    assert_eq!(got, 1 + sure + more);
    assert!(pair.events(0).iter().any(|event| matches!(event, StreamEvent::Writable { .. })));
}

#[test]
fn a_message_that_is_too_large_stops_those_behind_it() {
    let (mut pair, [a, _]) = with_messages(1);
    let too_large = pair.ends[0].shared.config.message_bytes as u32 + 1;
    let bytes = vec![0; 10 + too_large as usize + 10];
    let options = MessageOptions::default();
    let taken = pair.ends[0].send_messages(pair.now, a, &bytes, &[10, too_large, 10], &options);
    assert_eq!(taken, Ok(1));
}

#[test]
fn only_streams_that_send_messages_have_room_for_them() {
    let mut pair = Pair::new();
    let [bytes, _] = pair.open_both();
    assert_eq!(pair.ends[0].message_room(bytes), Err(StreamError::WrongKind));
    let [a, _] = pair.open_kind(StreamKind::Messages);
    pair.send_plain(a, b"x");
    pair.ends[0].finish(a).unwrap();
    assert!(pair.ends[0].message_room(a).is_err());
}

#[test]
fn one_record_tells_the_fate_of_all_messages_that_lie_side_by_side_in_a_packet() {
    let (mut pair, _) = with_messages(100);
    for packet in pair.send_all(0) {
        assert_eq!(packet.frames.len(), 1, "{:?}", packet.frames);
    }
}

/// Packets with several messages each, some lost, some acknowledged late, in an order that a seed gives: each message arrives once, and each fate is known.
#[test]
fn every_message_of_a_packet_has_the_fate_of_the_packet() {
    for seed in 0..50_usize {
        let (mut pair, [a, b]) = with_messages(200);
        let mut got = Vec::new();
        for round in 0..100 {
            let packets = pair.send_all(0);
            for (at, packet) in packets.iter().enumerate() {
                match (at * 7 + round * 3 + seed) % 4 {
                    0 => pair.lose(0, packet),
                    // It arrived, but counts as lost: its messages go again.
                    1 => {
                        pair.deliver(1, packet);
                        pair.lose(0, packet);
                    }
                    _ => {
                        pair.deliver(1, packet);
                        pair.acknowledge(0, packet);
                    }
                }
            }
            got.extend(pair.receive(1, b).0);
            if packets.is_empty() {
                break;
            }
        }
        assert!(got == (0..200).map(message).collect::<Vec<_>>(), "seed {seed}: {} arrived", got.len());
        assert_eq!((pair.stats(0, a).sent, pair.stats(0, a).delivered), (200, 200), "seed {seed}");
    }
}

/// A packet with three messages is lost after the one in the middle expired: that one is not sent again.
#[test]
fn what_expired_in_the_middle_of_a_lost_packet_is_not_sent_again() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Messages);
    let expiring = MessageOptions { lifetime_micros: Some(1_000), ..unordered() };
    pair.send_with(0, a, &message(0), unordered());
    pair.send_with(0, a, &message(1), expiring);
    pair.send_with(0, a, &message(2), unordered());
    let packets = pair.send_all(0);
    assert_eq!(packets.len(), 1);
    pair.now = pair.now.plus_micros(2_000);
    pair.ends[0].on_timeout(pair.now);
    pair.lose(0, &packets[0]);
    let again = pair.send_all(0);
    let frames = again.iter().flat_map(|packet| &packet.frames);
    let bytes = frames.map(|frame| if let SentFrame::Stream { len, .. } = frame { *len } else { 0 });
    assert_eq!(bytes.sum::<u16>(), 2 * (LEN as u16 + 16));
    for packet in &again {
        pair.deliver(1, packet);
        pair.acknowledge(0, packet);
    }
    pair.exchange();
    assert_eq!(pair.receive(1, b).0, [message(0), message(2)]);
    let stats = pair.stats(0, a);
    assert_eq!((stats.sent, stats.delivered, stats.expired), (3, 2, 1));
}
