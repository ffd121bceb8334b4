use super::*;
use crate::recovery::AckOutcome;
use crate::sent_packets::{PacketSent, SentPackets};
use osier_wire::EcnCounts;

const MTU: u64 = 1_200;

fn at(micros: u64) -> Instant {
    Instant::from_micros(1_000_000 + micros)
}

/// Round trips of `rtt_micros` in which the application sends up to `wanted` packets each. Returns the window at the end.
fn window_after(path: &mut PathControl, round_trips: u64, rtt_micros: u64, wanted: u64) -> u64 {
    let mut number = 0;
    for round in 0..round_trips {
        let mut sent = 0;
        while sent < wanted && path.can_send(at(round * rtt_micros), MTU) != SendPermit::BlockedByWindow {
            path.on_sent(at(0), MTU, true);
            sent += 1;
        }
        number += sent;
        let now = at((round + 1) * rtt_micros);
        path.take_rtt_sample(now, rtt_micros, 0);
        let acked = PathAcked {
            bytes: sent * MTU,
            growth_bytes: sent * MTU,
            largest: number,
            rtt_micros: Some(rtt_micros),
            ..PathAcked::default()
        };
        path.on_acked(now, acked, number + 1);
    }
    path.window_bytes()
}

#[test]
fn a_fresh_path_takes_its_whole_first_window_at_once() {
    let mut path = PathControl::new(0, MTU as usize, CongestionAlgorithm::Cubic);
    assert_eq!(path.can_send(at(0), MTU), SendPermit::Now(10 * MTU));
    for _ in 0..10 {
        path.on_sent(at(0), MTU, true);
    }
    assert_eq!(path.can_send(at(0), MTU), SendPermit::BlockedByWindow);
}

#[test]
fn a_used_window_doubles_and_an_unused_one_stays() {
    let grown =
        window_after(&mut PathControl::new(0, MTU as usize, CongestionAlgorithm::Cubic), 6, 1_000, u64::MAX);
    assert_eq!(grown, 12_000 << 6);
    let idle =
        window_after(&mut PathControl::new(0, MTU as usize, CongestionAlgorithm::Cubic), 1_000, 1_000, 3);
    assert_eq!(idle, 12_000);
    let half_used =
        window_after(&mut PathControl::new(0, MTU as usize, CongestionAlgorithm::Cubic), 1_000, 1_000, 40);
    assert!(half_used <= 2 * 40 * MTU, "{half_used}");
}

#[test]
fn after_a_loss_too_an_unused_window_stays() {
    let mut path = PathControl::new(0, MTU as usize, CongestionAlgorithm::Cubic);
    let lost = PathLost { packets: 1, packets_after_event: 1, newest_sent_at: at(0), ..PathLost::default() };
    assert!(path.on_lost(at(1), lost));
    assert_eq!(window_after(&mut path, 1_000, 1_000, 3), 8_400);
    assert!(window_after(&mut path, 1_000, 1_000, u64::MAX) > 100_000, "a used one grows");
}

#[test]
fn a_long_path_is_paced_and_a_short_one_is_not() {
    let mut long = PathControl::new(0, MTU as usize, CongestionAlgorithm::Cubic);
    let window = window_after(&mut long, 5, 1_000, u64::MAX);
    (0..200).for_each(|_| long.rtt.update(100_000, 0));
    let SendPermit::Now(burst) = long.can_send(at(10_000), MTU) else { panic!("the window is free") };
    assert!(burst <= window / 5, "{burst} of {window}");
    long.on_sent(at(10_000), burst, true);
    assert!(matches!(long.can_send(at(10_000), MTU), SendPermit::PacedUntil(when) if when > at(10_000)));

    let mut short = PathControl::new(0, MTU as usize, CongestionAlgorithm::Cubic);
    let window = window_after(&mut short, 5, 200, u64::MAX);
    assert_eq!(short.can_send(at(10_000), MTU), SendPermit::Now(window));
}

