//! Hops that are watched: silence is found soon, and neither quiet, nor traffic, nor an event loop that is busy is taken for it.
#![allow(clippy::unwrap_used)]

use osier_core::{Cipher, EngineConfig, Event, OpenRequest, StreamEvent, StreamKind};
use osier_sim::{HostId, LinkConfig, Network};

const MILLISECOND: u64 = 1_000;
const SECOND: u64 = 1_000_000;
const ONE_WAY_MICROS: u64 = 100;
/// Profiles `lan` and `wan`.
const LAN: u64 = 10 * MILLISECOND;
const WAN: u64 = 250 * MILLISECOND;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Suspected,
    Recovered,
}

/// Two ends with a stream, on which the first writes 64 bytes each so often.
struct Hop {
    net: Network,
    hosts: [HostId; 2],
    handles: [u32; 2],
    stream: u32,
    accepted: Option<u32>,
    told: [Vec<(u64, Told)>; 2],
}

impl Hop {
    fn new(one_way_micros: u64, interval_micros: u64) -> Self {
        let mut net = Network::new(3);
        let hosts = [(); 2].map(|()| net.add_host(EngineConfig::default()));
        let link = LinkConfig { delay_micros: one_way_micros, ..LinkConfig::default() };
        net.set_link(hosts[0], hosts[1], link.clone());
        net.set_link(hosts[1], hosts[0], link);
        let (a, b) = net.associate(hosts[0], hosts[1], Cipher::ChaCha20Poly1305);
        let now = net.now();
        net.engine(hosts[0]).set_liveness(now, a, interval_micros);
        net.engine(hosts[1]).set_liveness(now, b, interval_micros);
        let request = OpenRequest { kind: StreamKind::Bytes, priority: 3, protocol: "test", metadata: b"" };
        let stream = net.engine(hosts[0]).open_stream(now, a, &request).unwrap().unwrap();
        let (accepted, told) = (None, [Vec::new(), Vec::new()]);
        let mut hop = Self { net, hosts, handles: [a, b], stream, accepted, told };
        hop.write_for(SECOND / 2, MILLISECOND);
        hop
    }

    /// Writes for so long, and reads what comes.
    fn write_for(&mut self, micros: u64, every_micros: u64) {
        for _ in 0..micros / every_micros {
            let now = self.net.now();
            self.net.engine(self.hosts[0]).write(now, self.handles[0], self.stream, &[7; 64]).unwrap();
            self.net.flush(self.hosts[0]);
            self.run_for(every_micros);
        }
    }

    fn run_for(&mut self, micros: u64) {
        let until = self.net.now().plus_micros(micros);
        while self.net.step(until) {
            for end in 0..2 {
                while let Some(event) = self.net.engine(self.hosts[end]).poll_event() {
                    self.take(end, &event);
                }
            }
            let (now, [_, b]) = (self.net.now(), self.handles);
            let mut buffer = [0; 4_096];
            if let Some(stream) = self.accepted {
                while self
                    .net
                    .engine(self.hosts[1])
                    .read(now, b, stream, &mut buffer)
                    .is_ok_and(|read| read.bytes > 0)
                {}
                self.net.flush(self.hosts[1]);
            }
        }
    }

    fn take(&mut self, end: usize, event: &Event) {
        let told = match event {
            Event::HopSuspected { .. } => Told::Suspected,
            Event::HopRecovered { .. } => Told::Recovered,
            Event::Stream { event: StreamEvent::Opened { handle, .. }, .. } => {
                self.accepted = Some(*handle);
                return;
            }
            _ => return,
        };
        self.told[end].push((self.net.now().as_micros(), told));
    }

    fn cut(&mut self, down: bool) {
        let [a, b] = self.hosts;
        self.net.link(a, b).config.down = down;
        self.net.link(b, a).config.down = down;
    }

    fn sent(&mut self) -> u64 {
        self.hosts.map(|host| self.net.engine(host).stats().packets_sent).iter().sum()
    }

    fn kinds(&self, end: usize) -> Vec<Told> {
        self.told[end].iter().map(|(_, told)| *told).collect()
    }
}

#[test]
fn silence_under_traffic_is_suspected_after_three_intervals_and_a_round_trip() {
    for (one_way_micros, interval_micros, bound_micros) in [
        (ONE_WAY_MICROS, LAN, 3 * LAN + 2 * MILLISECOND),
        (ONE_WAY_MICROS, WAN, 3 * WAN + 2 * MILLISECOND),
        // What is under way arrives for a round trip more; then the rule is a round trip and some more.
        (30 * MILLISECOND, LAN, 2 * 60 * MILLISECOND + 15 * MILLISECOND),
    ] {
        for phase in 0..10 {
            let mut hop = Hop::new(one_way_micros, interval_micros);
            hop.write_for(phase * interval_micros / 10, MILLISECOND);
            let cut_at = hop.net.now().as_micros();
            hop.cut(true);
            hop.write_for(bound_micros, MILLISECOND);
            assert_eq!(hop.kinds(0), [Told::Suspected], "interval {interval_micros}, phase {phase}");
            let after = hop.told[0][0].0 - cut_at;
            // An acknowledgement may have waited for 5 ms.
            assert!(after >= 3 * interval_micros - 5 * MILLISECOND, "after {after} us of {interval_micros}");
        }
    }
}

