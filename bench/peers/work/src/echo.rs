//! Round trips of one message at a time over one stream.

use std::time::Instant;

use bytes::BytesMut;
use serde_json::json;

use crate::report;
use crate::{Connection, Failure, Listener, Plan, Receiver, Sender};

/// Not counted, as in the workers of Node.
const WARM_UP_TRIPS: usize = 2_000;

/// Sends back whatever comes, on every stream of every connection.
pub(crate) async fn serve(mut listener: impl Listener) -> Result<(), Failure> {
    while let Some(connection) = listener.accept().await? {
        tokio::spawn(async move {
            while let Ok(Some((sender, receiver))) = connection.accept().await {
                tokio::spawn(send_back(sender, receiver));
            }
        });
    }
    Ok(())
}

pub(crate) async fn send_back(mut sender: impl Sender, mut receiver: impl Receiver) {
    while let Ok(Some(chunk)) = receiver.read().await {
        if sender.write(&chunk).await.is_err() {
            return;
        }
    }
    let _ = sender.finish().await;
}

pub(crate) async fn ask(connection: impl Connection, plan: &Plan) -> Result<(), Failure> {
    let (mut sender, mut receiver) = connection.open().await?;
    let mut nanos = Vec::with_capacity(plan.trips);
    for trip in 0..WARM_UP_TRIPS + plan.trips {
        let took = round_trip(&mut sender, &mut receiver, plan.message_bytes, trip as u64).await?;
        if trip >= WARM_UP_TRIPS {
            nanos.push(took);
        }
    }
    summary(nanos);
    connection.close();
    Ok(())
}

/// One message there and back, compared; nanoseconds.
pub(crate) async fn round_trip(
    sender: &mut impl Sender,
    receiver: &mut impl Receiver,
    byte_count: usize,
    number: u64,
) -> Result<u64, Failure> {
    let mut question = vec![0x6f; byte_count];
    question[..8].copy_from_slice(&number.to_le_bytes());
    let start = Instant::now();
    sender.write(&question).await?;
    let mut answer = BytesMut::with_capacity(byte_count);
    while answer.len() < byte_count {
        answer.extend_from_slice(&receiver.read().await?.ok_or("the stream ended")?);
    }
    let nanos = u64::try_from(start.elapsed().as_nanos())?;
    if answer[..] != question[..] {
        return Err(format!("answer {number} is not the question").into());
    }
    Ok(nanos)
}

/// Reports quantiles of durations in nanoseconds.
pub(crate) fn summary(nanos: Vec<u64>) {
    report::line(&quantiles(nanos));
}

/// Quantiles of durations in nanoseconds, in microseconds.
pub(crate) fn quantiles(mut nanos: Vec<u64>) -> serde_json::Value {
    nanos.sort_unstable();
    let quantile = |share: f64| {
        let at = ((nanos.len() as f64 * share) as usize).min(nanos.len().saturating_sub(1));
        nanos.get(at).map_or(f64::NAN, |nanos| *nanos as f64 / 1_000.0)
    };
    json!({ "p50Micros": quantile(0.5), "p99Micros": quantile(0.99), "p999Micros": quantile(0.999) })
}
