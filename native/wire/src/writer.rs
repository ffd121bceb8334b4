//! Puts typed values at the end of a byte slice.

use crate::error::{EncodeError, Field};
use crate::limits::MAX_VARINT;

/// A cursor over the packet being built. Every method writes what it names after what is there, or fails with
/// [`EncodeError::NoRoom`] and writes nothing. Fixed-size integers are little-endian.
#[derive(Debug)]
pub struct Writer<'a> {
    buffer: &'a mut [u8],
    position: usize,
}

impl<'a> Writer<'a> {
    /// Writes from the start of `buffer`, at most to its end.
    #[inline]
    pub const fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, position: 0 }
    }

    /// The bytes written so far.
    #[inline]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// The bytes that still fit.
    #[inline]
    pub const fn room(&self) -> usize {
        self.buffer.len() - self.position
    }

    /// What was written.
    #[inline]
    pub fn written(&self) -> &[u8] {
        &self.buffer[..self.position]
    }

    /// Forgets what was written after `position`, an earlier [`Writer::position`]; a later one changes nothing.
    #[inline]
    pub fn rewind(&mut self, position: usize) {
        self.position = self.position.min(position);
    }

    /// Ends the writing: the whole of what was written.
    #[inline]
    pub fn finish(self) -> &'a mut [u8] {
        &mut self.buffer[..self.position]
    }

    /// Reserves the next `len` bytes for the caller to fill; they hold whatever was there.
    #[inline]
    pub fn take_mut(&mut self, len: usize) -> Result<&mut [u8], EncodeError> {
        let taken = self.buffer[self.position..].get_mut(..len).ok_or(EncodeError::NoRoom)?;
        self.position += len;
        Ok(taken)
    }

    /// Writes `bytes` as they are.
    #[inline]
    pub fn put_slice(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.take_mut(bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// Writes `len` zero bytes.
    #[inline]
    pub fn put_zeros(&mut self, len: usize) -> Result<(), EncodeError> {
        self.take_mut(len)?.fill(0);
        Ok(())
    }

    /// Writes a byte.
    #[inline]
    pub fn put_u8(&mut self, value: u8) -> Result<(), EncodeError> {
        self.put_slice(&[value])
    }

    /// Replaces the byte at `position`, which was written before; any other is left alone.
    #[inline]
    pub(crate) fn patch_u8(&mut self, position: usize, value: u8) {
        if let Some(byte) = self.buffer[..self.position].get_mut(position) {
            *byte = value;
        }
    }

    /// Writes a `u16`.
    #[inline]
    pub fn put_u16(&mut self, value: u16) -> Result<(), EncodeError> {
        self.put_slice(&value.to_le_bytes())
    }

    /// Writes a `u32`.
    #[inline]
    pub fn put_u32(&mut self, value: u32) -> Result<(), EncodeError> {
        self.put_slice(&value.to_le_bytes())
    }

    /// Writes a `u64`.
    #[inline]
    pub fn put_u64(&mut self, value: u64) -> Result<(), EncodeError> {
        self.put_slice(&value.to_le_bytes())
    }

    /// Writes a varint in its shortest form; above 2^62 - 1 it is [`EncodeError::OutOfRange`].
    #[inline]
    pub fn put_varint(&mut self, value: u64) -> Result<(), EncodeError> {
        match value {
            0..=0x3f => self.put_slice(&[value as u8]),
            0x40..=0x3fff => self.put_slice(&(value as u16 | 0x4000).to_be_bytes()),
            0x4000..=0x3fff_ffff => self.put_slice(&(value as u32 | 0x8000_0000).to_be_bytes()),
            0x4000_0000..=MAX_VARINT => self.put_slice(&(value | 0xc000_0000_0000_0000).to_be_bytes()),
            _ => Err(EncodeError::OutOfRange(Field::Varint)),
        }
    }

    /// Writes a varint that must not be above `max`: else [`EncodeError::OutOfRange`] of `field`.
    #[inline]
    pub(crate) fn put_varint_at_most(
        &mut self,
        value: u64,
        max: u64,
        field: Field,
    ) -> Result<(), EncodeError> {
        if value > max {
            return Err(EncodeError::OutOfRange(field));
        }
        self.put_varint(value)
    }

    /// Writes a varint length and `bytes`, of which there must not be more than `max`: else [`EncodeError::TooLong`] of `field`.
    #[inline]
    pub(crate) fn put_prefixed(&mut self, bytes: &[u8], max: usize, field: Field) -> Result<(), EncodeError> {
        if bytes.len() > max {
            return Err(EncodeError::TooLong(field));
        }
        self.put_varint(bytes.len() as u64)?;
        self.put_slice(bytes)
    }

    /// Writes all that `write` writes, or, if it fails, nothing.
    #[inline]
    pub(crate) fn whole<T>(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<T, EncodeError>,
    ) -> Result<T, EncodeError> {
        let start = self.position;
        write(self).inspect_err(|_| self.position = start)
    }
}
