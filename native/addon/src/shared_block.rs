//! Ring memory that JavaScript can look into without a copy. It outlives the engine while JavaScript holds its `ArrayBuffer`, and the `ArrayBuffer`
//! while the engine uses it.

use std::alloc::{alloc_zeroed, dealloc, handle_alloc_error, Layout};
use std::any::Any;
use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::rc::Rc;
use std::sync::Arc;

use napi_sys as sys;
use osier_core::{Block, BlockPool, BlockSource};

use crate::failure::Failure;
use crate::js::{Js, JsResult};

/// What `calloc` gives. A stricter alignment would go through `memalign`, whose freed blocks glibc cannot use again for the next of the same size.
const ALIGNMENT: usize = 16;

/// The bytes themselves; freed by whoever holds them last. The count is atomic because Node does not promise which thread finalizes.
struct Memory {
    start: NonNull<u8>,
    layout: Layout,
}

impl Memory {
    fn new(length: usize) -> Arc<Self> {
        let Ok(layout) = Layout::from_size_align(length.max(1), ALIGNMENT) else {
            handle_alloc_error(Layout::new::<u8>())
        };
        // SAFETY: the size is not 0. Zeroed memory shows JavaScript nothing old, and costs nothing until it is touched.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) });
        let Some(start) = start else { handle_alloc_error(layout) };
        Arc::new(Self { start, layout })
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout; nobody holds it any more.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

// SAFETY: the pointer is owned; it is only followed on the environment's thread, and freeing may happen on any.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

/// One block with the `ArrayBuffer` over it, which is made when it is first wanted: making one costs 0.7 us.
pub(crate) struct BlockView {
    memory: Arc<Memory>,
    length: usize,
    env: sys::napi_env,
    array_buffer: Cell<sys::napi_ref>,
    /// JavaScript may be looking at a part of it at present.
    lent: Cell<bool>,
}

impl BlockView {
    /// JavaScript looks no more.
    pub(crate) fn give_back(&self) {
        self.lent.set(false);
    }

    /// A `Uint8Array` of the bytes from `offset`: over the ring itself, or a copy where this runtime allows no external memory.
    pub(crate) fn bytes(&self, js: Js, offset: usize, length: usize) -> JsResult<sys::napi_value> {
        if offset.checked_add(length).is_none_or(|end| end > self.length) {
            return Err(Failure::State("the ring is shorter than what was to be read from it"));
        }
        match self.array_buffer(js) {
            Ok(buffer) => {
                self.lent.set(true);
                js.view(sys::TypedarrayType::uint8_array, buffer, offset, length)
            }
            Err(Failure::NodeApi(sys::Status::napi_no_external_buffers_allowed)) => {
                // SAFETY: inside the block; neither JavaScript nor the engine runs before the bytes are copied.
                js.bytes(unsafe {
                    std::slice::from_raw_parts(self.memory.start.as_ptr().add(offset), length)
                })
            }
            Err(failure) => Err(failure),
        }
    }

    fn array_buffer(&self, js: Js) -> JsResult<sys::napi_value> {
        if !self.array_buffer.get().is_null() {
            return js.dereference(self.array_buffer.get());
        }
        let mut buffer = ptr::null_mut();
        let held = Arc::into_raw(self.memory.clone());
        // SAFETY: the memory lives until `release_memory` has run; on failure that never runs and the count is given back below.
        let status = unsafe {
            sys::napi_create_external_arraybuffer(
                js.env(),
                self.memory.start.as_ptr().cast(),
                self.length,
                Some(release_memory),
                held.cast_mut().cast(),
                &mut buffer,
            )
        };
        if let Err(failure) = Failure::unless_ok(status) {
            // SAFETY: made by `into_raw` above and taken by nobody.
            drop(unsafe { Arc::from_raw(held) });
            return Err(failure);
        }
        self.array_buffer.set(js.reference(buffer)?);
        Ok(buffer)
    }
}

impl Drop for BlockView {
    fn drop(&mut self) {
        let reference = self.array_buffer.get();
        if !reference.is_null() {
            // SAFETY: a view is dropped on its environment's thread, at the latest in the environment's cleanup hook.
            unsafe { Js::new(self.env) }.delete(reference);
        }
    }
}

unsafe extern "C" fn release_memory(_env: sys::napi_env, _data: *mut c_void, held: *mut c_void) {
    // SAFETY: made by `Arc::into_raw` in `array_buffer`; a finalizer runs once.
    drop(unsafe { Arc::from_raw(held.cast_const().cast::<Memory>()) });
}

/// A block as the engine holds it.
pub(crate) struct SharedBlock {
    view: Rc<BlockView>,
}

impl SharedBlock {
    pub(crate) fn view(&self) -> Rc<BlockView> {
        self.view.clone()
    }
}

impl Block for SharedBlock {
    fn bytes(&self) -> &[u8] {
        // SAFETY: initialised memory of this length. JavaScript reads and writes it only while no Rust code runs, since both have one thread.
        unsafe { std::slice::from_raw_parts(self.view.memory.start.as_ptr(), self.view.length) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above; the engine has the only other way to these bytes, through `self`.
        unsafe { std::slice::from_raw_parts_mut(self.view.memory.start.as_ptr(), self.view.length) }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Where the rings of one engine come from.
pub(crate) struct SharedBlocks {
    env: sys::napi_env,
    pool: BlockPool,
}

impl SharedBlocks {
    pub(crate) fn new(env: sys::napi_env) -> Self {
        Self { env, pool: BlockPool::default() }
    }
}

impl BlockSource for SharedBlocks {
    fn allocate(&mut self, len: usize) -> Box<dyn Block> {
        self.pool.take(len).unwrap_or_else(|| {
            let view = BlockView {
                memory: Memory::new(len),
                length: len,
                env: self.env,
                array_buffer: Cell::new(ptr::null_mut()),
                lent: Cell::new(false),
            };
            Box::new(SharedBlock { view: Rc::new(view) })
        })
    }

    fn release(&mut self, block: Box<dyn Block>) {
        // What JavaScript looks at must not change under its eyes: its `ArrayBuffer` keeps the memory alive, and nobody else gets it.
        let is_lent = block.as_any().downcast_ref::<SharedBlock>().is_some_and(|block| block.view.lent.get());
        if !is_lent {
            self.pool.put(block);
        }
    }
}
