//! Messages and datagrams over networks that lose, delay, reorder, repeat and damage: every fate is known, and true.
#![allow(clippy::unwrap_used)]

use osier_core::{
    Cipher, EngineConfig, Event, Instant, MessageFate, MessageOptions, OpenRequest, SendOutcome, StreamEvent,
    StreamKind,
};
use osier_sim::campaign::link_of;
use osier_sim::{HostId, LinkConfig, Network};
use std::collections::{BTreeMap, BTreeSet};

const SECOND: u64 = 1_000_000;

/// One stream from the first host to the second.
struct Course {
    net: Network,
    hosts: (HostId, HostId),
    associations: (u32, u32),
    streams: Vec<(u32, Option<u32>)>,
    fates: BTreeMap<u32, MessageFate>,
    /// What was read of each stream, in order, and when.
    received: Vec<Vec<(Instant, Vec<u8>)>>,
    ended: usize,
    buffer: Vec<u8>,
}

impl Course {
    fn new(seed: u64, config: &EngineConfig, link: &LinkConfig) -> Self {
        let mut net = Network::new(seed);
        let (a, b) = (net.add_host(config.clone()), net.add_host(config.clone()));
        net.set_link(a, b, link.clone());
        net.set_link(b, a, link.clone());
        let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
        let buffer = vec![0; config.message_bytes as usize];
        let (streams, received, fates) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { net, hosts: (a, b), associations, streams, fates, received, ended: 0, buffer }
    }

    /// Opens a stream; the position in its protocol's name tells the receiver which one it is.
    fn open(&mut self, kind: StreamKind, priority: u8) -> u32 {
        let protocol = self.streams.len().to_string();
        let request = OpenRequest { kind, priority, protocol: &protocol, metadata: b"" };
        let now = self.net.now();
        let opened = self.net.engine(self.hosts.0).open_stream(now, self.associations.0, &request);
        let stream = opened.unwrap().unwrap();
        self.streams.push((stream, None));
        self.received.push(Vec::new());
        stream
    }

    fn send(&mut self, stream: u32, bytes: &[u8], options: &MessageOptions) -> SendOutcome {
        let now = self.net.now();
        let engine = self.net.engine(self.hosts.0);
        engine.send_message(now, self.associations.0, stream, bytes, options).unwrap()
    }

    fn finish(&mut self, stream: u32) {
        let now = self.net.now();
        self.net.engine(self.hosts.0).finish(now, self.associations.0, stream).unwrap();
    }

    /// Takes events and messages as they are now.
    fn poll(&mut self) {
        while let Some(event) = self.net.engine(self.hosts.0).poll_event() {
            if let Event::Stream { event: StreamEvent::MessageSettled { token, fate, .. }, .. } = event {
                assert_eq!(self.fates.insert(token, fate), None, "a fate is told once");
            }
        }
        while let Some(event) = self.net.engine(self.hosts.1).poll_event() {
            if let Event::Stream { event: StreamEvent::Opened { handle, protocol, .. }, .. } = event {
                let position: usize = String::from_utf8(protocol).unwrap().parse().unwrap();
                self.streams[position].1 = Some(handle);
            }
        }
        let (now, mut lengths) = (self.net.now(), [0; 64]);
        for position in 0..self.streams.len() {
            while let Some(handle) = self.streams[position].1 {
                let engine = self.net.engine(self.hosts.1);
                let read =
                    engine.read_messages(now, self.associations.1, handle, &mut self.buffer, &mut lengths);
                let Ok(read) = read else { break };
                let mut from = 0;
                for length in &lengths[..read.count] {
                    let bytes = self.buffer[from..from + *length as usize].to_vec();
                    self.received[position].push((now, bytes));
                    from += *length as usize;
                }
                if read.end {
                    self.ended += 1;
                    self.streams[position].1 = None;
                    break;
                }
                if read.count == 0 {
                    break;
                }
            }
        }
        self.net.flush(self.hosts.0);
        self.net.flush(self.hosts.1);
    }

    /// Runs until `until`, or until nothing happens any more.
    fn run(&mut self, until: Instant, done: impl Fn(&Self) -> bool) {
        loop {
            self.poll();
            if done(self) || !self.net.step(until) {
                return;
            }
        }
    }
}

fn message(token: u32, len: u64) -> Vec<u8> {
    let mut bytes = vec![token as u8; 4 + len as usize];
    bytes[..4].copy_from_slice(&token.to_le_bytes());
    bytes
}

