//! Methods about the paths of associations.

use std::rc::Rc;

use napi_sys as sys;
use osier_core::MAX_TTL;

use crate::arguments::Arguments;
use crate::config::path;
use crate::endpoint::Endpoint;
use crate::js::{Js, JsResult};

/// `movePath(association, path: PathRecord): boolean`
pub(crate) fn move_path(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let association = arguments.u32(0, c"association")?;
    let path = path(&arguments.array(1, c"path")?)?;
    let moved = endpoint.change(|driver| driver.engine.move_path(driver.clock.now(), association, path));
    js.boolean(moved.unwrap_or(false))
}

/// `probePath(association, path: PathRecord, token): boolean`
pub(crate) fn probe_path(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let association = arguments.u32(0, c"association")?;
    let path = path(&arguments.array(1, c"path")?)?;
    let token = arguments.u32(2, c"token")?;
    let asked =
        endpoint.change(|driver| driver.engine.probe_path(driver.clock.now(), association, path, token));
    js.boolean(asked.unwrap_or(false))
}

/// `setLiveness(association, intervalMicros): void`
pub(crate) fn set_liveness(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let association = arguments.u32(0, c"association")?;
    let interval_micros = u64::from(arguments.u32(1, c"intervalMicros")?);
    endpoint.change(|driver| driver.engine.set_liveness(driver.clock.now(), association, interval_micros));
    js.undefined()
}

/// `traceHop(association, ttl, token): boolean`
pub(crate) fn trace_hop(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let association = arguments.u32(0, c"association")?;
    let ttl = arguments.up_to(1, c"ttl", MAX_TTL.into())? as u8;
    let token = arguments.u32(2, c"token")?;
    let asked =
        endpoint.change(|driver| driver.engine.trace_hop(driver.clock.now(), association, ttl, token));
    js.boolean(asked.unwrap_or(false))
}
