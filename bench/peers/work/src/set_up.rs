//! Connection and first echo, again and again.

use std::time::Instant;

use crate::echo::{round_trip, summary};
use crate::{Connection, Failure, Plan, Transport};

pub(crate) async fn measure(transport: &impl Transport, address: &str, plan: &Plan) -> Result<(), Failure> {
    let mut nanos = Vec::with_capacity(plan.trips);
    for trip in 0..plan.trips {
        let start = Instant::now();
        let connection = transport.connect(address).await?;
        let (mut sender, mut receiver) = connection.open().await?;
        round_trip(&mut sender, &mut receiver, plan.message_bytes, trip as u64).await?;
        nanos.push(u64::try_from(start.elapsed().as_nanos())?);
        connection.close();
    }
    summary(nanos);
    Ok(())
}
