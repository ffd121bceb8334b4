//! Handshakes as fast as they go: each connection is closed as soon as it is there.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;

use crate::echo::quantiles;
use crate::report;
use crate::span::cpu_micros;
use crate::stop::on_each_line;
use crate::{Connection, Failure, Listener, Plan, Transport};

/// Under way at once.
const LANES: usize = 32;

/// Accepts connections, and says how many it has accepted for every line of stdin.
pub(crate) async fn accept(mut listener: impl Listener) -> Result<(), Failure> {
    let accepted = Arc::new(AtomicU64::new(0));
    let told = accepted.clone();
    let cpu = cpu_micros();
    on_each_line(move || {
        let accepted = told.load(Ordering::Relaxed);
        report::line(&json!({ "accepted": accepted, "cpuMicros": cpu_micros() - cpu }));
    });
    while let Some(arriving) = listener.arriving().await {
        let accepted = accepted.clone();
        tokio::spawn(async move {
            if let Ok(connection) = arriving.await {
                accepted.fetch_add(1, Ordering::Relaxed);
                // Kept until the other end closes it.
                let _ = connection.accept().await;
            }
        });
    }
    Ok(())
}

pub(crate) async fn measure<T: Transport>(transport: &T, address: &str, plan: &Plan) -> Result<(), Failure> {
    let (start, cpu) = (Instant::now(), cpu_micros());
    let left = Cell::new(plan.connections);
    let nanos = Cell::new(Vec::with_capacity(plan.connections));
    let lane = || async {
        while left.get() > 0 {
            left.set(left.get() - 1);
            let dial = Instant::now();
            let connection = transport.connect(address).await?;
            let took = u64::try_from(dial.elapsed().as_nanos())?;
            let mut all = nanos.take();
            all.push(took);
            nanos.set(all);
            connection.close();
        }
        Ok::<(), Failure>(())
    };
    in_lanes((0..LANES).map(|_| Box::pin(lane())).collect()).await?;
    let micros = u64::try_from(start.elapsed().as_micros())?;
    let mut line = quantiles(nanos.take());
    line["count"] = json!(plan.connections);
    line["micros"] = json!(micros);
    line["cpuMicros"] = json!(cpu_micros() - cpu);
    report::line(&line);
    Ok(())
}

/// Runs all at once on this task; ends with the first failure.
async fn in_lanes<F: std::future::Future<Output = Result<(), Failure>> + Unpin>(
    mut lanes: Vec<F>,
) -> Result<(), Failure> {
    std::future::poll_fn(|context| {
        let mut index = 0;
        while index < lanes.len() {
            match std::pin::Pin::new(&mut lanes[index]).poll(context) {
                std::task::Poll::Ready(Ok(())) => drop(lanes.swap_remove(index)),
                std::task::Poll::Ready(Err(failure)) => return std::task::Poll::Ready(Err(failure)),
                std::task::Poll::Pending => index += 1,
            }
        }
        if lanes.is_empty() {
            std::task::Poll::Ready(Ok(()))
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}
