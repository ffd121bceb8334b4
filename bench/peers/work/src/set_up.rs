//! Connection and first echo, again and again.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::echo::{quantiles, round_trip};
use crate::report;
use crate::{Connection, Failure, Plan, Transport};

pub(crate) async fn measure(transport: &impl Transport, address: &str, plan: &Plan) -> Result<(), Failure> {
    let mut nanos = Vec::with_capacity(plan.warm_up_trips + plan.trips);
    for trip in 0..plan.warm_up_trips + plan.trips {
        let start = Instant::now();
        let connection = transport.connect(address).await?;
        let (mut sender, mut receiver) = connection.open().await?;
        round_trip(&mut sender, &mut receiver, plan.message_bytes, trip as u64).await?;
        nanos.push(u64::try_from(start.elapsed().as_nanos())?);
        connection.close();
        tokio::time::sleep(Duration::from_millis(plan.pause_ms)).await;
    }
    let first = nanos[0] as f64 / 1_000.0;
    let mut line = quantiles(nanos.split_off(plan.warm_up_trips));
    line["firstMicros"] = json!(first);
    report::line(&line);
    Ok(())
}
