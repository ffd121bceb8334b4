//! How packets are filled, and whose turn it is.

use super::*;

fn unlimited() -> Setup {
    Setup { window: 8 << 20, window_cap: 8 << 20, send_buffer_cap: 8 << 20, ..Setup::default() }
}

/// Bytes of each stream in a run of packets, in order of handles.
fn shares(packets: &[Packet], handles: &[u32]) -> Vec<u64> {
    let of = |wanted: u32| {
        let frames = packets.iter().flat_map(|packet| &packet.frames);
        frames.map(move |frame| match *frame {
            SentFrame::Stream { handle, len, .. } if handle == wanted => u64::from(len),
            _ => 0,
        })
    };
    handles.iter().map(|handle| of(*handle).sum()).collect()
}

fn open_with(pair: &mut Pair, priority: u8, len: usize) -> u32 {
    let request = OpenRequest { kind: StreamKind::Bytes, priority, protocol: "test/1", metadata: &[] };
    let handle = pair.ends[0].open(&request).unwrap();
    pair.write(0, handle, &vec![1; len]);
    handle
}

#[test]
fn a_bulk_stream_fills_every_packet_but_the_last_to_its_last_byte() {
    let mut pair = Pair::with(unlimited());
    let [a, _] = pair.open_both();
    pair.write(0, a, &pattern(0, 250_000));
    let packets = pair.send_all(0);
    let (last, full) = packets.split_last().unwrap();
    assert!(full.iter().all(|packet| packet.bytes.len() == PACKET_ROOM && packet.frames.len() == 1));
    assert!(last.bytes.len() < PACKET_ROOM);
}

#[test]
fn many_streams_of_odd_sizes_fill_every_packet_but_the_last() {
    for least in 1..60 {
        let mut pair = Pair::with(unlimited());
        let handles: Vec<u32> = (0..60).map(|n| open_with(&mut pair, 3, least + 37 * n)).collect();
        let packets = pair.send_all(0);
        let (_, full) = packets.split_last().unwrap();
        assert!(full.iter().all(|packet| packet.bytes.len() == PACKET_ROOM));
        assert_eq!(
            shares(&packets, &handles),
            (0..60).map(|n| (least + 37 * n) as u64).collect::<Vec<u64>>()
        );
        packets.iter().for_each(|packet| pair.deliver(1, packet));
        let readable = |event: &&StreamEvent| matches!(event, StreamEvent::Readable { .. });
        assert_eq!(pair.events(1).iter().filter(readable).count(), 60);
    }
}

#[test]
fn small_writes_of_many_streams_share_packets() {
    let mut pair = Pair::with(unlimited());
    let handles: Vec<u32> = (0..60).map(|_| open_with(&mut pair, 3, 1)).collect();
    pair.exchange();
    for handle in &handles {
        pair.write(0, *handle, &[0; 20]);
    }
    assert!(pair.send_all(0).len() <= 2);
}

#[test]
fn a_higher_level_goes_first_even_in_the_middle_of_a_turn() {
    let mut pair = Pair::with(unlimited());
    let bulk = open_with(&mut pair, 5, 200_000);
    let before: Vec<Packet> = (0..5).filter_map(|_| pair.send(0)).collect();
    assert!(shares(&before, &[bulk])[0] > 5000);
    let urgent = open_with(&mut pair, 0, 3000);
    let after: Vec<Packet> = (0..3).filter_map(|_| pair.send(0)).collect();
    assert_eq!(shares(&after, &[urgent]), [3000]);
    pair.write(0, bulk, &[0; 10]);
    pair.ends[0].set_priority(bulk, 0).unwrap();
    pair.ends[0].set_priority(urgent, 7).unwrap();
    pair.write(0, urgent, &[0; 1000]);
    let packet = pair.send(0).unwrap();
    assert_eq!(shares(&[packet], &[urgent]), [0]);
}

