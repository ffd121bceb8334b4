//! Windows and buffers fill a long and fast path by themselves.

use super::*;
use crate::constants::{CREDIT_INITIAL_BYTES, STREAM_WINDOW_MAX_BYTES};
use std::collections::VecDeque;

const MILLISECONDS: u64 = 2_500;
const ONE_WAY_MILLISECONDS: u64 = 50;
/// 1 Gbit/s.
const BYTES_A_MILLISECOND: usize = 125_000;

/// A path of 1 Gbit/s with a round trip of 100 ms, a sender that is held up by nothing but credit and its own buffer.
struct LongPath {
    pair: Pair,
    /// Arrival, sender, packet; then the same for its acknowledgement.
    flying: VecDeque<(u64, usize, Packet)>,
    landed: VecDeque<(u64, usize, Packet)>,
    writer_waits: bool,
    total: u64,
}

impl LongPath {
    fn tick(&mut self, now: u64, handles: [u32; 2]) {
        self.pair.now = Instant::from_micros(1000 * now);
        while self.flying.front().is_some_and(|(at, ..)| *at <= now) {
            let (_, from, packet) = self.flying.pop_front().unwrap();
            self.pair.deliver(1 - from, &packet);
            self.landed.push_back((now + ONE_WAY_MILLISECONDS, from, packet));
        }
        while self.landed.front().is_some_and(|(at, ..)| *at <= now) {
            let (_, from, packet) = self.landed.pop_front().unwrap();
            self.pair.acknowledge(from, &packet);
        }
        let (at, rtt) = (self.pair.now, 2_000 * ONE_WAY_MILLISECONDS);
        let readable = self.pair.ends[1].stats(handles[1]).unwrap().receive_buffered as usize;
        self.total += self.pair.ends[1].consume(at, rtt, handles[1], readable).unwrap().bytes as u64;
        self.writer_waits &= !self.pair.events(0).contains(&StreamEvent::Writable { handle: handles[0] });
        while !self.writer_waits {
            self.writer_waits = self.pair.ends[0].write(handles[0], &[0; 65_536]).unwrap() < 65_536;
        }
        for from in [1, 0] {
            let mut sent = 0;
            while sent < BYTES_A_MILLISECOND {
                let Some(packet) = self.pair.send(from) else { break };
                sent += packet.bytes.len();
                self.flying.push_back((now + ONE_WAY_MILLISECONDS, from, packet));
            }
        }
    }
}

#[test]
fn default_windows_fill_a_gigabit_over_a_hundred_milliseconds() {
    let mut pair = Pair::with(Setup {
        window: CREDIT_INITIAL_BYTES,
        window_cap: STREAM_WINDOW_MAX_BYTES,
        send_buffer_cap: STREAM_WINDOW_MAX_BYTES,
        budget_bytes: 512 << 20,
        ..Setup::default()
    });
    let handles = pair.open_both();
    let (flying, landed) = (VecDeque::new(), VecDeque::new());
    let mut path = LongPath { pair, flying, landed, writer_waits: false, total: 0 };
    let mut at_start = 0;
    for now in 0..MILLISECONDS {
        path.tick(now, handles);
        if now == MILLISECONDS - 1000 {
            at_start = path.total;
        }
    }
    let a_second = path.total - at_start;
    assert!(a_second as f64 >= 0.97 * 1e3 * BYTES_A_MILLISECOND as f64, "{a_second} bytes in a second");
}
