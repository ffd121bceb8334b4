//! Methods that break the engine on purpose, so that a test can see what a panic or a broken socket does. Not part of a release.

use std::io;
use std::rc::Rc;

use napi_sys as sys;

use crate::arguments::Arguments;
use crate::endpoint::Endpoint;
use crate::js::{Js, JsResult};

/// What is to go wrong in one driver.
#[derive(Default)]
pub(crate) struct Faults {
    pub(crate) panics_on_receive: bool,
    /// When the counters are read for the last time, and again when the driver is dropped.
    pub(crate) panics_at_the_end: bool,
    full_sends: u32,
    failing_receives: u32,
    receive_errno: i32,
}

impl Drop for Faults {
    fn drop(&mut self) {
        assert!(!self.panics_at_the_end, "a fault on purpose");
    }
}

impl Faults {
    /// Whether the socket is to count as full for this send.
    pub(crate) fn takes_full_socket(&mut self) -> bool {
        let full = self.full_sends > 0;
        self.full_sends = self.full_sends.saturating_sub(1);
        full
    }

    /// What this receive is to fail with.
    pub(crate) fn receive_error(&mut self) -> Option<io::Error> {
        let fails = self.failing_receives > 0;
        self.failing_receives = self.failing_receives.saturating_sub(1);
        fails.then(|| io::Error::from_raw_os_error(self.receive_errno))
    }
}

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
    endpoint.with_driver(|driver| driver.faults.panics_on_receive = true);
    js.undefined()
}

/// `panicAtTheEnd(): void`: panics when the engine is given up: as its counters are read, and as it is dropped.
pub(crate) fn panic_at_the_end(
    js: Js,
    endpoint: &Rc<Endpoint>,
    _arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    endpoint.with_driver(|driver| driver.faults.panics_at_the_end = true);
    js.undefined()
}

/// `refuseSends(count: number): void`: the next `count` sends find the socket full.
pub(crate) fn refuse_sends(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let count = arguments.u32(0, c"count")?;
    endpoint.with_driver(|driver| driver.faults.full_sends = count);
    js.undefined()
}

/// `failReceives(count: number, errno: number): void`: the next `count` receives fail.
pub(crate) fn fail_receives(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let (count, errno) = (arguments.u32(0, c"count")?, arguments.u32(1, c"errno")?);
    endpoint.with_driver(|driver| {
        (driver.faults.failing_receives, driver.faults.receive_errno) = (count, errno as i32);
    });
    js.undefined()
}
