//! Small messages one way over one stream, back to back in it: they all have one length.

use crate::pattern::Pattern;
use crate::report;
use crate::span::Span;
use crate::stop::Stop;
use crate::{Connection, Failure, Listener, Plan, Receiver, Sender};
use serde_json::json;

/// Counts the messages that have arrived whole, every byte compared.
pub(crate) async fn receive(mut listener: impl Listener, plan: &Plan) -> Result<(), Failure> {
    let pattern = Pattern::new();
    let connection = listener.accept().await?.ok_or("nobody came")?;
    let (_sender, mut receiver) = connection.accept().await?.ok_or("the connection ended")?;
    let mut span = Span::new(plan);
    let mut bytes = 0;
    while let Some(chunk) = receiver.read().await? {
        if !pattern.matches(bytes, &chunk) {
            return Err(report::mismatch(bytes));
        }
        bytes += chunk.len() as u64;
        if let Some(measured) = span.update(bytes / plan.message_bytes as u64) {
            report::measured(&measured);
        }
    }
    report::line(&json!({ "messages": bytes / plan.message_bytes as u64 }));
    let _ = connection.accept().await;
    Ok(())
}

pub(crate) async fn send(connection: impl Connection, plan: &Plan) -> Result<(), Failure> {
    let stop = Stop::by_stdin();
    let pattern = Pattern::new();
    let (mut sender, _receiver) = connection.open().await?;
    report::connected();
    let mut position = 0;
    let mut messages = 0_u64;
    // What a buffered writer does: messages are copied together until the buffer is full.
    let mut buffer = Vec::with_capacity(plan.coalesced * plan.message_bytes);
    while !stop.is_told() {
        for _ in 0..plan.coalesced {
            buffer.extend_from_slice(pattern.at(position, plan.message_bytes));
            position += plan.message_bytes as u64;
        }
        messages += plan.coalesced as u64;
        sender.write(&buffer).await?;
        buffer.clear();
        if plan.coalesced == 1 {
            // Hands the message over by itself: the transport may send it before the next is there.
            tokio::task::yield_now().await;
        }
    }
    sender.finish().await?;
    report::line(&json!({ "messages": messages }));
    connection.close();
    Ok(())
}
