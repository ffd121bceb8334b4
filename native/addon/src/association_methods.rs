//! Methods about associations.

use std::rc::Rc;

use napi_sys as sys;

use crate::arguments::Arguments;
use crate::config::{association_config, close_code, session_config};
use crate::endpoint::Endpoint;
use crate::failure::unfit;
use crate::js::{Js, JsResult};

/// Bytes of the longest reason that CLOSE carries.
const LONGEST_REASON: usize = 256;

/// `createAssociation(config): number`
pub(crate) fn create_association(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let config = association_config(js, arguments.value(0))?;
    let created = endpoint.change(|driver| driver.engine.create_association(driver.clock.now(), &config));
    match created {
        Some(Ok(handle)) => js.uint32(handle),
        Some(Err(_)) | None => js.int32(-1),
    }
}

/// `installSession(association, session): boolean`
pub(crate) fn install_session(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let association = arguments.u32(0, c"association")?;
    let session = session_config(js, arguments.value(1))?;
    let installed =
        endpoint.change(|driver| driver.engine.install_session(driver.clock.now(), association, &session));
    js.boolean(installed.unwrap_or(false))
}

/// `nextPacketNumber(association): bigint`
pub(crate) fn next_packet_number(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let association = arguments.u32(0, c"association")?;
    let number = endpoint.with_driver(|driver| driver.engine.next_packet_number(association));
    js.bigint(number.flatten().unwrap_or(0))
}

/// `closeAssociation(association, closeCode, reason): void`
pub(crate) fn close_association(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let association = arguments.u32(0, c"association")?;
    let code = close_code(arguments, 1)?;
    let reason =
        std::str::from_utf8(arguments.bytes(2, c"reason")?).map_err(|_| unfit(c"reason", "UTF-8"))?;
    if reason.len() > LONGEST_REASON {
        return Err(unfit(c"reason", "at most 256 bytes long"));
    }
    endpoint.change(|driver| driver.engine.close_association(driver.clock.now(), association, code, reason));
    js.undefined()
}

/// `dropAssociation(association): void`
pub(crate) fn drop_association(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let association = arguments.u32(0, c"association")?;
    endpoint.change(|driver| driver.engine.drop_association(association));
    js.undefined()
}

/// `ping(association, token): void`
pub(crate) fn ping(js: Js, endpoint: &Rc<Endpoint>, arguments: &mut Arguments) -> JsResult<sys::napi_value> {
    let association = arguments.u32(0, c"association")?;
    let token = arguments.u32(1, c"token")?;
    endpoint.change(|driver| driver.engine.ping(driver.clock.now(), association, token));
    js.undefined()
}

/// `drain(association): void`
pub(crate) fn drain(js: Js, endpoint: &Rc<Endpoint>, arguments: &mut Arguments) -> JsResult<sys::napi_value> {
    let association = arguments.u32(0, c"association")?;
    endpoint.change(|driver| driver.engine.drain(driver.clock.now(), association));
    js.undefined()
}

/// `associationStats(association, into: BigUint64Array): boolean`
pub(crate) fn association_stats(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let association = arguments.u32(0, c"association")?;
    let stats = endpoint.with_driver(|driver| driver.engine.association_stats(association)).flatten();
    let Some(stats) = stats else { return js.boolean(false) };
    let counters = stats.counters;
    let numbers = [
        counters.packets_sent,
        counters.packets_received,
        counters.bytes_sent,
        counters.bytes_received,
        counters.packets_lost,
        stats.rtt_micros.unwrap_or(0),
        stats.rtt_variance_micros,
        stats.mtu_bytes as u64,
        stats.congestion_window_bytes,
        stats.bytes_in_flight,
        stats.rtt_micros.is_some().into(),
        counters.packets_in_use,
    ];
    arguments.put_counters(1, c"into", &numbers)?;
    js.boolean(true)
}

/// `associationPath(association): PathRecord | null`
pub(crate) fn association_path(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let association = arguments.u32(0, c"association")?;
    match endpoint.with_driver(|driver| driver.engine.association_path(association)).flatten() {
        Some(path) => js.bytes(&path.to_record()),
        None => js.null(),
    }
}
