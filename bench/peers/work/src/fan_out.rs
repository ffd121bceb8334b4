//! One message to many peers, and an answer from each.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::echo::quantiles;
use crate::report;
use crate::span::cpu_micros;
use crate::{Connection, Failure, Listener, Plan, Receiver, Sender, Transport};

/// What a peer answers with: the number of the message.
const ANSWER_BYTES: usize = 4;

/// When every peer has its stream, sends a message to all of them, waits for every answer, and does it again.
pub(crate) async fn hub(mut listener: impl Listener, plan: &Plan) -> Result<(), Failure> {
    let mut streams = Vec::new();
    while streams.len() < plan.sessions {
        let connection = listener.accept().await?.ok_or("nobody came")?;
        let (sender, mut receiver) = connection.accept().await?.ok_or("the connection ended")?;
        read_answer(&mut receiver).await?;
        streams.push((connection, sender, receiver));
    }
    let (start, cpu) = (Instant::now(), cpu_micros());
    let (warm, end) =
        (Duration::from_millis(plan.warm_up_ms), Duration::from_millis(plan.warm_up_ms + plan.measure_ms));
    let (mut nanos, mut number) = (Vec::new(), 0_u32);
    while start.elapsed() < end || nanos.is_empty() {
        let (began, is_counted) = (Instant::now(), start.elapsed() >= warm);
        let message = message(plan.message_bytes, number);
        for (_, sender, _) in &mut streams {
            sender.write(&message).await?;
        }
        for (_, _, receiver) in &mut streams {
            let answered = read_answer(receiver).await?;
            if answered != number {
                return Err(format!("a peer answered {answered} to message {number}").into());
            }
        }
        if is_counted {
            nanos.push(u64::try_from(began.elapsed().as_nanos())?);
        }
        number += 1;
    }
    let each = (cpu_micros() - cpu) as f64 / (f64::from(number) * streams.len() as f64);
    let count = nanos.len() * streams.len();
    let mut line = quantiles(nanos);
    line["fanOuts"] = json!(number);
    line["count"] = json!(count);
    line["cpuMicrosEach"] = json!(each);
    report::line(&line);
    std::future::pending().await
}

/// All peers, each with an endpoint of its own.
pub(crate) async fn peers<T: Transport>(transport: &T, address: &str, plan: &Plan) -> Result<(), Failure> {
    let mut ends = Vec::new();
    for _ in 0..plan.sessions {
        let connection = transport.connect(address).await?;
        let (mut sender, receiver) = connection.open().await?;
        sender.write(&[0; ANSWER_BYTES]).await?;
        ends.push(tokio::spawn(serve(connection, sender, receiver, plan.message_bytes)));
    }
    report::line(&json!({ "sessions": ends.len() }));
    for end in ends {
        end.await??;
    }
    Ok(())
}

/// Compares what comes, and answers with its number.
async fn serve(
    _kept: impl Connection,
    mut sender: impl Sender,
    mut receiver: impl Receiver,
    message_bytes: usize,
) -> Result<(), Failure> {
    let (mut came, mut number) = (Vec::with_capacity(message_bytes), 0_u32);
    while let Some(chunk) = receiver.read().await? {
        // The hub waits for the answer before it sends more: nothing of the next message is here yet.
        came.extend_from_slice(&chunk);
        if came.len() < message_bytes {
            continue;
        }
        if came != message(message_bytes, number) {
            return Err(format!("message {number} is not what was sent").into());
        }
        sender.write(&number.to_le_bytes()).await?;
        came.clear();
        number += 1;
    }
    Ok(())
}

fn message(message_bytes: usize, number: u32) -> Vec<u8> {
    let mut message = vec![0x6f; message_bytes];
    message[..ANSWER_BYTES].copy_from_slice(&number.to_le_bytes());
    message
}

async fn read_answer(receiver: &mut impl Receiver) -> Result<u32, Failure> {
    let mut answer = Vec::with_capacity(ANSWER_BYTES);
    while answer.len() < ANSWER_BYTES {
        answer.extend_from_slice(&receiver.read().await?.ok_or("a peer ended")?);
    }
    Ok(u32::from_le_bytes(answer.as_slice().try_into()?))
}
