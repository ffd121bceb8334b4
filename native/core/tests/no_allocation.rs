//! Once its buffers have grown, the engine moves packets without asking the allocator for anything.
#![allow(clippy::unwrap_used)]

#[path = "support/pair.rs"]
mod pair;

use osier_core::{
    CongestionAlgorithm, Event, Instant, MessageOptions, OpenRequest, SendOutcome, StreamEvent, StreamKind,
    TRAIN_BYTES_MAX,
};
use pair::{exchange, pair, End};

/// Sends `total` bytes on an open stream; returns when all were read.
fn pump(ends: &mut [End; 2], stream: u32, total: usize, now: &mut u64, train: &mut [u8], chunk: &mut [u8]) {
    let (mut written, mut read) = (0, 0);
    while read < total {
        let at = Instant::from_micros(*now);
        let len = chunk.len().min(total - written);
        let association = ends[0].association;
        written += ends[0].engine.write(at, association, stream, &chunk[..len]).unwrap();
        exchange(ends, now, train);
        let association = ends[1].association;
        while let Some(event) = ends[1].engine.poll_event() {
            if let Event::Stream { event: StreamEvent::Readable { handle, .. }, .. } = event {
                while let Ok(outcome) = ends[1].engine.read(at, association, handle, chunk) {
                    read += outcome.bytes;
                    if outcome.bytes == 0 {
                        break;
                    }
                }
            }
        }
        while ends[0].engine.poll_event().is_some() {}
    }
}

#[test]
fn a_bulk_transfer_in_steady_state_allocates_nothing() {
    for congestion in [CongestionAlgorithm::Cubic, CongestionAlgorithm::Bbr] {
        transfer_without_allocating(congestion);
    }
}

fn transfer_without_allocating(congestion: CongestionAlgorithm) {
    let mut ends = pair(congestion);
    let mut train = vec![0; TRAIN_BYTES_MAX];
    let mut chunk = vec![0; 256 << 10];
    let mut now = 0;
    exchange(&mut ends, &mut now, &mut train);
    let association = ends[0].association;
    let request = OpenRequest { kind: StreamKind::Bytes, priority: 3, protocol: "bulk", metadata: b"" };
    let opened = ends[0].engine.open_stream(Instant::from_micros(now), association, &request);
    let stream = opened.unwrap().unwrap();
    pump(&mut ends, stream, 256 << 20, &mut now, &mut train, &mut chunk);

    let packets_before = ends[0].engine.stats().packets_sent;
    let measured = allocation_counter::measure(|| {
        pump(&mut ends, stream, 64 << 20, &mut now, &mut train, &mut chunk);
    });
    let packets = ends[0].engine.stats().packets_sent - packets_before;
    let allocations = measured.count_total;
    assert!(packets > 5_000, "{packets} packets");
    assert_eq!(allocations, 0, "{congestion:?}: {allocations} allocations for {packets} packets");
}

/// What is sent: small ones, some that take a packet, some in parts.
fn sizes() -> impl Iterator<Item = usize> {
    [16, 100, 1_000, 40, 5_000, 0, 300, 20_000].into_iter().cycle()
}

/// Sends `count` messages or datagrams, at most `burst` at a time, and reads those that come; returns how many.
fn pump_messages(
    ends: &mut [End; 2],
    stream: u32,
    count: usize,
    burst: usize,
    now: &mut u64,
    buffers: &mut Buffers,
) -> usize {
    let Buffers { train, message, into, lengths } = buffers;
    let (mut sent, mut read, mut sizes) = (0_usize, 0, sizes().peekable());
    loop {
        let at = Instant::from_micros(*now);
        let association = ends[0].association;
        let until = count.min(sent.saturating_add(burst));
        while sent < until {
            let options = MessageOptions {
                unordered: sent % 3 == 0,
                token: (sent % 2 == 0).then_some(sent as u32),
                lifetime_micros: (sent % 5 == 0).then_some(60_000_000),
            };
            let bytes = &message[..*sizes.peek().unwrap()];
            if ends[0].engine.send_message(at, association, stream, bytes, &options).unwrap()
                != SendOutcome::Accepted
            {
                break;
            }
            sent += 1;
            sizes.next();
        }
        exchange(ends, now, train);
        while let Some(event) = ends[1].engine.poll_event() {
            let Event::Stream { event: StreamEvent::Readable { handle, .. }, .. } = event else { continue };
            loop {
                let at = Instant::from_micros(*now);
                let association = ends[1].association;
                let outcome = ends[1].engine.read_messages(at, association, handle, into, lengths).unwrap();
                read += outcome.count;
                if outcome.count == 0 {
                    break;
                }
            }
        }
        while ends[0].engine.poll_event().is_some() {}
        let stats = ends[0].engine.message_stats(association, stream).unwrap();
        if sent == count && stats.sent == stats.delivered + stats.expired {
            return read;
        }
    }
}

struct Buffers {
    train: Vec<u8>,
    message: Vec<u8>,
    into: Vec<u8>,
    lengths: Vec<u32>,
}

#[test]
fn messages_in_steady_state_allocate_nothing() {
    send_without_allocating(StreamKind::Messages, usize::MAX);
}

#[test]
fn datagrams_in_steady_state_allocate_nothing() {
    // A receiver keeps few large buffers: what it holds beyond that, it gives back.
    send_without_allocating(StreamKind::Datagrams, 8);
}

fn send_without_allocating(kind: StreamKind, burst: usize) {
    let mut ends = pair(CongestionAlgorithm::Cubic);
    let mut buffers = Buffers {
        train: vec![0; TRAIN_BYTES_MAX],
        message: vec![7; 20_000],
        into: vec![0; 1 << 20],
        lengths: vec![0; 64],
    };
    let mut now = 0;
    exchange(&mut ends, &mut now, &mut buffers.train);
    let association = ends[0].association;
    let request = OpenRequest { kind, priority: 3, protocol: "many", metadata: b"" };
    let opened = ends[0].engine.open_stream(Instant::from_micros(now), association, &request);
    let stream = opened.unwrap().unwrap();
    pump_messages(&mut ends, stream, 400_000, burst, &mut now, &mut buffers);

    let mut read = 0;
    let measured = allocation_counter::measure(|| {
        read = pump_messages(&mut ends, stream, 20_000, burst, &mut now, &mut buffers);
    });
    let allocations = measured.count_total;
    assert_eq!(read, 20_000);
    assert_eq!(allocations, 0, "{kind:?}: {allocations} allocations for {read}");
}
