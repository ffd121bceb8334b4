//! All state of one engine in one environment.

use std::cell::{Cell, RefCell};
use std::ptr;
use std::rc::Rc;

use napi_sys as sys;
use osier_core::Instant;

use crate::driver::Driver;
use crate::js::{Js, JsResult};
use crate::shard_group::Membership;
use crate::spin::Spin;
use crate::uv::uv_loop_t;
use crate::uv_handle::UvHandle;

/// Where an endpoint is in its life.
///
/// ```text
/// Open --close()--> Closing --last handle closed--> Closed
///   \--panic, dead socket--> Failed --told to JavaScript, close()--^
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// At work.
    Open,
    /// Its sockets are closed; JavaScript is to be told in a turn of its own.
    Failed,
    /// Everything is given up but the memory of handles that libuv still knows.
    Closing,
    /// Nothing is left.
    Closed,
}

/// What JavaScript lends while the endpoint is open.
#[derive(Clone, Copy)]
pub(crate) struct JsSide {
    pub(crate) listener: sys::napi_ref,
    pub(crate) events: sys::napi_ref,
    pub(crate) bytes: sys::napi_ref,
    pub(crate) context: sys::napi_async_context,
    /// What a detached engine calls when it wants a turn; null on a loop.
    pub(crate) wake: sys::napi_ref,
}

/// The handles of libuv, all initialised. A detached engine has none.
#[derive(Default)]
pub(crate) struct Handles {
    pub(crate) timer: Option<UvHandle>,
    pub(crate) prepare: Option<UvHandle>,
    /// Woken by other shards.
    pub(crate) wake: Option<UvHandle>,
    /// Runs while the endpoint spins; only where that was asked for.
    pub(crate) idle: Option<UvHandle>,
    /// One a socket, in the order of their numbers.
    pub(crate) polls: Vec<UvHandle>,
}

/// See the file's head. Methods borrow its parts for as long as they need, and never across a call into JavaScript.
pub(crate) struct Endpoint {
    pub(crate) env: sys::napi_env,
    /// Null for a detached engine.
    pub(crate) uv_loop: *mut uv_loop_t,
    pub(crate) phase: Cell<Phase>,
    pub(crate) driver: RefCell<Option<Driver>>,
    pub(crate) js_side: Cell<Option<JsSide>>,
    /// The JavaScript object, kept alive while a socket is open: the garbage collector does not decide when it closes.
    pub(crate) this: Cell<sys::napi_ref>,
    pub(crate) handles: RefCell<Handles>,
    /// Handles that libuv knows.
    pub(crate) open_handles: Cell<usize>,
    pub(crate) cleanup_hook: Cell<sys::napi_async_cleanup_hook_handle>,
    /// The listener runs at this moment.
    pub(crate) delivering: Cell<bool>,
    /// A turn was asked for at the end of this tick.
    pub(crate) turn_scheduled: Cell<bool>,
    /// When the timer will fire.
    pub(crate) timer_due: Cell<Instant>,
    /// Whether open sockets keep the process alive.
    pub(crate) referenced: Cell<bool>,
    pub(crate) spin: Spin,
    pub(crate) failure: RefCell<String>,
    /// Its place among the shards of a node.
    pub(crate) membership: RefCell<Option<Rc<Membership>>>,
}

impl Endpoint {
    pub(crate) fn new(env: sys::napi_env, uv_loop: *mut uv_loop_t, driver: Driver) -> Rc<Self> {
        Rc::new(Self {
            env,
            uv_loop,
            phase: Cell::new(Phase::Open),
            driver: RefCell::new(Some(driver)),
            js_side: Cell::new(None),
            this: Cell::new(ptr::null_mut()),
            handles: RefCell::default(),
            open_handles: Cell::new(0),
            cleanup_hook: Cell::new(ptr::null_mut()),
            delivering: Cell::new(false),
            turn_scheduled: Cell::new(false),
            timer_due: Cell::new(Instant::FAR_FUTURE),
            referenced: Cell::new(true),
            spin: Spin::default(),
            failure: RefCell::default(),
            membership: RefCell::default(),
        })
    }

    pub(crate) fn is_open(&self) -> bool {
        self.phase.get() == Phase::Open
    }

    /// The environment.
    ///
    /// # Safety
    /// Only inside a callback of the environment, or of its loop.
    pub(crate) unsafe fn js(&self) -> Js {
        // SAFETY: the caller's promise.
        unsafe { Js::new(self.env) }
    }

    /// Runs `body` on the driver. `None` once the endpoint is closed.
    pub(crate) fn with_driver<R>(&self, body: impl FnOnce(&mut Driver) -> R) -> Option<R> {
        let mut driver = self.driver.try_borrow_mut().ok()?;
        driver.as_mut().map(body)
    }

    /// As [`Endpoint::with_driver`], for calls after which there may be something to send or to tell: that happens at the end of the tick.
    pub(crate) fn change<R>(&self, body: impl FnOnce(&mut Driver) -> R) -> Option<R> {
        let result = self.with_driver(body);
        self.schedule_turn();
        result
    }

    /// Keeps the JavaScript object from being collected until the endpoint is closed.
    pub(crate) fn hold(&self, js: Js) -> JsResult<()> {
        match self.this.get() {
            this if this.is_null() => Ok(()),
            this => js.strengthen(this),
        }
    }
}
