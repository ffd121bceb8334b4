//! One transfer, from nothing to the answer that all of it has arrived.

use std::time::Instant;

use crate::bulk::receive_verified;
use crate::echo::summary;
use crate::pattern::Pattern;
use crate::{Connection, Failure, Listener, Plan, Receiver, Sender, Transport};

const WRITE_BYTES: u64 = 65_536;

/// Takes one transfer of each connection, compares it, and answers with one byte.
pub(crate) async fn receive(mut listener: impl Listener, plan: &Plan) -> Result<(), Failure> {
    let pattern = Pattern::new();
    while let Some(connection) = listener.accept().await? {
        let (mut sender, receiver) = connection.accept().await?.ok_or("the connection ended")?;
        let bytes = receive_verified(receiver, &pattern, None).await?;
        if bytes != plan.bytes {
            return Err(format!("{bytes} bytes arrived instead of {}", plan.bytes).into());
        }
        sender.write(&[1]).await?;
        sender.finish().await?;
    }
    Ok(())
}

pub(crate) async fn measure<T: Transport>(transport: &T, address: &str, plan: &Plan) -> Result<(), Failure> {
    let pattern = Pattern::new();
    let mut nanos = Vec::with_capacity(plan.trips);
    for _ in 0..plan.trips {
        let start = Instant::now();
        let connection = transport.connect(address).await?;
        let (mut sender, mut receiver) = connection.open().await?;
        let mut sent = 0;
        while sent < plan.bytes {
            let length = WRITE_BYTES.min(plan.bytes - sent);
            sender.write(pattern.at(sent, usize::try_from(length)?)).await?;
            sent += length;
        }
        sender.finish().await?;
        let answer = receiver.read().await?.ok_or("the stream ended without an answer")?;
        if answer[..] != [1] {
            return Err("the answer is not the answer".into());
        }
        nanos.push(u64::try_from(start.elapsed().as_nanos())?);
        connection.close();
    }
    summary(nanos);
    Ok(())
}
