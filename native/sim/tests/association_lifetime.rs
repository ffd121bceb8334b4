//! How associations begin, stay and end; and what a stranger can do to them: nothing.
#![allow(clippy::unwrap_used)]

use osier_core::{
    Cipher, CloseCause, CloseCode, Ecn, EngineConfig, Event, OpenRequest, ReceiveMeta, StreamKind,
};
use osier_sim::{HostId, LinkConfig, Network, Transfer};

const SECOND: u64 = 1_000_000;

fn pair(seed: u64, config: EngineConfig) -> (Network, HostId, HostId) {
    let mut net = Network::new(seed);
    let (a, b) = (net.add_host(config.clone()), net.add_host(config));
    let link = LinkConfig { delay_micros: 10_000, ..LinkConfig::default() };
    net.set_link(a, b, link.clone());
    net.set_link(b, a, link);
    (net, a, b)
}

fn run_for(net: &mut Network, micros: u64) {
    let until = net.now().plus_micros(micros);
    while net.step(until) {}
}

fn events(net: &mut Network, host: HostId) -> Vec<Event> {
    std::iter::from_fn(|| net.engine(host).poll_event()).collect()
}

fn closed(net: &mut Network, host: HostId) -> Option<CloseCause> {
    events(net, host).into_iter().find_map(|event| match event {
        Event::AssociationClosed { cause, .. } => Some(cause),
        _ => None,
    })
}

fn open(net: &mut Network, host: HostId, association: u32) -> u32 {
    let now = net.now();
    let request = OpenRequest { kind: StreamKind::Bytes, priority: 3, protocol: "test", metadata: b"" };
    let stream = net.engine(host).open_stream(now, association, &request).unwrap().unwrap();
    net.flush(host);
    stream
}

#[test]
fn the_responder_confirms_with_the_first_authentic_packet_and_only_then_sends() {
    let (mut net, a, b) = pair(1, EngineConfig::default());
    net.link(a, b).config.down = true;
    let (_, handle_b) = net.associate(a, b, Cipher::ChaCha20Poly1305);
    open(&mut net, b, handle_b);
    run_for(&mut net, 5 * SECOND);
    assert_eq!(net.engine(b).stats().packets_sent, 0);
    assert!(events(&mut net, b).is_empty());
    net.link(a, b).config.down = false;
    run_for(&mut net, 5 * SECOND);
    let confirmed =
        events(&mut net, b).iter().filter(|event| matches!(event, Event::SessionConfirmed { .. })).count();
    assert_eq!(confirmed, 1);
    assert!(net.engine(b).stats().packets_sent > 0);
    assert!(events(&mut net, a).iter().any(|event| matches!(event, Event::Stream { .. })));
}

#[test]
fn a_close_tells_its_code_and_reason_also_when_the_first_packet_is_lost() {
    let (mut net, a, b) = pair(2, EngineConfig::default());
    let (handle_a, handle_b) = net.associate(a, b, Cipher::ChaCha20Poly1305);
    run_for(&mut net, SECOND);
    events(&mut net, b);
    net.link(a, b).config.down = true;
    let now = net.now();
    net.engine(a).close_association(now, handle_a, CloseCode::Application, "enough");
    net.flush(a);
    net.link(a, b).config.down = false;
    let stream = open(&mut net, b, handle_b);
    net.engine(b).write(now, handle_b, stream, b"hello").unwrap();
    net.flush(b);
    run_for(&mut net, SECOND);
    let expected = CloseCause::Remote { code: CloseCode::Application, reason: "enough".to_owned() };
    assert_eq!(closed(&mut net, b), Some(expected));
    assert!(closed(&mut net, a).is_none());
    run_for(&mut net, 5 * SECOND);
    net.flush(b);
    assert!(net.engine(a).association_stats(handle_a).is_none());
    assert!(net.engine(b).association_stats(handle_b).is_none());
}

