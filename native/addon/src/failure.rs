//! Why a call from JavaScript failed, and how that is thrown.

use std::ffi::CStr;
use std::io;
use std::ptr;

use napi_sys as sys;

use crate::js::{Js, JsResult};
use crate::uv;

/// What is thrown into JavaScript.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An argument is not what it should be: a `TypeError`.
    Argument(String),
    /// The engine cannot do it now: an `Error`.
    State(&'static str),
    /// The system refused: an `Error` with `code`, `errno` and `syscall`, as Node's own.
    System { error: io::Error, syscall: &'static str, address: String },
    /// Node-API refused; where it left an exception, that one is thrown.
    NodeApi(sys::napi_status),
}

impl Failure {
    pub(crate) fn unless_ok(status: sys::napi_status) -> Result<(), Self> {
        if status == sys::Status::napi_ok {
            Ok(())
        } else {
            Err(Self::NodeApi(status))
        }
    }

    /// Leaves the failure as the pending exception.
    pub(crate) fn throw(self, js: Js) {
        // Where the error object itself cannot be made, the environment is ending: there is nobody to catch it.
        let _ = match self {
            Self::Argument(message) => throw_type_error(js, &message),
            Self::State(message) => error_object(js, None, message).and_then(|error| throw(js, error)),
            Self::System { error, syscall, address } => throw_system(js, &error, syscall, &address),
            Self::NodeApi(status) => throw_status(js, status),
        };
    }
}

fn throw_type_error(js: Js, message: &str) -> JsResult<()> {
    let code = js.string("ERR_INVALID_ARG_TYPE")?;
    let message = js.string(message)?;
    let mut error = ptr::null_mut();
    // SAFETY: the values come from the present scope.
    Failure::unless_ok(unsafe { sys::napi_create_type_error(js.env(), code, message, &mut error) })?;
    throw(js, error)
}

/// The message and properties of Node's own system errors: `bind EADDRINUSE 127.0.0.1:7000`.
fn throw_system(js: Js, error: &io::Error, syscall: &str, address: &str) -> JsResult<()> {
    let number = error.raw_os_error().unwrap_or(libc::EIO);
    let code = uv::error_name(-number);
    let object = error_object(js, Some(&code), &format!("{syscall} {code} {address}"))?;
    js.set(object, c"errno", js.int32(-number)?)?;
    js.set(object, c"syscall", js.string(syscall)?)?;
    js.set(object, c"address", js.string(address)?)?;
    throw(js, object)
}

fn throw_status(js: Js, status: sys::napi_status) -> JsResult<()> {
    let mut pending = false;
    // SAFETY: `js` is the present environment.
    Failure::unless_ok(unsafe { sys::napi_is_exception_pending(js.env(), &mut pending) })?;
    if pending {
        return Ok(());
    }
    throw(js, error_object(js, None, &format!("Node-API refused a call with status {status}"))?)
}

fn error_object(js: Js, code: Option<&str>, message: &str) -> JsResult<sys::napi_value> {
    let code = code.map_or(Ok(ptr::null_mut()), |code| js.string(code))?;
    let message = js.string(message)?;
    let mut error = ptr::null_mut();
    // SAFETY: the values come from the present scope; no code is a null pointer.
    Failure::unless_ok(unsafe { sys::napi_create_error(js.env(), code, message, &mut error) })?;
    Ok(error)
}

fn throw(js: Js, error: sys::napi_value) -> JsResult<()> {
    // SAFETY: the value comes from the present scope.
    Failure::unless_ok(unsafe { sys::napi_throw(js.env(), error) })
}

/// The sentence for an argument that is not what it should be.
pub(crate) fn unfit(name: &CStr, expected: &str) -> Failure {
    Failure::Argument(format!("{} must be {expected}", name.to_string_lossy()))
}
