//! ROUTE_ERROR: who is told, how often, and what is believed.

use super::*;
use osier_wire::{RouteErrorFrame, RouteFault};

/// What the first node of the line was told.
fn told(line: &mut Line) -> Vec<(RouteFault, RouteId, RouteId)> {
    let events = line.events(0).into_iter().filter_map(|event| match event {
        Event::RouteError { fault, destination, reporter } => Some((fault, destination, reporter)),
        _ => None,
    });
    events.collect()
}

/// Has the first end send a packet that stays under way; returns the quote of it.
fn send_one(line: &mut Line, handle: u32) -> [u8; 16] {
    line.write(handle, &[1; 600]);
    let mut out = vec![0; crate::TRAIN_BYTES_MAX];
    let sent = line.engines[0].poll_transmit(line.now, &mut out).unwrap();
    assert!(sent.len > 600);
    out[40..56].try_into().unwrap()
}

fn report(fault: RouteFault, quote: [u8; 16]) -> RouteErrorFrame {
    RouteErrorFrame { fault, ttl: 32, destination: id(2), source: id(0), reporter: id(7), quote }
}

/// The neighbour says so to the first node.
fn say(line: &mut Line, error: RouteErrorFrame) {
    let handle = line.handles[&(1, 0)];
    let now = line.now;
    line.engines[1].tell_neighbour(now, handle, error);
    line.settle();
}

#[test]
fn the_source_hears_of_a_missing_route_however_far_away() {
    for broken in [1, 2, 3] {
        let mut line = Line::new(5);
        let (handle, _) = line.connect_ends();
        line.route(broken, 4, None, 0);
        line.write(handle, b"lost");
        line.settle();
        let heard = told(&mut line);
        assert_eq!(heard.first(), Some(&(RouteFault::NoRoute, id(4), id(broken))), "broken at {broken}");
    }
}

#[test]
fn a_handshake_without_a_route_is_told_of_too() {
    let mut line = Line::new(4);
    line.route(2, 3, None, 0);
    let index = line.engines[0].reserve_index([3; 32]).unwrap();
    let mut message = vec![0; 300];
    message[..2].copy_from_slice(&[1, 1]);
    message[12..16].copy_from_slice(&index.to_le_bytes());
    line.engines[0].send_datagram(Path::relayed_to(id(3), None), &message);
    line.settle();
    assert_eq!(told(&mut line), [(RouteFault::NoRoute, id(3), id(2))]);
    message[12..16].copy_from_slice(&(index ^ 1).to_le_bytes());
    line.engines[0].send_datagram(Path::relayed_to(id(3), None), &message);
    line.settle();
    assert_eq!(told(&mut line), [], "of an index that this node never had");
}

#[test]
fn a_pair_of_ends_is_told_of_ten_times_a_second_whatever_comes() {
    let mut line = Line::new(3);
    line.route(1, 2, None, 0);
    let handle = line.handles[&(1, 0)];
    let mut forger = Forger::new(&line, 0, 1);
    for number in 0..100 {
        let packet = forger.packet(&header(0, 2), &inner(1, number));
        assert!(line.hand(1, 0, &packet), "a neighbour's");
    }
    let owed = std::iter::from_fn(|| line.engines[1].associations.get_mut(handle)?.take_owed_error()).count();
    assert_eq!(owed, 10);
    assert_eq!(line.engines[1].stats().relay_dropped_packets, 100);
}

#[test]
fn only_a_packet_that_is_under_way_makes_a_report_believed() {
    let mut line = Line::new(3);
    let (handle, _) = line.connect_ends();
    let quote = send_one(&mut line, handle);
    for at in [0, 4, 8, 9, 15] {
        let mut lie = quote;
        lie[at] ^= 1;
        say(&mut line, report(RouteFault::NoRoute, lie));
        assert_eq!(told(&mut line), [], "byte {at}");
    }
    let elsewhere = RouteErrorFrame { destination: id(1), ..report(RouteFault::NoRoute, quote) };
    say(&mut line, elsewhere);
    assert_eq!(told(&mut line), [], "of another destination");
}

#[test]
fn a_report_is_believed_beside_its_packet_and_not_after_it_arrived() {
    let mut line = Line::new(3);
    let (handle, _) = line.connect_ends();
    let now = line.now;
    let error = report(RouteFault::NoRoute, send_one(&mut line, handle));
    let hop = line.handles[&(1, 0)];
    line.engines[1].tell_neighbour(now, hop, error);
    let mut out = vec![0; crate::TRAIN_BYTES_MAX];
    let sent = line.engines[1].poll_transmit(now, &mut out).unwrap();
    assert!(line.hand(0, 1, &out[..sent.len]));
    assert_eq!(told(&mut line), [(RouteFault::NoRoute, id(2), id(7))]);
    line.settle();
    say(&mut line, error);
    assert_eq!(told(&mut line), []);
}

