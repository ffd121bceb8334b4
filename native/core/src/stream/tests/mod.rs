//! Two ends joined by packets that the test carries by hand.

mod chaos;
mod control_streams;
mod credit;
mod datagrams;
mod delivery;
mod ending;
mod expiry;
mod limits;
mod long_path;
mod many_messages;
mod message_chaos;
mod message_limits;
mod messages;
mod opening;
mod packets;
mod slot_reuse;

use super::*;
use crate::sent_frame::{FrameLog, SentFrame};
use crate::time::Instant;
use osier_wire::{Frame, Reader, ResetReason, StreamKind, Writer};

/// What is left of a 1200-byte datagram for frames.
const PACKET_ROOM: usize = 1168;
const RTT: u64 = 10_000;

/// What differs between tests; the same at both ends.
#[derive(Clone, Copy, Debug)]
struct Setup {
    window: u64,
    window_cap: u64,
    max_streams: u64,
    send_buffer_cap: u64,
    budget_bytes: u64,
    message_bytes: u64,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            window: 48 << 10,
            window_cap: 1 << 20,
            max_streams: 64,
            send_buffer_cap: 1 << 20,
            budget_bytes: 64 << 20,
            message_bytes: 1 << 20,
        }
    }
}

impl Setup {
    fn streams(&self, parity: u8, budget: &Rc<MemoryBudget>) -> Streams {
        let config = StreamsConfig {
            parity,
            peer: PeerCredit {
                max_data: self.window,
                max_stream_data: self.window,
                max_streams: self.max_streams,
            },
            local: LocalCredit {
                initial_max_data: self.window,
                initial_max_stream_data: self.window,
                max_streams: self.max_streams,
                stream_window_cap: self.window_cap,
                association_window_cap: self.window_cap * 3 / 2,
            },
            send_buffer_cap: self.send_buffer_cap,
            message_bytes: self.message_bytes,
        };
        Streams::new(config, Rc::clone(budget), Rc::new(RefCell::new(HeapBlocks::new())))
    }
}

struct Packet {
    bytes: Vec<u8>,
    frames: Vec<SentFrame>,
}

/// The two ends of an association; 0 is the one whose stream ids are even.
struct Pair {
    ends: [Streams; 2],
    budgets: [Rc<MemoryBudget>; 2],
    now: Instant,
}

impl Pair {
    fn new() -> Self {
        Self::with(Setup::default())
    }

    fn with(setup: Setup) -> Self {
        let budgets = [MemoryBudget::new(setup.budget_bytes), MemoryBudget::new(setup.budget_bytes)];
        let ends = [setup.streams(0, &budgets[0]), setup.streams(1, &budgets[1])];
        Self { ends, budgets, now: Instant::from_micros(1_000_000) }
    }

    /// The next packet of an end, if it has anything to say.
    fn send(&mut self, from: usize) -> Option<Packet> {
        if !self.ends[from].wants_to_send() {
            return None;
        }
        let mut bytes = vec![0xee; PACKET_ROOM];
        let mut log = FrameLog::new();
        let mut w = Writer::new(&mut bytes);
        self.ends[from].fill(self.now, &mut w, &mut log);
        let len = w.position();
        assert!(len > 0, "an end that wants to send must have something to send");
        bytes.truncate(len);
        Some(Packet { bytes, frames: log.as_slice().to_vec() })
    }

    fn try_deliver(&mut self, to: usize, packet: &Packet) -> Result<(), ProtocolViolation> {
        let mut r = Reader::new(&packet.bytes);
        let streams = &mut self.ends[to];
        while !r.is_empty() {
            match Frame::decode(&mut r).expect("what fill writes can be read") {
                Frame::Open(frame) => streams.on_open(&frame)?,
                Frame::Stream(frame) => streams.on_stream(&frame)?,
                Frame::ResetStream(frame) => streams.on_reset_stream(&frame)?,
                Frame::Stop(frame) => streams.on_stop(&frame)?,
                Frame::MaxData { maximum } => streams.on_max_data(maximum),
                Frame::MaxStreamData { id, maximum } => streams.on_max_stream_data(id, maximum)?,
                Frame::MaxStreams { maximum } => streams.on_max_streams(maximum),
                Frame::Message(frame) => streams.on_message(self.now, &frame)?,
                Frame::Datagram(frame) => streams.on_datagram(&frame)?,
                Frame::Expire(frame) => streams.on_expire(self.now, &frame)?,
                Frame::ExpireReply(frame) => streams.on_expire_reply(&frame)?,
                Frame::Padding(_) => {}
                other => panic!("not a frame of streams: {other:?}"),
            }
        }
        Ok(())
    }

