//! Bulk: 64 KiB a write on each stream, every byte compared.

use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::pattern::Pattern;
use crate::report;
use crate::span::{cpu_micros, Span};
use crate::stop::Stop;
use crate::{Connection, Failure, Listener, Plan, Receiver, Sender};

const WRITE_BYTES: usize = 65_536;

/// What all streams of an end have received together.
pub(crate) struct Total {
    bytes: u64,
    span: Span,
}

impl Total {
    pub(crate) fn new(plan: &Plan) -> Mutex<Self> {
        Mutex::new(Self { bytes: 0, span: Span::new(plan) })
    }
}

/// What all streams of an end share.
#[derive(Clone)]
struct Shared {
    pattern: Arc<Pattern>,
    total: Arc<Mutex<Total>>,
    stop: Stop,
}

impl Shared {
    fn new(plan: &Plan, stop: Stop) -> Self {
        Self { pattern: Arc::new(Pattern::new()), total: Arc::new(Total::new(plan)), stop }
    }
}

/// Which directions of a stream carry something.
#[derive(Clone, Copy)]
struct Directions {
    sends: bool,
    receives: bool,
}

pub(crate) async fn receive(mut listener: impl Listener, plan: &Plan) -> Result<(), Failure> {
    let stop = Stop::by_stdin();
    let connection = listener.accept().await?.ok_or("nobody came")?;
    let mut streams = Vec::new();
    while streams.len() < plan.streams {
        streams.push(connection.accept().await?.ok_or("the connection ended")?);
    }
    let shared = Shared::new(plan, stop);
    let directions = Directions { sends: plan.both != 0, receives: true };
    let ends: Vec<_> =
        streams.into_iter().map(|stream| tokio::spawn(carry(stream, directions, shared.clone()))).collect();
    for end in ends {
        let (sent, bytes) = end.await??;
        report::line(&json!({ "bytes": bytes, "sentBytes": sent }));
    }
    let _ = connection.accept().await;
    Ok(())
}

pub(crate) async fn send(connection: impl Connection, plan: &Plan) -> Result<(), Failure> {
    let (start, cpu) = (std::time::Instant::now(), cpu_micros());
    let shared = Shared::new(plan, Stop::by_stdin());
    let directions = Directions { sends: true, receives: plan.both != 0 };
    let mut ends = Vec::new();
    for _ in 0..plan.streams {
        ends.push(tokio::spawn(carry(connection.open().await?, directions, shared.clone())));
    }
    report::connected();
    let (mut bytes, mut received) = (0, 0);
    for end in ends {
        let (sent, back) = end.await??;
        bytes += sent;
        received += back;
    }
    let micros = u64::try_from(start.elapsed().as_micros())?;
    let cpu_micros = cpu_micros() - cpu;
    report::line(
        &json!({ "bytes": bytes, "receivedBytes": received, "micros": micros, "cpuMicros": cpu_micros }),
    );
    connection.close();
    Ok(())
}

/// Both directions of a stream at once, as far as they carry something; bytes sent and received.
async fn carry(
    (sender, receiver): (impl Sender, impl Receiver),
    Directions { sends, receives }: Directions,
    Shared { pattern, total, stop }: Shared,
) -> Result<(u64, u64), Failure> {
    let there = async {
        if sends {
            send_until(sender, &pattern, &stop).await
        } else {
            Ok(0)
        }
    };
    let back = async {
        if receives {
            receive_verified(receiver, &pattern, Some(&total)).await
        } else {
            Ok(0)
        }
    };
    let (sent, received) = tokio::join!(there, back);
    Ok((sent?, received?))
}

/// Reads to the end and compares; counts in `total` too, where there is one.
pub(crate) async fn receive_verified(
    mut receiver: impl Receiver,
    pattern: &Pattern,
    total: Option<&Mutex<Total>>,
) -> Result<u64, Failure> {
    let mut bytes = 0;
    while let Some(chunk) = receiver.read().await? {
        if !pattern.matches(bytes, &chunk) {
            return Err(report::mismatch(bytes));
        }
        bytes += chunk.len() as u64;
        let Some(total) = total else { continue };
        let mut total = total.lock().map_err(|_| "another stream failed")?;
        total.bytes += chunk.len() as u64;
        let all = total.bytes;
        if let Some(measured) = total.span.update(all) {
            report::measured(&measured);
        }
    }
    Ok(bytes)
}

pub(crate) async fn send_until(
    mut sender: impl Sender,
    pattern: &Pattern,
    stop: &Stop,
) -> Result<u64, Failure> {
    let mut bytes = 0;
    while !stop.is_told() {
        sender.write(pattern.at(bytes, WRITE_BYTES)).await?;
        bytes += WRITE_BYTES as u64;
    }
    sender.finish().await?;
    Ok(bytes)
}
