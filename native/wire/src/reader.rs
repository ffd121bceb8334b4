//! Takes typed values off the front of a byte slice.

use crate::error::{DecodeError, Field};
use crate::limits::MAX_VARINT;

/// A cursor over bytes that came from the network. Every method takes what it names off the front, or fails with
/// [`DecodeError::Truncated`] and takes nothing. Fixed-size integers are little-endian.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The bytes not taken yet.
    #[inline]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Whether all was taken.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What was not taken yet, without taking it.
    #[inline]
    pub const fn as_slice(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes the next `len` bytes.
    #[inline]
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (head, tail) = self.rest.split_at_checked(len).ok_or(DecodeError::Truncated)?;
        self.rest = tail;
        Ok(head)
    }

    /// Takes all that is left.
    #[inline]
    pub fn take_rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }

    /// Takes the next `N` bytes as an array.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, tail) = self.rest.split_first_chunk::<N>().ok_or(DecodeError::Truncated)?;
        self.rest = tail;
        Ok(*head)
    }

    /// Takes a byte.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(u8::from_le_bytes)
    }

    /// Takes a `u16`.
    #[inline]
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    /// Takes a `u32`.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Takes a `u64`.
    #[inline]
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Takes a varint of any of its four lengths.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, DecodeError> {
        let first = *self.rest.first().ok_or(DecodeError::Truncated)?;
        Ok(match first >> 6 {
            0 => u64::from(self.u8()?),
            1 => u64::from(u16::from_be_bytes(self.array()?) & 0x3fff),
            2 => u64::from(u32::from_be_bytes(self.array()?) & 0x3fff_ffff),
            _ => u64::from_be_bytes(self.array()?) & MAX_VARINT,
        })
    }

    /// Takes a varint that must not be above `max`: else [`DecodeError::OutOfRange`] of `field`.
    #[inline]
    pub(crate) fn varint_at_most(&mut self, max: u64, field: Field) -> Result<u64, DecodeError> {
        let value = self.varint()?;
        if value > max {
            return Err(DecodeError::OutOfRange(field));
        }
        Ok(value)
    }

    /// Takes a varint length and that many bytes. An announced length above `max` is [`DecodeError::TooLong`] of `field`.
    #[inline]
    pub(crate) fn prefixed(&mut self, max: usize, field: Field) -> Result<&'a [u8], DecodeError> {
        let len = usize::try_from(self.varint()?).map_err(|_| DecodeError::TooLong(field))?;
        if len > max {
            return Err(DecodeError::TooLong(field));
        }
        self.bytes(len)
    }

    /// Takes `N` bytes that must be zero: else [`DecodeError::NotZero`] of the reserved field.
    #[inline]
    pub(crate) fn reserved<const N: usize>(&mut self) -> Result<(), DecodeError> {
        if self.array::<N>()? != [0; N] {
            return Err(DecodeError::NotZero(Field::Reserved));
        }
        Ok(())
    }
}
