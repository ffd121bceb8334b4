//! An endpoint as one of several shards: other threads leave letters for it and wake its loop.

use std::rc::Rc;
use std::sync::Arc;

use crate::driver::Driver;
use crate::endpoint::Endpoint;
use crate::mailbox::Mailbox;
use crate::shard_group::Membership;
use crate::uv::{self, uv_handle_t, HandleType};
use crate::uv_handle::UvHandle;

impl Endpoint {
    /// Takes the place of its shard in `group`; gives up the one that it had. The handle does not keep the process alive.
    pub(crate) fn join_shard_group(self: &Rc<Self>, group: u64, shard: u8) -> Result<(), i32> {
        self.leave_shard_group();
        // SAFETY: the loop is the environment's, and the handle fresh memory of the right size.
        let wake = UvHandle::new(HandleType::Async, self.clone(), 0, |raw| unsafe {
            uv::uv_async_init(self.uv_loop, raw, on_wake)
        })?;
        self.open_handles.set(self.open_handles.get() + 1);
        wake.set_ref(false);
        self.handles.borrow_mut().wake = Some(wake);
        let membership = Rc::new(Membership::join(group, shard, Arc::new(Mailbox::new(wake))));
        self.with_driver(|driver| driver.membership = Some(membership.clone()));
        *self.membership.borrow_mut() = Some(membership);
        Ok(())
    }

    /// Other threads first: after that the handle is this one's alone, and can be closed.
    pub(crate) fn leave_shard_group(&self) {
        if let Some(membership) = self.membership.take() {
            membership.leave();
        }
        let wake = self.handles.borrow_mut().wake.take();
        if let Some(wake) = wake {
            wake.close();
        }
    }

    fn on_letters(&self) {
        if self.is_open() {
            self.with_driver(Driver::take_letters);
            self.turn();
        }
    }
}

unsafe extern "C" fn on_wake(raw: *mut uv_handle_t) {
    // SAFETY: libuv calls with the handle that it was initialised for.
    let (endpoint, _) = unsafe { UvHandle::attached(raw) };
    endpoint.guard(|| endpoint.on_letters());
}
