//! Streams of messages and datagrams from one host to another, with all that was told and read of them.

use crate::link::LinkConfig;
use crate::network::{HostId, Network};
use osier_core::{
    Cipher, EngineConfig, Event, Instant, MessageFate, MessageOptions, MessageStats, OpenRequest,
    ResetReason, SendOutcome, StreamEvent, StreamKind,
};
use std::collections::BTreeMap;
use std::fmt::Display;

/// Streams from the first host to the second, whose application reads at once.
pub struct MessageCourse {
    /// The network of the two hosts.
    pub net: Network,
    /// The sender and the receiver.
    pub hosts: (HostId, HostId),
    /// By token, what the sender was told.
    pub fates: BTreeMap<u32, MessageFate>,
    /// What was read of each stream, in order, and when.
    pub received: Vec<Vec<(Instant, Vec<u8>)>>,
    /// Streams that were read to their end.
    pub ended: usize,
    associations: (u32, u32),
    /// The receiver's handle of each stream, from `Opened` to the end.
    receiving: Vec<Option<u32>>,
    buffer: Vec<u8>,
}

impl MessageCourse {
    /// Two hosts, connected, with the same link both ways.
    pub fn new(seed: u64, config: &EngineConfig, link: &LinkConfig) -> Self {
        let mut net = Network::new(seed);
        let (a, b) = (net.add_host(config.clone()), net.add_host(config.clone()));
        net.set_link(a, b, link.clone());
        net.set_link(b, a, link.clone());
        let associations = net.associate(a, b, Cipher::ChaCha20Poly1305);
        let buffer = vec![0; config.message_bytes as usize];
        let (receiving, received, fates) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { net, hosts: (a, b), associations, receiving, fates, received, ended: 0, buffer }
    }

    /// Opens a stream; the position in its protocol's name tells the receiver which one it is.
    pub fn open(&mut self, kind: StreamKind, priority: u8) -> Result<u32, String> {
        let protocol = self.receiving.len().to_string();
        let request = OpenRequest { kind, priority, protocol: &protocol, metadata: b"" };
        let now = self.net.now();
        let opened = self.net.engine(self.hosts.0).open_stream(now, self.associations.0, &request);
        let stream = opened.ok_or("open: no association")?.map_err(|error| format!("open: {error}"))?;
        self.receiving.push(None);
        self.received.push(Vec::new());
        Ok(stream)
    }

    /// Hands one message to the sender's engine.
    pub fn send(
        &mut self,
        stream: u32,
        bytes: &[u8],
        options: &MessageOptions,
    ) -> Result<SendOutcome, String> {
        let now = self.net.now();
        let engine = self.net.engine(self.hosts.0);
        engine.send_message(now, self.associations.0, stream, bytes, options).map_err(failed("send"))
    }

    /// Nothing more is sent on the stream.
    pub fn finish(&mut self, stream: u32) -> Result<(), String> {
        let now = self.net.now();
        let engine = self.net.engine(self.hosts.0);
        engine.finish(now, self.associations.0, stream).map_err(failed("finish"))
    }

    /// The sender gives the stream up.
    pub fn reset(&mut self, stream: u32) -> Result<(), String> {
        let now = self.net.now();
        let engine = self.net.engine(self.hosts.0);
        engine.reset(now, self.associations.0, stream, ResetReason::Application, 0).map_err(failed("reset"))
    }

    /// What the sender's engine counts of the stream.
    pub fn stats(&mut self, stream: u32) -> Result<MessageStats, String> {
        let engine = self.net.engine(self.hosts.0);
        engine.message_stats(self.associations.0, stream).map_err(failed("stats"))
    }

    /// Runs until `until`, or until `done`. `Err` says what the engines told or did that they never may.
    pub fn run(&mut self, until: Instant, done: impl Fn(&Self) -> bool) -> Result<(), String> {
        loop {
            self.poll()?;
            if done(self) || !self.net.step(until) {
                return Ok(());
            }
        }
    }

    /// Takes events and messages as they are now.
    pub fn poll(&mut self) -> Result<(), String> {
        while let Some(event) = self.net.engine(self.hosts.0).poll_event() {
            self.on_sender_event(event)?;
        }
        while let Some(event) = self.net.engine(self.hosts.1).poll_event() {
            self.on_receiver_event(event)?;
        }
        for position in 0..self.receiving.len() {
            self.read(position);
        }
        self.net.flush(self.hosts.0);
        self.net.flush(self.hosts.1);
        Ok(())
    }

    fn on_sender_event(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Stream { event: StreamEvent::MessageSettled { token, fate, .. }, .. } => {
                match self.fates.insert(token, fate) {
                    Some(before) => Err(format!("message {token} is {before:?}, then {fate:?}")),
                    None => Ok(()),
                }
            }
            Event::AssociationClosed { cause, .. } => Err(format!("association closed: {cause:?}")),
            _ => Ok(()),
        }
    }

    fn on_receiver_event(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Stream { event: StreamEvent::Opened { handle, protocol, .. }, .. } => {
                let position = String::from_utf8_lossy(&protocol).parse::<usize>().ok();
                let receiving = position.and_then(|position| self.receiving.get_mut(position));
                *receiving.ok_or_else(|| format!("no stream has the protocol {protocol:?}"))? = Some(handle);
                Ok(())
            }
            Event::AssociationClosed { cause, .. } => Err(format!("association closed: {cause:?}")),
            _ => Ok(()),
        }
    }

    fn read(&mut self, position: usize) {
        let (now, mut lengths) = (self.net.now(), [0; 64]);
        while let Some(handle) = self.receiving[position] {
            let engine = self.net.engine(self.hosts.1);
            let read = engine.read_messages(now, self.associations.1, handle, &mut self.buffer, &mut lengths);
            let Ok(read) = read else { return };
            let mut from = 0;
            for length in &lengths[..read.count] {
                let to = from + *length as usize;
                self.received[position].push((now, self.buffer[from..to].to_vec()));
                from = to;
            }
            if read.end {
                self.ended += 1;
                self.receiving[position] = None;
            } else if read.count == 0 {
                return;
            }
        }
    }
}

/// A message of 4 bytes and `len` more, all of which follow from the token.
pub fn message(token: u32, len: u64) -> Vec<u8> {
    let mut bytes = vec![token as u8; 4 + len as usize];
    bytes[..4].copy_from_slice(&token.to_le_bytes());
    bytes
}

/// The token that [`message`] put into the bytes; `None` when they are too few.
pub fn token_of(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|token| u32::from_le_bytes(*token))
}

fn failed<E: Display>(call: &'static str) -> impl Fn(E) -> String {
    move |error| format!("{call}: {error}")
}