#[test]
fn a_close_is_repeated_to_the_first_second_fourth_eighth_packet_that_still_arrives_and_to_no_other() {
    let (mut net, a, b) = pair(9, EngineConfig::default());
    let (handle_a, handle_b) = net.associate(a, b, Cipher::ChaCha20Poly1305);
    let stream = open(&mut net, b, handle_b);
    run_for(&mut net, SECOND);
    net.link(a, b).config.down = true;
    net.link(b, a).config.delay_micros = 0;
    let now = net.now();
    net.engine(a).close_association(now, handle_a, CloseCode::Normal, "");
    net.flush(a);
    let stats = |net: &mut Network| net.engine(a).association_stats(handle_a).unwrap().counters;
    let closed = stats(&mut net);
    let mut repeated_to = Vec::new();
    for count in 1..=20 {
        let now = net.now();
        net.engine(b).write(now, handle_b, stream, b"x").unwrap();
        net.flush(b);
        run_for(&mut net, 500);
        let present = stats(&mut net);
        assert_eq!(present.packets_received - closed.packets_received, count);
        if present.packets_sent - closed.packets_sent > repeated_to.len() as u64 {
            repeated_to.push(count);
        }
        assert_eq!(present.packets_sent - closed.packets_sent, repeated_to.len() as u64);
    }
    assert_eq!(repeated_to, [1, 2, 4, 8, 16]);
}

#[test]
fn an_idle_association_ends_at_both_ends_and_one_with_an_open_stream_does_not() {
    let config = EngineConfig { idle_timeout_micros: 10 * SECOND, ..EngineConfig::default() };
    let (mut net, a, b) = pair(3, config.clone());
    net.associate(a, b, Cipher::ChaCha20Poly1305);
    run_for(&mut net, 9 * SECOND);
    assert_eq!(closed(&mut net, a), None);
    run_for(&mut net, 2 * SECOND);
    let ended = [closed(&mut net, a), closed(&mut net, b)];
    assert!(ended.contains(&Some(CloseCause::Idle)), "{ended:?}");
    assert!(ended.iter().all(Option::is_some), "{ended:?}");

    let (mut net, a, b) = pair(4, config);
    let (handle_a, _) = net.associate(a, b, Cipher::ChaCha20Poly1305);
    open(&mut net, a, handle_a);
    run_for(&mut net, 60 * SECOND);
    assert_eq!((closed(&mut net, a), closed(&mut net, b)), (None, None));
}

#[test]
fn keep_alives_hold_an_idle_association_and_none_are_sent_by_default() {
    let config = EngineConfig { keep_alive_micros: SECOND, ..EngineConfig::default() };
    let (mut net, a, b) = pair(5, config);
    net.associate(a, b, Cipher::ChaCha20Poly1305);
    run_for(&mut net, 60 * SECOND);
    let sent = net.engine(a).stats().packets_sent + net.engine(b).stats().packets_sent;
    assert!((60..400).contains(&sent), "{sent} packets in a minute");

    let (mut net, a, b) = pair(6, EngineConfig::default());
    net.associate(a, b, Cipher::ChaCha20Poly1305);
    run_for(&mut net, 60 * SECOND);
    assert!(net.engine(a).stats().packets_sent < 5);
}

