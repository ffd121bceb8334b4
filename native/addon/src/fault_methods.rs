//! Methods that break the engine on purpose, so that a test can see what a panic does. Not part of a release.

use std::rc::Rc;

use napi_sys as sys;

use crate::arguments::Arguments;
use crate::endpoint::Endpoint;
use crate::js::{Js, JsResult};

/// `panicNow(): never`: panics inside a method, with the engine borrowed.
pub(crate) fn panic_now(
    js: Js,
    endpoint: &Rc<Endpoint>,
    _arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    endpoint.with_driver(|_| panic!("a fault on purpose"));
    js.undefined()
}

/// `panicOnReceive(): void`: panics inside the next callback of the event loop that receives something.
pub(crate) fn panic_on_receive(
    js: Js,
    endpoint: &Rc<Endpoint>,
    _arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    endpoint.with_driver(|driver| driver.panics_on_receive = true);
    js.undefined()
}
