//! What libuv still works on for this environment: file operations, names to resolve, jobs of its thread pool. A virtual clock stands still meanwhile.

use std::ptr;

use napi_sys as sys;

use crate::failure::Failure;
use crate::js::{Js, JsResult};
use crate::uv;

/// Adds `pendingRequests(): number` to the addon.
pub(crate) fn define(js: Js, exports: sys::napi_value) -> JsResult<()> {
    let name = c"pendingRequests";
    let mut function = ptr::null_mut();
    // SAFETY: the present environment; the name is static.
    Failure::unless_ok(unsafe {
        sys::napi_create_function(
            js.env(),
            name.as_ptr(),
            name.count_bytes() as isize,
            Some(enter),
            ptr::null_mut(),
            &mut function,
        )
    })?;
    js.set(exports, name, function)
}

unsafe extern "C" fn enter(env: sys::napi_env, _info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node-API calls this with the present environment.
    let js = unsafe { Js::new(env) };
    count(js).unwrap_or_else(|failure| {
        failure.throw(js);
        ptr::null_mut()
    })
}

fn count(js: Js) -> JsResult<sys::napi_value> {
    let mut uv_loop = ptr::null_mut();
    // SAFETY: the present environment.
    Failure::unless_ok(unsafe { sys::napi_get_uv_event_loop(js.env(), &mut uv_loop) })?;
    // SAFETY: the loop is alive, and this is its thread.
    js.uint32(unsafe { (*uv_loop.cast::<uv::uv_loop_t>()).active_requests })
}
