//! Messages and datagrams over a network that loses, repeats and reorders, under a loss detection that errs: what the sender counts is what the
//! receiver handed over.

use super::*;
use proptest::prelude::*;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// How the world misbehaves, in percent.
#[derive(Clone, Copy, Debug)]
struct Weather {
    loss: u64,
    duplication: u64,
    /// Packets that arrived and count as lost all the same, for a while or for ever.
    misjudged: u64,
    delay_micros: u64,
}

/// What the messages are like.
#[derive(Clone, Copy, Debug)]
struct Traffic {
    kind: StreamKind,
    messages: u32,
    longest: u64,
    unordered: u64,
    mortal: u64,
    lifetime_micros: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Arrives,
    Acknowledged,
    Lost,
}

struct World {
    pair: Pair,
    dice: u64,
    weather: Weather,
    packets: Vec<(usize, Packet)>,
    coming: BinaryHeap<Reverse<(Instant, Happening, usize)>>,
}

impl World {
    fn roll(&mut self, sides: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice >> 11) % sides
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }

    fn later(&mut self, trips: u64) -> Instant {
        let delay = self.weather.delay_micros;
        let micros = trips * delay + self.roll(delay);
        self.pair.now.plus_micros(micros)
    }

    /// Sends what both ends have to say, and decides what becomes of it.
    fn transmit(&mut self) {
        for from in [0, 1] {
            while let Some(packet) = self.pair.send(from) {
                let index = self.packets.len();
                self.packets.push((from, packet));
                let lost = self.chance(self.weather.loss);
                if lost {
                    let at = self.later(4);
                    self.coming.push(Reverse((at, Happening::Lost, index)));
                    continue;
                }
                for _ in 0..=u64::from(self.chance(self.weather.duplication)) {
                    let at = self.later(1);
                    self.coming.push(Reverse((at, Happening::Arrives, index)));
                }
                let misjudged = self.chance(self.weather.misjudged);
                if misjudged {
                    let at = self.later(4);
                    self.coming.push(Reverse((at, Happening::Lost, index)));
                }
                if !misjudged || self.chance(50) {
                    let at = self.later(if misjudged { 8 } else { 3 });
                    self.coming.push(Reverse((at, Happening::Acknowledged, index)));
                }
            }
        }
    }

    /// Moves time on to what comes next, or to the next lifetime that is over. False when nothing ever will.
    fn step(&mut self) -> bool {
        let deadlines = self.pair.ends.iter().filter_map(|end| end.deadline());
        let next = self.coming.peek().map(|Reverse((at, ..))| *at);
        let Some(at) = next.into_iter().chain(deadlines).min() else { return false };
        self.pair.wait(at.saturating_micros_since(self.pair.now));
        while let Some(Reverse((at, happening, index))) = self.coming.peek().copied() {
            if at > self.pair.now {
                break;
            }
            self.coming.pop();
            let (from, packet) = &self.packets[index];
            match happening {
                Happening::Arrives => self.pair.deliver(1 - from, packet),
                Happening::Acknowledged => self.pair.acknowledge(*from, packet),
                Happening::Lost => self.pair.lose(*from, packet),
            }
        }
        true
    }
}

fn message(token: u32, len: u64) -> Vec<u8> {
    let mut bytes = token.to_le_bytes().to_vec();
    bytes.extend(pattern(u64::from(token), len as usize));
    bytes
}

