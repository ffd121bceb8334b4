//! Every way into the addon. A panic stops here: it closes its endpoint and never reaches Node.

use std::any::Any;
use std::mem::ManuallyDrop;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;
use std::rc::Rc;

use napi_sys as sys;

use crate::arguments::Arguments;
use crate::endpoint::Endpoint;
use crate::failure::Failure;
use crate::js::{Js, JsResult};

/// The body of a method.
pub(crate) type Method = fn(Js, &Rc<Endpoint>, &mut Arguments) -> JsResult<sys::napi_value>;

impl Endpoint {
    /// Runs the body of a callback of libuv.
    pub(crate) fn guard(&self, body: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(body)) {
            self.delivering.set(false);
            self.fail(&describe(&*panic));
        }
    }
}

/// Runs the body of a method.
///
/// # Safety
/// Only from a callback of Node-API, with its arguments, for a function of `method_table`.
pub(crate) unsafe fn method(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    body: Method,
) -> sys::napi_value {
    // SAFETY: the caller's promise.
    let js = unsafe { Js::new(env) };
    // SAFETY: as above.
    let outcome = unsafe { Arguments::read(js, info) }.and_then(|mut arguments| {
        // SAFETY: `method_table` makes the function with its endpoint, which lives as long as the function does: that keeps the engine's object alive, and the
        // object's finalizer alone gives the endpoint up.
        let endpoint =
            ManuallyDrop::new(unsafe { Rc::from_raw(arguments.data.cast_const().cast::<Endpoint>()) });
        match catch_unwind(AssertUnwindSafe(|| body(js, &endpoint, &mut arguments))) {
            Ok(outcome) => outcome,
            Err(panic) => {
                endpoint.fail(&describe(&*panic));
                Err(Failure::State("the engine failed"))
            }
        }
    });
    outcome.unwrap_or_else(|failure| {
        failure.throw(js);
        ptr::null_mut()
    })
}

fn describe(panic: &(dyn Any + Send)) -> String {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    format!("a fault in the engine: {}", message.as_deref().unwrap_or("no message"))
}
