//! How packets are passed on.

use super::*;

#[test]
fn a_full_queue_drops_and_counts_and_takes_again_when_it_has_drained() {
    let mut line = Line::with_queues(3, 250);
    let mut forger = Forger::new(&line, 0, 1);
    let mut hand = |line: &mut Line| {
        let packet = forger.packet(&header(0, 2), &mute());
        assert!(line.hand(1, 0, &packet), "who sent it is no stranger");
    };
    (0..4).for_each(|_| hand(&mut line));
    assert_eq!(line.engines[1].stats().relay_dropped_packets, 2);
    line.settle();
    hand(&mut line);
    line.settle();
    let stats = line.engines[1].stats();
    assert_eq!((stats.relayed_packets, stats.relayed_bytes, stats.relay_dropped_packets), (3, 300, 2));
}

#[test]
fn a_train_stays_a_train_and_its_mark_reaches_the_end() {
    let mut line = Line::new(3);
    let (handle, _) = line.connect_ends();
    line.write(handle, &[1; 9_000]);
    line.carried.clear();
    line.settle();
    let trains = |of: usize| -> Vec<(Ecn, usize, usize)> {
        let of_node = line.carried.iter().filter(|train| train.0 == of && train.3 > 1_000);
        of_node.map(|(_, ecn, segment_size, len)| (*ecn, *segment_size, *len)).collect()
    };
    assert_eq!(trains(0), trains(1));
    assert!(trains(1).iter().any(|(ecn, size, len)| *ecn == Ecn::Ect0 && *size == 1_200 && *len > 6_000));
}

#[test]
fn congestion_that_one_hop_marks_is_heard_of_at_the_end() {
    let mut line = Line::new(4);
    line.marked = Some(1);
    let (handle, _) = line.connect_ends();
    line.write(handle, &[1; 40_000]);
    line.carried.clear();
    line.settle();
    assert!(line.carried.iter().any(|(from, ecn, ..)| *from == 2 && *ecn == Ecn::Ce), "not passed on");
    let marked = line.engines[0].association_stats(handle).unwrap();
    line.marked = None;
    let mut calm = Line::new(4);
    let (calm_handle, _) = calm.connect_ends();
    calm.write(calm_handle, &[1; 40_000]);
    calm.settle();
    let unmarked = calm.engines[0].association_stats(calm_handle).unwrap();
    assert!(marked.congestion_window_bytes < unmarked.congestion_window_bytes, "nobody slowed down");
}

#[test]
fn the_waypoint_takes_itself_out_and_nobody_else_does() {
    let mut line = Line::new(4);
    let waypoint = Some(id(2));
    line.associate(0, 3, [Path::relayed_to(id(3), waypoint), Path::relayed_to(id(0), None)]);
    let mut out = vec![0; crate::TRAIN_BYTES_MAX];
    let mut seen = Vec::new();
    for (from, to) in [(0, 1), (1, 2), (2, 3)] {
        let transmit = line.engines[from].poll_transmit(line.now, &mut out).unwrap();
        let (header, _) = RelayHeader::decode(&out[..transmit.len]).unwrap();
        seen.push((header.waypoint, header.ttl, header.destination));
        line.carry(from, &transmit, &mut out);
        assert_eq!(line.rejected(to), RelayRejected::default());
    }
    assert_eq!(seen, [(waypoint, 32, id(3)), (waypoint, 31, id(3)), (None, 30, id(3))]);
    assert!(line.events(3).iter().any(|event| matches!(event, Event::SessionConfirmed { .. })));
    line.settle();
    let path = line.engines[0].association_path(line.handles[&(0, 3)]).unwrap();
    assert_eq!(path.relay().unwrap().waypoint, waypoint, "answers bear none, and change nothing");
}

#[test]
fn probes_and_handshakes_ask_to_go_first_and_bulk_does_not() {
    let mut line = Line::new(3);
    let (handle, _) = line.connect_ends();
    let mut out = vec![0; crate::TRAIN_BYTES_MAX];
    let mut control = |line: &mut Line| {
        let sent = line.engines[0].poll_transmit(line.now, &mut out).unwrap();
        RelayHeader::decode(&out[..sent.segment_size]).unwrap().0.control
    };
    let now = line.now;
    line.engines[0].ping(now, handle, 1);
    assert!(!control(&mut line), "an application asked for it");
    line.engines[0].send_datagram(Path::relayed_to(id(2), None), &[1; 300]);
    assert!(control(&mut line));
    line.write(handle, &[1; 5_000]);
    assert!(!control(&mut line));
}

#[test]
fn a_hop_that_only_passes_packets_on_is_not_idle() {
    let mut line = Line::new(3);
    let idle_micros = EngineConfig::default().idle_timeout_micros;
    let mut forger = Forger::new(&line, 0, 1);
    for _ in 0..4 {
        line.now = line.now.plus_micros(idle_micros * 2 / 3);
        let packet = forger.packet(&header(0, 2), &inner(1, 1));
        assert!(line.hand(1, 0, &packet));
        line.engines[1].handle_timeout(line.now);
        while line.engines[1].poll_transmit(line.now, &mut vec![0; crate::TRAIN_BYTES_MAX]).is_some() {}
        let events = line.events(1);
        assert!(!events.iter().any(|event| matches!(event, Event::AssociationClosed { .. })), "{events:?}");
    }
}
