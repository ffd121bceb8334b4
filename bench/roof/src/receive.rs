//! The receiving end: opens every packet, compares it with what was sent, and counts what passed.

use std::io::{self, Write};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use crate::packet::{PacketKey, HEADER_BYTES, TAG_BYTES};
use crate::pattern::Pattern;
use crate::socket::{Endpoint, TrainReceiver};
use crate::Shape;

/// How often the sender is told what was taken: two trains.
const REPORT_EVERY_BYTES: u64 = 128 << 10;

/// Prints the port, waits for the first packet, lets `warm_up_ms` pass, counts for `measure_ms`, and prints the count.
pub fn run(shape: &Shape, warm_up_ms: u64, measure_ms: u64) -> io::Result<()> {
    let endpoint = Endpoint::bind(shape.has_trains)?;
    println!("{}", endpoint.socket.local_addr()?.port());
    io::stdout().flush()?;
    let (_, sender) = endpoint.socket.peek_from(&mut [0])?;
    endpoint.socket.connect(sender)?;

    let mut receiver = Receiver {
        socket: &endpoint.socket,
        trains: TrainReceiver::new(&endpoint),
        count: Count::new(shape)?,
        reported: 0,
    };
    receiver.run_for(Duration::from_millis(warm_up_ms))?;
    let before = receiver.count.payload_bytes;
    let elapsed = receiver.run_for(Duration::from_millis(measure_ms))?;
    let Count { payload_bytes, wrong, .. } = receiver.count;
    println!("{{\"bytes\":{},\"micros\":{},\"wrong\":{wrong}}}", payload_bytes - before, elapsed.as_micros());
    Ok(())
}

struct Receiver<'a> {
    socket: &'a UdpSocket,
    trains: TrainReceiver<'a>,
    count: Count,
    reported: u64,
}

impl Receiver<'_> {
    fn run_for(&mut self, duration: Duration) -> io::Result<Duration> {
        let start = Instant::now();
        while start.elapsed() < duration {
            self.trains.receive(|train, segment| self.count.add(train, segment))?;
            if self.count.taken - self.reported >= REPORT_EVERY_BYTES {
                self.reported = self.count.taken;
                self.socket.send(&self.reported.to_le_bytes())?;
            }
        }
        Ok(start.elapsed())
    }
}

struct Count {
    key: PacketKey,
    pattern: Pattern,
    payload_len: usize,
    next: u64,
    taken: u64,
    payload_bytes: u64,
    wrong: u64,
}

impl Count {
    fn new(shape: &Shape) -> io::Result<Self> {
        let payload_len = shape.packet_bytes - HEADER_BYTES - TAG_BYTES;
        Ok(Self {
            key: PacketKey::fixed(&shape.cipher)?,
            pattern: Pattern::new(),
            payload_len,
            next: 0,
            taken: 0,
            payload_bytes: 0,
            wrong: 0,
        })
    }

    /// A packet passes when it is authentic, the next in order, and holds the bytes of its place.
    fn add(&mut self, train: &mut [u8], segment: usize) {
        self.taken += train.len() as u64;
        for packet in train.chunks_mut(segment) {
            let position = self.next * self.payload_len as u64;
            match self.key.open(packet) {
                Some((number, payload))
                    if number == self.next
                        && payload.len() == self.payload_len
                        && self.pattern.matches(position, payload) =>
                {
                    self.payload_bytes += payload.len() as u64;
                }
                _ => self.wrong += 1,
            }
            self.next += 1;
        }
    }
}
