//! Load for a relay: relayed packets go in at one socket, what the relay passes on comes out at another, where each is verified. One thread does both, by
//! turns, so that one core beside the relay's is enough.
//!
//! ```text
//! osier-relay-load PACKET_BYTES TRAIN_PACKETS WINDOW_PACKETS WARM_UP_MS MEASURE_MS
//! <- {"source":PORT,"sink":PORT}
//! -> RELAY_PORT RECEIVER_INDEX
//! <- measuring
//! <- {"packets":..,"lost":..,"wrong":..,"seconds":..}
//! ```
//!
//! Verified is of every packet: its length, header, hop packet number, hop tag and that it comes once and in order; of each 64th also every byte.

mod packets;

use osier_udp::{Ecn, ReceiveBuffer, Route, SendOutcome, SendQueue, UdpSocket};
use packets::{PacketMaker, Verifier};
use std::io::BufRead;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// What is under way when nothing has come for so long is given up: longer than a process waits for its core on a machine with other work.
const GIVEN_UP_AFTER: Duration = Duration::from_millis(200);

struct Plan {
    packet_bytes: usize,
    train_packets: usize,
    window_packets: u64,
    warm_up: Duration,
    measure: Duration,
}

/// Counts at one moment.
#[derive(Clone, Copy)]
struct Sample {
    at: Instant,
    delivered: u64,
}

struct Load {
    plan: Plan,
    source: UdpSocket,
    sink: UdpSocket,
    relay: Route,
    maker: PacketMaker,
    verifier: Verifier,
    queue: SendQueue,
    buffer: ReceiveBuffer,
    sent: u64,
    /// Packets that came or are given up.
    settled: u64,
    heard_at: Instant,
}

fn main() {
    let plan = plan_of(std::env::args().skip(1).map(|word| word.parse().expect("a number")).collect());
    let bind = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a socket");
    let (source, sink) = (bind(), bind());
    println!("{{\"source\":{},\"sink\":{}}}", source.local_address().port(), sink.local_address().port());
    let (port, index) = relay_from_stdin();
    let mut load = Load {
        maker: PacketMaker::new(plan.packet_bytes, index),
        verifier: Verifier::new(plan.packet_bytes),
        relay: Route::to(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        plan,
        source,
        sink,
        queue: SendQueue::new(),
        buffer: ReceiveBuffer::new(),
        sent: 0,
        settled: 0,
        heard_at: Instant::now(),
    };
    load.run_for(load.plan.warm_up);
    println!("measuring");
    let before = load.sample();
    load.run_for(load.plan.measure);
    let after = load.sample();
    println!(
        "{{\"packets\":{},\"lost\":{},\"wrong\":{},\"seconds\":{:.6}}}",
        after.delivered - before.delivered,
        load.drain(),
        load.verifier.wrong,
        (after.at - before.at).as_secs_f64()
    );
}

fn plan_of(numbers: Vec<u64>) -> Plan {
    let [packet_bytes, train_packets, window_packets, warm_up_ms, measure_ms] = numbers[..] else {
        panic!("PACKET_BYTES TRAIN_PACKETS WINDOW_PACKETS WARM_UP_MS MEASURE_MS");
    };
    Plan {
        packet_bytes: packet_bytes as usize,
        train_packets: train_packets as usize,
        window_packets,
        warm_up: Duration::from_millis(warm_up_ms),
        measure: Duration::from_millis(measure_ms),
    }
}

fn relay_from_stdin() -> (u16, u32) {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).expect("a line");
    let mut words = line.split_whitespace();
    let mut word = || words.next().expect("RELAY_PORT RECEIVER_INDEX");
    (word().parse().expect("a port"), word().parse().expect("an index"))
}

impl Load {
    fn run_for(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            if self.sent + self.plan.train_packets as u64 <= self.settled + self.plan.window_packets {
                self.send_train();
            }
            self.receive();
            if self.sent > self.settled && self.heard_at.elapsed() > GIVEN_UP_AFTER {
                self.settled = self.sent;
            }
        }
    }

    /// Packets that were sent and have not come, now that nothing comes any more.
    fn drain(&mut self) -> u64 {
        while self.sent > self.settled && self.heard_at.elapsed() < GIVEN_UP_AFTER {
            self.receive();
        }
        self.sent - self.verifier.delivered - self.verifier.wrong
    }

    fn sample(&self) -> Sample {
        Sample { at: Instant::now(), delivered: self.verifier.delivered }
    }

    /// One train that the kernel gets in one piece, or packets one by one where the plan has trains of one.
    fn send_train(&mut self) {
        let size = self.plan.packet_bytes;
        while !self.queue.is_full() {
            let room = self.queue.room();
            let packets = self.plan.train_packets.min(room.len() / size);
            if packets == 0 {
                break;
            }
            for packet in room[..packets * size].chunks_exact_mut(size) {
                self.maker.write(packet);
            }
            self.queue.push(0, self.relay, Ecn::Ect0, size, packets * size);
            self.sent += packets as u64;
            if self.sent >= self.settled + self.plan.window_packets {
                break;
            }
        }
        while !self.queue.is_empty() {
            if let SendOutcome::Failed(error) = self.source.send(&mut self.queue) {
                panic!("cannot send: {error}");
            }
        }
    }

    fn receive(&mut self) {
        self.buffer.expect_many();
        if self.sink.receive(&mut self.buffer).is_err() {
            return;
        }
        for train in self.buffer.trains() {
            for packet in train.bytes.chunks(train.meta.segment_size) {
                if let Some(number) = self.verifier.take(packet) {
                    self.settled = self.settled.max(number + 1);
                }
            }
            self.heard_at = Instant::now();
        }
    }
}
