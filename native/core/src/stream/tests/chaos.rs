//! Many streams over a network that loses, repeats and reorders, under a loss detection that errs, used by applications that
//! do anything at any time.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A small generator: the same seed gives the same run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }
}

/// How the world misbehaves, in percent.
#[derive(Clone, Copy, Debug)]
struct Weather {
    loss: u64,
    duplication: u64,
    spurious: u64,
    abrupt_endings: u64,
}

/// What the two applications did to one stream, and saw of it. Index: the end.
#[derive(Debug, Default)]
struct Life {
    handles: [Option<u32>; 2],
    written: [u64; 2],
    finished: [bool; 2],
    reset: [bool; 2],
    stopped: [bool; 2],
    read: [u64; 2],
    saw_end: [bool; 2],
    saw_reset: [bool; 2],
    closed: [bool; 2],
    /// The peer had no memory for it.
    refused: bool,
}

struct Flying {
    from: usize,
    packet: Packet,
    delivered: bool,
    lost: bool,
}

struct World {
    pair: Pair,
    dice: Dice,
    weather: Weather,
    lives: BTreeMap<u64, Life>,
    flying: Vec<Flying>,
}

impl World {
    fn new(seed: u64, weather: Weather, setup: Setup) -> Self {
        Self {
            pair: Pair::with(setup),
            dice: Dice(seed | 1),
            weather,
            lives: BTreeMap::new(),
            flying: Vec::new(),
        }
    }

    fn step(&mut self) {
        self.pair.now = self.pair.now.plus_micros(self.dice.roll(RTT / 2));
        let at = self.dice.roll(2) as usize;
        match self.dice.roll(20) {
            0 => self.open(at),
            1..=5 => self.write(at),
            6..=8 => self.read(at),
            9 if self.dice.chance(self.weather.abrupt_endings) => self.end_abruptly(at),
            9 => self.finish(at),
            10..=14 => self.send(at),
            15..=17 => self.carry(),
            _ => self.hear(at),
        }
    }

    fn open(&mut self, at: usize) {
        if let Ok(handle) = self.pair.try_open(at) {
            let id = self.pair.ends[at].table.get(handle).unwrap().id.0;
            self.lives.entry(id).or_default().handles[at] = Some(handle);
        }
    }

    /// A stream that the application at `at` knows and that has not closed there.
    fn any(&mut self, at: usize) -> Option<(u64, u32)> {
        let known = |(id, life): (&u64, &Life)| Some((*id, life.handles[at].filter(|_| !life.closed[at])?));
        let all: Vec<_> = self.lives.iter().filter_map(known).collect();
        (!all.is_empty()).then(|| all[self.dice.roll(all.len() as u64) as usize])
    }

