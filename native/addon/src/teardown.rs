//! Closing: by JavaScript, by a failure, or with the environment. The order is what survives a worker terminated in mid-traffic: stop taking part,
//! give JavaScript's things back, let libuv forget the descriptors, close them, and free what libuv holds when it says so.

use std::ffi::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;
use std::rc::Rc;

use napi_sys as sys;

use crate::driver::{Driver, Flow};
use crate::endpoint::{Endpoint, Phase};
use crate::failure::Failure;
use crate::info::Summary;
use crate::js::{Js, JsResult};

/// Flushes when closing: enough to tell 65,536 peers, and an end all the same.
const MAX_LAST_FLUSHES: usize = 64;

impl Endpoint {
    /// Has the endpoint closed with its environment, at the latest.
    pub(crate) fn add_cleanup_hook(self: &Rc<Self>, js: Js) -> JsResult<()> {
        let held = Rc::into_raw(self.clone());
        let mut hook = ptr::null_mut();
        // SAFETY: `held` stays alive until the hook is removed, in `finish_closing`.
        let status = unsafe {
            sys::napi_add_async_cleanup_hook(
                js.env(),
                Some(on_environment_ends),
                held.cast_mut().cast(),
                &mut hook,
            )
        };
        if let Err(failure) = Failure::unless_ok(status) {
            // SAFETY: made by `into_raw` above and taken by nobody.
            drop(unsafe { Rc::from_raw(held) });
            return Err(failure);
        }
        self.cleanup_hook.set(hook);
        Ok(())
    }

    /// Sends what is pending and gives everything up. The descriptors are free when this returns. Does nothing the second time.
    pub(crate) fn close(&self) {
        if self.is_open() {
            // A panic here must not keep the rest from happening.
            let _ = catch_unwind(AssertUnwindSafe(|| self.with_driver(flush_for_the_last_time)));
        }
        if matches!(self.phase.get(), Phase::Closing | Phase::Closed) {
            return;
        }
        self.phase.set(Phase::Closing);
        self.leave_shard_group();
        if !self.delivering.get() {
            self.release_js_side();
        }
        self.close_sockets();
        let loop_handles = {
            let mut handles = self.handles.borrow_mut();
            [handles.timer.take(), handles.prepare.take(), handles.idle.take()]
        };
        for handle in loop_handles.into_iter().flatten() {
            handle.close();
        }
        self.finish_closing();
    }

    /// The endpoint cannot go on: frees its sockets at once and has JavaScript told.
    pub(crate) fn fail(&self, message: &str) {
        if !self.is_open() {
            return;
        }
        self.phase.set(Phase::Failed);
        self.leave_shard_group();
        message.clone_into(&mut self.failure.borrow_mut());
        self.close_sockets();
        self.tell_failure_soon();
    }

    /// libuv first, then the descriptors.
    fn close_sockets(&self) {
        let polls = std::mem::take(&mut self.handles.borrow_mut().polls);
        for poll in polls {
            poll.close();
        }
        let driver = self.driver.try_borrow_mut().ok().and_then(|mut driver| driver.take());
        let Some(driver) = driver else { return };
        // After a panic the engine may be in pieces: reading and dropping it may each panic again, which must not pass, and not meet.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            self.last_stats.set(driver.final_stats());
            *self.last_summary.borrow_mut() = Summary::of(driver.sockets());
        }));
        let _ = catch_unwind(AssertUnwindSafe(|| drop(driver)));
    }

    /// Gives back what JavaScript lent. Not while the listener runs: its caller still needs the async context.
    pub(crate) fn release_js_side(&self) {
        // SAFETY: called from callbacks of the environment or its loop, at the latest in its cleanup hook.
        let js = unsafe { self.js() };
        let this = self.this.replace(ptr::null_mut());
        if !this.is_null() {
            js.delete(this);
        }
        if let Some(side) = self.js_side.take() {
            for reference in [side.listener, side.events, side.bytes, side.wake] {
                if !reference.is_null() {
                    js.delete(reference);
                }
            }
            // SAFETY: made by napi_async_init in this environment, and taken out of the endpoint just now.
            unsafe { sys::napi_async_destroy(js.env(), side.context) };
        }
    }

    /// libuv has forgotten one handle.
    pub(crate) fn on_handle_closed(&self) {
        self.open_handles.set(self.open_handles.get().saturating_sub(1));
        self.finish_closing();
    }

    /// After the last handle the environment may end.
    fn finish_closing(&self) {
        if self.open_handles.get() > 0 || self.phase.get() != Phase::Closing {
            return;
        }
        self.phase.set(Phase::Closed);
        let hook = self.cleanup_hook.replace(ptr::null_mut());
        if !hook.is_null() {
            // SAFETY: given by napi_add_async_cleanup_hook and removed once.
            unsafe { sys::napi_remove_async_cleanup_hook(hook) };
            // SAFETY: the hook's own count, made by `into_raw` in `add_cleanup_hook`; the caller holds another.
            unsafe { Rc::decrement_strong_count(ptr::from_ref(self)) };
        }
    }
}

fn flush_for_the_last_time(driver: &mut Driver) {
    for _ in 0..MAX_LAST_FLUSHES {
        if !matches!(driver.flush(), Flow::More) {
            return;
        }
    }
}

unsafe extern "C" fn on_environment_ends(_hook: sys::napi_async_cleanup_hook_handle, held: *mut c_void) {
    // SAFETY: the hook's own count keeps the endpoint alive until `finish_closing`, which may come before this returns: hence another one.
    let endpoint = unsafe {
        let held = held.cast_const().cast::<Endpoint>();
        Rc::increment_strong_count(held);
        Rc::from_raw(held)
    };
    endpoint.delivering.set(false);
    endpoint.guard(|| endpoint.close());
}
