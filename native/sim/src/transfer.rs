//! A verified transfer: one stream, both ways, every byte a function of its offset.

use crate::network::{HostId, Network};
use osier_core::{Event, Instant, OpenRequest, StreamEvent, StreamKind};

const CHUNK_BYTES: usize = 64 << 10;

/// What a finished transfer took.
#[derive(Clone, Copy, Debug)]
pub struct TransferReport {
    /// Virtual time from the first write to the last byte read at both ends.
    pub elapsed_micros: u64,
}

struct End {
    host: HostId,
    association: u32,
    stream: Option<u32>,
    seed: u64,
    to_send: u64,
    written: u64,
    finished: bool,
    to_receive: u64,
    read: u64,
    ended: bool,
    failed: Option<String>,
}

/// One stream between two hosts, opened by the first.
pub struct Transfer {
    ends: [End; 2],
    buffer: Vec<u8>,
    expected: Vec<u8>,
    started: Instant,
}

impl Transfer {
    /// Begins: `bytes_there` from the first host to the second, `bytes_back` the other way.
    pub fn start(
        net: &mut Network,
        hosts: (HostId, HostId),
        associations: (u32, u32),
        bytes_there: u64,
        bytes_back: u64,
    ) -> Self {
        let (seed_there, seed_back) = (net.rng.next_u64(), net.rng.next_u64());
        let end = |host, association, seed, to_send, to_receive| End {
            host,
            association,
            stream: None,
            seed,
            to_send,
            written: 0,
            finished: false,
            to_receive,
            read: 0,
            ended: false,
            failed: None,
        };
        let mut opener = end(hosts.0, associations.0, seed_there, bytes_there, bytes_back);
        let acceptor = end(hosts.1, associations.1, seed_back, bytes_back, bytes_there);
        let now = net.now();
        let request =
            OpenRequest { kind: StreamKind::Bytes, priority: 3, protocol: "transfer", metadata: b"" };
        let opened = net.engine(hosts.0).open_stream(now, associations.0, &request);
        opener.stream = opened.and_then(Result::ok);
        let mut transfer = Self {
            ends: [opener, acceptor],
            buffer: vec![0; CHUNK_BYTES],
            expected: vec![0; CHUNK_BYTES],
            started: now,
        };
        transfer.poll(net);
        transfer
    }

    /// Whether every byte arrived, both ways.
    pub fn is_complete(&self) -> bool {
        self.ends.iter().all(|end| end.ended && end.finished)
    }

    /// The first thing that went wrong.
    pub fn failure(&self) -> Option<&str> {
        self.ends.iter().find_map(|end| end.failed.as_deref())
    }

    /// Bytes read so far at the acceptor and at the opener.
    pub fn read(&self) -> (u64, u64) {
        (self.ends[1].read, self.ends[0].read)
    }

    /// Handles one event if it is this transfer's; `false` when it is not.
    pub fn on_event(&mut self, host: HostId, event: &Event) -> bool {
        let Some(end) = self.ends.iter_mut().find(|end| end.host == host) else { return false };
        match event {
            Event::Stream { association, event } if *association == end.association => {
                end.on_stream_event(event)
            }
            Event::AssociationClosed { association, cause } if *association == end.association => {
                end.failed = Some(format!("association closed: {cause:?}"));
                true
            }
            _ => false,
        }
    }

    /// Reads and writes what can be read and written now.
    pub fn poll(&mut self, net: &mut Network) {
        for position in 0..2 {
            let seed_there = self.ends[1 - position].seed;
            let end = &mut self.ends[position];
            if end.stream.is_some() && end.failed.is_none() {
                end.pump(net, seed_there, &mut self.buffer, &mut self.expected);
                let host = end.host;
                net.flush(host);
            }
        }
    }

