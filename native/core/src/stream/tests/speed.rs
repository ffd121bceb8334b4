use super::*;
#[test]
#[ignore]
fn speed() {
    for streams in [1usize, 100] {
    let setup = Setup { window: 1<<20, window_cap: 4 << 20, send_buffer_cap: 4<<20, max_streams: 200, budget_bytes: 1<<30 };
    let mut pair = Pair::with(setup);
    let mut hs = Vec::new();
    for _ in 0..streams { hs.push(pair.open_both()); }
    let chunk = vec![7u8; 65536];
    let mut into = vec![0u8; 65536];
    let mut buf = vec![0u8; 1408];
    let mut log = FrameLog::new();
    let mut train: Vec<(Vec<u8>, usize)> = (0..64).map(|_| (vec![0u8;1408],0)).collect();
    let mut logs: Vec<SentFrame> = Vec::with_capacity(4000);
    let t = std::time::Instant::now();
    let (mut total, mut packets) = (0u64, 0u64);
    let (mut tw, mut tf, mut td, mut tr, mut ta) = (0u128,0,0,0,0);
    while total < 8 << 30 {
        let s0 = std::time::Instant::now();
        for h in &hs { while pair.ends[0].write(h[0], &chunk).unwrap() == 65536 {} }
        let s1 = std::time::Instant::now();
        let mut n = 0;
        while n < 64 && pair.ends[0].wants_to_send() {
            log.clear();
            let mut w = Writer::new(&mut train[n].0);
            pair.ends[0].fill(&mut w, &mut log);
            let len = w.position(); train[n].1 = len;
            logs.extend_from_slice(log.as_slice());
            n += 1;
        }
        let s2 = std::time::Instant::now();
        for (bytes, len) in &train[..n] {
            let mut r = Reader::new(&bytes[..*len]);
            while !r.is_empty() {
                match Frame::decode(&mut r).unwrap() {
                    Frame::Stream(f) => pair.ends[1].on_stream(&f).unwrap(),
                    Frame::MaxData{..} | Frame::MaxStreamData{..} | Frame::Padding(_) => {}
                    o => panic!("{o:?}"),
                }
            }
            packets += 1;
        }
        let s3 = std::time::Instant::now();
        pair.now = pair.now.plus_micros(100);
        while let Some(e) = pair.ends[1].poll_event() {
            if let StreamEvent::Readable { handle, .. } = e {
                loop { let o = pair.ends[1].read(pair.now, 100, handle, &mut into).unwrap(); std::hint::black_box(&mut into); total += o.bytes as u64; if o.bytes < 65536 { break } }
            }
        }
        while pair.ends[1].wants_to_send() {
            log.clear();
            let mut w = Writer::new(&mut buf);
            pair.ends[1].fill(&mut w, &mut log);
            let len = w.position();
            let mut r = Reader::new(&buf[..len]);
            while !r.is_empty() { match Frame::decode(&mut r).unwrap() {
                Frame::MaxData{maximum} => pair.ends[0].on_max_data(maximum),
                Frame::MaxStreamData{id, maximum} => pair.ends[0].on_max_stream_data(id, maximum).unwrap(),
                _ => {} } }
        }
        let s4 = std::time::Instant::now();
        for f in &logs { pair.ends[0].on_acknowledged(f); }
        logs.clear();
        let s5 = std::time::Instant::now();
        while pair.ends[0].poll_event().is_some() {}
        tw += (s1-s0).as_nanos(); tf += (s2-s1).as_nanos(); td += (s3-s2).as_nanos(); tr += (s4-s3).as_nanos(); ta += (s5-s4).as_nanos();
    }
    let el = t.elapsed().as_secs_f64();
    let p = packets as u128;
    eprintln!("streams {streams}: {:.2} GB/s, {:.2} Mpkt/s; ns/packet: write {} fill {} on_stream {} read {} ack {}; ring {} ", total as f64/el/1e9, packets as f64/el/1e6, tw/p, tf/p, td/p, tr/p, ta/p, pair.ends[0].stats(hs[0][0]).unwrap().send_buffered);
    }
}
