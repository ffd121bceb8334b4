//! Credit is absolute, follows consumption, and never runs out for want of a packet.

use super::*;

fn small() -> Setup {
    Setup { window: 10_000, window_cap: 10_000, ..Setup::default() }
}

fn data_bytes(packets: &[Packet]) -> u64 {
    let len = |frame: &SentFrame| match *frame {
        SentFrame::Stream { len, .. } => u64::from(len),
        _ => 0,
    };
    packets.iter().flat_map(|packet| &packet.frames).map(len).sum()
}

#[test]
fn nothing_is_granted_until_the_application_reads() {
    let mut pair = Pair::with(small());
    let [a, b] = pair.open_both();
    pair.write(0, a, &pattern(0, 50_000));
    pair.exchange();
    assert_eq!(pair.ends[0].stats(a).unwrap().sent, 10_000);
    assert_eq!(pair.read(1, b, 2_000).unwrap().0.len(), 2_000);
    pair.exchange();
    assert_eq!(
        pair.ends[0].stats(a).unwrap().sent,
        10_000,
        "less than a quarter of the window calls for no grant"
    );
    assert_eq!(pair.read(1, b, 1_000).unwrap().0.len(), 1_000);
    pair.exchange();
    assert_eq!(pair.ends[0].stats(a).unwrap().sent, 13_000);
}

#[test]
fn credit_that_is_used_up_beside_a_gap_grows_the_window_twice() {
    for (has_gap, window) in [(false, 20_000), (true, 40_000)] {
        let mut pair = Pair::with(Setup { window: 10_000, ..Setup::default() });
        let [a, b] = pair.open_both();
        pair.write(0, a, &pattern(0, 100_000));
        let packets = pair.send_all(0);
        let (first, rest) = packets.split_first().unwrap();
        pair.deliver(1, first);
        pair.read(1, b, 10_000).unwrap();
        let (late, others) = rest.split_first().unwrap();
        if has_gap {
            others.iter().for_each(|packet| pair.deliver(1, packet));
            pair.now = pair.now.plus_micros(RTT + 1);
            pair.deliver(1, late);
        } else {
            pair.now = pair.now.plus_micros(RTT + 1);
            rest.iter().for_each(|packet| pair.deliver(1, packet));
        }
        pair.read(1, b, 10_000).unwrap();
        pair.exchange();
        assert_eq!(pair.ends[0].stats(a).unwrap().sent, 10_000 + window, "with a gap: {has_gap}");
    }
}

#[test]
fn a_lost_grant_is_sent_again_with_its_present_value() {
    let mut pair = Pair::with(small());
    let [a, b] = pair.open_both();
    pair.write(0, a, &pattern(0, 50_000));
    pair.exchange();
    pair.read(1, b, 3_000).unwrap();
    let grant = pair.send(1).unwrap();
    assert!(!pair.ends[1].wants_to_send());
    pair.read(1, b, 1_000).unwrap();
    pair.lose(1, &grant);
    pair.exchange();
    assert_eq!(pair.ends[0].stats(a).unwrap().sent, 14_000);
    pair.deliver(0, &grant);
    pair.exchange();
    assert_eq!(pair.ends[0].stats(a).unwrap().sent, 14_000, "an old grant takes nothing back");
}

#[test]
fn repeated_old_and_absurd_grants_do_no_harm() {
    let mut pair = Pair::with(small());
    let [a, _] = pair.open_both();
    let id = pair.ends[0].table.get(a).unwrap().id;
    pair.write(0, a, &pattern(0, 50_000));
    for maximum in [12_000, 11_000, 12_000, 0, 12_000] {
        pair.ends[0].on_max_data(maximum);
        pair.ends[0].on_max_stream_data(id, maximum).unwrap();
    }
    assert_eq!(data_bytes(&pair.send_all(0)), 12_000);
    pair.ends[0].on_max_data(u64::MAX >> 2);
    pair.ends[0].on_max_stream_data(id, u64::MAX >> 2).unwrap();
    assert_eq!(data_bytes(&pair.send_all(0)), 38_000);
}

#[test]
fn a_slow_reader_takes_no_room_from_its_neighbours() {
    let mut pair = Pair::with(small());
    let [slow, _] = pair.open_both();
    let [quick, quick_there] = pair.open_both();
    pair.write(0, slow, &pattern(0, 50_000));
    pair.exchange();
    assert_eq!(pair.ends[0].stats(slow).unwrap().sent, 10_000);
    let mut got = 0;
    for _ in 0..100 {
        pair.write(0, quick, &pattern(0, 10_000));
        pair.exchange();
        got += pair.read(1, quick_there, 20_000).unwrap().0.len();
    }
    assert_eq!(got, 1_000_000);
    assert_eq!(pair.ends[0].stats(slow).unwrap().sent, 10_000);
}

