//! The part of libuv that the driver uses. The node binary exports it; handles are opaque and sized by [`uv_handle_size`].

#![allow(non_camel_case_types)]

use std::borrow::Cow;
use std::ffi::{c_char, c_int, c_uint, c_void, CStr};

/// The head of an event loop, whose public fields are part of the ABI of libuv 1; owned by Node, and never made here.
#[repr(C)]
pub(crate) struct uv_loop_t {
    _data: *mut c_void,
    _active_handles: c_uint,
    _handle_queue: [*mut c_void; 2],
    /// Requests that are not done: file operations, names to resolve, jobs of the thread pool. The count is one half of a union with a pointer.
    pub(crate) active_requests: c_uint,
}

/// Any handle.
#[repr(C)]
pub(crate) struct uv_handle_t {
    _opaque: [u8; 0],
}

/// `uv_handle_type` of libuv 1: the numbers are part of its ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub(crate) enum HandleType {
    Async = 1,
    Idle = 6,
    Poll = 8,
    Prepare = 9,
    Timer = 13,
}

pub(crate) const UV_READABLE: c_int = 1;
pub(crate) const UV_WRITABLE: c_int = 2;

pub(crate) type uv_close_cb = unsafe extern "C" fn(*mut uv_handle_t);
pub(crate) type uv_poll_cb = unsafe extern "C" fn(*mut uv_handle_t, c_int, c_int);
pub(crate) type uv_handle_cb = unsafe extern "C" fn(*mut uv_handle_t);

extern "C" {
    pub(crate) fn uv_handle_size(kind: c_uint) -> usize;
    pub(crate) fn uv_handle_get_data(handle: *const uv_handle_t) -> *mut c_void;
    pub(crate) fn uv_handle_set_data(handle: *mut uv_handle_t, data: *mut c_void);
    pub(crate) fn uv_ref(handle: *mut uv_handle_t);
    pub(crate) fn uv_unref(handle: *mut uv_handle_t);
    pub(crate) fn uv_close(handle: *mut uv_handle_t, callback: uv_close_cb);
    pub(crate) fn uv_update_time(uv_loop: *mut uv_loop_t);
    pub(crate) fn uv_poll_init(uv_loop: *mut uv_loop_t, handle: *mut uv_handle_t, descriptor: c_int)
        -> c_int;
    pub(crate) fn uv_poll_start(handle: *mut uv_handle_t, events: c_int, callback: uv_poll_cb) -> c_int;
    pub(crate) fn uv_timer_init(uv_loop: *mut uv_loop_t, handle: *mut uv_handle_t) -> c_int;
    pub(crate) fn uv_timer_start(
        handle: *mut uv_handle_t,
        callback: uv_handle_cb,
        timeout_ms: u64,
        repeat_ms: u64,
    ) -> c_int;
    pub(crate) fn uv_async_init(
        uv_loop: *mut uv_loop_t,
        handle: *mut uv_handle_t,
        callback: uv_handle_cb,
    ) -> c_int;
    pub(crate) fn uv_async_send(handle: *mut uv_handle_t) -> c_int;
    pub(crate) fn uv_idle_init(uv_loop: *mut uv_loop_t, handle: *mut uv_handle_t) -> c_int;
    pub(crate) fn uv_idle_start(handle: *mut uv_handle_t, callback: uv_handle_cb) -> c_int;
    pub(crate) fn uv_idle_stop(handle: *mut uv_handle_t) -> c_int;
    pub(crate) fn uv_prepare_init(uv_loop: *mut uv_loop_t, handle: *mut uv_handle_t) -> c_int;
    pub(crate) fn uv_prepare_start(handle: *mut uv_handle_t, callback: uv_handle_cb) -> c_int;
    pub(crate) fn uv_prepare_stop(handle: *mut uv_handle_t) -> c_int;
    fn uv_err_name(error: c_int) -> *const c_char;
}

/// The name of a negative error number: `EADDRINUSE`.
pub(crate) fn error_name(error: c_int) -> Cow<'static, str> {
    // SAFETY: for numbers that libuv knows this is a static string; for others it allocates one, which stays.
    let name = unsafe { uv_err_name(error) };
    if name.is_null() {
        return Cow::Borrowed("UNKNOWN");
    }
    // SAFETY: libuv returns terminated strings.
    unsafe { CStr::from_ptr(name) }.to_string_lossy()
}
