//! Datagrams: sent once, acknowledged or presumed lost, the oldest dropped where there is no room.

use super::*;

fn told(token: u32) -> MessageOptions {
    MessageOptions { token: Some(token), ..MessageOptions::default() }
}

#[test]
fn datagrams_of_all_sizes_arrive_whole() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Datagrams);
    let sent: Vec<Vec<u8>> = [0, 1, 1000, 1168, 5000, 0, 90_000].map(|len| pattern(len as u64, len)).to_vec();
    for datagram in &sent {
        pair.send_plain(a, datagram);
    }
    pair.exchange();
    assert_eq!(pair.receive(1, b).0, sent);
    let stats = pair.stats(0, a);
    assert_eq!((stats.sent, stats.delivered, stats.expired), (7, 7, 0));
}

#[test]
fn the_largest_datagram_of_one_packet_is_one_frame_and_a_byte_more_is_cut() {
    let mut pair = Pair::new();
    let [a, _] = pair.open_kind(StreamKind::Datagrams);
    let largest = pair.ends[0].max_datagram_bytes(a, PACKET_ROOM).unwrap();
    assert!(largest > PACKET_ROOM - 10);
    pair.send_plain(a, &vec![1; largest]);
    assert_eq!(pair.send_all(0).len(), 1);
    pair.send_plain(a, &vec![1; largest + 1]);
    assert_eq!(pair.send_all(0).len(), 2);
}

#[test]
fn a_datagram_of_which_a_part_is_lost_is_lost_and_never_sent_again() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Datagrams);
    pair.send_with(0, a, &pattern(0, 5000), told(1));
    pair.send_with(0, a, b"next", told(2));
    let packets = pair.send_all(0);
    pair.lose(0, &packets[1]);
    for (index, packet) in packets.iter().enumerate().filter(|(index, _)| *index != 1) {
        pair.deliver(1, packet);
        pair.acknowledge(0, packet);
        assert!(index != 1);
    }
    // A loss that was none comes too late.
    pair.acknowledge(0, &packets[1]);
    assert!(pair.send_all(0).is_empty());
    assert_eq!(pair.fates(0), [(1, MessageFate::Expired), (2, MessageFate::Delivered)]);
    assert_eq!(pair.receive(1, b).0, [b"next".to_vec()]);
}

#[test]
fn datagrams_take_no_credit() {
    let mut pair = Pair::with(Setup { window: 100, window_cap: 100, ..Setup::default() });
    let [a, b] = pair.open_kind(StreamKind::Datagrams);
    for n in 0..100 {
        pair.send_plain(a, &pattern(n, 1000));
    }
    pair.exchange();
    assert_eq!(pair.receive(1, b).0.len(), 100);
}

#[test]
fn a_receiver_without_room_drops_the_oldest_and_counts_it() {
    let mut pair = Pair::with(Setup { message_bytes: 1_000, ..Setup::default() });
    let [a, b] = pair.open_kind(StreamKind::Datagrams);
    for n in 0..1_000 {
        pair.send_plain(a, &pattern(n, 1000));
        pair.exchange();
    }
    let got = pair.receive(1, b).0;
    let dropped = pair.stats(1, b).dropped;
    assert_eq!(got.len() as u64 + dropped, 1_000);
    assert!(got.len() > 200 && dropped > 700);
    assert_eq!(got.first().unwrap(), &pattern(dropped, 1000));
    assert_eq!(got.last().unwrap(), &pattern(999, 1000));
}

#[test]
fn what_a_peer_can_make_a_receiver_hold_is_bounded() {
    let mut pair = Pair::with(Setup { budget_bytes: 1 << 20, message_bytes: 300_000, ..Setup::default() });
    let request = OpenRequest { kind: StreamKind::Datagrams, priority: 3, protocol: "p", metadata: b"" };
    let handles: Vec<u32> = (0..20).map(|_| pair.ends[0].open(&request).unwrap()).collect();
    pair.exchange();
    for n in 0..200 {
        for handle in &handles {
            let _ = pair.ends[0].send_message(pair.now, *handle, &pattern(n, 200_000), &told(1));
            // All parts but the last.
            let packets = pair.send_all(0);
            for packet in packets.iter().rev().skip(1) {
                pair.deliver(1, packet);
            }
            packets.iter().for_each(|packet| pair.lose(0, packet));
        }
        assert!(pair.budgets[1].used_bytes() <= 1 << 20);
    }
}

#[test]
fn the_end_comes_after_the_fate_of_all_and_after_all_that_arrived() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Datagrams);
    pair.send_plain(a, b"one");
    pair.ends[0].finish(a).unwrap();
    let packet = pair.send(0).unwrap();
    assert!(pair.send(0).is_none(), "the end waits");
    pair.deliver(1, &packet);
    pair.acknowledge(0, &packet);
    pair.exchange();
    assert_eq!(pair.receive(1, b), (vec![b"one".to_vec()], true));
    pair.ends[1].finish(b).unwrap();
    pair.exchange();
    assert_eq!(pair.receive(0, a), (vec![], true));
    pair.exchange();
    let _ = (pair.events(0), pair.events(1));
    pair.assert_nothing_held();
}

#[test]
fn what_waits_longer_than_its_lifetime_is_not_sent() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Datagrams);
    let mortal = MessageOptions { lifetime_micros: Some(10), ..told(1) };
    pair.send_with(0, a, b"too late", mortal);
    pair.wait(10);
    pair.send_plain(a, b"in time");
    pair.exchange();
    assert_eq!(pair.receive(1, b).0, [b"in time".to_vec()]);
    assert_eq!(pair.fates(0), [(1, MessageFate::Expired)]);
}

#[test]
fn a_reset_ends_at_offset_0() {
    let mut pair = Pair::new();
    let [a, b] = pair.open_kind(StreamKind::Datagrams);
    pair.send_plain(a, &[0; 20_000]);
    let _ = pair.send(0);
    pair.ends[0].reset(a, ResetReason::Application, 3).unwrap();
    pair.exchange();
    let reset = StreamEvent::ResetByPeer { handle: b, reason: ResetReason::Application, code: 3 };
    assert!(pair.events(1).contains(&reset));
    assert_eq!(pair.stats(0, a).unknown, 1);
}
