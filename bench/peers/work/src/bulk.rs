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
struct Total {
    bytes: u64,
    span: Span,
}

pub(crate) async fn receive(mut listener: impl Listener, plan: &Plan) -> Result<(), Failure> {
    let stop = Stop::by_stdin();
    let pattern = Arc::new(Pattern::new());
    let connection = listener.accept().await?.ok_or("nobody came")?;
    let mut streams = Vec::new();
    while streams.len() < plan.streams {
        streams.push(connection.accept().await?.ok_or("the connection ended")?);
    }
    let total = Arc::new(Mutex::new(Total { bytes: 0, span: Span::new(plan) }));
    let mut ends = Vec::new();
    for (sender, receiver) in streams {
        let (pattern, total, stop, both) = (pattern.clone(), total.clone(), stop.clone(), plan.both);
        ends.push(tokio::spawn(async move {
            let back = async {
                if both == 0 {
                    Ok(0)
                } else {
                    send_until(sender, &pattern, &stop).await
                }
            };
            let (bytes, sent) = tokio::join!(receive_verified(receiver, &pattern, &total), back);
            Ok::<_, Failure>((bytes?, sent?))
        }));
    }
    for end in ends {
        let (bytes, sent) = end.await??;
        report::line(&json!({ "bytes": bytes, "sentBytes": sent }));
    }
    let _ = connection.accept().await;
    Ok(())
}

pub(crate) async fn send(connection: impl Connection, plan: &Plan) -> Result<(), Failure> {
    let stop = Stop::by_stdin();
    let pattern = Arc::new(Pattern::new());
    let (start, cpu) = (std::time::Instant::now(), cpu_micros());
    let total = Arc::new(Mutex::new(Total { bytes: 0, span: Span::new(plan) }));
    let mut ends = Vec::new();
    for _ in 0..plan.streams {
        let (sender, receiver) = connection.open().await?;
        let (pattern, total, stop, both) = (pattern.clone(), total.clone(), stop.clone(), plan.both);
        ends.push(tokio::spawn(async move {
            let back = async {
                if both == 0 {
                    Ok(0)
                } else {
                    receive_verified(receiver, &pattern, &total).await
                }
            };
            let (sent, received) = tokio::join!(send_until(sender, &pattern, &stop), back);
            Ok::<_, Failure>((sent?, received?))
        }));
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

async fn receive_verified(
    mut receiver: impl Receiver,
    pattern: &Pattern,
    total: &Mutex<Total>,
) -> Result<u64, Failure> {
    let mut bytes = 0;
    while let Some(chunk) = receiver.read().await? {
        if chunk != pattern.at(bytes, chunk.len()) {
            return Err(report::mismatch(bytes));
        }
        bytes += chunk.len() as u64;
        let mut total = total.lock().map_err(|_| "another stream failed")?;
        total.bytes += chunk.len() as u64;
        let all = total.bytes;
        if let Some(measured) = total.span.update(all) {
            report::measured(&measured);
        }
    }
    Ok(bytes)
}

async fn send_until(mut sender: impl Sender, pattern: &Pattern, stop: &Stop) -> Result<u64, Failure> {
    let mut bytes = 0;
    while !stop.is_told() {
        sender.write(pattern.at(bytes, WRITE_BYTES)).await?;
        bytes += WRITE_BYTES as u64;
    }
    sender.finish().await?;
    Ok(bytes)
}
