//! Typed arrays, references and scopes: JavaScript's memory, and how long it lives.

use std::ptr;

use napi_sys as sys;

use crate::failure::Failure;
use crate::js::{node_api, Js, JsResult};

impl Js {
    /// Where the elements of a typed array of the given kind lie, and how many there are; `None` for anything else. An array without elements may
    /// lie nowhere.
    pub(crate) fn typed_array(
        self,
        value: sys::napi_value,
        wanted: sys::napi_typedarray_type,
    ) -> Option<(*mut u8, usize)> {
        let (mut kind, mut length, mut data) = (0, 0, ptr::null_mut());
        // SAFETY: as for every call here; null asks for nothing.
        let status = unsafe {
            sys::napi_get_typedarray_info(
                self.env(),
                value,
                &mut kind,
                &mut length,
                &mut data,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        Failure::unless_ok(status).ok()?;
        (kind == wanted).then_some((data.cast(), length))
    }

    /// A new typed array of `length` elements of `element_bytes` bytes, all 0.
    pub(crate) fn new_typed_array(
        self,
        kind: sys::napi_typedarray_type,
        length: usize,
        element_bytes: usize,
    ) -> JsResult<sys::napi_value> {
        let (mut buffer, mut data) = (ptr::null_mut(), ptr::null_mut());
        node_api!(napi_create_arraybuffer(self.env(), length * element_bytes, &mut data, &mut buffer))?;
        self.view(kind, buffer, 0, length)
    }

    /// A typed array over a part of an `ArrayBuffer`.
    pub(crate) fn view(
        self,
        kind: sys::napi_typedarray_type,
        buffer: sys::napi_value,
        offset: usize,
        length: usize,
    ) -> JsResult<sys::napi_value> {
        let mut array = ptr::null_mut();
        node_api!(napi_create_typedarray(self.env(), kind, length, buffer, offset, &mut array))?;
        Ok(array)
    }

    /// A new `Uint8Array` with a copy of `bytes`.
    pub(crate) fn bytes(self, bytes: &[u8]) -> JsResult<sys::napi_value> {
        let (mut buffer, mut data) = (ptr::null_mut(), ptr::null_mut());
        node_api!(napi_create_arraybuffer(self.env(), bytes.len(), &mut data, &mut buffer))?;
        if !bytes.is_empty() {
            // SAFETY: the new buffer has exactly this length and nobody else knows it yet.
            unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), data.cast::<u8>(), bytes.len()) };
        }
        self.view(sys::TypedarrayType::uint8_array, buffer, 0, bytes.len())
    }

    /// A strong reference. Must be deleted with [`Js::delete`].
    pub(crate) fn reference(self, value: sys::napi_value) -> JsResult<sys::napi_ref> {
        let mut reference = ptr::null_mut();
        node_api!(napi_create_reference(self.env(), value, 1, &mut reference))?;
        Ok(reference)
    }

    /// A reference that does not keep its object alive, until [`Js::strengthen`]. Must be deleted with [`Js::delete`].
    pub(crate) fn weak_reference(self, value: sys::napi_value) -> JsResult<sys::napi_ref> {
        let mut reference = ptr::null_mut();
        node_api!(napi_create_reference(self.env(), value, 0, &mut reference))?;
        Ok(reference)
    }

    /// Makes a weak reference a strong one.
    pub(crate) fn strengthen(self, reference: sys::napi_ref) -> JsResult<()> {
        let mut count = 0;
        node_api!(napi_reference_ref(self.env(), reference, &mut count))
    }

    pub(crate) fn dereference(self, reference: sys::napi_ref) -> JsResult<sys::napi_value> {
        let mut value = ptr::null_mut();
        node_api!(napi_get_reference_value(self.env(), reference, &mut value))?;
        Ok(value)
    }

    pub(crate) fn delete(self, reference: sys::napi_ref) {
        // A reference that cannot be deleted goes with its environment.
        let _ = node_api!(napi_delete_reference(self.env(), reference));
    }

    /// Runs `body` with a scope of its own: needed in callbacks that libuv makes.
    pub(crate) fn scoped<R>(self, body: impl FnOnce() -> R) -> JsResult<R> {
        let mut scope = ptr::null_mut();
        node_api!(napi_open_handle_scope(self.env(), &mut scope))?;
        let result = body();
        node_api!(napi_close_handle_scope(self.env(), scope))?;
        Ok(result)
    }
}
