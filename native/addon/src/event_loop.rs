//! Callbacks of libuv, and the order of work in them: receive and open, tell JavaScript once, then send everything that came of both.

use std::rc::Rc;

use osier_core::Instant;

use crate::clock::Clock;
use crate::driver::{Driver, Flow};
use crate::endpoint::{Endpoint, Phase};
use crate::uv::{self, uv_handle_t, HandleType, UV_READABLE, UV_WRITABLE};
use crate::uv_handle::UvHandle;

/// Batches told to JavaScript in one turn of the loop; more wait for the next, so that other handles have theirs.
const MAX_BATCHES_A_TURN: usize = 16;

impl Endpoint {
    /// Makes the timer and the end-of-tick handle. Neither keeps the process alive.
    pub(crate) fn start(self: &Rc<Self>) -> Result<(), i32> {
        // SAFETY: the loop is the environment's, and the handle fresh memory of the right size.
        let timer = UvHandle::new(HandleType::Timer, self.clone(), 0, |raw| unsafe {
            uv::uv_timer_init(self.uv_loop, raw)
        })?;
        self.open_handles.set(self.open_handles.get() + 1);
        timer.set_ref(false);
        self.handles.borrow_mut().timer = Some(timer);
        // SAFETY: as above.
        let prepare = UvHandle::new(HandleType::Prepare, self.clone(), 0, |raw| unsafe {
            uv::uv_prepare_init(self.uv_loop, raw)
        })?;
        self.open_handles.set(self.open_handles.get() + 1);
        prepare.set_ref(false);
        self.handles.borrow_mut().prepare = Some(prepare);
        Ok(())
    }

    /// Watches the socket with this number and descriptor.
    pub(crate) fn watch(self: &Rc<Self>, socket: u16, descriptor: i32) -> Result<(), i32> {
        // SAFETY: as in `start`; the descriptor is open, and closed only after the handle.
        let poll = UvHandle::new(HandleType::Poll, self.clone(), socket, |raw| unsafe {
            uv::uv_poll_init(self.uv_loop, raw, descriptor)
        })?;
        self.open_handles.set(self.open_handles.get() + 1);
        poll.set_ref(self.referenced.get());
        self.handles.borrow_mut().polls.push(poll);
        self.poll_for(socket, UV_READABLE);
        Ok(())
    }

    /// Whether open sockets keep the process alive.
    pub(crate) fn set_ref(&self, referenced: bool) {
        self.referenced.set(referenced);
        for poll in &self.handles.borrow().polls {
            poll.set_ref(referenced);
        }
    }

    /// Asks for a turn at the end of this tick. Inside a batch there is one anyway.
    pub(crate) fn schedule_turn(&self) {
        if self.delivering.get() || self.turn_scheduled.get() || !self.is_open() {
            return;
        }
        let prepare = self.handles.borrow().prepare;
        if let Some(prepare) = prepare {
            // SAFETY: the handle is initialised and not closed.
            unsafe { uv::uv_prepare_start(prepare.raw(), on_prepare) };
            self.turn_scheduled.set(true);
        } else if self.is_detached() {
            self.turn_scheduled.set(true);
            self.call_wake();
        }
    }

    /// Sends what is pending now. Inside a batch that happens at its end, together with everything else.
    pub(crate) fn flush(&self) {
        if self.delivering.get() || !self.is_open() {
            return;
        }
        self.with_driver(Driver::tick);
        self.run_due_timers();
        if self.with_driver(Driver::has_events) == Some(true) {
            // What has come is told first, so that credit goes by what readers left unread; then everything is sent.
            self.schedule_turn();
            return;
        }
        let more_to_send = self.send_pending();
        self.set_timer(more_to_send);
        self.spin_on();
        if self.with_driver(Driver::has_events) == Some(true) {
            self.schedule_turn();
        } else {
            self.cancel_scheduled_turn();
        }
    }

    /// Handles what was due at the last reading of the clock.
    fn run_due_timers(&self) {
        if let Some(Err(error)) = self.with_driver(Driver::run_due_timers) {
            self.fail(&format!("a socket cannot receive any more: {error}"));
        }
    }

    /// Tells JavaScript what happened and sends what is pending.
    pub(crate) fn turn(&self) {
        self.cancel_scheduled_turn();
        self.run_due_timers();
        for _ in 0..MAX_BATCHES_A_TURN {
            if !self.deliver_batch() {
                break;
            }
        }
        if self.is_open() {
            let more_to_send = self.send_pending();
            self.set_timer(more_to_send);
            self.spin_on();
        }
    }

