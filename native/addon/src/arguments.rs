//! Arguments of a call, checked: a number that does not fit is refused, never cut.

use std::ffi::{c_void, CStr};
use std::ptr;

use napi_sys as sys;

use crate::failure::{unfit, Failure};
use crate::js::{Js, JsResult};

/// Arguments that any method takes at most.
const MOST: usize = 6;

/// The arguments of one call. Missing ones are `undefined`.
pub(crate) struct Arguments {
    js: Js,
    pub(crate) this: sys::napi_value,
    /// What the called function was made with.
    pub(crate) data: *mut c_void,
    values: [sys::napi_value; MOST],
}

impl Arguments {
    /// Reads the call.
    ///
    /// # Safety
    /// `info` must be of the callback that `js` was made in.
    pub(crate) unsafe fn read(js: Js, info: sys::napi_callback_info) -> JsResult<Self> {
        let mut count = MOST;
        let mut arguments =
            Self { js, this: ptr::null_mut(), data: ptr::null_mut(), values: [ptr::null_mut(); MOST] };
        // SAFETY: the caller's promise; at most `count` values are written, and the missing ones as undefined.
        Failure::unless_ok(unsafe {
            sys::napi_get_cb_info(
                js.env(),
                info,
                &mut count,
                arguments.values.as_mut_ptr(),
                &mut arguments.this,
                &mut arguments.data,
            )
        })?;
        Ok(arguments)
    }

    pub(crate) fn value(&self, index: usize) -> sys::napi_value {
        self.values[index]
    }

    pub(crate) fn u32(&self, index: usize, name: &CStr) -> JsResult<u32> {
        read_u32(self.js, self.value(index), name)
    }

    /// An integer from 0 to `largest`.
    pub(crate) fn up_to(&self, index: usize, name: &CStr, largest: u32) -> JsResult<u32> {
        let number = self.u32(index, name)?;
        if number <= largest {
            Ok(number)
        } else {
            Err(unfit(name, &format!("an integer from 0 to {largest}")))
        }
    }

    pub(crate) fn boolean(&self, index: usize, name: &CStr) -> JsResult<bool> {
        self.js.read_boolean(self.value(index)).ok_or_else(|| unfit(name, "a boolean"))
    }

    /// As [`Arguments::boolean`]; false where it is left out.
    pub(crate) fn optional_boolean(&self, index: usize, name: &CStr) -> JsResult<bool> {
        match self.js.type_of(self.value(index))? {
            sys::ValueType::napi_undefined => Ok(false),
            _ => self.boolean(index, name),
        }
    }

    /// A BigInt from 0 to 2^64 - 1.
    pub(crate) fn bigint(&self, index: usize, name: &CStr) -> JsResult<u64> {
        let expected = || unfit(name, "a BigInt from 0 to 2^64 - 1");
        self.js.read_bigint(self.value(index)).ok_or_else(expected)
    }

    pub(crate) fn string(&self, index: usize, name: &CStr, longest: usize) -> JsResult<String> {
        let expected = || unfit(name, &format!("a string of at most {longest} bytes"));
        self.js.read_string(self.value(index), longest).ok_or_else(expected)
    }

    /// The bytes of a `Uint8Array`, where they lie. The slice must be gone before JavaScript runs again.
    pub(crate) fn bytes(&self, index: usize, name: &CStr) -> JsResult<&[u8]> {
        let (data, length) = byte_array(self.js, self.value(index), name)?;
        // SAFETY: the array is alive while the call lasts, and nothing but JavaScript could detach or change it.
        Ok(unsafe { slice(data, length) })
    }

    /// The bytes of a `Uint8Array` to be written. As for [`Arguments::bytes`].
    pub(crate) fn bytes_mut(&mut self, index: usize, name: &CStr) -> JsResult<&mut [u8]> {
        let (data, length) = byte_array(self.js, self.value(index), name)?;
        // SAFETY: as above; `&mut self` keeps the methods from handing out the same array twice.
        Ok(unsafe { slice_mut(data, length) })
    }

