//! Variable-length integers of RFC 9000 §16: the two high bits of the first byte give the length, the rest is big-endian.
//!
//! Encoders write the shortest form; decoders accept all four, as RFC 9000 does.
//! [`crate::Reader::varint`] and [`crate::Writer::put_varint`] read and write them.

/// The bytes that `value` takes: 1, 2, 4 or 8. For values above [`crate::limits::MAX_VARINT`], which no encoder writes, 8.
#[inline]
pub const fn len(value: u64) -> usize {
    match value {
        0..=0x3f => 1,
        0x40..=0x3fff => 2,
        0x4000..=0x3fff_ffff => 4,
        _ => 8,
    }
}