    fn cancel_scheduled_turn(&self) {
        if !self.turn_scheduled.replace(false) {
            return;
        }
        if let Some(prepare) = self.handles.borrow().prepare {
            // SAFETY: the handle is initialised and not closed.
            unsafe { uv::uv_prepare_stop(prepare.raw()) };
        }
    }

    /// Sends for one turn; true when there is more.
    fn send_pending(&self) -> bool {
        match self.with_driver(Driver::flush) {
            Some(Flow::More) => return true,
            Some(Flow::Blocked(socket)) => self.poll_for(socket, UV_READABLE | UV_WRITABLE),
            Some(Flow::Failed(error)) => self.fail(&format!("a socket cannot send any more: {error}")),
            Some(Flow::Idle) | None => {}
        }
        false
    }

    fn poll_for(&self, socket: u16, events: i32) {
        if let Some(poll) = self.handles.borrow().polls.get(usize::from(socket)) {
            // SAFETY: the handle is initialised and not closed.
            unsafe { uv::uv_poll_start(poll.raw(), events, on_poll) };
        }
    }

    /// Sets the timer for the engine's next deadline, or for the next turn of the loop when there is more to send or to tell. An earlier firing
    /// is left: it costs one empty turn.
    fn set_timer(&self, more_to_send: bool) {
        let Some((deadline, more_events, now)) =
            self.with_driver(|driver| (driver.deadline(), driver.has_events(), driver.now()))
        else {
            return;
        };
        let due = if more_to_send || more_events { Some(now) } else { deadline };
        // One that is overdue is started anew: the machine may have slept, and libuv's clock does not count that.
        let started = self.timer_due.get();
        if let Some(due) = due.filter(|due| *due < started || started <= now) {
            self.start_timer(due, now);
        }
    }

    fn start_timer(&self, due: Instant, now: Instant) {
        let Some(timer) = self.handles.borrow().timer else { return };
        self.timer_due.set(due);
        let timeout_ms = due.saturating_micros_since(now).div_ceil(1_000);
        // SAFETY: the loop is alive; the handle is initialised and not closed. The loop's own time may be as old as this turn.
        unsafe {
            uv::uv_update_time(self.uv_loop);
            uv::uv_timer_start(timer.raw(), on_timer, timeout_ms, 0);
        }
    }

    /// Has JavaScript told of a failure in a turn of its own, even when nothing else keeps the process alive.
    pub(crate) fn tell_failure_soon(&self) {
        if self.is_detached() {
            return self.call_wake();
        }
        let timer = self.handles.borrow().timer;
        if let Some(timer) = timer {
            timer.set_ref(true);
            let now = Clock::Boot.now();
            self.start_timer(now, now);
        }
    }

    fn on_ready(&self, socket: u16, status: i32, events: i32) {
        if !self.is_open() {
            return;
        }
        let received = self.with_driver(|driver| match status {
            // libuv has stopped the handle: the socket reported an error, which may be a passing one.
            ..0 => driver.take_socket_error(socket),
            _ if events & UV_READABLE != 0 => driver.receive(socket),
            _ => {
                driver.tick();
                Ok(())
            }
        });
        if let Some(Err(error)) = received {
            return self.fail(&format!("a socket cannot receive any more: {error}"));
        }
        if status < 0 || events & UV_WRITABLE != 0 {
            self.with_driver(Driver::unblock);
            self.poll_for(socket, UV_READABLE);
        }
        self.turn();
    }

    fn on_timer(&self) {
        self.timer_due.set(Instant::FAR_FUTURE);
        self.with_driver(Driver::tick);
        match self.phase.get() {
            Phase::Open => self.turn(),
            Phase::Failed => self.tell_failure(),
            Phase::Closing | Phase::Closed => {}
        }
    }
}

unsafe extern "C" fn on_poll(raw: *mut uv_handle_t, status: i32, events: i32) {
    // SAFETY: libuv calls with the handle that it was started for.
    let (endpoint, socket) = unsafe { UvHandle::attached(raw) };
    endpoint.guard(|| endpoint.on_ready(socket, status, events));
}

unsafe extern "C" fn on_timer(raw: *mut uv_handle_t) {
    // SAFETY: as above.
    let (endpoint, _) = unsafe { UvHandle::attached(raw) };
    endpoint.guard(|| endpoint.on_timer());
}

unsafe extern "C" fn on_prepare(raw: *mut uv_handle_t) {
    // SAFETY: as above.
    let (endpoint, _) = unsafe { UvHandle::attached(raw) };
    endpoint.guard(|| {
        endpoint.with_driver(Driver::tick);
        endpoint.turn();
    });
}