#[test]
fn the_end_that_only_hears_suspects_silence_as_well() {
    for phase in 0..10 {
        let mut hop = Hop::new(ONE_WAY_MICROS, LAN);
        hop.write_for(phase * LAN / 10, MILLISECOND);
        hop.cut(true);
        hop.run_for(4 * LAN + 2 * MILLISECOND);
        assert_eq!(hop.kinds(1), [Told::Suspected], "phase {phase}");
    }
}

#[test]
fn an_end_that_hears_the_other_and_is_not_heard_suspects_that() {
    let mut hop = Hop::new(ONE_WAY_MICROS, LAN);
    let [a, b] = hop.hosts;
    hop.net.link(a, b).config.down = true;
    for _ in 0..200 {
        let now = hop.net.now();
        hop.net.engine(b).ping(now, hop.handles[1], 1);
        hop.net.flush(b);
        hop.write_for(MILLISECOND, MILLISECOND);
    }
    assert_eq!(hop.kinds(0), [Told::Suspected]);
    hop.net.link(a, b).config.down = false;
    hop.write_for(2 * SECOND, MILLISECOND);
    assert_eq!(hop.kinds(0), [Told::Suspected, Told::Recovered]);
}

#[test]
fn a_hop_that_nobody_uses_sends_nothing() {
    let mut hop = Hop::new(ONE_WAY_MICROS, LAN);
    let before = hop.sent();
    hop.run_for(SECOND + 2 * LAN);
    let probes = hop.sent() - before;
    assert!((100..=420).contains(&probes), "{probes} packets in the second after its last use");
    let before = hop.sent();
    hop.cut(true);
    // Half of the time after which an end with open streams asks.
    hop.run_for(7 * SECOND);
    assert_eq!((hop.sent() - before, hop.kinds(0), hop.kinds(1)), (0, vec![], vec![]));
}

#[test]
fn traffic_that_is_acknowledged_takes_no_probes() {
    let packets = |interval_micros: u64| {
        let mut hop = Hop::new(ONE_WAY_MICROS, interval_micros);
        // The end that only hears has asked once by now, for the round trip.
        let before = hop.sent();
        hop.write_for(2 * SECOND, 4 * MILLISECOND);
        hop.sent() - before
    };
    assert_eq!(packets(LAN), packets(0));
}

#[test]
fn suspicion_and_recovery_are_told_once_at_each_end() {
    let mut hop = Hop::new(ONE_WAY_MICROS, LAN);
    hop.cut(true);
    hop.write_for(5 * SECOND, MILLISECOND);
    let before = hop.sent();
    hop.write_for(2 * SECOND, MILLISECOND);
    assert!(hop.sent() - before <= 2 * 2 * 8, "{} packets in two seconds of silence", hop.sent() - before);
    hop.cut(false);
    let back_at = hop.net.now().as_micros();
    hop.write_for(2 * SECOND, MILLISECOND);
    for end in 0..2 {
        assert_eq!(hop.kinds(end), [Told::Suspected, Told::Recovered], "end {end}");
        assert!(hop.told[end][1].0 - back_at <= SECOND + LAN);
    }
}

#[test]
fn an_end_whose_event_loop_is_busy_suspects_nobody_and_is_suspected_once() {
    let mut hop = Hop::new(ONE_WAY_MICROS, LAN);
    for second in 0..60 {
        // The moments between two writes, probes and timers differ.
        hop.net.freeze(hop.hosts[0], 40 * MILLISECOND + second * 37);
        hop.write_for(SECOND, 5 * MILLISECOND);
    }
    assert_eq!(hop.kinds(0), []);
    assert_eq!(hop.kinds(1), [Told::Suspected, Told::Recovered]);
}

#[test]
fn an_end_that_was_stopped_suspects_nobody() {
    for stopped_micros in [200 * MILLISECOND, 4 * SECOND, 7 * SECOND, 20 * SECOND] {
        for phase in 0..10 {
            let mut hop = Hop::new(ONE_WAY_MICROS, LAN);
            hop.write_for(SECOND / 10 + phase * MILLISECOND, MILLISECOND);
            hop.net.set_receive_buffer(hop.hosts[0], 100);
            hop.net.freeze(hop.hosts[0], stopped_micros);
            hop.run_for(stopped_micros);
            hop.write_for(SECOND, MILLISECOND);
            assert_eq!(hop.kinds(0), [], "stopped for {stopped_micros} us, phase {phase}");
        }
    }
}

#[test]
fn a_way_that_loses_a_tenth_is_hardly_ever_suspected() {
    let mut hop = Hop::new(ONE_WAY_MICROS, LAN);
    let [a, b] = hop.hosts;
    hop.net.link(a, b).config.loss_rate = 0.1;
    hop.net.link(b, a).config.loss_rate = 0.1;
    hop.write_for(60 * SECOND, MILLISECOND);
    assert!(hop.told[0].len() <= 2, "{:?}", hop.told[0]);
}

#[test]
fn a_node_that_stops_watching_sends_no_probes_and_tells_nothing() {
    let mut hop = Hop::new(ONE_WAY_MICROS, LAN);
    for end in 0..2 {
        let now = hop.net.now();
        hop.net.engine(hop.hosts[end]).set_liveness(now, hop.handles[end], 0);
    }
    hop.run_for(20 * MILLISECOND);
    let before = hop.sent();
    hop.run_for(SECOND);
    assert_eq!(hop.sent(), before);
    hop.cut(true);
    hop.write_for(SECOND, MILLISECOND);
    assert_eq!((hop.kinds(0), hop.kinds(1)), (vec![], vec![]));
}