#[test]
fn lost_bytes_of_a_low_level_wait_for_new_ones_of_a_high_level() {
    let mut pair = Pair::with(unlimited());
    let high = open_with(&mut pair, 1, 1);
    pair.exchange();
    let low = open_with(&mut pair, 5, 5000);
    let lost = pair.send_all(0);
    lost.iter().for_each(|packet| pair.lose(0, packet));
    pair.write(0, high, &[0; 1000]);
    let packet = pair.send(0).unwrap();
    assert_eq!(shares(std::slice::from_ref(&packet), &[high]), [1000]);
    assert!(shares(&[packet], &[low])[0] < 200);
}

#[test]
fn equals_share_evenly() {
    let mut pair = Pair::with(unlimited());
    let handles: Vec<u32> = (0..10).map(|_| open_with(&mut pair, 3, 60_000)).collect();
    let packets: Vec<Packet> = (0..400).filter_map(|_| pair.send(0)).collect();
    let shares = shares(&packets, &handles);
    let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
    assert!(most - least <= 2 * u64::from(crate::constants::TURN_BYTES), "{shares:?}");
}

#[test]
fn a_stream_without_credit_gives_its_turn_away_and_gets_it_back() {
    let mut pair = Pair::with(Setup { window: 5_000, window_cap: 5_000, ..unlimited() });
    let stuck = open_with(&mut pair, 0, 20_000);
    let other = open_with(&mut pair, 7, 20_000);
    pair.ends[0].on_max_data(1 << 20);
    let packets = pair.send_all(0);
    assert_eq!(shares(&packets, &[stuck, other]), [5_000, 5_000]);
    let id = pair.ends[0].table.get(stuck).unwrap().id;
    pair.ends[0].on_max_stream_data(id, 7_000).unwrap();
    assert_eq!(shares(&pair.send_all(0), &[stuck, other]), [2_000, 0]);
}

#[test]
fn the_end_the_opening_and_lost_bytes_need_no_credit() {
    let mut pair = Pair::with(Setup { window: 1_000, window_cap: 1_000, ..Setup::default() });
    let a = open_with(&mut pair, 3, 1_000);
    pair.ends[0].finish(a).unwrap();
    let b = open_with(&mut pair, 3, 10);
    let packets = pair.send_all(0);
    assert_eq!(shares(&packets, &[a, b]), [1_000, 0]);
    assert!(packets.iter().any(|packet| packet.frames.contains(&SentFrame::Open { handle: b })));
    packets.iter().for_each(|packet| pair.lose(0, packet));
    assert_eq!(shares(&pair.send_all(0), &[a, b]), [1_000, 0]);
}

#[test]
fn a_packet_with_too_little_room_is_left_as_it_is() {
    let mut pair = Pair::with(unlimited());
    let a = open_with(&mut pair, 3, 5000);
    pair.exchange();
    pair.write(0, a, &[0; 5000]);
    for room in 0..40 {
        let mut bytes = vec![0; room];
        let (mut w, mut log) = (Writer::new(&mut bytes), FrameLog::new());
        pair.ends[0].fill(pair.now, &mut w, &mut log);
        assert_eq!(w.position() == 0, log.as_slice().is_empty());
        assert!(w.position() == 0 || w.position() == room);
    }
}

#[test]
fn a_full_log_ends_a_packet_and_loses_nothing() {
    let mut pair = Pair::with(unlimited());
    let mut log = FrameLog::new();
    while log.room() > 3 {
        log.push(SentFrame::Ping { serial: 0 });
    }
    let handles: Vec<u32> = (0..5).map(|_| open_with(&mut pair, 3, 10)).collect();
    let mut bytes = vec![0; PACKET_ROOM];
    let mut w = Writer::new(&mut bytes);
    pair.ends[0].fill(pair.now, &mut w, &mut log);
    assert_eq!(log.room(), 0);
    let len = w.position();
    let first = Packet { bytes: bytes[..len].to_vec(), frames: log.as_slice().to_vec() };
    let mut packets = vec![first];
    packets.extend(pair.send_all(0));
    assert_eq!(shares(&packets, &handles), [10; 5]);
}
