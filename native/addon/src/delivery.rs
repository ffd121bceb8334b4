//! One callback into JavaScript for a batch of events.

use std::ptr;

use napi_sys as sys;

use crate::driver::Driver;
use crate::endpoint::{Endpoint, JsSide, Phase};
use crate::event_record::{RecordWriter, EVENT_WORDS, MAX_BYTES};
use crate::failure::Failure;
use crate::js::{Js, JsResult};

impl Endpoint {
    /// Tells the listener what happened, as far as one batch holds it. False when there was nothing, or when the endpoint is no longer open.
    pub(crate) fn deliver_batch(&self) -> bool {
        if self.delivering.get() || self.with_driver(Driver::has_events) != Some(true) {
            return false;
        }
        self.call_listener(|writer| {
            self.with_driver(|driver| driver.write_events(writer));
        });
        self.is_open()
    }

    /// Tells the listener that the endpoint failed, then closes it.
    pub(crate) fn tell_failure(&self) {
        let message = self.failure.take();
        self.call_listener(|writer| {
            // A fresh batch has room for one message.
            let _ = writer.put_failure(&message);
        });
        self.close();
    }

    /// Asks the driver in JavaScript of a detached engine for a turn.
    pub(crate) fn call_wake(&self) {
        let Some(side) = self.js_side.get() else { return };
        // SAFETY: called from methods of the engine only, on the environment's thread.
        let js = unsafe { self.js() };
        // As in `call_listener`.
        let _ = js.scoped(|| {
            let Ok(wake) = js.dereference(side.wake) else { return };
            call(js, side, wake, &[]);
        });
    }

    fn set_delivering(&self, js: Js, side: JsSide, delivering: bool) {
        self.delivering.set(delivering);
        if self.js_side.get().is_some() {
            mark_delivering(js, side, delivering);
        }
    }

    /// Writes a batch and calls the listener with it. An exception that the listener throws is an uncaught one, as in any callback of Node.
    fn call_listener(&self, write: impl FnOnce(&mut RecordWriter<'_>)) {
        let Some(side) = self.js_side.get() else { return };
        // SAFETY: called from callbacks of the loop only, on the environment's thread.
        let js = unsafe { self.js() };
        // A failure here means that the environment runs no JavaScript any more: there is nobody to tell.
        let _ = js.scoped(|| {
            let (listener, count) = match prepare_call(js, side, write) {
                Ok(Some(call)) => call,
                Ok(None) => return,
                Err(_) => return self.fail("the arrays of events were detached"),
            };
            self.set_delivering(js, side, true);
            call(js, side, listener, &[count]);
            self.set_delivering(js, side, false);
            if matches!(self.phase.get(), Phase::Closing | Phase::Closed) {
                self.release_js_side();
            }
        });
    }
}

/// Tells JavaScript whether the listener runs, and the ticks that follow it: what is written meanwhile leaves when it has returned.
fn mark_delivering(js: Js, side: JsSide, delivering: bool) {
    // Where JavaScript has detached the array, the next batch fails.
    if let Ok(words) = array(js, side.events, sys::TypedarrayType::uint32_array, EVENT_WORDS) {
        // SAFETY: the array has this many words, and no JavaScript runs at present.
        unsafe { *words.cast::<u32>().add(EVENT_WORDS - 1) = u32::from(delivering) };
    }
}

/// Writes the records; returns the listener and its argument, or `None` where there is nothing to tell after all.
fn prepare_call(
    js: Js,
    side: JsSide,
    write: impl FnOnce(&mut RecordWriter<'_>),
) -> JsResult<Option<(sys::napi_value, sys::napi_value)>> {
    let records = array(js, side.events, sys::TypedarrayType::uint32_array, EVENT_WORDS)?;
    let bytes = array(js, side.bytes, sys::TypedarrayType::uint8_array, MAX_BYTES)?;
    let count = {
        // SAFETY: both arrays have these lengths, were looked up just now, and no JavaScript runs before the slices are gone.
        let (records, bytes) = unsafe {
            (
                std::slice::from_raw_parts_mut(records.cast::<u32>(), EVENT_WORDS - 1),
                std::slice::from_raw_parts_mut(bytes, MAX_BYTES),
            )
        };
        let mut writer = RecordWriter::new(records, bytes);
        write(&mut writer);
        writer.count()
    };
    if count == 0 {
        return Ok(None);
    }
    Ok(Some((js.dereference(side.listener)?, js.uint32(count)?)))
}

/// Where the elements of a lent array lie. JavaScript could have detached it since the last batch.
fn array(js: Js, reference: sys::napi_ref, kind: i32, length: usize) -> JsResult<*mut u8> {
    match js.typed_array(js.dereference(reference)?, kind) {
        Some((data, present)) if present == length => Ok(data),
        _ => Err(Failure::State("the arrays of events were detached")),
    }
}

fn call(js: Js, side: JsSide, function: sys::napi_value, arguments: &[sys::napi_value]) {
    let Ok(receiver) = js.global() else { return };
    let mut result = ptr::null_mut();
    // SAFETY: the values come from the present scope, and the async context is alive: while a function of it runs nobody destroys it.
    let status = unsafe {
        sys::napi_make_callback(
            js.env(),
            side.context,
            receiver,
            function,
            arguments.len(),
            arguments.as_ptr(),
            &mut result,
        )
    };
    if status == sys::Status::napi_pending_exception {
        report_exception(js);
    }
}

/// Makes the pending exception an `uncaughtException`. While a worker is being terminated there is none to take.
fn report_exception(js: Js) {
    let mut exception = ptr::null_mut();
    // SAFETY: the present environment, and a variable for the result.
    let status = unsafe { sys::napi_get_and_clear_last_exception(js.env(), &mut exception) };
    if status == sys::Status::napi_ok && !exception.is_null() {
        // SAFETY: as above.
        unsafe { sys::napi_fatal_exception(js.env(), exception) };
    }
}
