//! One libuv handle with the memory it lies in and what its callbacks need.

use std::alloc::{alloc_zeroed, dealloc, handle_alloc_error, Layout};
use std::rc::Rc;

use crate::endpoint::Endpoint;
use crate::uv::{self, uv_handle_t, HandleType};

/// Alignment of handle memory: what `malloc` gives.
const ALIGNMENT: usize = 16;

/// What hangs on a handle.
struct Attached {
    endpoint: Rc<Endpoint>,
    /// Number of the socket, for a poll.
    socket: u16,
    layout: Layout,
}

/// A handle that is initialised and not closed. Copies name the same handle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UvHandle {
    raw: *mut uv_handle_t,
}

impl UvHandle {
    /// Allocates a handle and initialises it by `init`, which answers as libuv does. The handle keeps `endpoint` alive until it is closed.
    pub(crate) fn new(
        kind: HandleType,
        endpoint: Rc<Endpoint>,
        socket: u16,
        init: impl FnOnce(*mut uv_handle_t) -> i32,
    ) -> Result<Self, i32> {
        // SAFETY: only asks for a size.
        let size = unsafe { uv::uv_handle_size(kind as _) };
        let Ok(layout) = Layout::from_size_align(size, ALIGNMENT) else { return Err(-libc::EINVAL) };
        // SAFETY: the size of a handle is never 0.
        let raw = unsafe { alloc_zeroed(layout) }.cast::<uv_handle_t>();
        if raw.is_null() {
            handle_alloc_error(layout);
        }
        let status = init(raw);
        if status < 0 {
            // SAFETY: allocated above with this layout; libuv does not know a handle that it refused.
            unsafe { dealloc(raw.cast(), layout) };
            return Err(status);
        }
        let attached = Box::new(Attached { endpoint, socket, layout });
        // SAFETY: the handle is initialised.
        unsafe { uv::uv_handle_set_data(raw, Box::into_raw(attached).cast()) };
        Ok(Self { raw })
    }

    pub(crate) fn raw(self) -> *mut uv_handle_t {
        self.raw
    }

    /// Whether the handle keeps its loop alive.
    pub(crate) fn set_ref(self, referenced: bool) {
        // SAFETY: the handle is initialised and not closed.
        unsafe {
            if referenced {
                uv::uv_ref(self.raw);
            } else {
                uv::uv_unref(self.raw);
            }
        }
    }

    /// The endpoint and socket of a handle that libuv calls back for.
    ///
    /// # Safety
    /// `raw` must be the argument of such a callback.
    pub(crate) unsafe fn attached(raw: *mut uv_handle_t) -> (Rc<Endpoint>, u16) {
        // SAFETY: handles are made by `new` only, which attaches this, and it stays until `on_closed`.
        let attached = unsafe { &*uv::uv_handle_get_data(raw).cast::<Attached>() };
        (attached.endpoint.clone(), attached.socket)
    }

    /// Closes the handle; libuv forgets its descriptor at once. Its memory is freed, and its endpoint told, in a later turn of the loop.
    pub(crate) fn close(self) {
        // SAFETY: the handle is initialised, and whoever closes it forgets it.
        unsafe { uv::uv_close(self.raw, on_closed) };
    }
}

unsafe extern "C" fn on_closed(raw: *mut uv_handle_t) {
    // SAFETY: attached by `new`; this is the last callback of the handle.
    let attached = unsafe { Box::from_raw(uv::uv_handle_get_data(raw).cast::<Attached>()) };
    // SAFETY: allocated by `new` with this layout, and libuv is done with it.
    unsafe { dealloc(raw.cast(), attached.layout) };
    attached.endpoint.on_handle_closed();
}
