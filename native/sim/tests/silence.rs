//! What an end does that hears nothing: with open streams it asks, without any it is silent too.
#![allow(clippy::unwrap_used)]

use osier_core::{Cipher, CloseCause, EngineConfig, Event, OpenRequest, StreamEvent, StreamKind};
use osier_sim::{HostId, LinkConfig, Network};

const SECOND: u64 = 1_000_000;
const PEER_LOST_AFTER: u64 = 8 * SECOND;
/// When an end that hears nothing asks.
const PATIENCE: u64 = PEER_LOST_AFTER / 2;

/// A stream that `a` opened and `b` accepted, after some bytes both ways; both ends only read from now on.
struct Quiet {
    net: Network,
    a: (HostId, u32, u32),
    b: (HostId, u32, u32),
}

impl Quiet {
    fn new(seed: u64) -> Self {
        let mut net = Network::new(seed);
        let config = EngineConfig { peer_lost_after_micros: PEER_LOST_AFTER, ..EngineConfig::default() };
        let (a, b) = (net.add_host(config.clone()), net.add_host(config));
        let link = LinkConfig { delay_micros: 10_000, ..LinkConfig::default() };
        net.set_link(a, b, link.clone());
        net.set_link(b, a, link);
        let (handle_a, handle_b) = net.associate(a, b, Cipher::ChaCha20Poly1305);
        let request = OpenRequest { kind: StreamKind::Bytes, priority: 3, protocol: "test", metadata: b"" };
        let now = net.now();
        let opened = net.engine(a).open_stream(now, handle_a, &request).unwrap().unwrap();
        let mut quiet = Self { net, a: (a, handle_a, opened), b: (b, handle_b, 0) };
        quiet.write(quiet.a);
        quiet.run_for(SECOND / 2);
        let accepted =
            std::iter::from_fn(|| quiet.net.engine(b).poll_event()).find_map(|event| match event {
                Event::Stream { event: StreamEvent::Opened { handle, .. }, .. } => Some(handle),
                _ => None,
            });
        quiet.b.2 = accepted.unwrap();
        quiet.write(quiet.b);
        // What follows from it, size probes included.
        quiet.run_for(SECOND / 2);
        quiet
    }

    fn write(&mut self, (host, association, stream): (HostId, u32, u32)) {
        let now = self.net.now();
        self.net.engine(host).write(now, association, stream, &[7; 100]).unwrap();
        self.net.flush(host);
    }

    fn read(&mut self, (host, association, stream): (HostId, u32, u32)) -> usize {
        let now = self.net.now();
        let mut buffer = [0; 1_000];
        let bytes = self.net.engine(host).read(now, association, stream, &mut buffer).unwrap().bytes;
        self.net.flush(host);
        bytes
    }

    fn run_for(&mut self, micros: u64) {
        let until = self.net.now().plus_micros(micros);
        while self.net.step(until) {}
    }

    fn cut(&mut self, down: bool) {
        for (from, to) in [(self.a.0, self.b.0), (self.b.0, self.a.0)] {
            self.net.link(from, to).config.down = down;
        }
    }

    fn sent(&mut self) -> u64 {
        [self.a.0, self.b.0].map(|host| self.net.engine(host).stats().packets_sent).iter().sum()
    }

    fn cause(&mut self, host: HostId) -> Option<CloseCause> {
        std::iter::from_fn(|| self.net.engine(host).poll_event()).find_map(|event| match event {
            Event::AssociationClosed { cause, .. } => Some(cause),
            _ => None,
        })
    }
}

#[test]
fn an_end_that_only_reads_learns_within_half_as_long_again_that_its_peer_is_lost() {
    for seed in 0..8 {
        let mut quiet = Quiet::new(seed);
        quiet.run_for(seed * SECOND);
        quiet.cut(true);
        quiet.run_for(PEER_LOST_AFTER - 1);
        assert_eq!(quiet.cause(quiet.a.0), None, "seed {seed}: it has its whole time to answer");
        quiet.run_for(PATIENCE + 1);
        for host in [quiet.a.0, quiet.b.0] {
            let cause = quiet.cause(host);
            assert!(matches!(cause, Some(CloseCause::PeerLost { .. })), "seed {seed}: {cause:?}");
        }
    }
}

#[test]
fn an_outage_that_is_shorter_than_that_ends_no_quiet_stream() {
    for seed in 0..8 {
        let mut quiet = Quiet::new(seed);
        quiet.run_for(seed * SECOND);
        quiet.cut(true);
        quiet.run_for(PEER_LOST_AFTER - SECOND);
        quiet.cut(false);
        quiet.run_for(60 * SECOND);
        assert_eq!((quiet.cause(quiet.a.0), quiet.cause(quiet.b.0)), (None, None), "seed {seed}");
        quiet.write(quiet.b);
        quiet.run_for(SECOND);
        assert_eq!(quiet.read(quiet.a), 200, "seed {seed}");
    }
}

#[test]
fn a_quiet_stream_costs_a_question_and_an_answer_of_each_end_in_half_that_time_and_is_no_use() {
    let mut quiet = Quiet::new(1);
    let in_use = |quiet: &mut Quiet| {
        let (host, association, _) = quiet.a;
        quiet.net.engine(host).association_stats(association).unwrap().counters.packets_in_use
    };
    let (before, in_use_before) = (quiet.sent(), in_use(&mut quiet));
    quiet.run_for(100 * PATIENCE);
    let sent = quiet.sent() - before;
    assert!((2 * 99..=4 * 100).contains(&sent), "{sent} packets");
    assert_eq!(in_use(&mut quiet), in_use_before);
    quiet.write(quiet.b);
    quiet.run_for(SECOND);
    assert_eq!(in_use(&mut quiet), in_use_before + 1);
}

#[test]
fn an_association_without_open_streams_is_silent() {
    let mut quiet = Quiet::new(2);
    for (host, association, stream) in [quiet.a, quiet.b] {
        let now = quiet.net.now();
        quiet.net.engine(host).finish(now, association, stream).unwrap();
        quiet.net.flush(host);
    }
    quiet.run_for(SECOND);
    for end in [quiet.a, quiet.b] {
        while quiet.read(end) > 0 {}
        // A stream is over when its end was told.
        assert_eq!(quiet.cause(end.0), None);
    }
    quiet.run_for(SECOND);
    assert_eq!([quiet.a.0, quiet.b.0].map(|host| quiet.net.engine(host).stats().streams_open), [0, 0]);
    let before = quiet.sent();
    quiet.run_for(20 * PATIENCE);
    assert_eq!(quiet.sent(), before);
}

#[test]
fn a_reader_behind_a_nat_that_changes_its_port_is_found_without_writing() {
    for seed in 0..8 {
        let mut quiet = Quiet::new(seed);
        quiet.run_for(seed * SECOND / 2);
        quiet.net.set_address(quiet.a.0, "10.0.0.0:7401".parse().unwrap());
        quiet.write(quiet.b);
        quiet.run_for(PATIENCE + SECOND);
        assert_eq!(quiet.read(quiet.a), 200, "seed {seed}");
    }
}
