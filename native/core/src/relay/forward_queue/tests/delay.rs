//! CoDel: what a queue that stands does to its flow.

use super::*;

/// Offers `packets` packets of 1,000 bytes each millisecond at a rate of 1 packet a millisecond; returns what came out, with when.
fn stand(ecn: Ecn, packets: usize, millis: u64) -> (Rig, Vec<(u64, Packet)>) {
    let mut rig = Rig::new(1_000_000, 4 << 20);
    let mut out = Vec::new();
    let from = Arrival { ecn, ..arrival(1, 1, 2) };
    for tick in 0..millis {
        if packets > 0 {
            rig.push(tick * MILLI, &from, packets, 1_000);
        }
        out.extend(rig.drain(tick * MILLI).into_iter().map(|packet| (tick * MILLI, packet)));
    }
    rig.assert_conserved();
    (rig, out)
}

#[test]
fn a_burst_shorter_than_the_interval_passes_untouched() {
    let mut rig = Rig::new(1_000_000, 4 << 20);
    rig.push(0, &arrival(1, 1, 2), 64, 1_000);
    let out: Vec<Packet> = (0..100).flat_map(|tick| rig.drain(tick * MILLI)).collect();
    assert_eq!(out.len(), 64);
    assert_eq!(rig.queue.counters().dropped_delay.packets, 0);
}

#[test]
fn a_standing_queue_is_marked_where_marks_are_understood() {
    for ecn in [Ecn::Ect0, Ecn::Ect1] {
        // The queue grows by a packet in 20 ms: marks come long before the overload.
        let mut rig = Rig::new(1_000_000, 4 << 20);
        let from = Arrival { ecn, ..arrival(1, 1, 2) };
        rig.push(0, &from, 7, 1_000);
        let mut marked = Vec::new();
        for tick in 0..150 {
            rig.push(tick * MILLI, &from, 1, 1_000);
            marked.extend(rig.drain(tick * MILLI).into_iter().filter(|packet| packet.ecn == Ecn::Ce));
        }
        assert_eq!((marked.len(), rig.queue.counters().marked_packets), (1, 1));
        assert_eq!(rig.queue.counters().dropped_delay.packets, 0);
        rig.assert_conserved();
    }
}

#[test]
fn a_standing_queue_is_dropped_from_where_they_are_not() {
    let mut rig = Rig::new(1_000_000, 4 << 20);
    rig.push(0, &arrival(1, 1, 2), 7, 1_000);
    let mut out = Vec::new();
    for tick in 0..150 {
        rig.push(tick * MILLI, &arrival(1, 1, 2), 1, 1_000);
        out.extend(rig.drain(tick * MILLI));
    }
    assert_eq!(rig.queue.counters().dropped_delay.packets, 1);
    assert!(out.iter().all(|packet| packet.ecn == Ecn::NotEct));
}

#[test]
fn signals_come_more_often_while_the_queue_stands() {
    let mut codel = codel::Codel::new();
    let mut signals = Vec::new();
    for tick in 0..2_000 {
        if codel.judge(at(tick * MILLI), 6 * MILLI, false) == codel::Verdict::Signal {
            signals.push(tick);
        }
    }
    // 100 ms after the queue began to stand, and then 100 / sqrt(n) ms after the one before.
    let mut expected = vec![100.0_f64];
    while let Some(last) = expected.last().filter(|last| **last < 1_900.0) {
        expected.push(last + 100.0 / (expected.len() as f64).sqrt());
    }
    for (signal, expected) in signals.iter().zip(&expected) {
        assert!((*signal as f64 - expected).abs() <= 2.0, "{signal} is not {expected}");
    }
    assert!(signals.len() >= expected.len() - 1, "{} of {}", signals.len(), expected.len());
}

#[test]
fn a_sender_that_does_not_listen_is_cut_at_10_ms_marks_or_not() {
    for ecn in [Ecn::NotEct, Ecn::Ect0, Ecn::Ce] {
        let (rig, out) = stand(ecn, 5, 5_000);
        let late =
            out.iter().filter(|(now, packet)| *now > 300 * MILLI && now - packet.pushed_at > 10 * MILLI);
        assert_eq!(late.count(), 0, "{ecn:?}");
        assert!(out.len() >= 4_990, "{} went, {ecn:?}", out.len());
        assert!(rig.queue.store.ledger.queued_bytes < 100_000);
    }
}

#[test]
fn the_last_packet_of_a_flow_is_never_too_late() {
    let mut rig = Rig::new(10_000, 4 << 20);
    for now in [0, 500 * MILLI, SECOND] {
        rig.push(now, &arrival(1, 1, 2), 1, 1_000);
        rig.push(now, &arrival(2, 2, 2), 1, 1_000);
        assert_eq!(rig.drain(now).len(), 1);
        assert_eq!(rig.drain(now + 400 * MILLI).len(), 1);
    }
}
