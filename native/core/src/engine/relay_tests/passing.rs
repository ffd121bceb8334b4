//! Trains on their way through a relay: sent out of the memory that they came in, or copied once, and in their order in any case.

use super::*;

/// Takes what it is given as long as it may, and remembers it.
struct Wire {
    room: usize,
    trains: Vec<(Transmit, Vec<u8>)>,
    memory: Vec<*const u8>,
}

impl Wire {
    fn new(room: usize) -> Self {
        Self { room, trains: Vec::new(), memory: Vec::new() }
    }
}

impl PassOn for Wire {
    fn pass_on(&mut self, transmit: &Transmit, train: &[u8]) -> bool {
        if self.room == 0 {
            return false;
        }
        self.room -= 1;
        self.trains.push((*transmit, train.to_vec()));
        self.memory.push(train.as_ptr());
        true
    }
}

/// A train of packets from node 0, each of which says its number.
fn train(forger: &mut Forger, header: &RelayHeader, numbers: std::ops::Range<u8>) -> Vec<u8> {
    numbers.flat_map(|number| forger.packet(header, &[9, number, 7].repeat(20))).collect()
}

/// Hands node 1 a train from node 0.
fn hand(line: &mut Line, bytes: &mut [u8], segment_size: usize, wire: &mut Wire) {
    let meta = ReceiveMeta { path: direct(0), ecn: Ecn::Ect0, segment_size };
    assert!(line.engines[1].handle_train_passing(line.now, &meta, bytes, Some(wire)));
}

/// Everything that node 1 has to send.
fn polled(line: &mut Line) -> Vec<(Transmit, Vec<u8>)> {
    let mut out = vec![0; crate::TRAIN_BYTES_MAX];
    let next = || {
        let transmit = line.engines[1].poll_transmit(line.now, &mut out)?;
        Some((transmit, out[..transmit.len].to_vec()))
    };
    std::iter::from_fn(next).collect()
}

/// The numbers of all packets, each of which node `to` accepts from node 1.
fn accepted(line: &mut Line, to: usize, trains: &[(Transmit, Vec<u8>)]) -> Vec<u8> {
    let mut numbers = Vec::new();
    for (transmit, bytes) in trains {
        assert_eq!((transmit.path.remote, transmit.ecn), (address(to), Ecn::Ect0));
        for packet in bytes.chunks(transmit.segment_size) {
            let (header, inner) = RelayHeader::decode(packet).unwrap();
            assert_eq!((header.ttl, header.waypoint), (31, None));
            numbers.push(inner[1]);
            let before = line.rejected(to);
            line.hand(to, 1, packet);
            assert_eq!(line.rejected(to), before);
        }
    }
    numbers
}

#[test]
fn a_train_that_waits_for_nothing_is_sent_out_of_the_memory_that_it_came_in() {
    let mut line = Line::new(3);
    let mut forger = Forger::new(&line, 0, 1);
    let mut bytes = train(&mut forger, &header(0, 2), 0..20);
    let mut wire = Wire::new(1);
    hand(&mut line, &mut bytes, 100, &mut wire);
    assert_eq!(wire.memory, [bytes.as_ptr()]);
    assert_eq!((wire.trains[0].0.segment_size, wire.trains[0].0.len), (100, 2_000));
    assert!(polled(&mut line).is_empty(), "sent twice");
    let stats = line.engines[1].stats();
    assert_eq!((stats.relayed_packets, stats.relayed_bytes, stats.relay_dropped_packets), (20, 2_000, 0));
    assert_eq!(accepted(&mut line, 2, &wire.trains), (0..20).collect::<Vec<_>>());
}

#[test]
fn a_train_that_a_socket_refuses_waits_and_nothing_overtakes_it() {
    let mut line = Line::new(3);
    let mut forger = Forger::new(&line, 0, 1);
    let mut wire = Wire::new(0);
    hand(&mut line, &mut train(&mut forger, &header(0, 2), 0..20), 100, &mut wire);
    wire.room = 10;
    hand(&mut line, &mut train(&mut forger, &header(0, 2), 20..40), 100, &mut wire);
    assert!(wire.trains.is_empty(), "the second train went before the first");
    let trains = polled(&mut line);
    assert_eq!(trains.len(), 1, "what came one after the other goes together");
    assert_eq!(accepted(&mut line, 2, &trains), (0..40).collect::<Vec<_>>());
    hand(&mut line, &mut train(&mut forger, &header(0, 2), 40..60), 100, &mut wire);
    assert_eq!(wire.trains.len(), 1, "nothing waits any more");
    assert_eq!(accepted(&mut line, 2, &wire.trains), (40..60).collect::<Vec<_>>());
}