#[test]
fn many_readers_that_each_hold_a_little_block_nobody() {
    let mut pair = Pair::with(small());
    for _ in 0..20 {
        let [a, _] = pair.open_both();
        pair.write(0, a, &pattern(0, 1_000));
        pair.exchange();
    }
    let [a, b] = pair.open_both();
    pair.write(0, a, &pattern(0, 10_000));
    pair.exchange();
    assert_eq!(pair.read(1, b, 20_000).unwrap().0.len(), 10_000);
}

#[test]
fn what_is_dropped_unread_is_credit_again() {
    let mut pair = Pair::with(small());
    for round in 0..50 {
        let [a, b] = pair.open_both();
        pair.write(0, a, &pattern(0, 9_000));
        if round % 2 == 0 {
            pair.exchange();
            pair.ends[0].reset(a, ResetReason::Application, 0).unwrap();
        } else {
            let packets = pair.send_all(0);
            pair.deliver(1, &packets[3]);
            packets.iter().for_each(|packet| pair.lose(0, packet));
            pair.ends[1].stop(b, 0).unwrap();
            pair.ends[0].reset(a, ResetReason::Application, 0).unwrap();
        }
        pair.exchange();
        pair.events(0);
        pair.events(1);
        pair.exchange();
    }
    pair.assert_nothing_held();
    let [a, b] = pair.open_both();
    pair.write(0, a, &pattern(0, 9_000));
    pair.exchange();
    assert_eq!(pair.read(1, b, 9_000).unwrap().0.len(), 9_000);
}

/// Writes and sends until the peer's credit is used up.
fn push(pair: &mut Pair, handle: u32) {
    pair.exchange();
    while pair.ends[0].write(handle, &[0; 65_536]) != Ok(0) {
        pair.exchange();
    }
}

#[test]
fn windows_grow_with_a_reader_that_keeps_up_and_stay_for_one_that_does_not() {
    for (pause_micros, grows) in [(RTT, true), (30 * RTT, false)] {
        let mut pair = Pair::new();
        let [a, b] = pair.open_both();
        for _ in 0..60 {
            push(&mut pair, a);
            pair.now = pair.now.plus_micros(pause_micros);
            while pair.read(1, b, 65_536).unwrap().0.len() == 65_536 {}
        }
        push(&mut pair, a);
        let ahead = pair.ends[1].stats(b).unwrap().receive_buffered;
        assert_eq!(ahead >= 900 << 10, grows, "{ahead} bytes ahead");
        assert_eq!(ahead <= 49 << 10, !grows, "{ahead} bytes ahead");
        pair.events(0);
        pair.events(1);
    }
}

#[test]
fn a_spent_budget_stops_growth_and_honours_what_was_given() {
    let mut pair = Pair::with(Setup { budget_bytes: 200 << 10, ..Setup::default() });
    let [a, b] = pair.open_both();
    let mut got = 0;
    for _ in 0..100 {
        while pair.ends[0].write(a, &[0; 16_384]) == Ok(16_384) {}
        pair.exchange();
        pair.now = pair.now.plus_micros(RTT);
        assert!(pair.budgets.iter().all(|budget| budget.used_bytes() <= 200 << 10));
        got += pair.read(1, b, 1 << 20).unwrap().0.len();
    }
    assert!(got >= 40 * (48 << 10), "only {got} bytes came");
}

#[test]
fn the_send_buffer_is_small_until_the_flight_needs_more() {
    let mut pair = Pair::new();
    let [a, _] = pair.open_both();
    assert_eq!(pair.ends[0].write(a, &vec![0; 4 << 20]), Ok(256 << 10));
    assert_eq!(pair.ends[0].write(a, &[0]), Ok(0));
    let id = pair.ends[0].table.get(a).unwrap().id;
    pair.ends[0].on_max_data(1 << 30);
    pair.ends[0].on_max_stream_data(id, 1 << 30).unwrap();
    let flight = pair.send_all(0);
    assert_eq!(pair.events(0), [StreamEvent::Writable { handle: a }]);
    assert_eq!(pair.ends[0].write(a, &vec![0; 4 << 20]), Ok(256 << 10));
    for packet in &flight {
        pair.acknowledge(0, packet);
    }
    assert_eq!(pair.ends[0].write(a, &vec![0; 4 << 20]), Ok(256 << 10));
}

