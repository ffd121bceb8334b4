//! A receiver: the engine's own record of what arrived, and its own ACK frames.

use crate::path::Ecn;
use crate::received_packets::ReceivedPackets;
use crate::time::Instant;
use osier_wire::Writer;

pub(super) struct Receiver {
    /// The process does not run until then: its packets wait.
    pub(super) asleep_until: Instant,
    /// (packet number, chunk) of those that wait.
    pub(super) held: Vec<(u64, u64)>,
    pub(super) packets: ReceivedPackets,
    /// When it will look whether an acknowledgement has waited long enough.
    pub(super) looks_at: Instant,
    is_delivered: Vec<bool>,
}

impl Receiver {
    pub(super) fn new() -> Self {
        Self {
            asleep_until: Instant::default(),
            held: Vec::new(),
            packets: ReceivedPackets::new(),
            looks_at: Instant::default(),
            is_delivered: Vec::new(),
        }
    }

    /// True when the chunk is a new one.
    pub(super) fn take(&mut self, now: Instant, number: u64, chunk: u64, rtt_micros: u64) -> bool {
        self.packets.on_packet(now, number, true, Ecn::NotEct, rtt_micros);
        if self.is_delivered.len() <= chunk as usize {
            self.is_delivered.resize(chunk as usize + 1, false);
        }
        !std::mem::replace(&mut self.is_delivered[chunk as usize], true)
    }

    /// The ACK frame that is due.
    pub(super) fn acknowledgement(&mut self, now: Instant) -> Vec<u8> {
        let mut frame = vec![0; 600];
        let mut writer = Writer::new(&mut frame);
        self.packets.write_ack(now, &mut writer, 600);
        let length = writer.position();
        frame.truncate(length);
        frame
    }
}
