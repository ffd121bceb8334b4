//! The class `DetachedEngine`: the same engine without sockets, loop or clock. Its driver in JavaScript hands in time and datagrams, and takes datagrams out.

use std::ptr;

use napi_sys as sys;
use osier_core::Instant;

use crate::arguments::{read_array, read_safe_integer, Arguments};
use crate::clock::Clock;
use crate::endpoint::Endpoint;
use crate::engine_class::{
    attach, common_arguments, construct as run_constructor, function_argument, make_endpoint, system_seed,
    Surroundings,
};
use crate::js::{Js, JsResult};
use crate::method_table;

/// `new DetachedEngine(config, listener, wake, seed: Uint8Array | null, startMicros: number | null)`
///
/// `wake` is called when something is there to be sent or told outside of a turn. Without a seed the system's randomness is taken, without a start the
/// machine's clock.
pub(crate) unsafe extern "C" fn construct(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: Node-API calls this, with arguments of the present call.
    unsafe { run_constructor(env, info, build) }
}

fn build(js: Js, arguments: &Arguments) -> JsResult<()> {
    let (config, listener) = common_arguments(js, arguments)?;
    let wake = function_argument(js, arguments, 2, c"wake")?;
    let seed = match arguments.value(3) {
        value if is_null(js, value)? => system_seed()?,
        value => read_array(js, value, c"seed")?,
    };
    let clock = match arguments.value(4) {
        value if is_null(js, value)? => Clock::Boot,
        value => Clock::Handed(Instant::from_micros(read_safe_integer(js, value, c"startMicros")?)),
    };
    let surroundings = Surroundings { uv_loop: ptr::null_mut(), wake: Some(wake), clock, seed };
    let endpoint = make_endpoint(js, arguments.this, config, listener, surroundings)?;
    let attached = attach(js, arguments.this, &endpoint, method_table::detached());
    if attached.is_err() {
        endpoint.close();
    }
    attached
}

fn is_null(js: Js, value: sys::napi_value) -> JsResult<bool> {
    Ok(js.type_of(value)? == sys::ValueType::napi_null)
}

impl Endpoint {
    /// Whether a driver in JavaScript does what the loop does for others.
    pub(crate) fn is_detached(&self) -> bool {
        self.uv_loop.is_null()
    }
}
