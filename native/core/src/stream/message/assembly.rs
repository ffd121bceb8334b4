//! A datagram of which parts have come and parts are missing.

use crate::constants::{DATAGRAM_RECORD_BYTES, STREAM_GAPS_MAX};
use crate::range_set::RangeSet;

/// Parts of a datagram for which room is kept for the next: what is kept is in no reservation.
const PARTS_KEPT_MAX: usize = 64;

/// The parts of one datagram, one behind the other as they came: memory goes to bytes that are there, not to a length that somebody claims.
#[derive(Default)]
pub(super) struct Assembly {
    arrival: u64,
    number: u64,
    total_len: u64,
    bytes: Vec<u8>,
    /// Of each part: its position in the datagram, and where it lies in `bytes`.
    parts: Vec<(u64, usize)>,
    pieces: RangeSet,
}

/// What a part led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It is here, and others are missing.
    Lacking,
    /// It was the last that was missing.
    Whole,
    /// It came before.
    Nothing,
    /// It does not fit the others: the datagram will never be whole.
    Unfit,
}

impl Assembly {
    /// Begins datagram `number`; `buffer` gives room for its parts.
    pub(super) fn begin(
        &mut self,
        arrival: u64,
        number: u64,
        total_len: u64,
        buffer: impl FnOnce() -> Vec<u8>,
    ) {
        (self.arrival, self.number, self.total_len) = (arrival, number, total_len);
        self.bytes = buffer();
    }

    /// When its first part came.
    pub(super) fn arrival(&self) -> u64 {
        self.arrival
    }

    /// Which one.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Bytes of the whole.
    pub(super) fn total_len(&self) -> u64 {
        self.total_len
    }

    /// What its parts are reserved as.
    pub(super) fn held_bytes(&self) -> u64 {
        self.bytes.capacity() as u64 + self.parts.len() as u64 * DATAGRAM_RECORD_BYTES
    }

    /// Adds a part, which lies within `total_len`.
    pub(super) fn add(&mut self, total_len: u64, offset: u64, data: &[u8]) -> Added {
        if total_len != self.total_len {
            return Added::Nothing;
        }
        let range = offset..offset + data.len() as u64;
        if !range.is_empty() && self.pieces.covers(range.clone()) {
            return Added::Nothing;
        }
        if self.pieces.insert(range) < data.len() as u64 || self.pieces.len() > STREAM_GAPS_MAX {
            return Added::Unfit;
        }
        self.parts.push((offset, self.bytes.len()));
        self.bytes.reserve_exact(self.wanted_capacity(data.len()) - self.bytes.len());
        self.bytes.extend_from_slice(data);
        if self.pieces.covers(0..total_len) {
            Added::Whole
        } else {
            Added::Lacking
        }
    }

    /// The whole, of parts that are all here; `buffer` gives room for one of so many bytes. What came in order is that already.
    pub(super) fn join(&mut self, buffer: impl FnOnce(usize) -> Vec<u8>) -> Vec<u8> {
        let parts = std::mem::take(&mut self.bytes);
        if self.parts.is_sorted() {
            return parts;
        }
        let mut whole = buffer(parts.len());
        whole.resize(parts.len(), 0);
        for (at, (offset, from)) in self.parts.iter().enumerate() {
            let until = self.parts.get(at + 1).map_or(parts.len(), |(_, next)| *next);
            whole[*offset as usize..][..until - from].copy_from_slice(&parts[*from..until]);
        }
        self.bytes = parts;
        whole
    }

    /// By how much the buffer grows when a part of `len` bytes is added.
    pub(super) fn growth_bytes(&self, len: usize) -> u64 {
        self.wanted_capacity(len).saturating_sub(self.bytes.capacity()) as u64
    }

    /// Room for `len` more: twice what is there, and never more than the whole.
    fn wanted_capacity(&self, len: usize) -> usize {
        let needed = self.bytes.len() + len;
        if needed > self.bytes.capacity() {
            (2 * needed).min(self.total_len as usize).max(needed)
        } else {
            self.bytes.capacity()
        }
    }

    /// Forgets everything and gives the buffer back.
    pub(super) fn clear(&mut self) -> Vec<u8> {
        if self.parts.capacity() > PARTS_KEPT_MAX {
            (self.parts, self.pieces) = Default::default();
        }
        self.parts.clear();
        self.pieces.remove(0..u64::MAX);
        std::mem::take(&mut self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(total_len: u64) -> Assembly {
        let mut one = Assembly::default();
        one.begin(1, 2, total_len, Vec::new);
        one
    }

    #[test]
    fn parts_in_any_order_make_the_same_datagram() {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let (whole, mut one) = (b"the quick brown fox", begun(19));
            let parts = [0..4, 4..10, 10..19];
            for (at, part) in order.into_iter().enumerate() {
                let range = parts[part].clone();
                let added = one.add(19, range.start as u64, &whole[range.clone()]);
                assert_eq!(added, if at == 2 { Added::Whole } else { Added::Lacking });
                if at < 2 {
                    assert_eq!(one.add(19, range.start as u64, &whole[range]), Added::Nothing);
                }
            }
            assert_eq!(one.join(|_| Vec::new()), whole, "{order:?}");
        }
    }

    #[test]
    fn parts_that_overlap_or_tell_another_length_do_not_fit() {
        let mut one = begun(100);
        assert_eq!(one.add(100, 10, &[1; 20]), Added::Lacking);
        assert_eq!(one.add(99, 50, &[1; 20]), Added::Nothing);
        assert_eq!(one.add(100, 20, &[1; 20]), Added::Unfit);
    }

    #[test]
    fn a_datagram_of_many_parts_leaves_no_memory_behind() {
        let mut one = begun(1 << 20);
        for at in 0..4_000 {
            one.add(1 << 20, at * 20, &[1; 10]);
        }
        one.clear();
        assert!(one.parts.capacity() <= PARTS_KEPT_MAX, "{} parts", one.parts.capacity());
        assert_eq!(one.pieces.capacity(), 0);
    }

    #[test]
    fn a_claimed_length_takes_no_memory() {
        let mut one = begun(1 << 30);
        for at in 0..100 {
            assert_eq!(one.add(1 << 30, at * 1_000, &[1; 1_000]), Added::Lacking);
            assert!(one.bytes.capacity() <= 2 * one.bytes.len());
            let records = one.parts.len() as u64 * DATAGRAM_RECORD_BYTES;
            assert_eq!(one.held_bytes(), one.bytes.capacity() as u64 + records);
        }
    }
}