    fn write(&mut self, at: usize) {
        let Some((id, handle)) = self.any(at) else { return };
        let most = if self.dice.chance(30) { 40_000 } else { 600 };
        let len = self.dice.roll(most) as usize;
        let life = self.lives.get_mut(&id).unwrap();
        let bytes = pattern(key(id, at) + life.written[at], len);
        match self.pair.ends[at].write(handle, &bytes) {
            Ok(taken) => {
                assert!(!life.finished[at] && !life.reset[at]);
                life.written[at] += taken as u64;
            }
            Err(StreamError::SendingEnded) => assert!(life.finished[at] || life.reset[at]),
            Err(StreamError::StoppedByPeer { .. }) => {
                let refused = life.handles[1 - at].is_none();
                assert!(life.stopped[1 - at] || life.reset[1 - at] || refused);
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn read(&mut self, at: usize) {
        let Some((id, handle)) = self.any(at) else { return };
        let most = 1 + self.dice.roll(30_000) as usize;
        self.read_some(at, id, handle, most);
    }

    fn read_some(&mut self, at: usize, id: u64, handle: u32, most: usize) {
        let life = self.lives.get_mut(&id).unwrap();
        match self.pair.read(at, handle, most) {
            Ok((bytes, end)) => {
                let expected = pattern(key(id, 1 - at) + life.read[at], bytes.len());
                assert!(bytes == expected, "other bytes than were written");
                life.read[at] += bytes.len() as u64;
                assert!(life.read[at] <= life.written[1 - at]);
                if end {
                    assert!(life.finished[1 - at] && life.read[at] == life.written[1 - at]);
                    life.saw_end[at] = true;
                }
            }
            Err(StreamError::ReadingStopped) => assert!(life.stopped[at] || life.reset[at]),
            Err(StreamError::ResetByPeer { .. }) => {
                assert!(life.reset[1 - at] || life.handles[1 - at].is_none())
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn finish(&mut self, at: usize) {
        let Some((id, handle)) = self.any(at) else { return };
        let life = self.lives.get_mut(&id).unwrap();
        life.finished[at] |= self.pair.ends[at].finish(handle).is_ok();
    }

    fn end_abruptly(&mut self, at: usize) {
        let Some((id, handle)) = self.any(at) else { return };
        let life = self.lives.get_mut(&id).unwrap();
        if self.dice.chance(50) {
            life.stopped[at] = true;
            self.pair.ends[at].stop(handle, 6).unwrap();
        } else {
            life.reset[at] = true;
            self.pair.ends[at].reset(handle, ResetReason::Application, 7).unwrap();
        }
    }

    fn send(&mut self, from: usize) {
        for _ in 0..self.dice.roll(8) {
            let Some(packet) = self.pair.send(from) else { return };
            self.flying.push(Flying { from, packet, delivered: false, lost: false });
        }
    }

    /// Something happens to a few of the packets on their way.
    fn carry(&mut self) {
        for _ in 0..self.dice.roll(12) {
            if self.flying.is_empty() {
                return;
            }
            // Mostly the oldest, so that reordering is the exception.
            let any = self.dice.roll(self.flying.len() as u64) as usize;
            let which = if self.dice.chance(70) { 0 } else { any };
            self.carry_one(which);
        }
    }

    fn carry_one(&mut self, which: usize) {
        let Weather { loss, duplication, spurious, .. } = self.weather;
        let Flying { from, packet, delivered, lost } = &mut self.flying[which];
        let from = *from;
        if !*delivered && !self.dice.chance(loss) {
            *delivered = true;
            self.pair.deliver(1 - from, packet);
            if self.dice.chance(duplication) {
                self.pair.deliver(1 - from, packet);
            }
        }
        for stream in self.pair.ends[1 - from].table.iter_mut() {
            if matches!(stream.opening, Opening::Refused) {
                self.lives.get_mut(&stream.id.0).unwrap().refused = true;
            }
        }
        if (!*delivered || self.dice.chance(spurious)) && !*lost {
            *lost = true;
            self.pair.lose(from, packet);
            return;
        }
        let flying = self.flying.swap_remove(which);
        if flying.delivered && (!flying.lost || self.dice.chance(50)) {
            self.pair.acknowledge(from, &flying.packet);
        }
    }

    /// The application at `at` fetches its events.
    fn hear(&mut self, at: usize) {
        while let Some(event) = self.pair.ends[at].poll_event() {
            match event {
                StreamEvent::Opened { handle, .. } => {
                    let id = self.pair.ends[at].table.get(handle).unwrap().id.0;
                    let life = self.lives.get_mut(&id).unwrap();
                    assert_eq!(life.handles[at].replace(handle), None, "opened twice");
                }
                StreamEvent::Readable { handle, bytes: 0, end } => {
                    let life = self.life(at, handle);
                    let whole = (life.finished[1 - at], life.read[at]) == (true, life.written[1 - at]);
                    assert!(end && whole, "{life:?} at {at} {end} {handle:x}");
                    life.saw_end[at] = true;
                }
                StreamEvent::ResetByPeer { handle, .. } => {
                    let life = self.life(at, handle);
                    assert!((life.reset[1 - at] || life.refused) && !life.saw_end[at]);
                    life.saw_reset[at] = true;
                }
                StreamEvent::SendFinished { handle, .. } => {
                    let life = self.life(at, handle);
                    assert!(life.finished[at]);
                }
                StreamEvent::Closed { handle, .. } => {
                    let life = self.life(at, handle);
                    assert!(!std::mem::replace(&mut life.closed[at], true), "closed twice");
                }
                _ => {}
            }
        }
    }

    fn life(&mut self, at: usize, handle: u32) -> &mut Life {
        let found = self.lives.values_mut().find(|life| life.handles[at] == Some(handle) && !life.closed[at]);
        found.expect("an event of a stream that the application knows")
    }

    /// The weather clears, the applications end what they began, and everything must come to its end.
    fn calm(&mut self) {
        self.weather = Weather { loss: 0, duplication: 0, spurious: 0, abrupt_endings: 0 };
        for round in 0..2000 {
            let quiet = self.flying.is_empty() && self.pair.ends.iter().all(|end| end.open_streams() == 0);
            if quiet && round > 2 {
                return;
            }
            for at in [0, 1] {
                self.hear(at);
                let known =
                    |(id, life): (&u64, &Life)| Some((*id, life.handles[at].filter(|_| !life.closed[at])?));
                for (id, handle) in self.lives.iter().filter_map(known).collect::<Vec<_>>() {
                    self.read_some(at, id, handle, 1 << 20);
                    if self.pair.ends[at].finish(handle).is_ok() {
                        self.lives.get_mut(&id).unwrap().finished[at] = true;
                    }
                }
                while let Some(packet) = self.pair.send(at) {
                    self.flying.push(Flying { from: at, packet, delivered: false, lost: false });
                }
            }
            while !self.flying.is_empty() {
                self.carry_one(0);
            }
        }
    }

    fn check(&mut self) {
        for (id, life) in &self.lives {
            for at in [0, 1] {
                let other = 1 - at;
                let ended = life.saw_end[at] || life.saw_reset[at] || life.stopped[at] || life.reset[at];
                // A stream that was given up before its opening came, or refused, is never heard of.
                let unheard = life.handles[at].is_none() && (life.reset[other] || life.refused);
                assert!(ended || unheard, "stream {id} has no end at {at}");
                assert!(life.closed[at] || unheard, "stream {id} stays at {at}");
                let given_up = life.reset[other] || life.stopped[at] || life.reset[at] || life.refused;
                if life.finished[other] && !given_up {
                    assert_eq!(life.read[at], life.written[other], "stream {id} is not whole at {at}");
                }
            }
        }
        self.pair.assert_nothing_held();
    }
}

/// Where the bytes of a direction begin in the common pattern.
fn key(id: u64, writer: usize) -> u64 {
    (2 * id + writer as u64) << 32
}

fn weather() -> impl Strategy<Value = Weather> {
    (0_u64..40, 0_u64..30, 0_u64..40, 0_u64..60).prop_map(|(loss, duplication, spurious, abrupt_endings)| {
        Weather { loss, duplication, spurious, abrupt_endings }
    })
}

fn setup() -> impl Strategy<Value = Setup> {
    (10_u32..17, 0_u32..5, 1_u64..12, 12_u32..19, prop_oneof![Just(64 << 20), 300_000_u64..2_000_000])
        .prop_map(|(window, growth, max_streams, send_buffer, budget_bytes)| Setup {
            window: 1 << window,
            window_cap: 1 << (window + growth),
            max_streams,
            send_buffer_cap: 1 << send_buffer,
            budget_bytes,
            message_bytes: 1 << 20,
        })
}

proptest! {
    #[test]
    fn every_byte_arrives_once_and_nothing_stays_behind(
        seed in any::<u64>(), weather in weather(), setup in setup(), steps in 100_usize..1500,
    ) {
        let mut world = World::new(seed, weather, setup);
        for _ in 0..steps {
            world.step();
        }
        world.calm();
        world.check();
    }
}