#[test]
fn the_window_counts_bytes_whatever_the_datagrams_size_becomes() {
    let mut path = PathControl::new(0, MTU as usize, CongestionAlgorithm::Cubic).probing_up_to(9_000);
    path.on_mtu_probe_acked(at(0), 1_440);
    assert_eq!((path.mtu_bytes(), path.window_bytes()), (1_440, 12_000));
    path.on_sent(at(0), 12_000 - 1_440, true);
    assert!(matches!(path.can_send(at(0), 1_440), SendPermit::Now(1_440)));
    path.on_sent(at(0), 1_200, true);
    assert_eq!(path.can_send(at(0), 1_440), SendPermit::BlockedByWindow);
    path.on_mtu_probe_acked(at(0), 9_000);
    assert_eq!(path.window_bytes(), 18_000, "two datagrams always fit");
}

#[test]
fn what_comes_late_takes_no_cut_back_that_a_mark_of_the_same_flight_justifies() {
    let mut path = PathControl::new(0, MTU as usize, CongestionAlgorithm::Cubic);
    path.begin_train();
    (0..10).for_each(|_| assert!(path.on_packet_of_train()));
    let lost = PathLost { packets: 1, packets_after_event: 1, newest_sent_at: at(0), ..PathLost::default() };
    assert!(path.on_lost(at(10), lost));
    let window = path.window_bytes();
    let outcome = AckOutcome {
        newly_acked_marked: 9,
        is_newest: true,
        newest_sent_at: Some(at(1)),
        ..AckOutcome::default()
    };
    path.on_marks(at(11), Some(&EcnCounts { ect0: 8, ect1: 0, ce: 1 }), &outcome);
    assert_eq!(path.window_bytes(), window, "one cut for both");
    let mut packets = SentPackets::<()>::new(0);
    let packet =
        PacketSent { number: 0, size_bytes: 1_200, ack_eliciting: true, in_flight: true, mtu_probe: false };
    packets.push(at(0), packet, 0, SnapshotSerial::default(), &[]);
    assert!(!path.on_spurious_loss(packets.get(0).expect("just sent")));
    assert_eq!(path.window_bytes(), window);
}

#[test]
fn more_acknowledged_than_sent_leaves_nothing_in_flight() {
    let mut path = PathControl::new(0, MTU as usize, CongestionAlgorithm::Cubic);
    path.on_sent(at(0), MTU, true);
    path.on_acked(at(1), PathAcked { bytes: 5 * MTU, ..PathAcked::default() }, 1);
    assert_eq!(path.bytes_in_flight(), 0);
}

#[test]
fn the_next_path_has_another_tag_and_the_same_algorithm_and_knows_nothing() {
    for algorithm in [CongestionAlgorithm::Cubic, CongestionAlgorithm::Bbr] {
        let mut path = PathControl::new(u8::MAX, MTU as usize, algorithm).probing_up_to(9_000);
        path.on_mtu_probe_acked(at(0), 1_440);
        path.take_rtt_sample(at(0), 1_000, 0);
        path.on_sent(at(0), 1_440, true);
        let next = path.anew_between(0, MTU as usize, 9_000);
        assert_eq!((next.tag(), next.mtu_bytes(), next.controller.algorithm()), (0, MTU as usize, algorithm));
        assert!(!next.rtt.has_sample() && next.bytes_in_flight() == 0);
    }
}

#[test]
fn what_a_relay_called_too_big_is_tried_again_in_seconds_and_what_a_link_did_in_minutes() {
    let tried_after = |by_relay: bool| {
        let mut path = PathControl::new(0, MTU as usize, CongestionAlgorithm::Cubic).probing_up_to(9_000);
        path.take_rtt_sample(at(0), 1_000, 0);
        path.on_mtu_probe_acked(at(0), 1_452);
        match by_relay {
            true => path.on_too_long_for_relay(at(0), MTU as usize + 1),
            false => assert!(path.on_too_long(at(0), MTU as usize + 1)),
        }
        assert_eq!(path.mtu_bytes(), MTU as usize);
        (0..700).find(|second| {
            path.on_full_packet(at(second * 1_000_000));
            path.next_mtu_probe().is_some()
        })
    };
    assert_eq!((tried_after(true), tried_after(false)), (Some(10), Some(600)));
}