fn token_of(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// Sends `count` messages over the cell of `seed`, some unordered, some with lifetimes from less than a trip to many.
fn run_cell(seed: u64, kind: StreamKind, count: u32) {
    let link = link_of(seed);
    let mut course = Course::new(seed, &EngineConfig::default(), &link);
    let stream = course.open(kind, 3);
    let mut sent = Vec::new();
    while sent.len() < count as usize {
        let token = sent.len() as u32;
        let longest = [100, 2_000, 40_000][course.net.rng.below(3) as usize];
        let bytes = message(token, course.net.rng.below(longest));
        let lifetime = 1_000 + course.net.rng.below(4 * link.delay_micros);
        let options = MessageOptions {
            unordered: course.net.rng.chance(0.5),
            token: Some(token),
            lifetime_micros: course.net.rng.chance(0.6).then_some(lifetime),
        };
        if course.send(stream, &bytes, &options) == SendOutcome::Accepted {
            sent.push((bytes, options));
        }
        let pause = course.net.rng.below(link.delay_micros / 2);
        let until = course.net.now().plus_micros(pause);
        course.run(until, |_| false);
    }
    course.finish(stream);
    let until = course.net.now().plus_micros(600 * SECOND);
    course.run(until, |course| course.ended == 1 && course.fates.len() == count as usize);

    let got: Vec<u32> = course.received[0].iter().map(|(_, bytes)| token_of(bytes)).collect();
    let (a, handle) = (course.hosts.0, course.associations.0);
    let expired = course.fates.values().filter(|fate| **fate == MessageFate::Expired).count();
    assert_eq!(course.fates.len(), count as usize, "seed {seed}: sent = delivered + expired");
    if let Ok(stats) = course.net.engine(a).message_stats(handle, stream) {
        let told = (stats.sent, stats.delivered, stats.expired, stats.unknown);
        let count = u64::from(count);
        assert_eq!(told, (count, count - expired as u64, expired as u64, 0), "seed {seed}");
    }
    for (_, bytes) in &course.received[0] {
        assert_eq!(bytes, &sent[token_of(bytes) as usize].0, "seed {seed}");
    }
    let unique: BTreeSet<u32> = got.iter().copied().collect();
    assert_eq!(unique.len(), got.len(), "seed {seed}: nothing arrives twice");
    let delivered: BTreeSet<u32> =
        course.fates.iter().filter(|(_, fate)| **fate == MessageFate::Delivered).map(|(t, _)| *t).collect();
    if kind == StreamKind::Messages {
        assert_eq!(unique, delivered, "seed {seed}: handed over is what counts as delivered");
        let ordered = got.iter().filter(|token| !sent[**token as usize].1.unordered);
        assert!(ordered.is_sorted(), "seed {seed}: ordered messages arrive in order");
    } else {
        assert!(unique.is_superset(&delivered), "seed {seed}: what was acknowledged arrived");
    }
}

#[test]
fn every_message_is_delivered_or_expired_and_never_both_in_every_cell() {
    for seed in 0..48 {
        run_cell(seed, StreamKind::Messages, 120);
    }
}

#[test]
fn every_datagram_is_acknowledged_or_presumed_lost_in_every_cell() {
    for seed in 0..32 {
        run_cell(seed, StreamKind::Datagrams, 80);
    }
}

#[test]
fn unordered_messages_overtake_a_lost_one_and_ordered_ones_wait_for_it() {
    for (unordered, expected) in [(true, [1, 2, 0]), (false, [0, 1, 2])] {
        let link = LinkConfig { delay_micros: 20_000, ..LinkConfig::default() };
        let mut course = Course::new(3, &EngineConfig::default(), &link);
        let stream = course.open(StreamKind::Messages, 3);
        let options = MessageOptions { unordered, ..MessageOptions::default() };
        let (a, b) = course.hosts;
        course.run(course.net.now().plus_micros(SECOND), |_| false);
        for token in 0..3 {
            course.net.link(a, b).config.down = token == 0;
            course.send(stream, &message(token, 500), &options);
            course.poll();
        }
        course.run(course.net.now().plus_micros(5 * SECOND), |course| course.received[0].len() == 3);
        let got: Vec<u32> = course.received[0].iter().map(|(_, bytes)| token_of(bytes)).collect();
        assert_eq!(got, expected);
    }
}

#[test]
fn a_datagram_that_was_only_probed_for_is_settled_by_what_becomes_of_it() {
    for (lost, fate) in [(false, MessageFate::Delivered), (true, MessageFate::Expired)] {
        let link = LinkConfig { delay_micros: 1_000, ..LinkConfig::default() };
        let mut course = Course::new(4, &EngineConfig::default(), &link);
        let stream = course.open(StreamKind::Datagrams, 3);
        let (a, b) = course.hosts;
        course.run(course.net.now().plus_micros(SECOND), |_| false);
        // The way there becomes so slow that the probe time-out comes long before any acknowledgement.
        course.net.link(a, b).config.delay_micros = 300_000;
        course.net.link(a, b).config.down = lost;
        let options = MessageOptions { token: Some(7), ..MessageOptions::default() };
        course.send(stream, &message(7, 100), &options);
        course.poll();
        course.net.link(a, b).config.down = false;
        course.run(course.net.now().plus_micros(250_000), |_| false);
        assert_eq!(course.fates.get(&7), None, "a probe tells nothing");
        course.run(course.net.now().plus_micros(5 * SECOND), |_| false);
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
    let mut course = Course::new(11, &config, &link);
    let (bulk, small) = (course.open(StreamKind::Messages, 7), course.open(StreamKind::Messages, 0));
    let large = vec![7; 64 << 20];
    assert_eq!(course.send(bulk, &large, &MessageOptions::default()), SendOutcome::Accepted);
    let mut sent_at = Vec::new();
    while course.received[0].is_empty() {
        sent_at.push(course.net.now());
        assert!(sent_at.len() < 3_000, "the large message does not arrive");
        let bytes = message(sent_at.len() as u32 - 1, 60);
        assert_eq!(course.send(small, &bytes, &MessageOptions::default()), SendOutcome::Accepted);
        let next = course.net.now().plus_micros(10_000);
        course.run(next, |_| false);
    }
    assert!(course.received[0][0].1 == large);
    assert!(sent_at.len() > 300, "the large message took its time");
    let mut late: Vec<u64> = course.received[1]
        .iter()
        .map(|(at, bytes)| at.saturating_micros_since(sent_at[token_of(bytes) as usize]))
        .collect();
    assert!(late.len() + 10 > sent_at.len());
    late.sort_unstable();
    let p99 = late[late.len() * 99 / 100];
    assert!(p99 <= 2 * RTT, "{p99} us, median {}", late[late.len() / 2]);
}
