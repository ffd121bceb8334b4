//! Sessions that do nothing: what the listener holds for them.

use serde_json::json;

use crate::echo::{round_trip, serve as echo};
use crate::report;
use crate::stop::on_each_line;
use crate::{Connection, Failure, Listener, Plan, Transport};

const MESSAGE_BYTES: usize = 64;

/// Sends back what comes, and says how much memory it holds for every line of stdin.
pub(crate) async fn serve(listener: impl Listener) -> Result<(), Failure> {
    on_each_line(|| match resident_bytes() {
        Ok(bytes) => report::line(&json!({ "residentBytes": bytes })),
        Err(failure) => report::failure(&*failure),
    });
    echo(listener).await
}

fn resident_bytes() -> Result<u64, Failure> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let resident: u64 = pages.split(' ').nth(1).ok_or("statm is short")?.parse()?;
    // SAFETY: the call takes a number and answers with one.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Ok(resident * u64::try_from(page)?)
}

/// Opens some sessions, and then the others; shows that each works, and at the end that all of them still do.
pub(crate) async fn hold<T: Transport>(transport: &T, address: &str, plan: &Plan) -> Result<(), Failure> {
    let (lines, mut told) = tokio::sync::mpsc::unbounded_channel();
    on_each_line(move || {
        let _ = lines.send(());
    });
    let mut kept = Vec::new();
    for count in [plan.warm_up_sessions, plan.sessions] {
        for _ in 0..count {
            let connection = transport.connect(address).await?;
            let (mut sender, mut receiver) = connection.open().await?;
            round_trip(&mut sender, &mut receiver, MESSAGE_BYTES, kept.len() as u64).await?;
            kept.push((connection, sender, receiver));
        }
        report::line(&json!({ "sessions": kept.len() }));
        told.recv().await.ok_or("stdin ended")?;
    }
    for (number, (_, sender, receiver)) in kept.iter_mut().enumerate() {
        round_trip(sender, receiver, MESSAGE_BYTES, number as u64).await?;
    }
    report::line(&json!({ "sessions": kept.len() }));
    std::future::pending().await
}