    /// Runs until it is complete. `Err` says what went wrong, or that it was not complete by `deadline_micros` of virtual time.
    pub fn run(&mut self, net: &mut Network, deadline_micros: u64) -> Result<TransferReport, String> {
        let until = self.started.plus_micros(deadline_micros);
        loop {
            for end in [self.ends[0].host, self.ends[1].host] {
                while let Some(event) = net.engine(end).poll_event() {
                    self.on_event(end, &event);
                }
            }
            self.poll(net);
            if let Some(failure) = self.failure() {
                return Err(failure.to_owned());
            }
            if self.is_complete() {
                return Ok(TransferReport {
                    elapsed_micros: net.now().saturating_micros_since(self.started),
                });
            }
            if !net.step(until) {
                return Err(format!("not complete after {deadline_micros} us: read {:?}", self.read()));
            }
        }
    }
}

impl End {
    fn on_stream_event(&mut self, event: &StreamEvent) -> bool {
        match event {
            StreamEvent::Opened { handle, .. } if self.stream.is_none() => self.stream = Some(*handle),
            StreamEvent::ResetByPeer { handle, reason, .. } if self.stream == Some(*handle) => {
                self.failed = Some(format!("reset: {reason:?}"));
            }
            _ => return false,
        }
        true
    }

    fn pump(&mut self, net: &mut Network, seed_there: u64, buffer: &mut [u8], expected: &mut [u8]) {
        let Some(stream) = self.stream else { return };
        let now = net.now();
        while !self.ended {
            let outcome = net.engine(self.host).read(now, self.association, stream, buffer);
            let Ok(outcome) = outcome else { break };
            fill_pattern(seed_there, self.read, &mut expected[..outcome.bytes]);
            if buffer[..outcome.bytes] != expected[..outcome.bytes] {
                self.failed = Some(format!("wrong bytes after offset {}", self.read));
                return;
            }
            self.read += outcome.bytes as u64;
            self.ended = outcome.end;
            if outcome.bytes == 0 {
                break;
            }
        }
        if self.ended && self.read != self.to_receive {
            self.failed = Some(format!("ended at {} of {}", self.read, self.to_receive));
        }
        self.write_more(net, stream, buffer);
    }

    fn write_more(&mut self, net: &mut Network, stream: u32, buffer: &mut [u8]) {
        let now = net.now();
        while self.written < self.to_send {
            let Ok(room) = net.engine(self.host).writable_bytes(self.association, stream) else { return };
            if room == 0 {
                return;
            }
            let len = (self.to_send - self.written).min(buffer.len().min(room) as u64) as usize;
            fill_pattern(self.seed, self.written, &mut buffer[..len]);
            let accepted = net.engine(self.host).write(now, self.association, stream, &buffer[..len]);
            let Ok(accepted) = accepted else { return };
            self.written += accepted as u64;
            if accepted < len {
                return;
            }
        }
        if !self.finished {
            self.finished = true;
            if let Err(error) = net.engine(self.host).finish(now, self.association, stream) {
                self.failed = Some(format!("finish: {error}"));
            }
        }
    }
}

/// Fills `out` with the bytes from `offset` on of the stream that `seed` names.
pub fn fill_pattern(seed: u64, offset: u64, out: &mut [u8]) {
    let mut position = 0;
    while position < out.len() {
        let at = offset + position as u64;
        let word = word_at(seed, at / 8).to_le_bytes();
        let skip = (at % 8) as usize;
        let take = (8 - skip).min(out.len() - position);
        out[position..position + take].copy_from_slice(&word[skip..skip + take]);
        position += take;
    }
}

fn word_at(seed: u64, index: u64) -> u64 {
    let mut z = seed ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 27)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_does_not_depend_on_how_it_is_cut() {
        let mut whole = [0; 1_000];
        fill_pattern(9, 3, &mut whole);
        let mut parts = [0; 1_000];
        let mut at = 0;
        for len in [1, 7, 8, 100, 300, 584] {
            fill_pattern(9, 3 + at as u64, &mut parts[at..at + len]);
            at += len;
        }
        assert_eq!(whole, parts);
    }
}
