//! Methods that say what was chosen on this machine, and what came of it.

use std::rc::Rc;

use napi_sys as sys;
use osier_udp::UdpSocket;

use crate::arguments::Arguments;
use crate::endpoint::Endpoint;
use crate::js::{Js, JsResult};

/// `info(): EngineInfo`; as it was last once the engine is closed.
pub(crate) fn info(js: Js, endpoint: &Rc<Endpoint>, _arguments: &mut Arguments) -> JsResult<sys::napi_value> {
    let summary = endpoint.with_driver(|driver| Summary::of(driver.sockets()));
    let summary = summary.unwrap_or_else(|| endpoint.last_summary.borrow().clone());
    let info = js.object()?;
    js.set(info, c"kind", js.string("native")?)?;
    js.set(info, c"features", js.strings(&summary.features)?)?;
    js.set(info, c"receiveBufferBytes", js.size(summary.receive_buffer_bytes)?)?;
    js.set(info, c"sendBufferBytes", js.size(summary.send_buffer_bytes)?)?;
    js.set(info, c"reasons", js.strings(&summary.reasons)?)?;
    Ok(info)
}

/// `stats(into: BigUint64Array): void`; the last values once the engine is closed.
pub(crate) fn stats(js: Js, endpoint: &Rc<Endpoint>, arguments: &mut Arguments) -> JsResult<sys::napi_value> {
    let stats =
        endpoint.with_driver(|driver| driver.engine.stats()).unwrap_or_else(|| endpoint.last_stats.get());
    let numbers = [
        stats.packets_sent,
        stats.packets_received,
        stats.bytes_sent,
        stats.bytes_received,
        stats.packets_rejected,
        stats.streams_open,
        stats.memory_bytes,
        stats.strays_forwarded,
        stats.strays_received,
        stats.strays_dropped,
        stats.reports_heeded,
        stats.relayed_packets,
        stats.relayed_bytes,
        stats.relay_dropped_packets,
        stats.relay_rejected.forged,
        stats.relay_rejected.replayed,
        stats.relay_rejected.strangers,
        stats.relay_rejected.expired,
        stats.relay_rejected.looped,
    ];
    arguments.put_counters(0, c"into", &numbers)?;
    js.undefined()
}

/// All sockets together: what every one can do, the smallest buffers, every reason.
#[derive(Clone, Default)]
pub(crate) struct Summary {
    features: Vec<&'static str>,
    reasons: Vec<String>,
    receive_buffer_bytes: usize,
    send_buffer_bytes: usize,
}

impl Summary {
    pub(crate) fn of<'a>(sockets: impl Iterator<Item = &'a UdpSocket>) -> Self {
        let mut summary = Self::default();
        for (number, socket) in sockets.enumerate() {
            let features = socket.features();
            let names = features.present().iter().map(|name| name.as_str());
            if number == 0 {
                summary.features = names.collect();
                summary.receive_buffer_bytes = features.receive_buffer_bytes;
                summary.send_buffer_bytes = features.send_buffer_bytes;
            } else {
                let names: Vec<_> = names.collect();
                summary.features.retain(|name| names.contains(name));
                summary.receive_buffer_bytes =
                    summary.receive_buffer_bytes.min(features.receive_buffer_bytes);
                summary.send_buffer_bytes = summary.send_buffer_bytes.min(features.send_buffer_bytes);
            }
            for reason in features.reasons() {
                if !summary.reasons.contains(reason) {
                    summary.reasons.push(reason.clone());
                }
            }
        }
        summary
    }
}
