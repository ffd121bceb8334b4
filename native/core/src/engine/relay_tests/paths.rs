//! Sessions and handshakes over relays, as their ends see them.

use super::*;
use crate::keyed_hash::keyed_hash_128;
use crate::path::RelayedWay;
use blake2::digest::Mac;
use osier_wire::{PacketKind, Reset};

const KEY: AdmissionKey = AdmissionKey { mac1: [1; 32], cookie: [2; 32] };

fn came_by(hop: usize, far: usize) -> Path {
    Path::relayed(RelayedWay { hop: id(hop), far: id(far), waypoint: None })
}

/// A first message whose Noise part is of no interest here.
fn first_message() -> Vec<u8> {
    let mut packet = vec![0; 288];
    packet[..2].copy_from_slice(&[1, 1]);
    packet[8] = 1;
    let mac1 = keyed_hash_128(&KEY.mac1, &[&packet]).finalize().into_bytes();
    packet.extend_from_slice(&mac1);
    packet.extend_from_slice(&[0; 16]);
    packet
}

#[test]
fn a_first_message_says_by_whom_it_came_and_is_answered_the_same_way() {
    let mut line = Line::new(4);
    line.engines[3].set_admission_keys(&[KEY]);
    let own_index = line.engines[0].reserve_index(KEY.mac1).unwrap();
    let mut message = first_message();
    message[12..16].copy_from_slice(&own_index.to_le_bytes());
    let body = message.len() - 32;
    let mac1 = keyed_hash_128(&KEY.mac1, &[&message[..body]]).finalize().into_bytes();
    message[body..body + 16].copy_from_slice(&mac1);
    line.engines[0].send_datagram(Path::relayed_to(id(3), None), &message);
    line.settle();
    let events = line.events(3);
    let Some(Event::Handshake { path, datagram, proven: false, .. }) = events.first() else {
        panic!("{events:?}")
    };
    assert_eq!((*path, datagram), (came_by(2, 0), &message));
    // The node that answers has no route to who asks: whoever brought the question takes the answer back.
    line.route(3, 0, None, 0);
    let now = line.now;
    line.engines[3].send_cookie(now, *path, datagram);
    line.settle();
    let events = line.events(0);
    let Some(Event::Handshake { local_index, path, .. }) = events.first() else { panic!("{events:?}") };
    assert_eq!((*local_index, *path), (Some(own_index), came_by(1, 3)));
}

#[test]
fn a_session_that_is_not_known_any_more_is_told_so_through_the_relay() {
    let mut line = Line::new(3);
    let (handle, last_handle) = line.connect_ends();
    line.engines[2].drop_association(last_handle);
    line.write(handle, b"anybody there?");
    line.settle();
    let told = line.events(0);
    assert!(told
        .iter()
        .any(|event| matches!(event, Event::ResetHint { association } if *association == handle)));
}

#[test]
fn a_reset_of_another_source_is_not_believed() {
    let mut line = Line::new(3);
    let (handle, _) = line.connect_ends();
    let remote_index = line.indices[&(2, 0)];
    let mut reset = vec![0; 16];
    Reset { receiver_index: remote_index, packet_number: 0 }.encode(&mut Writer::new(&mut reset)).unwrap();
    assert_eq!(PacketKind::of(&reset), Ok(PacketKind::Reset));
    let mut forger = Forger::new(&line, 1, 0);
    let lie = forger.packet(&header(1, 0), &reset);
    assert!(!line.hand(0, 1, &lie));
    let told = line.events(0);
    assert!(!told.iter().any(|event| matches!(event, Event::ResetHint { .. })), "{handle} {told:?}");
}

#[test]
fn neither_a_direct_copy_nor_another_relay_moves_an_association() {
    let mut line = Line::new(3);
    let (handle, last_handle) = line.connect_ends();
    let path = line.engines[2].association_path(last_handle).unwrap();
    assert_eq!(path, came_by(1, 0));
    line.write(handle, &[1; 600]);
    let mut out = vec![0; crate::TRAIN_BYTES_MAX];
    let sent = line.engines[0].poll_transmit(line.now, &mut out).unwrap();
    let end_to_end = out[40..sent.len].to_vec();
    assert!(line.hand(2, 0, &end_to_end), "authentic wherever it comes from");
    line.settle();
    assert_eq!(line.engines[2].association_path(last_handle), Some(path));
    assert!(!line.carried.iter().any(|(from, ..)| *from == 9));
    assert!(!line.events(2).iter().any(|event| matches!(event, Event::PathChanged { .. })));
    // And a relayed copy does not move an association that is direct.
    let hop = line.handles[&(1, 2)];
    let before = line.engines[1].association_path(hop);
    let now = line.now;
    let at_2 = line.handles[&(2, 1)];
    line.engines[2].ping(now, at_2, 1);
    let sent = line.engines[2].poll_transmit(line.now, &mut out).unwrap();
    let ping = out[..sent.len].to_vec();
    let copy = Forger::new(&line, 0, 1).packet(&header(2, 1), &ping);
    assert!(line.hand(1, 0, &copy));
    line.settle();
    assert_eq!(line.engines[1].association_path(hop), before);
}

