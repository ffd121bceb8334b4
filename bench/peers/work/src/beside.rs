//! Small messages there and back, at a steady pace, beside a bulk stream of the same connection.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::bulk::{receive_verified, send_until, Total};
use crate::echo::{quantiles, send_back};
use crate::pattern::Pattern;
use crate::report;
use crate::stop::Stop;
use crate::{Connection, Failure, Listener, Plan, Receiver, Sender};

/// The first byte of a stream says what it is for.
const BULK: u8 = 1;
const ECHO: u8 = 2;

/// Compares what the bulk stream brings, and sends back what the other brings.
pub(crate) async fn receive(mut listener: impl Listener, plan: &Plan) -> Result<(), Failure> {
    let connection = listener.accept().await?.ok_or("nobody came")?;
    while let Some((sender, receiver)) = connection.accept().await? {
        let plan = plan.clone();
        tokio::spawn(async move {
            if let Err(failure) = serve(sender, receiver, &plan).await {
                report::failure(&*failure);
            }
        });
    }
    Ok(())
}

async fn serve(sender: impl Sender, mut receiver: impl Receiver, plan: &Plan) -> Result<(), Failure> {
    let first = receiver.read().await?.ok_or("a stream ended before its label")?;
    let receiver = Rest { first: Some(first.slice(1..)), receiver };
    if first[0] != BULK {
        send_back(sender, receiver).await;
        return Ok(());
    }
    let bytes = receive_verified(receiver, &Pattern::new(), Some(&Total::new(plan))).await?;
    report::line(&json!({ "bytes": bytes }));
    Ok(())
}

pub(crate) async fn send(connection: impl Connection, plan: &Plan) -> Result<(), Failure> {
    let stop = Stop::by_stdin();
    let (mut bulk, _bulk_back) = connection.open().await?;
    bulk.write(&[BULK]).await?;
    let told = stop.clone();
    let sent = tokio::spawn(async move { send_until(bulk, &Pattern::new(), &told).await });
    let (mut sender, receiver) = connection.open().await?;
    sender.prefer();
    sender.write(&[ECHO]).await?;
    paced_echo(sender, receiver, plan).await?;
    report::line(&json!({ "bytes": sent.await?? }));
    connection.close();
    Ok(())
}

/// Asks until the time is over, and waits until every answer has come.
async fn paced_echo(
    mut sender: impl Sender,
    mut receiver: impl Receiver,
    plan: &Plan,
) -> Result<(), Failure> {
    let from = Instant::now() + Duration::from_millis(plan.warm_up_ms);
    let end = from + Duration::from_millis(plan.measure_ms);
    let asked: RefCell<Vec<Instant>> = RefCell::default();
    let is_last_sent = std::cell::Cell::new(false);
    let ask = async {
        while !is_last_sent.get() {
            tokio::time::sleep(Duration::from_millis(plan.interval_ms)).await;
            let now = Instant::now();
            is_last_sent.set(now >= end);
            asked.borrow_mut().push(now);
            let number = asked.borrow().len() - 1;
            sender.write(&message(plan.message_bytes, number)).await?;
        }
        Ok::<(), Failure>(())
    };
    let collect = async {
        let (mut came, mut answered, mut nanos) = (Vec::new(), 0, Vec::new());
        while !is_last_sent.get() || answered < asked.borrow().len() {
            came.extend_from_slice(&receiver.read().await?.ok_or("the stream ended")?);
            let now = Instant::now();
            let whole = came.len() / plan.message_bytes * plan.message_bytes;
            for answer in came[..whole].chunks(plan.message_bytes) {
                if answer != message(plan.message_bytes, answered) {
                    return Err(format!("answer {answered} is not the question").into());
                }
                let at = asked.borrow()[answered];
                if at >= from {
                    nanos.push(u64::try_from((now - at).as_nanos())?);
                }
                answered += 1;
            }
            came.drain(..whole);
        }
        Ok::<Vec<u64>, Failure>(nanos)
    };
    let ((), nanos) = tokio::try_join!(ask, collect)?;
    let count = nanos.len();
    let mut line = quantiles(nanos);
    line["count"] = json!(count);
    report::line(&line);
    Ok(())
}

fn message(message_bytes: usize, number: usize) -> Vec<u8> {
    let mut message = vec![0x6f; message_bytes];
    message[..8].copy_from_slice(&(number as u64).to_le_bytes());
    message
}

/// A stream from behind its label.
struct Rest<R> {
    first: Option<bytes::Bytes>,
    receiver: R,
}

impl<R: Receiver> Receiver for Rest<R> {
    async fn read(&mut self) -> Result<Option<bytes::Bytes>, Failure> {
        match self.first.take() {
            Some(first) if !first.is_empty() => Ok(Some(first)),
            _ => self.receiver.read().await,
        }
    }
}
