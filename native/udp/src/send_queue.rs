//! Trains that wait for one system call: written back to back by the engine, sent together, kept while the socket is full.

use std::io;

use crate::route::{Ecn, Route};

/// Bytes of the longest train: the largest payload of an IPv4 datagram (65,535 - 20 - 8).
pub const MAX_TRAIN_BYTES: usize = 65_507;
/// Datagrams of the longest train (UDP_MAX_SEGMENTS of kernels before 6.9).
pub const MAX_TRAIN_SEGMENTS: usize = 64;
/// Trains that one queue holds: a run of small sends to many peers fills one `sendmmsg`.
pub(crate) const MAX_QUEUED_TRAINS: usize = 64;
/// Queued bytes from which on the queue asks to be sent: a long train leaves at once, while its bytes are still in the cache.
const ENOUGH_BYTES: usize = 32_768;

/// What became of a queue.
#[derive(Debug)]
pub enum SendOutcome {
    /// Everything up to the first train of another socket was handed to the kernel, or given up and counted.
    Done,
    /// The socket is full: send the queue again when it is writable.
    Blocked,
    /// The socket is dead. What the queue held for it is still there: see [`SendQueue::drop_head`].
    Failed(io::Error),
}

/// A run of trains, for one socket or for several in turns.
///
/// Write a train into [`SendQueue::room`], describe it to [`SendQueue::push`], and send when [`SendQueue::is_full`] says so, or when there is no more: while
/// there is a [`SendQueue::head_socket`], hand the queue to that socket's [`UdpSocket::send`](crate::UdpSocket::send).
#[derive(Debug)]
pub struct SendQueue {
    memory: Box<[u8]>,
    used: usize,
    trains: Vec<QueuedTrain>,
    /// The first train that is not wholly sent, and how many of its bytes are.
    next_train: usize,
    next_offset: usize,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct QueuedTrain {
    socket: u16,
    pub(crate) route: Route,
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))] // the plain socket marks nothing
    pub(crate) ecn: Ecn,
    pub(crate) segment_size: usize,
    start: usize,
    length: usize,
}

impl Default for SendQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl SendQueue {
    /// Allocates an empty queue.
    pub fn new() -> Self {
        Self {
            memory: vec![0; ENOUGH_BYTES + MAX_TRAIN_BYTES].into_boxed_slice(),
            used: 0,
            trains: Vec::with_capacity(MAX_QUEUED_TRAINS),
            next_train: 0,
            next_offset: 0,
        }
    }

    #[cfg(test)]
    pub(crate) fn with_bytes(bytes: usize) -> Self {
        Self { memory: vec![0; bytes].into_boxed_slice(), ..Self::new() }
    }

    /// Where the next train is to be written: at least [`MAX_TRAIN_BYTES`] bytes unless the queue is full.
    pub fn room(&mut self) -> &mut [u8] {
        let end = self.memory.len().min(self.used + MAX_TRAIN_BYTES);
        self.memory.get_mut(self.used..end).unwrap_or_default()
    }

    /// Takes the first `length` bytes of [`SendQueue::room`] as a train of datagrams of `segment_size` bytes, the last of which may be shorter, for the
    /// socket that the caller knows by the number `socket`. A train without bytes, or for which there is no room, is ignored.
    pub fn push(&mut self, socket: u16, route: Route, ecn: Ecn, segment_size: usize, length: usize) {
        if length == 0 || segment_size == 0 || self.used + length > self.memory.len() {
            return;
        }
        self.trains.push(QueuedTrain { socket, route, ecn, segment_size, start: self.used, length });
        self.used += length;
    }

    /// True when the queue should be sent before more is pushed.
    pub fn is_full(&self) -> bool {
        self.used >= ENOUGH_BYTES || self.trains.len() >= MAX_QUEUED_TRAINS
    }

    /// The socket that the first unsent train is for; `None` when nothing waits.
    pub fn head_socket(&self) -> Option<u16> {
        self.trains.get(self.next_train).map(|train| train.socket)
    }

    /// Drops the trains at the head that are for one socket.
    pub fn drop_head(&mut self) {
        let socket = self.head_socket();
        while socket.is_some() && self.head_socket() == socket {
            self.advance(usize::MAX);
        }
    }

    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.next_train >= self.trains.len()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.used = 0;
        self.trains.clear();
        self.next_train = 0;
        self.next_offset = 0;
    }

    /// What is not sent of the train that is `ahead` trains after the first unsent one; `None` past the last train that is for the same socket.
    pub(crate) fn pending(&self, ahead: usize) -> Option<(QueuedTrain, &[u8])> {
        let train = *self.trains.get(self.next_train + ahead)?;
        if self.head_socket() != Some(train.socket) {
            return None;
        }
        let offset = if ahead == 0 { self.next_offset } else { 0 };
        let bytes = self.memory.get(train.start + offset..train.start + train.length)?;
        Some((train, bytes))
    }

    /// Takes `bytes` off the first unsent train.
    pub(crate) fn advance(&mut self, bytes: usize) {
        let Some(train) = self.trains.get(self.next_train) else { return };
        self.next_offset = self.next_offset.saturating_add(bytes);
        if self.next_offset >= train.length {
            self.next_train += 1;
            self.next_offset = 0;
        }
        if self.is_empty() {
            self.clear();
        }
    }
}
