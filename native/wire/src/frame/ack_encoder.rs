//! Writes ACK and ACK_ECN from the ranges that a receiver keeps, as many as fit.

use core::ops::RangeInclusive;

use super::ack::{AckFrame, EcnCounts};
use crate::error::{EncodeError, Field};
use crate::limits::{MAX_ACK_RANGES, MAX_PACKET_NUMBER};
use crate::varint;
use crate::writer::Writer;

/// Writes an acknowledgement of `ranges`, which descend and leave at least one number out between two of them. Takes from the front as
/// many as there is room for, at most [`MAX_ACK_RANGES`], and returns how many; of no ranges at all it writes nothing.
///
/// [`EncodeError::NoRoom`] when not even the first fits; [`EncodeError::OutOfRange`] when the ranges are not as described, or a number
/// passes 2^62 - 1. Nothing is written then.
pub fn encode_ack(
    w: &mut Writer<'_>,
    delay_micros: u64,
    ranges: impl Iterator<Item = RangeInclusive<u64>>,
    ecn: Option<EcnCounts>,
) -> Result<usize, EncodeError> {
    let mut ranges = ranges.take(MAX_ACK_RANGES);
    let Some(first) = ranges.next() else {
        return Ok(0);
    };
    let ecn_len = ecn.map_or(0, |ecn| ecn.encoded_len());
    w.whole(|w| {
        w.put_u8(AckFrame::frame_type(ecn) as u8)?;
        w.put_varint_at_most(*first.end(), MAX_PACKET_NUMBER, Field::PacketNumber)?;
        w.put_varint(delay_micros)?;
        let count_position = w.position();
        w.put_u8(0)?;
        w.put_varint(length_of(&first)?)?;
        if w.room() < ecn_len {
            return Err(EncodeError::NoRoom);
        }
        let more_ranges = put_more_ranges(w, *first.start(), ranges, ecn_len)?;
        w.patch_u8(count_position, more_ranges as u8);
        ecn.map_or(Ok(()), |ecn| ecn.encode(w))?;
        Ok(1 + more_ranges)
    })
}

/// Writes gap and length of each range below `above`, until `room_after` bytes are left or the ranges end.
fn put_more_ranges(
    w: &mut Writer<'_>,
    mut above: u64,
    ranges: impl Iterator<Item = RangeInclusive<u64>>,
    room_after: usize,
) -> Result<usize, EncodeError> {
    let mut written = 0;
    for range in ranges {
        let length = length_of(&range)?;
        let gap = above.checked_sub(2).and_then(|top| top.checked_sub(*range.end()));
        let gap = gap.ok_or(EncodeError::OutOfRange(Field::AckRanges))?;
        if w.room() < varint::len(gap) + varint::len(length) + room_after {
            break;
        }
        w.put_varint(gap)?;
        w.put_varint(length)?;
        above = *range.start();
        written += 1;
    }
    Ok(written)
}

/// Numbers of the range besides its first.
fn length_of(range: &RangeInclusive<u64>) -> Result<u64, EncodeError> {
    range.end().checked_sub(*range.start()).ok_or(EncodeError::OutOfRange(Field::AckRanges))
}