#[test]
fn without_a_route_nothing_leaves_and_that_is_told_ten_times_a_second() {
    let mut line = Line::new(3);
    line.route(0, 2, None, 0);
    for _ in 0..100 {
        line.engines[0].send_datagram(Path::relayed_to(id(2), None), &[1; 300]);
    }
    line.carried.clear();
    let mut out = vec![0; crate::TRAIN_BYTES_MAX];
    assert!(line.engines[0].poll_transmit(line.now, &mut out).is_none());
    let told = line.events(0);
    assert_eq!(told.len(), 10);
    for event in told {
        let Event::RouteError { fault, destination, reporter } = event else { panic!("{event:?}") };
        assert_eq!((fault, destination, reporter), (osier_wire::RouteFault::NoRoute, id(2), id(0)));
    }
    assert_eq!(line.engines[0].stats().relay_dropped_packets, 100);
}

/// Node 2 receives while neither it nor the relay knows the way back, and all that it says is lost.
#[test]
fn a_route_that_is_back_brings_the_peer_news_at_once() {
    let mut line = Line::new(3);
    let (handle, _) = line.connect_ends();
    let back = [line.handles[&(1, 0)], line.handles[&(2, 1)]];
    line.route(1, 0, None, 0);
    line.route(2, 0, None, 0);
    line.write(handle, &[1; 600]);
    line.settle();
    let mut out = vec![0; crate::TRAIN_BYTES_MAX];
    line.route(1, 0, Some(back[0]), MTU);
    assert!(line.engines[2].poll_transmit(line.now, &mut out).is_none());
    line.route(2, 0, Some(back[1]), MTU);
    let news = line.engines[2].poll_transmit(line.now, &mut out);
    assert_eq!(news.map(|transmit| transmit.path.remote), Some(address(1)));
    // It is told once.
    line.settle();
    line.route(2, 0, Some(back[1]), MTU);
    assert!(line.engines[2].poll_transmit(line.now, &mut out).is_none());
}

#[test]
fn another_way_is_taken_to_be_as_long_as_the_one_before() {
    let mut line = Line::new(3);
    let (handle, _) = line.connect_ends();
    line.write(handle, &[1; 600]);
    line.settle();
    // Another neighbour, as far as the engine knows.
    line.associate(0, 1, [direct(1), direct(0)]);
    line.settle();
    let other = line.handles[&(0, 1)];
    line.route(0, 2, Some(other), MTU);
    let rtt = &line.engines[0].associations.get(handle).unwrap().control().rtt;
    assert!(!rtt.has_sample());
    assert!(rtt.pto_micros() < 50_000, "{} us", rtt.pto_micros());
}

#[test]
fn a_next_hop_that_is_relayed_itself_or_gone_is_no_route() {
    let mut line = Line::new(3);
    let (handle, _) = line.connect_ends();
    line.route(0, 2, Some(handle), MTU);
    line.route(1, 2, None, MTU);
    line.engines[0].send_datagram(Path::relayed_to(id(2), None), &[1; 300]);
    let mut out = vec![0; crate::TRAIN_BYTES_MAX];
    assert!(line.engines[0].poll_transmit(line.now, &mut out).is_none());
    let gone = line.handles[&(0, 1)];
    line.route(0, 2, Some(gone), MTU);
    line.engines[0].drop_association(gone);
    line.engines[0].send_datagram(Path::relayed_to(id(2), None), &[1; 300]);
    assert!(line.engines[0].poll_transmit(line.now, &mut out).is_none());
    assert_eq!(line.engines[0].stats().relay_dropped_packets, 2);
}

#[test]
fn what_is_for_another_shard_of_this_node_crosses_with_its_relayed_path() {
    let mut line = Line::new(3);
    line.engines[2].config.shards = 4;
    let mut forger = Forger::new(&line, 1, 2);
    let data = inner(3 << 24 | 9, 1);
    let packet = forger.packet(&header(0, 2), &data);
    assert!(line.hand(2, 1, &packet));
    let stray = line.engines[2].poll_stray().unwrap();
    assert_eq!((stray.shard, stray.meta.path, stray.bytes), (3, came_by(1, 0), data));
    let whole = forger.packet(&header(0, 2), &inner(1, 1));
    let mut elsewhere = whole.clone();
    elsewhere[7] = 2;
    assert!(!line.hand(2, 1, &elsewhere));
    let stray = line.engines[2].poll_stray().unwrap();
    assert_eq!((stray.shard, stray.meta.path, stray.bytes), (2, direct(1), elsewhere), "the hop's own shard");
}
