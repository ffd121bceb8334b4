//! Simple JavaScript values: made, and read with a check. `js_memory` has arrays and references.

use std::ffi::{c_char, CStr};
use std::ptr;

use napi_sys as sys;

use crate::failure::Failure;

/// What most functions here return.
pub(crate) type JsResult<T> = Result<T, Failure>;

/// The environment that runs at this moment. Lives no longer than the callback that it was made in.
#[derive(Clone, Copy)]
pub(crate) struct Js {
    env: sys::napi_env,
}

/// Calls Node-API and turns its status into a result. For methods of [`Js`].
macro_rules! node_api {
    ($function:ident($($argument:expr),* $(,)?)) => {{
        // SAFETY: a `Js` exists only on its environment's thread while that environment lives; values come from the present scope and every other
        // pointer leads to a variable of this function.
        let status = unsafe { sys::$function($($argument),*) };
        Failure::unless_ok(status)
    }};
}

pub(crate) use node_api;

impl Js {
    /// # Safety
    /// `env` must be alive, this its thread, and the result must not outlive the present callback.
    pub(crate) unsafe fn new(env: sys::napi_env) -> Self {
        Self { env }
    }

    pub(crate) fn env(self) -> sys::napi_env {
        self.env
    }

    pub(crate) fn undefined(self) -> JsResult<sys::napi_value> {
        let mut value = ptr::null_mut();
        node_api!(napi_get_undefined(self.env, &mut value))?;
        Ok(value)
    }

    pub(crate) fn null(self) -> JsResult<sys::napi_value> {
        let mut value = ptr::null_mut();
        node_api!(napi_get_null(self.env, &mut value))?;
        Ok(value)
    }

    pub(crate) fn global(self) -> JsResult<sys::napi_value> {
        let mut value = ptr::null_mut();
        node_api!(napi_get_global(self.env, &mut value))?;
        Ok(value)
    }

    pub(crate) fn boolean(self, flag: bool) -> JsResult<sys::napi_value> {
        let mut value = ptr::null_mut();
        node_api!(napi_get_boolean(self.env, flag, &mut value))?;
        Ok(value)
    }

    pub(crate) fn int32(self, number: i32) -> JsResult<sys::napi_value> {
        let mut value = ptr::null_mut();
        node_api!(napi_create_int32(self.env, number, &mut value))?;
        Ok(value)
    }

    pub(crate) fn uint32(self, number: u32) -> JsResult<sys::napi_value> {
        let mut value = ptr::null_mut();
        node_api!(napi_create_uint32(self.env, number, &mut value))?;
        Ok(value)
    }

    /// A count of bytes; exact up to 2^53.
    pub(crate) fn size(self, number: usize) -> JsResult<sys::napi_value> {
        let mut value = ptr::null_mut();
        node_api!(napi_create_double(self.env, number as f64, &mut value))?;
        Ok(value)
    }

    pub(crate) fn bigint(self, number: u64) -> JsResult<sys::napi_value> {
        let mut value = ptr::null_mut();
        node_api!(napi_create_bigint_uint64(self.env, number, &mut value))?;
        Ok(value)
    }

    pub(crate) fn string(self, text: &str) -> JsResult<sys::napi_value> {
        let mut value = ptr::null_mut();
        let length = text.len() as isize;
        node_api!(napi_create_string_utf8(self.env, text.as_ptr().cast::<c_char>(), length, &mut value))?;
        Ok(value)
    }

    pub(crate) fn strings<T: AsRef<str>>(self, texts: &[T]) -> JsResult<sys::napi_value> {
        let mut array = ptr::null_mut();
        node_api!(napi_create_array_with_length(self.env, texts.len(), &mut array))?;
        for (index, text) in texts.iter().enumerate() {
            let value = self.string(text.as_ref())?;
            node_api!(napi_set_element(self.env, array, index as u32, value))?;
        }
        Ok(array)
    }

    pub(crate) fn object(self) -> JsResult<sys::napi_value> {
        let mut value = ptr::null_mut();
        node_api!(napi_create_object(self.env, &mut value))?;
        Ok(value)
    }

    pub(crate) fn set(self, object: sys::napi_value, name: &CStr, value: sys::napi_value) -> JsResult<()> {
        node_api!(napi_set_named_property(self.env, object, name.as_ptr(), value))
    }

    /// May run a getter, and with it any JavaScript.
    pub(crate) fn get(self, object: sys::napi_value, name: &CStr) -> JsResult<sys::napi_value> {
        let mut value = ptr::null_mut();
        node_api!(napi_get_named_property(self.env, object, name.as_ptr(), &mut value))?;
        Ok(value)
    }

    /// Defines properties that JavaScript cannot reassign.
    pub(crate) fn define_constants(
        self,
        object: sys::napi_value,
        constants: &[(&CStr, sys::napi_value)],
        attributes: sys::napi_property_attributes,
    ) -> JsResult<()> {
        for (name, value) in constants {
            let property = sys::napi_property_descriptor {
                utf8name: name.as_ptr(),
                name: ptr::null_mut(),
                method: None,
                getter: None,
                setter: None,
                value: *value,
                attributes,
                data: ptr::null_mut(),
            };
            node_api!(napi_define_properties(self.env, object, 1, &property))?;
        }
        Ok(())
    }

    pub(crate) fn type_of(self, value: sys::napi_value) -> JsResult<sys::napi_valuetype> {
        let mut kind = 0;
        node_api!(napi_typeof(self.env, value, &mut kind))?;
        Ok(kind)
    }

    /// The number in `value`; `None` when it is no number.
    pub(crate) fn read_number(self, value: sys::napi_value) -> Option<f64> {
        let mut number = 0.0;
        node_api!(napi_get_value_double(self.env, value, &mut number)).ok()?;
        Some(number)
    }

    /// The boolean in `value`; `None` when it is none.
    pub(crate) fn read_boolean(self, value: sys::napi_value) -> Option<bool> {
        let mut flag = false;
        node_api!(napi_get_value_bool(self.env, value, &mut flag)).ok()?;
        Some(flag)
    }

    /// The BigInt in `value`; `None` when it is none, negative, or above 2^64 - 1.
    pub(crate) fn read_bigint(self, value: sys::napi_value) -> Option<u64> {
        let (mut number, mut lossless) = (0, false);
        node_api!(napi_get_value_bigint_uint64(self.env, value, &mut number, &mut lossless)).ok()?;
        lossless.then_some(number)
    }

    /// The text in `value`; `None` when it is no string or longer than `longest` bytes.
    pub(crate) fn read_string(self, value: sys::napi_value, longest: usize) -> Option<String> {
        // One byte for the terminating 0, and one to notice that more would have come.
        let mut bytes = vec![0_u8; longest + 2];
        let mut length = 0;
        let room = bytes.len();
        node_api!(napi_get_value_string_utf8(
            self.env,
            value,
            bytes.as_mut_ptr().cast::<c_char>(),
            room,
            &mut length
        ))
        .ok()?;
        bytes.truncate(length);
        String::from_utf8(bytes).ok().filter(|text| text.len() <= longest)
    }
}