    fn deliver(&mut self, to: usize, packet: &Packet) {
        self.try_deliver(to, packet).expect("an honest peer breaks no rule");
    }

    fn acknowledge(&mut self, from: usize, packet: &Packet) {
        for frame in &packet.frames {
            self.ends[from].on_acknowledged(self.now, frame);
        }
    }

    fn lose(&mut self, from: usize, packet: &Packet) {
        for frame in &packet.frames {
            self.ends[from].on_lost(frame);
        }
    }

    /// Everything that `from` has to send, nothing of it delivered yet.
    fn send_all(&mut self, from: usize) -> Vec<Packet> {
        std::iter::from_fn(|| self.send(from)).collect()
    }

    /// Sends and acknowledges on a perfect network until nobody has anything to say.
    fn exchange(&mut self) {
        loop {
            let mut quiet = true;
            for from in [0, 1] {
                while let Some(packet) = self.send(from) {
                    quiet = false;
                    self.deliver(1 - from, &packet);
                    self.acknowledge(from, &packet);
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn open(&mut self, at: usize) -> u32 {
        self.try_open(at).unwrap()
    }

    fn try_open(&mut self, at: usize) -> Result<u32, OpenError> {
        let request =
            OpenRequest { kind: StreamKind::Bytes, priority: 3, protocol: "test/1", metadata: b"m" };
        self.ends[at].open(&request)
    }

    /// Opens a stream at end 0 and exchanges; returns both handles.
    fn open_both(&mut self) -> [u32; 2] {
        let here = self.open(0);
        self.exchange();
        let there = self.events(1).iter().find_map(|event| match event {
            StreamEvent::Opened { handle, .. } => Some(*handle),
            _ => None,
        });
        [here, there.expect("the stream arrives")]
    }

    fn events(&mut self, at: usize) -> Vec<StreamEvent> {
        std::iter::from_fn(|| self.ends[at].poll_event()).collect()
    }

    fn write(&mut self, at: usize, handle: u32, bytes: &[u8]) {
        assert_eq!(self.ends[at].write(handle, bytes), Ok(bytes.len()));
    }

    fn read(&mut self, at: usize, handle: u32, most: usize) -> Result<(Vec<u8>, bool), StreamError> {
        let mut into = vec![0; most];
        let ReadOutcome { bytes, end } = self.ends[at].read(self.now, RTT, handle, &mut into)?;
        into.truncate(bytes);
        Ok((into, end))
    }

    /// Checks that only the credit that the peer holds is reserved, nothing of any stream.
    fn assert_nothing_held(&mut self) {
        for at in [0, 1] {
            assert_eq!(self.ends[at].open_streams(), 0);
            assert!(!self.ends[at].wants_to_send());
            assert_eq!(self.budgets[at].used_bytes(), self.ends[at].shared.credit.promised_bytes());
        }
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        for at in [0, 1] {
            let empty = Setup::default().streams(0, &MemoryBudget::new(0));
            drop(std::mem::replace(&mut self.ends[at], empty));
            assert_eq!(self.budgets[at].used_bytes(), 0, "an association that ends gives everything back");
        }
    }
}

/// Bytes that tell their place.
fn pattern(from: u64, len: usize) -> Vec<u8> {
    (from..from + len as u64).map(|n| (n.wrapping_mul(0x9e37_79b9) >> 13) as u8).collect()
}
