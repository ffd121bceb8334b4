//! What is dropped, under which name, and that nobody else notices.

use super::*;
use proptest::prelude::*;

/// Hands the middle node a packet and returns what it counted then; the session over it works as before.
fn rejected(make: impl FnOnce(&Line, &mut Forger) -> Vec<u8>) -> RelayRejected {
    let mut line = Line::new(3);
    let (handle, _) = line.connect_ends();
    let mut forger = Forger::new(&line, 0, 1);
    let packet = make(&line, &mut forger);
    let before = line.engines[1].stats();
    assert!(!line.hand(1, 0, &packet), "accepted");
    let after = line.engines[1].stats();
    assert_eq!(after.packets_rejected, before.packets_rejected + 1);
    assert_eq!(after.relayed_packets, before.relayed_packets);
    works(&mut line, handle);
    after.relay_rejected
}

/// A message from one end arrives at the other.
fn works(line: &mut Line, handle: u32) {
    let last = line.engines.len() - 1;
    line.events(last);
    line.write(handle, b"still here");
    line.settle();
    let arrived = line.events(last).into_iter().any(|event| {
        matches!(event, Event::Stream { event: crate::StreamEvent::Readable { bytes: 10, .. }, .. })
    });
    assert!(arrived, "the session does not work any more");
}

#[test]
fn who_is_no_neighbour_is_a_stranger() {
    let unknown = rejected(|_, forger| {
        forger.index ^= 1;
        forger.packet(&header(0, 2), &inner(1, 1))
    });
    assert_eq!(unknown, RelayRejected { strangers: 1, ..RelayRejected::default() });
    let handshake = rejected(|_, forger| {
        let mut packet = forger.packet(&header(0, 2), &inner(1, 1));
        packet[4..8].fill(0);
        packet
    });
    assert_eq!(handshake.strangers, 1);
}

#[test]
fn a_session_without_hop_keys_or_a_peer_without_a_route_id_relays_nothing() {
    let mut line = Line::new(3);
    let facts = AssociationConfig {
        parity: 0,
        peer_max_data: 9,
        peer_max_stream_data: 9,
        peer_max_streams: 9,
        peer_route_id: None,
    };
    for (peer_route_id, keys) in [(Some(id(9)), None), (None, Some(hop_keys(1, 0)))] {
        let facts = AssociationConfig { peer_route_id, ..facts.clone() };
        let handle = line.engines[1].create_association(line.now, &facts).unwrap();
        let index = line.engines[1].reserve_index([0; 32]).unwrap();
        let config = SessionConfig {
            local_index: index,
            remote_index: 5,
            cipher: Cipher::ChaCha20Poly1305,
            send_key: [1; 32],
            receive_key: [2; 32],
            hop_keys: keys,
            first_send: 0,
            first_receive: 0,
            path: direct(9),
            begun_here: true,
            confirmed: true,
            preferred: true,
        };
        assert!(line.engines[1].install_session(line.now, handle, &config));
        let mut forger = Forger::new(&line, 0, 1);
        forger.index = index;
        let packet = forger.packet(&header(0, 2), &inner(1, 1));
        assert!(!line.hand(1, 9, &packet));
    }
    assert_eq!(line.rejected(1), RelayRejected { strangers: 2, ..RelayRejected::default() });
}

#[test]
fn a_session_that_is_not_confirmed_relays_nothing() {
    let mut line = Line::new(3);
    line.associate(0, 1, [direct(1), direct(0)]);
    let packet = Forger::new(&line, 0, 1).packet(&header(0, 2), &inner(1, 1));
    assert!(!line.hand(1, 0, &packet));
    assert_eq!(line.rejected(1).strangers, 1);
}

#[test]
fn a_forged_tag_is_counted_as_such() {
    for at in [1, 8, 20, 32, 39, 41, 99] {
        let counted = rejected(|_, forger| {
            let mut packet = forger.packet(&RelayHeader { ttl: 9, ..header(0, 2) }, &inner(1, 1));
            packet[at] ^= 1;
            packet
        });
        assert_eq!(counted, RelayRejected { forged: 1, ..RelayRejected::default() }, "byte {at}");
    }
}

#[test]
fn a_packet_that_comes_again_is_passed_on_once() {
    let mut line = Line::new(3);
    let packet = Forger::new(&line, 0, 1).packet(&header(0, 2), &mute());
    assert!(line.hand(1, 0, &packet));
    for from in [0, 2, 9] {
        assert!(!line.hand(1, from, &packet));
    }
    line.settle();
    assert_eq!(line.engines[1].stats().relayed_packets, 1);
    assert_eq!(line.rejected(1), RelayRejected { replayed: 3, ..RelayRejected::default() });
}

#[test]
fn a_header_is_of_no_use_for_another_body() {
    let mut line = Line::new(3);
    let packet = Forger::new(&line, 0, 1).packet(&header(0, 2), &inner(1, 1));
    let mut other = packet.clone();
    other[60..].fill(9);
    assert!(!line.hand(1, 0, &other));
    other.truncate(80);
    assert!(!line.hand(1, 0, &other));
    assert_eq!(line.rejected(1), RelayRejected { forged: 2, ..RelayRejected::default() });
    assert!(line.hand(1, 0, &packet), "the right one after them");
}