#[test]
fn the_fifth_stream_that_waits_to_be_sent_begins_with_a_small_buffer() {
    let mut pair = Pair::new();
    let streams: Vec<u32> = (0..6).map(|_| pair.open(0)).collect();
    let taken: Vec<usize> =
        streams.iter().map(|stream| pair.ends[0].write(*stream, &vec![0; 4 << 20]).unwrap()).collect();
    assert_eq!(taken, [256 << 10, 256 << 10, 256 << 10, 256 << 10, 64 << 10, 64 << 10]);
}

/// What a stream still holds for sending when its refused writer is called, while the flight lands packet by packet.
fn held_at_call(pair: &mut Pair, handle: u32, flight: &[Packet]) -> u64 {
    let mut held = None;
    for packet in flight {
        pair.deliver(1, packet);
        pair.acknowledge(0, packet);
        if pair.events(0) == [StreamEvent::Writable { handle }] {
            assert_eq!(held, None, "called twice");
            held = Some(pair.ends[0].stats(handle).unwrap().send_buffered);
        }
    }
    held.unwrap()
}

#[test]
fn a_refused_writer_is_called_once_when_half_is_free() {
    let mut pair = Pair::with(Setup { window: 24 << 10, send_buffer_cap: 32 << 10, ..Setup::default() });
    let [a, _] = pair.open_both();
    assert_eq!(pair.ends[0].write(a, &[0; 40_000]), Ok(32 << 10));
    let flight = pair.send_all(0);
    let held = held_at_call(&mut pair, a, &flight);
    assert!(held <= 16 << 10 && held > 14 << 10, "{held}");
}

#[test]
fn a_flight_that_takes_nearly_all_of_the_buffer_does_not_starve() {
    let mut pair = Pair::with(Setup { send_buffer_cap: 32 << 10, ..Setup::default() });
    let [a, b] = pair.open_both();
    assert_eq!(pair.ends[0].write(a, &[0; 40_000]), Ok(32 << 10));
    let flight = pair.send_all(0);
    let held = held_at_call(&mut pair, a, &flight);
    assert!(held <= 28 << 10 && held > 26 << 10, "{held}");
    assert_eq!(pair.read(1, b, 40_000).unwrap().0.len(), 32 << 10);
}

#[test]
fn who_waits_for_credit_or_for_room_in_the_buffer_is_held_back_and_who_has_nothing_more_is_not() {
    // The stream's credit.
    let mut pair = Pair::with(Setup { window: 10_000, window_cap: 10_000, ..Setup::default() });
    let [a, b] = pair.open_both();
    assert!(!pair.ends[0].is_held_back());
    pair.write(0, a, &pattern(0, 10_000));
    pair.exchange();
    assert!(!pair.ends[0].is_held_back(), "all of it is sent");
    pair.write(0, a, &pattern(0, 5_000));
    assert!(!pair.ends[0].wants_to_send() && pair.ends[0].is_held_back());
    pair.read(1, b, 10_000).unwrap();
    pair.exchange();
    assert!(!pair.ends[0].is_held_back());

    // The association's, which two streams share.
    let mut pair = Pair::with(Setup { window: 10_000, window_cap: 10_000, ..Setup::default() });
    let ([a, _], [c, _]) = (pair.open_both(), pair.open_both());
    pair.write(0, a, &pattern(0, 6_000));
    pair.write(0, c, &pattern(0, 6_000));
    pair.send_all(0);
    assert!(!pair.ends[0].wants_to_send() && pair.ends[0].is_held_back());
}

#[test]
fn a_full_send_buffer_holds_back_until_it_is_half_empty() {
    let mut pair = Pair::with(Setup { window: 1 << 20, send_buffer_cap: 16 << 10, ..Setup::default() });
    let [a, _] = pair.open_both();
    assert_eq!(pair.ends[0].write(a, &pattern(0, 20_000)), Ok(16 << 10));
    let packets = pair.send_all(0);
    assert!(!pair.ends[0].wants_to_send() && pair.ends[0].is_held_back());
    // The writer that is called when an eighth is free gets its time.
    let (first, rest) = packets.split_at(packets.len() / 4);
    first.iter().for_each(|packet| pair.acknowledge(0, packet));
    assert!(pair.events(0).contains(&StreamEvent::Writable { handle: a }));
    assert!(pair.ends[0].is_held_back());
    rest.iter().for_each(|packet| pair.acknowledge(0, packet));
    assert!(!pair.ends[0].is_held_back(), "it did not come");

    pair.write(0, a, &pattern(0, 16 << 10));
    pair.send_all(0);
    assert!(!pair.ends[0].is_held_back(), "the last write did fit");
    assert_eq!(pair.ends[0].write(a, &[0]), Ok(0));
    assert!(pair.ends[0].is_held_back());
    pair.ends[0].reset(a, ResetReason::Application, 1).unwrap();
    assert!(!pair.ends[0].is_held_back());
}