#[test]
fn packets_that_come_one_by_one_leave_as_a_train() {
    let mut line = Line::new(3);
    let mut forger = Forger::new(&line, 0, 1);
    let mut wire = Wire::new(100);
    for number in 0..50 {
        hand(&mut line, &mut train(&mut forger, &header(0, 2), number..number + 1), 100, &mut wire);
        assert!(line.engines[1].gathers_train());
    }
    assert!(wire.trains.is_empty());
    let trains = polled(&mut line);
    assert_eq!(trains.len(), 1);
    assert_eq!(accepted(&mut line, 2, &trains), (0..50).collect::<Vec<_>>());
    assert!(!line.engines[1].gathers_train());
}

#[test]
fn a_train_for_two_destinations_is_parted_and_each_part_keeps_its_order() {
    let mut line = Line::new(4);
    let mut forger = Forger::new(&line, 0, 1);
    let mut bytes = train(&mut forger, &header(0, 2), 0..10);
    bytes.extend(train(&mut forger, &header(0, 0), 10..11));
    bytes.extend(train(&mut forger, &header(0, 3), 11..30));
    let mut wire = Wire::new(9);
    hand(&mut line, &mut bytes, 100, &mut wire);
    assert_eq!(wire.trains.iter().map(|train| train.0.len).collect::<Vec<_>>(), [1_000, 1_900]);
    let expected: Vec<u8> = (0..30).filter(|number| *number != 10).collect();
    assert_eq!(accepted(&mut line, 2, &wire.trains), expected);
    assert_eq!(line.rejected(1).looped, 1);
}

#[test]
fn a_waypoint_that_is_taken_out_of_each_packet_leaves_a_train_of_shorter_ones() {
    let mut line = Line::new(3);
    let mut forger = Forger::new(&line, 0, 1);
    let header = RelayHeader { waypoint: Some(id(1)), ..header(0, 2) };
    let mut wire = Wire::new(9);
    hand(&mut line, &mut train(&mut forger, &header, 0..20), 108, &mut wire);
    let mut trains = std::mem::take(&mut wire.trains);
    trains.extend(polled(&mut line));
    assert_eq!(
        trains.iter().map(|train| (train.0.segment_size, train.0.len)).collect::<Vec<_>>(),
        [(100, 2_000)]
    );
    assert_eq!(accepted(&mut line, 2, &trains), (0..20).collect::<Vec<_>>());
}

#[test]
fn beyond_the_rate_bound_nothing_passes_until_the_engine_says_so() {
    const RATE: u64 = 1_000_000;
    let mut line = Line::with_relays(3, RelayConfig { max_bytes_per_second: RATE, queue_bytes: 1 << 20 });
    let mut forger = Forger::new(&line, 0, 1);
    let (begun, mut wire, mut sent) = (line.now, Wire::new(1_000), 0);
    for _ in 0..5 {
        hand(&mut line, &mut train(&mut forger, &header(0, 2), 0..200), 100, &mut wire);
        sent += polled(&mut line).iter().map(|train| train.0.len as u64).sum::<u64>();
    }
    sent += wire.trains.iter().map(|train| train.0.len as u64).sum::<u64>();
    while sent < 100_000 {
        let due = line.engines[1].poll_timeout().unwrap();
        assert!(due > line.now, "a deadline that has passed is no use");
        line.now = due;
        line.engines[1].handle_timeout(due);
        sent += polled(&mut line)
            .iter()
            .filter(|train| train.1[0] == 5)
            .map(|train| train.0.len as u64)
            .sum::<u64>();
        let allowed = RATE * line.now.saturating_micros_since(begun) / 1_000_000;
        // What was saved up, and the train with which that is used up.
        assert!(sent <= allowed + 4_000 + 20_000, "{sent} of {allowed}");
        assert!(sent + 1_500 >= allowed.min(100_000), "{sent} of {allowed}");
    }
    assert_eq!(line.engines[1].stats().relay_dropped_packets, 0);
}

#[test]
fn control_inside_a_train_is_parted_from_it_and_goes_first_of_what_waits() {
    let mut line = Line::new(3);
    let mut forger = Forger::new(&line, 0, 1);
    let mut bytes = train(&mut forger, &header(0, 2), 0..10);
    bytes.extend(train(&mut forger, &RelayHeader { control: true, ..header(0, 2) }, 10..12));
    bytes.extend(train(&mut forger, &header(0, 2), 12..30));
    let mut wire = Wire::new(9);
    hand(&mut line, &mut bytes, 100, &mut wire);
    assert_eq!(accepted(&mut line, 2, &wire.trains), (0..10).collect::<Vec<_>>());
    let waiting = polled(&mut line);
    assert_eq!(waiting.iter().map(|train| train.0.len).collect::<Vec<_>>(), [200, 1_800]);
    assert_eq!(accepted(&mut line, 2, &waiting), (10..30).collect::<Vec<_>>());
}
