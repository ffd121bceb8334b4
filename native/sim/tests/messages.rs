//! Messages and datagrams over networks that lose, delay, reorder, repeat and damage: every fate is known, and true.
#![allow(clippy::unwrap_used)]

use osier_core::{EngineConfig, MessageFate, MessageOptions, SendOutcome, StreamKind};
use osier_sim::message_cell::run_message_cell;
use osier_sim::message_course::{message, token_of};
use osier_sim::{LinkConfig, MessageCourse};

const SECOND: u64 = 1_000_000;

/// Over every link of the campaign: 48 that are finished, 16 that are given up.
const SEEDS: std::ops::Range<u64> = 0..64;

#[test]
fn every_message_is_delivered_or_expired_and_never_both_in_every_cell() {
    let unknown: u64 =
        SEEDS.map(|seed| run_message_cell(seed, StreamKind::Messages, 120).unwrap().unknown).sum();
    assert!(unknown > 0, "some are given up before their fate is known");
}

#[test]
fn every_datagram_is_acknowledged_or_presumed_lost_in_every_cell() {
    let unknown: u64 =
        SEEDS.map(|seed| run_message_cell(seed, StreamKind::Datagrams, 80).unwrap().unknown).sum();
    assert!(unknown > 0, "some are given up before their fate is known");
}

#[test]
fn unordered_messages_overtake_a_lost_one_and_ordered_ones_wait_for_it() {
    for (unordered, expected) in [(true, [1, 2, 0]), (false, [0, 1, 2])] {
        let link = LinkConfig { delay_micros: 20_000, ..LinkConfig::default() };
        let mut course = MessageCourse::new(3, &EngineConfig::default(), &link);
        let stream = course.open(StreamKind::Messages, 3).unwrap();
        let options = MessageOptions { unordered, ..MessageOptions::default() };
        let (a, b) = course.hosts;
        course.run(course.net.now().plus_micros(SECOND), |_| false).unwrap();
        for token in 0..3 {
            course.net.link(a, b).config.down = token == 0;
            course.send(stream, &message(token, 500), &options).unwrap();
            course.poll().unwrap();
        }
        course.run(course.net.now().plus_micros(5 * SECOND), |course| course.received[0].len() == 3).unwrap();
        let got: Vec<u32> = course.received[0].iter().map(|(_, bytes)| token_of(bytes).unwrap()).collect();
        assert_eq!(got, expected);
    }
}

#[test]
fn a_datagram_that_was_only_probed_for_is_settled_by_what_becomes_of_it() {
    for (lost, fate) in [(false, MessageFate::Delivered), (true, MessageFate::Expired)] {
        let link = LinkConfig { delay_micros: 1_000, ..LinkConfig::default() };
        let mut course = MessageCourse::new(4, &EngineConfig::default(), &link);
        let stream = course.open(StreamKind::Datagrams, 3).unwrap();
        let (a, b) = course.hosts;
        course.run(course.net.now().plus_micros(SECOND), |_| false).unwrap();
        // The way there becomes so slow that the probe time-out comes long before any acknowledgement.
        course.net.link(a, b).config.delay_micros = 300_000;
        course.net.link(a, b).config.down = lost;
        let options = MessageOptions { token: Some(7), ..MessageOptions::default() };
        course.send(stream, &message(7, 100), &options).unwrap();
        course.poll().unwrap();
        course.net.link(a, b).config.down = false;
        course.run(course.net.now().plus_micros(250_000), |_| false).unwrap();
        assert_eq!(course.fates.get(&7), None, "a probe tells nothing");
        course.run(course.net.now().plus_micros(5 * SECOND), |_| false).unwrap();
        assert_eq!(course.fates.get(&7), Some(&fate));
        assert_eq!(course.received[0].len(), usize::from(!lost), "and its peer has it, or has not");
    }
}

#[test]
fn small_messages_of_a_high_level_pass_a_64_mib_message_within_two_round_trips() {
    const RTT: u64 = 20_000;
    const RATE: u64 = 12_500_000;
    let link = LinkConfig {
        delay_micros: RTT / 2,
        bytes_per_second: RATE,
        queue_bytes: RATE / 100,
        ..LinkConfig::default()
    };
    let config = EngineConfig { message_bytes: 64 << 20, memory_bytes: 1 << 30, ..EngineConfig::default() };
    let mut course = MessageCourse::new(11, &config, &link);
    let (bulk, small) =
        (course.open(StreamKind::Messages, 7).unwrap(), course.open(StreamKind::Messages, 0).unwrap());
    let large = vec![7; 64 << 20];
    assert_eq!(course.send(bulk, &large, &MessageOptions::default()).unwrap(), SendOutcome::Accepted);
    let mut sent_at = Vec::new();
    while course.received[0].is_empty() {
        sent_at.push(course.net.now());
        assert!(sent_at.len() < 3_000, "the large message does not arrive");
        let bytes = message(sent_at.len() as u32 - 1, 60);
        assert_eq!(course.send(small, &bytes, &MessageOptions::default()).unwrap(), SendOutcome::Accepted);
        let next = course.net.now().plus_micros(10_000);
        course.run(next, |_| false).unwrap();
    }
    assert!(course.received[0][0].1 == large);
    assert!(sent_at.len() > 300, "the large message took its time");
    let mut late: Vec<u64> = course.received[1]
        .iter()
        .map(|(at, bytes)| at.saturating_micros_since(sent_at[token_of(bytes).unwrap() as usize]))
        .collect();
    assert!(late.len() + 10 > sent_at.len());
    late.sort_unstable();
    let p99 = late[late.len() * 99 / 100];
    assert!(p99 <= 2 * RTT, "{p99} us, median {}", late[late.len() / 2]);
}