#[test]
fn what_is_too_big_for_a_hop_lowers_the_size_and_never_below_the_base() {
    for (mtu_bytes, left) in [(3_000, 1_160..=3_000), (1_152, 1_160..=1_160)] {
        let mut line = Line::new(3);
        let (handle, _) = line.connect_ends();
        let (now, hop) = (line.now, line.handles[&(0, 1)]);
        line.route(0, 2, Some(hop), 4_000);
        for (of, bytes) in [(hop, 4_040), (handle, 4_000)] {
            line.engines[0].associations.get_mut(of).unwrap().pretend_mtu(now, bytes);
        }
        line.write(handle, &[1; 12_000]);
        let mut out = vec![0; crate::TRAIN_BYTES_MAX];
        let sent = line.engines[0].poll_transmit(now, &mut out).unwrap();
        assert_eq!(sent.segment_size, 4_040);
        let quote: [u8; 16] = out[40..56].try_into().unwrap();
        say(&mut line, report(RouteFault::TooBig { mtu_bytes }, quote));
        assert_eq!(told(&mut line).first(), Some(&(RouteFault::TooBig { mtu_bytes }, id(2), id(7))));
        let mtu = line.engines[0].association_stats(handle).unwrap().mtu_bytes;
        assert!(left.contains(&mtu), "{mtu} after {mtu_bytes}");
    }
}

#[test]
fn a_report_ends_after_its_hops_and_never_goes_back_where_it_came_from() {
    let mut line = Line::new(4);
    let error = |ttl| RouteErrorFrame { ttl, source: id(3), ..report(RouteFault::NoRoute, [4; 16]) };
    let now = line.now;
    let (from, onward) = (line.handles[&(2, 1)], line.handles[&(2, 3)]);
    for (ttl, from, passed) in [(2, from, 1), (1, from, 0), (9, onward, 0)] {
        line.engines[2].pass_route_error_on(now, from, error(ttl));
        let mut owed = |handle| {
            let engine = &mut line.engines[2];
            std::iter::from_fn(|| engine.associations.get_mut(handle)?.take_owed_error()).count()
        };
        assert_eq!((owed(onward), owed(from.min(onward + 99).max(from))), (passed, 0), "ttl {ttl}");
    }
}

#[test]
fn more_faults_than_a_few_do_not_wait() {
    let mut line = Line::new(3);
    let (now, handle) = (line.now, line.handles[&(1, 0)]);
    for number in 0..1_000_u64 {
        let quote = std::array::from_fn(|at| number.to_le_bytes()[at % 8]);
        line.engines[1].tell_neighbour(now, handle, report(RouteFault::NoRoute, quote));
    }
    let owed = std::iter::from_fn(|| line.engines[1].associations.get_mut(handle)?.take_owed_error()).count();
    assert_eq!(owed, 64);
}

#[test]
fn a_fault_of_a_handshake_is_believed_of_where_it_went_and_while_its_answer_is_awaited() {
    let mut line = Line::new(3);
    line.connect_ends();
    let index = line.engines[0].reserve_index([3; 32]).unwrap();
    let mut message = vec![0; 300];
    message[..2].copy_from_slice(&[1, 1]);
    message[12..16].copy_from_slice(&index.to_le_bytes());
    line.engines[0].send_datagram(Path::relayed_to(id(2), None), &message);
    line.settle();
    let quote_of = |index: u32| {
        let mut quote = [0; 16];
        quote[..2].copy_from_slice(&[1, 1]);
        quote[12..].copy_from_slice(&index.to_le_bytes());
        quote
    };
    let live = line.indices[&(0, 2)];
    say(&mut line, report(RouteFault::NoRoute, quote_of(live)));
    assert_eq!(told(&mut line), [], "the index of a session");
    let elsewhere = RouteErrorFrame { destination: id(1), ..report(RouteFault::NoRoute, quote_of(index)) };
    say(&mut line, elsewhere);
    assert_eq!(told(&mut line), [], "of another destination");
    say(&mut line, report(RouteFault::NoRoute, quote_of(index)));
    assert_eq!(told(&mut line), [(RouteFault::NoRoute, id(2), id(7))]);
}

#[test]
fn who_is_no_neighbour_tells_of_no_faults() {
    let mut line = Line::new(3);
    let (handle, last_handle) = line.connect_ends();
    let error = report(RouteFault::NoRoute, send_one(&mut line, handle));
    let now = line.now;
    line.engines[2].associations.get_mut(last_handle).unwrap().tell_route_error(error);
    line.engines[2].make_ready(now, last_handle);
    let mut out = vec![0; crate::TRAIN_BYTES_MAX];
    let sent = line.engines[2].poll_transmit(now, &mut out).unwrap();
    assert!(line.hand(1, 2, &out[..sent.len]));
    let sent = line.engines[1].poll_transmit(now, &mut out).unwrap();
    assert!(line.hand(0, 1, &out[..sent.len]));
    assert_eq!(told(&mut line), []);
}

#[test]
fn a_datagram_that_is_an_answer_and_one_that_finds_no_room_are_no_missing_route() {
    let mut line = Line::new(3);
    let (path, bytes) = (Path::relayed_to(id(2), None), vec![1; 300]);
    line.engines[0].datagrams.push_back(Datagram { path, bytes: bytes.clone(), is_answer: false });
    assert!(line.engines[0].poll_transmit(line.now, &mut [0; 310]).is_none());
    line.route(0, 2, None, 0);
    line.engines[0].datagrams.push_back(Datagram { path, bytes, is_answer: true });
    assert!(line.engines[0].poll_transmit(line.now, &mut [0; 2_000]).is_none());
    assert_eq!(told(&mut line), []);
    assert_eq!(line.engines[0].stats().relay_dropped_packets, 2);
}
