//! What changes the way of a relayed path, and what does not.

use super::*;

/// The next train of a node, and where it went.
fn next_train(line: &mut Line, of: usize) -> Option<Vec<u8>> {
    let mut out = vec![0; crate::TRAIN_BYTES_MAX];
    let sent = line.engines[of].poll_transmit(line.now, &mut out)?;
    out.truncate(sent.len);
    Some(out)
}

#[test]
fn a_move_to_a_waypoint_or_from_one_is_one_also_over_the_same_neighbour() {
    let mut line = Line::new(4);
    let (handle, _) = line.connect_ends();
    for waypoint in [Some(id(2)), None] {
        line.write(handle, &[1; 600]);
        assert!(next_train(&mut line, 0).unwrap().len() > 600);
        let now = line.now;
        assert!(line.engines[0].move_path(now, handle, Path::relayed_to(id(3), waypoint)));
        let way = line.engines[0].association_path(handle).unwrap().relay().unwrap();
        assert_eq!(way.waypoint, waypoint);
        let again = next_train(&mut line, 0).expect("what was under way goes again");
        assert!(again.len() > 600);
        assert_eq!(again[2] & 1 != 0, waypoint.is_some());
        line.settle();
    }
}

#[test]
fn packets_that_come_by_two_relays_do_not_make_the_way_back_change_with_each() {
    let mut line = Line::new(4);
    let (handle, last_handle) = line.connect_ends();
    line.associate(1, 3, [direct(3), direct(1)]);
    line.settle();
    line.route(3, 0, None, 0);
    let mut forgers = [2, 1].map(|by| Forger::new(&line, by, 3));
    let mut bring = |line: &mut Line, by: usize| {
        let now = line.now;
        line.engines[0].ping(now, handle, 1);
        let train = next_train(line, 0).unwrap();
        let packet = forgers[by].packet(&header(0, 3), &train[40..]);
        assert!(line.hand(3, 2 - by, &packet));
        while next_train(line, 3).is_some() {}
        line.now = now.plus_micros(1_000);
        let association = line.engines[3].associations.get(last_handle).unwrap();
        (association.path().relay().unwrap().hop, association.control().tag())
    };
    let first = bring(&mut line, 0);
    assert_eq!(first.0, id(2));
    for number in 0..20 {
        assert_eq!(bring(&mut line, number % 2), first, "packet {number}");
    }
    line.now = line.now.plus_micros(3_000_000);
    assert_eq!(bring(&mut line, 1).0, id(1), "the first one brings nothing any more");
}

#[test]
fn what_waits_for_a_hop_goes_as_soon_as_that_is_direct_again() {
    let mut line = Line::new(3);
    let (handle, _) = line.connect_ends();
    let (now, hop) = (line.now, line.handles[&(0, 1)]);
    assert!(line.engines[0].move_path(now, hop, Path::relayed_to(id(1), None)));
    line.write(handle, &[1; 600]);
    assert!(next_train(&mut line, 0).is_none(), "there is no way");
    assert!(line.engines[0].move_path(now, hop, direct(1)));
    let trains: Vec<_> = std::iter::from_fn(|| next_train(&mut line, 0)).collect();
    assert!(trains.iter().any(|train| train[0] == 5 && train.len() > 600));
}

#[test]
fn reports_of_the_network_about_relayed_packets_concern_the_hop() {
    let mut line = Line::new(3);
    let (handle, _) = line.connect_ends();
    let (now, hop) = (line.now, line.handles[&(0, 1)]);
    line.engines[0].associations.get_mut(hop).unwrap().pretend_mtu(now, 4_040);
    line.write(handle, &[1; 600]);
    let trains: Vec<_> = std::iter::from_fn(|| next_train(&mut line, 0)).collect();
    let train = trains.into_iter().find(|train| train[0] == 5).unwrap();
    let mut unsent = train.clone();
    unsent[9] ^= 1;
    for quoted in [&unsent, &train] {
        line.engines[0].on_too_long(now, address(1), &quoted[..40]);
        line.engines[0].on_unreachable(now, address(1), &quoted[..40]);
        let heeded = line.engines[0].stats().reports_heeded;
        assert_eq!(heeded, if quoted == &unsent { 0 } else { 2 });
    }
    assert_eq!(line.engines[0].association_stats(hop).unwrap().mtu_bytes, 1_200);
    let trains: Vec<_> = std::iter::from_fn(|| next_train(&mut line, 0)).collect();
    assert!(trains.iter().any(|train| train[0] == 4), "the neighbour is asked");
}
