//! Control goes first, and no neighbour gets more by calling everything control.

use super::*;

#[test]
fn control_goes_before_bulk_that_came_earlier() {
    let mut rig = Rig::new(0, 4 << 20);
    rig.push(0, &arrival(1, 1, 2), 50, 1_200);
    rig.push(0, &arrival(2, 2, 2), 50, 1_200);
    rig.push(0, &Arrival { control: true, ..arrival(1, 1, 2) }, 1, 300);
    let first = rig.pop(0);
    assert_eq!((first.len(), first[0].bytes), (1, 300));
}

#[test]
fn control_of_neighbours_goes_by_turns() {
    let mut rig = Rig::new(0, 4 << 20);
    for neighbour in [1, 1, 1, 2] {
        let from = Arrival { control: true, ..arrival(neighbour, u64::from(neighbour), 2) };
        rig.push(0, &from, 1, 300 + neighbour as usize);
        rig.push(MILLI, &from, 1, 200);
    }
    let first_two: Vec<u64> = (0..2).map(|_| rig.pop(MILLI)[0].source).collect();
    assert_eq!(first_two, [1, 2]);
}

#[test]
fn a_neighbour_that_calls_everything_control_takes_nothing_from_another() {
    const RATE: u64 = 1_250_000;
    let mut rig = Rig::new(RATE, 4 << 20);
    let (mut honest_bytes, mut delays) = (0, Vec::new());
    for tick in 0..10_000 {
        let now = tick * MILLI;
        rig.push(now, &Arrival { control: true, ..arrival(1, 1, 9) }, 5, 1_250);
        if tick % 2 == 0 {
            rig.push(now, &arrival(2, 2, 9), 1, 1_250);
        }
        for packet in rig.drain(now).iter().filter(|packet| packet.source == 2) {
            honest_bytes += packet.bytes as u64;
            delays.push(now - packet.pushed_at);
        }
    }
    let share = honest_bytes as f64 / (RATE * 10 / 2) as f64;
    assert!(share >= 0.95, "{share} of its share");
    let p99 = percentile(&mut delays, 99);
    assert!(p99 <= 10 * MILLI, "p99 {p99} us");
}

#[test]
fn control_beyond_the_grant_waits_with_bulk_and_is_not_lost() {
    let mut rig = Rig::new(0, 4 << 20);
    let control = Arrival { control: true, ..arrival(1, 1, 2) };
    for now in 0..200 {
        rig.push(now, &control, 1, 1_000);
    }
    let queued = rig.queue.lanes[0].longest(&rig.queue.store, 2).unwrap().0;
    assert!(queued >= 100_000, "{queued} bytes wait with bulk");
    let mut numbers: Vec<u64> = rig.drain(200).iter().map(|packet| packet.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
}
