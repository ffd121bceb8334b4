//! The sending end: seals packets back to back and hands them to the kernel a train at a time.

use std::io;
use std::net::UdpSocket;

use crate::packet::{PacketKey, HEADER_BYTES, TAG_BYTES};
use crate::pattern::Pattern;
use crate::socket::{Endpoint, MAX_TRAIN_BYTES, MAX_TRAIN_SEGMENTS};
use crate::Shape;

/// What may be on its way: half the buffer that the receiver asks for, so that nothing is dropped.
const WINDOW_BYTES: u64 = 2 << 20;

/// Sends packets to the loopback's `port` until the receiver is gone.
pub fn run(shape: &Shape, port: u16) -> io::Result<()> {
    let endpoint = Endpoint::bind(shape.has_trains)?;
    endpoint.socket.connect(("127.0.0.1", port))?;
    match send_all(&endpoint, shape) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        outcome => outcome,
    }
}

fn send_all(endpoint: &Endpoint, shape: &Shape) -> io::Result<()> {
    let (key, pattern) = (PacketKey::fixed(&shape.cipher)?, Pattern::new());
    let size = shape.packet_bytes;
    let payload_len = size - HEADER_BYTES - TAG_BYTES;
    let segments = MAX_TRAIN_SEGMENTS.min(MAX_TRAIN_BYTES / size);
    let mut train = vec![0; segments * size];
    let (mut packet_number, mut taken) = (0, 0);
    loop {
        while packet_number * size as u64 > taken + WINDOW_BYTES {
            taken = read_report(&endpoint.socket)?;
        }
        for packet in train.chunks_exact_mut(size) {
            key.seal(packet_number, pattern.at(packet_number * payload_len as u64, payload_len), packet);
            packet_number += 1;
        }
        endpoint.send(&train, size)?;
    }
}

/// Waits for the receiver's word on how many bytes of packets it has taken.
fn read_report(socket: &UdpSocket) -> io::Result<u64> {
    let mut report = [0; 8];
    socket.recv(&mut report)?;
    Ok(u64::from_le_bytes(report))
}