#[test]
fn hops_are_counted_down_and_none_goes_further_than_it_may() {
    for ttl in [0, 33, 255] {
        let counted = rejected(|_, forger| {
            let mut packet = forger.packet(&header(0, 2), &inner(1, 1));
            packet[1] = ttl;
            packet
        });
        assert_eq!(counted, RelayRejected { expired: 1, ..RelayRejected::default() }, "ttl {ttl}");
    }
    let last_hop = rejected(|_, forger| forger.packet(&RelayHeader { ttl: 1, ..header(0, 2) }, &inner(1, 1)));
    assert_eq!(last_hop.expired, 1);
    let mut line = Line::new(3);
    let mut forger = Forger::new(&line, 0, 1);
    for (ttl, left) in [(32, 31), (2, 1)] {
        let packet = forger.packet(&RelayHeader { ttl, ..header(0, 2) }, &inner(1, 1));
        assert!(line.hand(1, 0, &packet));
        let mut out = vec![0; crate::TRAIN_BYTES_MAX];
        let sent = line.engines[1].poll_transmit(line.now, &mut out).unwrap();
        assert_eq!(RelayHeader::decode(&out[..sent.len]).unwrap().0.ttl, left);
    }
    let packet = forger.packet(&RelayHeader { ttl: 1, ..header(0, 1) }, &inner(1, 1));
    line.hand(1, 0, &packet);
    assert_eq!(line.rejected(1).expired, 0, "one that ends here goes no further");
}

#[test]
fn what_comes_back_or_would_go_back_is_a_loop() {
    let own = rejected(|_, forger| forger.packet(&header(1, 2), &inner(1, 1)));
    assert_eq!(own, RelayRejected { looped: 1, ..RelayRejected::default() });
    let mirrored = rejected(|_, forger| forger.packet(&header(1, 1), &inner(1, 1)));
    assert_eq!(mirrored.looped, 1);
    let back = rejected(|_, forger| forger.packet(&header(2, 0), &inner(1, 1)));
    assert_eq!(back.looped, 1);
}

#[test]
fn a_relayed_packet_in_a_relayed_packet_is_refused() {
    let counted = rejected(|_, forger| {
        let nested = forger.packet(&header(0, 1), &inner(1, 1));
        forger.packet(&header(0, 1), &nested)
    });
    assert_eq!(counted, RelayRejected::default());
}

#[test]
fn who_is_no_relay_passes_nothing_on() {
    let mut line = Line::new(3);
    line.engines[1].relaying.forwards = false;
    let packet = Forger::new(&line, 0, 1).packet(&header(0, 2), &inner(1, 1));
    assert!(!line.hand(1, 0, &packet));
    assert_eq!(line.rejected(1).strangers, 1);
    let packet = Forger::new(&line, 0, 1).packet(&header(2, 1), &inner(1, 1));
    line.hand(1, 0, &packet);
    assert_eq!(line.rejected(1), RelayRejected { strangers: 1, replayed: 1, ..RelayRejected::default() });
}

/// Two nodes with one RouteId: whoever gets a packet that is not his cannot open it, and says so once to who sent it.
#[test]
fn a_collision_of_route_ids_harms_nobody() {
    let mut line = Line::new(3);
    let (handle, _) = line.connect_ends();
    let before = line.engines[2].stats();
    let other_nodes = inner(0x00ff_ff01, 5);
    let mut forger = Forger::new(&line, 0, 1);
    let packet = forger.packet(&header(0, 2), &other_nodes);
    assert!(line.hand(1, 0, &packet));
    line.settle();
    assert_eq!(line.engines[2].stats().packets_rejected, before.packets_rejected + 1);
    assert!(
        !line.events(0).iter().any(|event| matches!(event, Event::ResetHint { .. })),
        "of no session here"
    );
    works(&mut line, handle);
}

proptest! {
    #[test]
    fn no_bytes_of_a_neighbour_do_harm(bytes in proptest::collection::vec(any::<u8>(), 56..200), ttl in 1_u8..=32, to in 0_usize..3) {
        let mut line = Line::new(3);
        let (handle, _) = line.connect_ends();
        let mut forger = Forger::new(&line, 0, 1);
        let mut inner = bytes;
        inner[0] %= 8;
        if inner[0] == 5 {
            inner[0] = 4;
        }
        let packet = forger.packet(&RelayHeader { ttl, ..header(0, to) }, &inner);
        line.hand(1, 0, &packet);
        line.settle();
        works(&mut line, handle);
    }
}

#[test]
fn nothing_is_passed_on_for_a_neighbour_that_has_closed() {
    let mut line = Line::new(3);
    let (now, handle) = (line.now, line.handles[&(1, 0)]);
    let mut forger = Forger::new(&line, 0, 1);
    line.engines[1].close_association(now, handle, osier_wire::CloseCode::Normal, "");
    let packet = forger.packet(&header(0, 2), &mute());
    assert!(!line.hand(1, 0, &packet));
    assert_eq!(line.rejected(1), RelayRejected { strangers: 1, ..RelayRejected::default() });
}
