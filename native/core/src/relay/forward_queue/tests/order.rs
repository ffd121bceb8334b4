//! Nothing is reordered inside a flow, nothing is made up, and trains are as long as they may be.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Step {
    neighbour: u32,
    source: u64,
    hop: u32,
    packets: usize,
    size: usize,
    ecn: Ecn,
    pops: usize,
    micros: u64,
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![4 => Just(1_240_usize), 2 => 56_usize..300, 1 => 1_000_usize..9_000, 1 => Just(65_507_usize)];
    let ecn = prop_oneof![Just(Ecn::NotEct), Just(Ecn::Ect0), Just(Ecn::Ce)];
    (0_u32..3, 0_u64..4, 0_u32..2, 1_usize..64, size, ecn, 0_usize..4, 0_u64..3_000).prop_map(
        |(neighbour, source, hop, packets, size, ecn, pops, micros)| {
            let source = u64::from(neighbour) * 10 + source;
            let packets = packets.min(TRAIN_BYTES_MAX / size);
            // A source goes one way.
            let hop = (source as u32 + hop / 2) % 2;
            Step { neighbour, source, hop, packets, size, ecn, pops, micros }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn flows_keep_their_order_and_bytes_are_conserved(
        steps in proptest::collection::vec(step(), 1..120),
        rate in prop_oneof![Just(0_u64), Just(1_000_000), Just(100_000_000)],
        queue_bytes in 1_000_usize..600_000,
    ) {
        let mut rig = Rig::new(rate, queue_bytes);
        let mut newest: BTreeMap<u64, u64> = BTreeMap::new();
        let mut now = 0;
        for step in steps {
            now += step.micros;
            let from = Arrival { ecn: step.ecn, ..arrival(step.neighbour, step.source, step.hop) };
            rig.push(now, &from, step.packets, step.size);
            for _ in 0..step.pops {
                for packet in rig.pop(now) {
                    let before = newest.insert(packet.source, packet.number);
                    prop_assert!(before.is_none_or(|before| before < packet.number), "{:?} after {:?}", packet, before);
                    prop_assert_eq!(u64::from(packet.hop), packet.source % 2);
                }
            }
            rig.assert_conserved();
            prop_assert!((0..2).all(|hop| rig.queue.store.ledger.hop_bytes(hop) <= queue_bytes));
        }
        while !rig.queue.is_empty() {
            let drained = rig.drain(now).len();
            prop_assert!(drained > 0 || rig.queue.deadline().is_some(), "nothing goes, and nothing is waited for");
            if let Some(opens_at) = rig.queue.deadline() {
                prop_assert!(opens_at > at(now));
                now = opens_at.as_micros();
                rig.queue.on_timeout(at(now));
                prop_assert!(rig.queue.deadline().is_none());
            }
        }
        rig.assert_conserved();
    }
}

/// (segment size, bytes) of all trains.
fn trains(rig: &mut Rig) -> Vec<(usize, usize)> {
    let mut out = vec![0; TRAIN_BYTES_MAX];
    std::iter::from_fn(|| rig.queue.pop(at(0), &mut out))
        .map(|train| (train.segment_size, train.len))
        .collect()
}

#[test]
fn packets_that_came_one_by_one_leave_as_trains() {
    let mut rig = Rig::new(0, 4 << 20);
    for _ in 0..130 {
        rig.push(0, &arrival(1, 1, 2), 1, 100);
    }
    assert_eq!(trains(&mut rig), [(100, 6_400), (100, 6_400), (100, 200)]);
}

#[test]
fn a_train_ends_with_one_shorter_packet_and_before_a_longer_one() {
    let mut rig = Rig::new(0, 4 << 20);
    for (packets, size) in [(3, 1_200), (2, 700), (1, 1_200)] {
        rig.push(0, &arrival(1, 1, 2), packets, size);
    }
    assert_eq!(trains(&mut rig), [(1_200, 4_300), (700, 700), (1_200, 1_200)]);
}

#[test]
fn a_train_has_one_next_hop_and_one_mark_and_fits_a_datagram() {
    let mut rig = Rig::new(0, 4 << 20);
    let ect = Arrival { ecn: Ecn::Ect0, ..arrival(1, 1, 2) };
    rig.push(0, &arrival(1, 1, 2), 2, 1_200);
    rig.push(0, &ect, 2, 1_200);
    assert_eq!(trains(&mut rig), [(1_200, 2_400), (1_200, 2_400)]);
    for _ in 0..2 {
        rig.push(0, &ect, 64, 1_000);
    }
    // Turns are of a train, and the last packet of one may go beyond it.
    let lens: Vec<usize> = trains(&mut rig).iter().map(|(_, len)| *len).collect();
    assert!(
        lens.iter().all(|len| *len <= TRAIN_BYTES_MAX) && lens.iter().sum::<usize>() == 128_000,
        "{lens:?}"
    );
    assert!(lens.len() <= 4, "{lens:?}");
}

#[test]
fn a_train_that_came_with_a_shorter_last_packet_leaves_whole() {
    let mut rig = Rig::new(0, 4 << 20);
    rig.queue.push(at(0), &arrival(1, 1, 2), 1_000, &[7; 2_500]);
    assert_eq!(trains(&mut rig), [(1_000, 2_500)]);
}
