//! What is bounded, whatever comes.

use super::*;
use crate::constants::RELAY_FLOWS;

#[test]
fn a_full_queue_takes_from_the_head_of_its_longest_flow() {
    let mut rig = Rig::new(0, 100_000);
    for _ in 0..9 {
        rig.push(0, &arrival(1, 1, 7), 10, 1_000);
    }
    rig.push(0, &arrival(2, 2, 7), 10, 1_000);
    rig.push(0, &arrival(2, 3, 8), 60, 1_000);
    assert_eq!(rig.queue.counters().dropped_full.packets, 0, "each next hop has its own bound");
    rig.push(0, &arrival(2, 2, 7), 1, 1_000);
    let out = rig.drain(0);
    let numbers = |source| -> Vec<u64> {
        out.iter().filter(|packet| packet.source == source).map(|packet| packet.number).collect()
    };
    assert_eq!(numbers(2), (0..11).collect::<Vec<_>>());
    assert_eq!(numbers(3), (0..60).collect::<Vec<_>>());
    // Half of 90, which is less than 64.
    assert_eq!(numbers(1), (45..90).collect::<Vec<_>>());
    rig.assert_conserved();
}

#[test]
fn a_flood_of_flows_makes_nothing_grow() {
    const QUEUE_BYTES: usize = 1 << 20;
    let mut rig = Rig::new(0, QUEUE_BYTES);
    let mut source = 0_u64;
    for now in 0..50_000 {
        source = source.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let from = arrival((source >> 60) as u32 % 4, source, 100 + (source >> 50) as u32 % 2);
        rig.push(now, &from, 1 + (source >> 40) as usize % 3, 60 + (source >> 32) as usize % 1_400);
        for hop in [100, 101] {
            assert!(rig.queue.store.ledger.hop_bytes(hop) <= QUEUE_BYTES);
        }
    }
    rig.assert_conserved();
    // Four neighbours, and in each flow less than two chunks beside what is full; a train more that is in before others make room.
    let most = 2 * QUEUE_BYTES + 4 * (RELAY_FLOWS + 1) * 2 * chunk_pool::CHUNK_BYTES + TRAIN_BYTES_MAX;
    let held = rig.queue.store.chunks.held_bytes();
    assert!(held <= most + 16 * chunk_pool::CHUNK_BYTES, "{held} of {most}");
    assert_eq!(rig.queue.lanes.sizes(), (4, 4));
    assert!(rig.queue.counters().dropped_full.packets > 0);
    rig.drain(50_000);
    assert!(rig.queue.is_empty() && rig.queue.deadline().is_none());
    rig.assert_conserved();
}

#[test]
fn once_warm_nothing_more_is_held() {
    let mut rig = Rig::new(0, 4 << 20);
    let mut held = Vec::new();
    for round in 0..200 {
        for source in 0..30 {
            rig.push(round, &arrival(source as u32 % 3, source, 9), 40, 1_240);
        }
        rig.drain(round);
        held.push(rig.queue.store.chunks.held_bytes());
    }
    assert!(held.iter().all(|bytes| *bytes == held[0]), "{held:?}");
}

#[test]
fn a_train_longer_than_the_bound_leaves_what_fits() {
    let mut rig = Rig::new(0, 10_000);
    rig.push(0, &arrival(1, 1, 2), 50, 1_200);
    assert!(rig.queue.store.ledger.hop_bytes(2) <= 10_000);
    let numbers: Vec<u64> = rig.drain(0).iter().map(|packet| packet.number).collect();
    assert!(!numbers.is_empty() && numbers.ends_with(&[49]), "{numbers:?}");
    rig.assert_conserved();
}

#[test]
fn a_neighbour_that_goes_leaves_nothing_behind() {
    let mut rig = Rig::new(0, 1 << 20);
    for association in 0..10_000 {
        let control = Arrival { control: true, ..arrival(association, 5, association + 1) };
        rig.push(0, &control, 1, 100);
        rig.push(0, &arrival(association, 5, association + 1), 3, 100);
        rig.queue.forget(association);
        rig.queue.forget(association + 1);
        assert_eq!(rig.drain(0).len(), 4, "what came before goes on");
    }
    let (lanes, neighbours) = rig.queue.lanes.sizes();
    assert!(lanes <= 2 && neighbours == 0, "{lanes} lanes of {neighbours}");
    assert_eq!(rig.queue.store.ledger.hops_known(), 0);
}

#[test]
fn what_could_not_be_sent_counts_as_dropped() {
    let mut rig = Rig::new(0, 1 << 20);
    rig.push(0, &arrival(1, 1, 2), 3, 1_000);
    let train = rig.queue.pop(at(0), &mut vec![0; TRAIN_BYTES_MAX]).unwrap();
    rig.queue.on_hop_gone(&train);
    let counters = rig.queue.counters();
    assert_eq!((counters.forwarded.packets, counters.dropped_gone.packets), (0, 3));
    rig.assert_conserved();
}
