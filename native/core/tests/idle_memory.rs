//! What an association costs that nobody uses: thousands of them are quiet at a time.
#![allow(clippy::unwrap_used)]

#[path = "support/pair.rs"]
mod pair;

use osier_core::{
    CongestionAlgorithm, Event, Instant, MessageOptions, OpenRequest, StreamEvent, StreamKind,
    TRAIN_BYTES_MAX,
};
use pair::{associate, exchange, End};

const ASSOCIATIONS: u64 = 64;
/// One end's share of an association: 2 KiB of it are the replay window, and another the keys.
const IDLE_BYTES_MAX: u64 = 8 << 10;

/// Everything that streams do: bytes, messages and datagrams, there and back, and the end of all.
fn use_association(ends: &mut [End; 2], handles: [u32; 2], now: &mut u64, train: &mut [u8], data: &mut [u8]) {
    for kind in [StreamKind::Bytes, StreamKind::Messages, StreamKind::Datagrams] {
        let at = Instant::from_micros(*now);
        let request = OpenRequest { kind, priority: 3, protocol: "used", metadata: b"" };
        let stream = ends[0].engine.open_stream(at, handles[0], &request).unwrap().unwrap();
        let mut left = 200;
        let mut closed = [false; 2];
        let mut lengths = [0; 64];
        while closed != [true; 2] {
            let at = Instant::from_micros(*now);
            while left > 0 {
                let (engine, bytes) = (&mut ends[0].engine, &data[..3_000]);
                if kind == StreamKind::Bytes {
                    engine.write(at, handles[0], stream, bytes).unwrap();
                } else {
                    let options =
                        MessageOptions { lifetime_micros: Some(1_000_000), ..MessageOptions::default() };
                    engine.send_message(at, handles[0], stream, bytes, &options).unwrap();
                }
                left -= 1;
                if left == 0 {
                    engine.finish(at, handles[0], stream).unwrap();
                }
                if left % 20 == 0 {
                    break;
                }
            }
            exchange(ends, now, train);
            for (end, closed) in ends.iter_mut().zip(&mut closed) {
                while let Some(event) = end.engine.poll_event() {
                    let Event::Stream { association, event } = event else { continue };
                    match event {
                        StreamEvent::Opened { handle, .. } => {
                            end.engine.finish(at, association, handle).unwrap()
                        }
                        StreamEvent::Readable { handle, .. } if kind == StreamKind::Bytes => {
                            while end
                                .engine
                                .read(at, association, handle, data)
                                .is_ok_and(|read| read.bytes > 0)
                            {}
                        }
                        StreamEvent::Readable { handle, .. } => {
                            let mut read =
                                || end.engine.read_messages(at, association, handle, data, &mut lengths);
                            while read().is_ok_and(|read| read.count > 0) {}
                        }
                        StreamEvent::Closed { .. } => *closed = true,
                        _ => {}
                    }
                }
            }
        }
    }
}

#[test]
fn an_idle_association_costs_a_few_kilobytes() {
    let mut ends = pair::pair(CongestionAlgorithm::Cubic);
    let (mut train, mut data) = (vec![0; TRAIN_BYTES_MAX], vec![7; 1 << 20]);
    let mut now = 0;
    // What the engines themselves keep, such as blocks for rings, they have after the first.
    let first = [ends[0].association, ends[1].association];
    exchange(&mut ends, &mut now, &mut train);
    use_association(&mut ends, first, &mut now, &mut train, &mut data);
    let measured = allocation_counter::measure(|| {
        for _ in 0..ASSOCIATIONS {
            let handles = associate(&mut ends, Instant::from_micros(now));
            exchange(&mut ends, &mut now, &mut train);
            use_association(&mut ends, handles, &mut now, &mut train, &mut data);
        }
        for _ in 0..10 {
            now += 1_000_000;
            exchange(&mut ends, &mut now, &mut train);
            for end in &mut ends {
                while end.engine.poll_event().is_some() {}
            }
        }
    });
    let each = measured.bytes_current as u64 / ASSOCIATIONS / 2;
    println!("{each} bytes for each end of an idle association");
    assert!(each <= IDLE_BYTES_MAX, "{each} bytes for each end of an idle association");
}