#[test]
fn a_silent_peer_is_lost_after_the_configured_time() {
    let config = EngineConfig { peer_lost_after_micros: 7 * SECOND, ..EngineConfig::default() };
    let (mut net, a, b) = pair(7, config);
    let (handle_a, _) = net.associate(a, b, Cipher::ChaCha20Poly1305);
    run_for(&mut net, SECOND);
    let stream = open(&mut net, a, handle_a);
    for (from, to) in [(a, b), (b, a)] {
        net.link(from, to).config.down = true;
    }
    let now = net.now();
    net.engine(a).write(now, handle_a, stream, &[1; 10_000]).unwrap();
    net.flush(a);
    run_for(&mut net, 6 * SECOND);
    assert_eq!(closed(&mut net, a), None);
    run_for(&mut net, 2 * SECOND);
    match closed(&mut net, a) {
        Some(CloseCause::PeerLost { silent_micros }) => {
            assert!((7 * SECOND..8 * SECOND).contains(&silent_micros))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn on_a_slow_path_too_a_peer_is_asked_several_times_before_it_counts_as_lost() {
    const LOST_AFTER: u64 = 6 * SECOND;
    for unheard in 1..=3 {
        let config = EngineConfig { peer_lost_after_micros: LOST_AFTER, ..EngineConfig::default() };
        let (mut net, a, b) = pair(7, config);
        for (from, to) in [(a, b), (b, a)] {
            net.link(from, to).config.delay_micros = 550_000;
        }
        let (handle_a, _) = net.associate(a, b, Cipher::ChaCha20Poly1305);
        // Few samples: a plain probe time-out is nearly three times as long as a round trip.
        run_for(&mut net, 10 * SECOND);
        let sent =
            |net: &mut Network| net.engine(a).association_stats(handle_a).unwrap().counters.packets_sent;
        let sent_before = sent(&mut net);
        net.link(a, b).config.down = true;
        let now = net.now();
        net.engine(a).ping(now, handle_a, 1);
        net.flush(a);
        while sent(&mut net) < sent_before + unheard {
            let until = net.now().plus_micros(10 * SECOND);
            assert!(net.step(until));
        }
        net.link(a, b).config.down = false;
        run_for(&mut net, 10 * SECOND);
        assert_eq!(closed(&mut net, a), None, "after {unheard} packets that nobody heard");
        assert!(sent(&mut net) < sent_before + unheard + 5, "it falls silent again");
    }
}

#[test]
fn a_partition_shorter_than_that_loses_nothing() {
    let (mut net, a, b) = pair(8, EngineConfig::default());
    let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
    net.link(a, b).config.bytes_per_second = 1_250_000;
    let mut transfer = Transfer::start(&mut net, (a, b), associations, 4 << 20, 4 << 20);
    assert!(transfer.run(&mut net, SECOND).is_err());
    for (from, to) in [(a, b), (b, a)] {
        net.link(from, to).config.down = true;
    }
    run_for(&mut net, 20 * SECOND);
    for (from, to) in [(a, b), (b, a)] {
        net.link(from, to).config.down = false;
    }
    transfer.run(&mut net, 60 * SECOND).unwrap();
}

#[test]
fn a_frozen_process_goes_on_where_it_stopped() {
    let (mut net, a, b) = pair(9, EngineConfig::default());
    let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
    net.link(a, b).config.bytes_per_second = 1_250_000;
    let mut transfer = Transfer::start(&mut net, (a, b), associations, 4 << 20, 0);
    assert!(transfer.run(&mut net, SECOND).is_err());
    net.freeze(b, 10 * SECOND);
    transfer.run(&mut net, 60 * SECOND).unwrap();
}

#[test]
fn a_process_that_was_stopped_for_longer_than_the_peer_lost_time_asks_before_it_gives_up() {
    let (mut net, a, b) = pair(13, EngineConfig::default());
    let (handle_a, _) = net.associate(a, b, Cipher::ChaCha20Poly1305);
    run_for(&mut net, SECOND);
    let stream = open(&mut net, a, handle_a);
    let now = net.now();
    net.engine(a).write(now, handle_a, stream, &[1; 5_000]).unwrap();
    net.flush(a);
    // A link that swallows the answers while the sender is stopped, for nearly as long as its peer asks for it: the worst that a sleep can do.
    net.link(b, a).config.down = true;
    net.freeze(a, 44 * SECOND);
    run_for(&mut net, 43 * SECOND);
    net.link(b, a).config.down = false;
    run_for(&mut net, 20 * SECOND);
    assert_eq!(closed(&mut net, a), None);
    let stats = net.engine(a).association_stats(handle_a).unwrap();
    assert_eq!(stats.bytes_in_flight, 0, "everything was acknowledged afterwards");
}

#[test]
fn short_waits_in_front_of_a_long_one_leave_no_timers_behind() {
    let (mut net, a, b) = pair(14, EngineConfig::default());
    let (handle_a, _) = net.associate(a, b, Cipher::ChaCha20Poly1305);
    for token in 0..2_000 {
        let now = net.now();
        net.engine(a).ping(now, handle_a, token);
        net.flush(a);
        run_for(&mut net, SECOND / 20);
    }
    let waiting = net.engine(a).timers_waiting();
    assert!(waiting < 100, "{waiting} entries for one association");
}

#[test]
fn nobody_is_woken_for_a_deadline_that_has_moved() {
    let (mut net, a, b) = pair(12, EngineConfig::default());
    let (handle, _) = net.associate(a, b, Cipher::ChaCha20Poly1305);
    for token in 0..20 {
        let now = net.now();
        net.engine(a).ping(now, handle, token);
        net.flush(a);
        run_for(&mut net, 30_000);
        // The answer came long before the probe that was set for its loss.
        let (deadline, now) = (net.engine(a).poll_timeout(), net.now());
        assert!(
            deadline.is_none_or(|at| at.saturating_micros_since(now) > SECOND),
            "{deadline:?} at {now:?}"
        );
    }
}

#[test]
fn packets_of_strangers_move_nothing_and_are_counted() {
    let (mut net, a, b) = pair(10, EngineConfig::default());
    let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
    run_for(&mut net, SECOND);
    let path = net.engine(b).association_path(associations.1).unwrap();
    let rejected_before = net.engine(b).stats().packets_rejected;
    for index in 0..2_000_u32 {
        let len = net.rng.below(1_500) as usize;
        let mut packet = vec![0; len];
        for byte in &mut packet {
            *byte = net.rng.next_u64() as u8;
        }
        if len > 1 {
            packet[0] = (index % 8) as u8;
            packet[1] = (index / 8 % 6) as u8;
        }
        if index % 3 == 0 && len > 16 {
            packet[2..4].fill(0);
        }
        let now = net.now();
        let meta = ReceiveMeta { path, ecn: Ecn::NotEct, segment_size: len.div_ceil(3) };
        net.engine(b).handle_train(now, &meta, &mut packet);
    }
    assert!(net.engine(b).stats().packets_rejected > rejected_before + 2_000);
    let mut transfer = Transfer::start(&mut net, (a, b), associations, 1 << 20, 1 << 20);
    transfer.run(&mut net, 60 * SECOND).unwrap();
}

#[test]
fn a_peer_that_forgot_the_association_says_so_and_nothing_is_torn_down() {
    let (mut net, a, b) = pair(11, EngineConfig::default());
    let (handle_a, handle_b) = net.associate(a, b, Cipher::ChaCha20Poly1305);
    run_for(&mut net, SECOND);
    let now = net.now();
    net.engine(b).drop_association(handle_b);
    for token in 0..20 {
        net.engine(a).ping(now, handle_a, token);
        net.flush(a);
        run_for(&mut net, SECOND / 10);
    }
    let hints = events(&mut net, a).iter().filter(|event| matches!(event, Event::ResetHint { .. })).count();
    assert!((1..=3).contains(&hints), "{hints} hints in two seconds");
    assert!(net.engine(a).association_stats(handle_a).is_some());
}

#[test]
fn a_ping_tells_the_round_trip_and_is_answered_without_delay() {
    let (mut net, a, b) = pair(12, EngineConfig::default());
    let (handle_a, _) = net.associate(a, b, Cipher::ChaCha20Poly1305);
    run_for(&mut net, SECOND);
    events(&mut net, a);
    let now = net.now();
    net.engine(a).ping(now, handle_a, 77);
    net.flush(a);
    run_for(&mut net, SECOND);
    let pongs = events(&mut net, a);
    assert!(matches!(pongs[..], [Event::Pong { token: 77, rtt_micros: 20_000, .. }]), "{pongs:?}");
}
