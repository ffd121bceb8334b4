//! A slow reader holds no more memory than configured, and takes nothing from its neighbours.
#![allow(clippy::unwrap_used)]

use osier_core::{Cipher, EngineConfig, Event, OpenRequest, StreamEvent, StreamKind};
use osier_sim::{LinkConfig, Network};

const SECOND: u64 = 1_000_000;
const RATE: u64 = 12_500_000;

#[test]
fn a_peer_that_pushes_for_a_minute_at_a_reader_that_does_not_read_stays_within_bounds_and_the_other_stream_keeps_its_speed(
) {
    let config =
        EngineConfig { memory_bytes: 64 << 20, stream_window_bytes: 4 << 20, ..EngineConfig::default() };
    push_for_a_minute(&config, 0);
}

#[test]
fn a_reader_that_was_quick_before_it_stopped_is_as_harmless() {
    push_for_a_minute(&EngineConfig { memory_bytes: 16 << 20, ..EngineConfig::default() }, 10);
}

/// One reader stops after `quick_seconds`, the other goes on.
fn push_for_a_minute(config: &EngineConfig, quick_seconds: u64) {
    let mut net = Network::new(5);
    let (a, b) = (net.add_host(EngineConfig::default()), net.add_host(config.clone()));
    let link = LinkConfig {
        delay_micros: 10_000,
        bytes_per_second: RATE,
        queue_bytes: RATE / 50,
        ..LinkConfig::default()
    };
    net.set_link(a, b, link.clone());
    net.set_link(b, a, link);
    let (handle_a, handle_b) = net.associate(a, b, Cipher::ChaCha20Poly1305);
    let request = OpenRequest { kind: StreamKind::Bytes, priority: 3, protocol: "push", metadata: b"" };
    let now = net.now();
    let stalled = net.engine(a).open_stream(now, handle_a, &request).unwrap().unwrap();
    let lively = net.engine(a).open_stream(now, handle_a, &request).unwrap().unwrap();

    let chunk = vec![3; 64 << 10];
    let mut into = vec![0; 64 << 10];
    let mut opened = Vec::new();
    let (mut read, mut read_in_first_half, mut peak) = (0_u64, 0_u64, 0);
    let start = now;
    let (half, end) = (now.plus_micros(30 * SECOND), now.plus_micros(60 * SECOND));
    loop {
        let now = net.now();
        for stream in [stalled, lively] {
            while net
                .engine(a)
                .write(now, handle_a, stream, &chunk)
                .is_ok_and(|accepted| accepted == chunk.len())
            {}
        }
        while let Some(event) = net.engine(b).poll_event() {
            if let Event::Stream { event: StreamEvent::Opened { handle, .. }, .. } = event {
                opened.push(handle);
            }
        }
        // The second stream opened is the lively one: streams are opened in order on a link without loss.
        let stops = start.plus_micros(quick_seconds * SECOND);
        for handle in opened.iter().copied().skip(usize::from(now >= stops)) {
            let lively = Some(&handle) == opened.get(1);
            while let Ok(outcome) = net.engine(b).read(now, handle_b, handle, &mut into) {
                read += if lively { outcome.bytes as u64 } else { 0 };
                if outcome.bytes == 0 {
                    break;
                }
            }
        }
        while net.engine(a).poll_event().is_some() {}
        net.flush(a);
        net.flush(b);
        peak = peak.max(net.engine(b).stats().memory_bytes);
        if now <= half {
            read_in_first_half = read;
        }
        if !net.step(end) {
            break;
        }
    }
    assert!(peak <= config.memory_bytes, "{peak} bytes held");
    let second_half = read - read_in_first_half;
    let share = second_half as f64 / (RATE * 30) as f64;
    assert!(share >= 0.85, "the lively stream had {share:.2} of the link");
}