    /// The bytes of a `Uint8Array` and the elements of a `Uint32Array`, both to be written. As for [`Arguments::bytes`].
    pub(crate) fn bytes_and_words_mut(
        &mut self,
        (bytes, bytes_name): (usize, &CStr),
        (words, words_name): (usize, &CStr),
    ) -> JsResult<(&mut [u8], &mut [u32])> {
        let (bytes_data, byte_count) = byte_array(self.js, self.value(bytes), bytes_name)?;
        let kind = sys::TypedarrayType::uint32_array;
        let (words_data, word_count) =
            self.js.typed_array(self.value(words), kind).ok_or_else(|| unfit(words_name, "a Uint32Array"))?;
        let (bytes_from, words_from) = (bytes_data as usize, words_data as usize);
        let apart = bytes_from + byte_count <= words_from || words_from + 4 * word_count <= bytes_from;
        if byte_count > 0 && word_count > 0 && !apart {
            return Err(unfit(words_name, "in other memory than the bytes"));
        }
        // SAFETY: as for `bytes_mut`; the two do not overlap, and a Uint32Array is aligned for its elements.
        Ok(unsafe { (slice_mut(bytes_data, byte_count), slice_mut(words_data.cast(), word_count)) })
    }

    /// The elements of a `Uint32Array`. As for [`Arguments::bytes`].
    pub(crate) fn words(&self, index: usize, name: &CStr) -> JsResult<&[u32]> {
        let kind = sys::TypedarrayType::uint32_array;
        let array = self.js.typed_array(self.value(index), kind);
        let (data, length) = array.ok_or_else(|| unfit(name, "a Uint32Array"))?;
        // SAFETY: as for `bytes`, and a Uint32Array is aligned for its elements.
        Ok(unsafe { slice(data.cast::<u32>(), length) })
    }

    /// Exactly `N` bytes, copied.
    pub(crate) fn array<const N: usize>(&self, index: usize, name: &CStr) -> JsResult<[u8; N]> {
        read_array(self.js, self.value(index), name)
    }

    /// Writes `numbers` into a `BigUint64Array` of at least as many elements.
    pub(crate) fn put_counters(&self, index: usize, name: &CStr, numbers: &[u64]) -> JsResult<()> {
        let expected = || unfit(name, &format!("a BigUint64Array of at least {} elements", numbers.len()));
        let kind = sys::TypedarrayType::biguint64_array;
        let (data, length) = self.js.typed_array(self.value(index), kind).ok_or_else(expected)?;
        if length < numbers.len() {
            return Err(expected());
        }
        // SAFETY: the array has room for all of them, and is aligned for its elements.
        unsafe { ptr::copy_nonoverlapping(numbers.as_ptr(), data.cast::<u64>(), numbers.len()) };
        Ok(())
    }
}

/// An integer from 0 to 2^32 - 1.
pub(crate) fn read_u32(js: Js, value: sys::napi_value, name: &CStr) -> JsResult<u32> {
    // The cast saturates and makes NaN 0: it is exact for the numbers that fit, and for no other.
    js.read_number(value)
        .map(|number| (number, number as u32))
        .filter(|(number, integer)| f64::from(*integer) == *number)
        .map(|(_, integer)| integer)
        .ok_or_else(|| unfit(name, "an integer from 0 to 4294967295"))
}

/// An integer from 0 to 2^53 - 1, the largest that a double holds exactly.
pub(crate) fn read_safe_integer(js: Js, value: sys::napi_value, name: &CStr) -> JsResult<u64> {
    const LARGEST: f64 = 9_007_199_254_740_991.0;
    match js.read_number(value) {
        Some(number) if (0.0..=LARGEST).contains(&number) && number.fract() == 0.0 => Ok(number as u64),
        _ => Err(unfit(name, "an integer from 0 to 9007199254740991")),
    }
}

/// Exactly `N` bytes, copied.
pub(crate) fn read_array<const N: usize>(js: Js, value: sys::napi_value, name: &CStr) -> JsResult<[u8; N]> {
    let (data, length) = byte_array(js, value, name)?;
    // SAFETY: the array is alive while the call lasts; the slice is copied at once.
    let bytes = unsafe { slice(data, length) };
    bytes.try_into().map_err(|_| unfit(name, &format!("a Uint8Array of {N} bytes")))
}

fn byte_array(js: Js, value: sys::napi_value, name: &CStr) -> JsResult<(*mut u8, usize)> {
    js.typed_array(value, sys::TypedarrayType::uint8_array).ok_or_else(|| unfit(name, "a Uint8Array"))
}

/// # Safety
/// `data` must lead to `length` elements, and nothing else may touch them while the slice lives.
unsafe fn slice_mut<'a, T>(data: *mut T, length: usize) -> &'a mut [T] {
    if length == 0 {
        return &mut [];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(data, length) }
}

/// # Safety
/// `data` must lead to `length` elements that stay as they are while the slice lives.
unsafe fn slice<'a, T>(data: *const T, length: usize) -> &'a [T] {
    if length == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(data, length) }
}
