//! ACK and ACK_ECN, as received: which packets came, read in place.

use core::iter::FusedIterator;
use core::ops::RangeInclusive;

use super::ack_encoder::encode_ack;
use super::frame_type::FrameType;
use crate::error::{DecodeError, EncodeError, Field};
use crate::limits::MAX_ACK_RANGES;
use crate::reader::Reader;
use crate::varint;
use crate::writer::Writer;

/// What the IP headers of all packets received so far said about congestion (RFC 9000 §19.3.2): totals since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct EcnCounts {
    /// Packets marked ECT(0).
    pub ect0: u64,
    /// Packets marked ECT(1).
    pub ect1: u64,
    /// Packets marked CE: congestion experienced.
    pub ce: u64,
}

impl EcnCounts {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { ect0: r.varint()?, ect1: r.varint()?, ce: r.varint()? })
    }

    pub(super) fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.put_varint(self.ect0)?;
        w.put_varint(self.ect1)?;
        w.put_varint(self.ce)
    }

    pub(super) const fn encoded_len(&self) -> usize {
        varint::len(self.ect0) + varint::len(self.ect1) + varint::len(self.ce)
    }
}

/// The packets that arrived. Its ranges were checked when it was decoded: they descend, do not touch, and none is below 0.
#[derive(Debug, Clone, Copy)]
pub struct AckFrame<'a> {
    /// The largest packet number that is acknowledged.
    pub largest: u64,
    /// How long its acknowledgement waited, in microseconds.
    pub delay_micros: u64,
    /// The totals of ECN marks, in ACK_ECN.
    pub ecn: Option<EcnCounts>,
    /// Ranges after the first.
    more_ranges: usize,
    /// The first range's length, then a gap and a length for each of the others, as varints.
    encoded_ranges: &'a [u8],
}

impl<'a> AckFrame<'a> {
    pub(super) fn decode(r: &mut Reader<'a>, with_ecn: bool) -> Result<Self, DecodeError> {
        let largest = r.varint()?;
        let delay_micros = r.varint()?;
        let more_ranges = r.varint()?;
        if more_ranges >= MAX_ACK_RANGES as u64 {
            return Err(DecodeError::TooLong(Field::AckRanges));
        }
        let more_ranges = more_ranges as usize;
        let start = r.as_slice();
        check_ranges(r, largest, more_ranges)?;
        let encoded_ranges = &start[..start.len() - r.remaining()];
        let ecn = if with_ecn { Some(EcnCounts::decode(r)?) } else { None };
        Ok(Self { largest, delay_micros, ecn, more_ranges, encoded_ranges })
    }

    /// The ranges of packet numbers, from the largest down; at least one, at most [`MAX_ACK_RANGES`].
    #[inline]
    pub fn ranges(&self) -> AckRanges<'a> {
        AckRanges {
            encoded: Reader::new(self.encoded_ranges),
            next_largest: self.largest,
            left: 1 + self.more_ranges,
        }
    }

    pub(super) fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        let written = encode_ack(w, self.delay_micros, self.ranges(), self.ecn)?;
        if written == 1 + self.more_ranges {
            Ok(())
        } else {
            Err(EncodeError::NoRoom)
        }
    }

    pub(super) fn encoded_len(&self) -> usize {
        let mut len = 1 + varint::len(self.largest) + varint::len(self.delay_micros) + 1;
        let mut above = None;
        for range in self.ranges() {
            if let Some(above) = above {
                len += varint::len(above - range.end() - 2);
            }
            len += varint::len(range.end() - range.start());
            above = Some(*range.start());
        }
        len + self.ecn.map_or(0, |ecn| ecn.encoded_len())
    }

    pub(super) const fn frame_type(ecn: Option<EcnCounts>) -> FrameType {
        match ecn {
            None => FrameType::Ack,
            Some(_) => FrameType::AckEcn,
        }
    }
}

impl PartialEq for AckFrame<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.largest, self.delay_micros, self.ecn) == (other.largest, other.delay_micros, other.ecn)
            && self.ranges().eq(other.ranges())
    }
}

impl Eq for AckFrame<'_> {}

fn check_ranges(r: &mut Reader<'_>, largest: u64, more_ranges: usize) -> Result<(), DecodeError> {
    let below_zero = DecodeError::OutOfRange(Field::AckRanges);
    let mut smallest = largest.checked_sub(r.varint()?).ok_or(below_zero)?;
    for _ in 0..more_ranges {
        let gap = r.varint()?;
        let length = r.varint()?;
        smallest = smallest.checked_sub(gap + 2).and_then(|end| end.checked_sub(length)).ok_or(below_zero)?;
    }
    Ok(())
}

/// The ranges of an [`AckFrame`], from the largest down.
#[derive(Debug, Clone)]
pub struct AckRanges<'a> {
    encoded: Reader<'a>,
    next_largest: u64,
    left: usize,
}

impl Iterator for AckRanges<'_> {
    type Item = RangeInclusive<u64>;

    #[inline]
    fn next(&mut self) -> Option<RangeInclusive<u64>> {
        self.left = self.left.checked_sub(1)?;
        let end = self.next_largest;
        let start = end.checked_sub(self.encoded.varint().ok()?)?;
        if self.left > 0 {
            self.next_largest = start.checked_sub(self.encoded.varint().ok()? + 2)?;
        }
        Some(start..=end)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for AckRanges<'_> {}
impl FusedIterator for AckRanges<'_> {}