fn run(seed: u64, weather: Weather, traffic: Traffic, setup: Setup) {
    let mut pair = Pair::with(setup);
    let [a, b] = pair.open_kind(traffic.kind);
    let mut world = World { pair, dice: seed | 1, weather, packets: Vec::new(), coming: BinaryHeap::new() };
    let mut sent = BTreeMap::new();
    let mut ordered_sent = Vec::new();
    let (mut handed_over, mut fates) = (Vec::new(), BTreeMap::new());
    let mut ended = false;
    loop {
        while (sent.len() as u32) < traffic.messages && world.chance(60) {
            let token = sent.len() as u32;
            let len = world.roll(traffic.longest);
            let len = world.roll(len + 1);
            let options = MessageOptions {
                unordered: world.chance(traffic.unordered),
                token: Some(token),
                lifetime_micros: world.chance(traffic.mortal).then_some(traffic.lifetime_micros),
            };
            let bytes = message(token, len);
            let outcome = world.pair.ends[0].send_message(world.pair.now, a, &bytes, &options);
            if outcome != Ok(SendOutcome::Accepted) {
                break;
            }
            if !options.unordered {
                ordered_sent.push(token);
            }
            sent.insert(token, bytes);
            if sent.len() as u32 == traffic.messages {
                world.pair.ends[0].finish(a).unwrap();
                world.pair.ends[1].finish(b).unwrap();
            }
        }
        world.transmit();
        let moved = world.step();
        if !ended && world.chance(50) {
            let (messages, end) = world.pair.receive(1, b);
            handed_over.extend(messages);
            ended = end;
        }
        for (token, fate) in world.pair.fates(0) {
            assert_eq!(fates.insert(token, fate), None, "a fate is told once");
        }
        let quiet = !moved && !world.pair.ends.iter().any(Streams::wants_to_send);
        if ended && quiet {
            break;
        }
        assert!(world.packets.len() < 500_000, "no end: {:?}", world.pair.stats(0, a));
    }
    let tokens: Vec<u32> = handed_over
        .iter()
        .map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        .collect();
    for (token, bytes) in tokens.iter().zip(&handed_over) {
        assert_eq!(&sent[token], bytes);
    }
    let got: BTreeSet<u32> = tokens.iter().copied().collect();
    assert_eq!(got.len(), tokens.len(), "nothing is handed over twice");
    assert_eq!(fates.len() as u32, traffic.messages);
    let delivered: BTreeSet<u32> =
        fates.iter().filter(|(_, fate)| **fate == MessageFate::Delivered).map(|(token, _)| *token).collect();
    if traffic.kind == StreamKind::Messages {
        assert_eq!(got, delivered, "what is handed over is what counts as delivered");
        let in_order: Vec<u32> =
            tokens.iter().copied().filter(|token| ordered_sent.contains(token)).collect();
        assert!(in_order.is_sorted());
    } else {
        assert!(got.is_superset(&delivered), "what was acknowledged arrived");
    }
    world.pair.exchange();
    let _ = world.pair.receive_end(0, a);
    world.pair.exchange();
    let _ = (world.pair.events(0), world.pair.events(1));
    world.pair.assert_nothing_held();
}

impl Pair {
    /// Reads the end of what comes back, where the stream still has it.
    fn receive_end(&mut self, at: usize, handle: u32) -> Option<MessagesRead> {
        self.ends[at].read_messages(self.now, RTT, handle, &mut [], &mut [0]).ok()
    }
}

fn weather() -> impl Strategy<Value = Weather> {
    (0_u64..40, 0_u64..30, 0_u64..40, 100_u64..20_000).prop_map(
        |(loss, duplication, misjudged, delay_micros)| Weather { loss, duplication, misjudged, delay_micros },
    )
}

fn traffic(kind: StreamKind) -> impl Strategy<Value = Traffic> {
    (1_u32..60, 1_u64..30_000, 0_u64..=100, 0_u64..=100, 1_u64..150_000).prop_map(
        move |(messages, longest, unordered, mortal, lifetime_micros)| Traffic {
            kind,
            messages,
            longest,
            unordered,
            mortal,
            lifetime_micros,
        },
    )
}

fn setup() -> impl Strategy<Value = Setup> {
    (9_u32..17, 0_u32..5, 14_u32..19).prop_map(|(window, growth, send_buffer)| Setup {
        window: 1 << window,
        window_cap: 1 << (window + growth),
        send_buffer_cap: 1 << send_buffer,
        ..Setup::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_the_sender_counts_is_what_the_receiver_handed_over(
        seed: u64, weather in weather(), traffic in traffic(StreamKind::Messages), setup in setup(),
    ) {
        run(seed, weather, traffic, setup);
    }

    #[test]
    fn every_datagram_is_acknowledged_or_presumed_lost(
        seed: u64, weather in weather(), traffic in traffic(StreamKind::Datagrams), setup in setup(),
    ) {
        // A packet that comes twice is dropped before its frames are read: no datagram does.
        run(seed, Weather { duplication: 0, ..weather }, traffic, setup);
    }
}
