//! Busy polling: once something has moved, the sockets are polled for a while before the loop may sleep, because waking a processor takes longer
//! than an answer does.
//!
//! ```text
//!   asleep --received or sent, and there are associations--> spinning --silence for as long as asked, or no association left--> asleep
//! ```
//!
//! An idle handle keeps the loop from sleeping; each of its turns polls a few times and then lets timers, other handles and JavaScript have theirs.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use napi_sys as sys;
use osier_core::Instant;

use crate::arguments::Arguments;
use crate::driver::Driver;
use crate::endpoint::Endpoint;
use crate::js::{Js, JsResult};
use crate::uv::{self, uv_handle_t, HandleType};
use crate::uv_handle::UvHandle;

/// Empty polls of all sockets in one turn of the loop: about as long as the rest of an empty turn takes, so that half the time goes into polling and
/// nothing else waits for more than some 10 microseconds.
const POLLS_A_TURN: u32 = 16;

/// What one endpoint knows of its spinning.
#[derive(Default)]
pub(crate) struct Spin {
    /// Silence that ends it; 0: the endpoint never spins.
    max_micros: Cell<u64>,
    /// When the present silence will have lasted for so long.
    until: Cell<Instant>,
    is_spinning: Cell<bool>,
    empty_polls: Cell<u64>,
    begun: Cell<u64>,
    ended: Cell<u64>,
}

impl Endpoint {
    /// Makes the handle that spinning needs; without it the endpoint never spins. It does not keep the process alive.
    pub(crate) fn enable_spin(self: &Rc<Self>, max_micros: u64) -> Result<(), i32> {
        // SAFETY: the loop is the environment's, and the handle fresh memory of the right size.
        let idle = UvHandle::new(HandleType::Idle, self.clone(), 0, |raw| unsafe {
            uv::uv_idle_init(self.uv_loop, raw)
        })?;
        self.open_handles.set(self.open_handles.get() + 1);
        idle.set_ref(false);
        self.handles.borrow_mut().idle = Some(idle);
        self.spin.max_micros.set(max_micros);
        Ok(())
    }

    /// Call at the end of every turn: what moved in it is followed by another while of polling.
    pub(crate) fn spin_on(&self) {
        let max_micros = self.spin.max_micros.get();
        if max_micros == 0 {
            return;
        }
        let moved_at = self.with_driver(|driver| {
            (driver.take_moved() && driver.engine.has_associations()).then(|| driver.now())
        });
        let (Some(Some(now)), Some(idle)) = (moved_at, self.handles.borrow().idle) else { return };
        self.spin.until.set(now.plus_micros(max_micros));
        if !self.spin.is_spinning.replace(true) {
            self.spin.begun.set(self.spin.begun.get() + 1);
            // SAFETY: the handle is initialised and not closed.
            unsafe { uv::uv_idle_start(idle.raw(), on_idle) };
        }
    }

    fn on_idle(&self) {
        if !self.is_open() {
            return self.end_spin();
        }
        for _ in 0..POLLS_A_TURN {
            match self.with_driver(poll_sockets) {
                Some(Ok(true)) => return self.turn(),
                Some(Ok(false)) => self.spin.empty_polls.set(self.spin.empty_polls.get() + 1),
                Some(Err(error)) => {
                    self.end_spin();
                    return self.fail(&format!("a socket cannot receive any more: {error}"));
                }
                None => return self.end_spin(),
            }
        }
        let goes_on = self
            .with_driver(|driver| driver.now() < self.spin.until.get() && driver.engine.has_associations());
        if goes_on != Some(true) {
            self.end_spin();
        }
    }

    fn end_spin(&self) {
        if !self.spin.is_spinning.replace(false) {
            return;
        }
        self.spin.ended.set(self.spin.ended.get() + 1);
        if let Some(idle) = self.handles.borrow().idle {
            // SAFETY: the handle is initialised and not closed.
            unsafe { uv::uv_idle_stop(idle.raw()) };
        }
    }
}

/// Takes what has arrived on the first socket that has something; false when none has.
fn poll_sockets(driver: &mut Driver) -> io::Result<bool> {
    for number in 0..driver.sockets().count() {
        driver.receive(number as u16)?;
        if driver.has_received() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `spinCounters(into: BigUint64Array): void`: empty polls while spinning, spins begun, spins ended.
pub(crate) fn spin_counters(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let Spin { empty_polls, begun, ended, .. } = &endpoint.spin;
    arguments.put_counters(0, c"into", &[empty_polls.get(), begun.get(), ended.get()])?;
    js.undefined()
}

unsafe extern "C" fn on_idle(raw: *mut uv_handle_t) {
    // SAFETY: libuv calls with the handle that it was started for.
    let (endpoint, _) = unsafe { UvHandle::attached(raw) };
    endpoint.guard(|| endpoint.on_idle());
}
