//! Puts as much of a stream as fits into what is left of a packet.

use super::send_half::SendHalf;
use osier_wire::{encode_stream_header, stream_header_len, StreamId, Writer};
use std::ops::Range;

/// Fewest bytes of a stream that are worth a frame, unless there are no more: a smaller rest of a packet is padded.
const FRAGMENT_MIN_BYTES: usize = 16;

/// The most that a MESSAGE frame takes before its data, and so the most that is left over for want of a frame that fits.
pub(super) const PADDING_MAX_BYTES: usize = 1 + 8 + 1 + 8 + 8 + 4 + 4 + 4 + FRAGMENT_MIN_BYTES;

/// How a STREAM frame fills a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fit {
    /// PADDING before it, so that the packet ends where the data end and needs no length.
    padding: usize,
    /// Bytes of data.
    len: usize,
    /// Whether the length is written.
    explicit: bool,
}

/// Writes a frame with the first bytes of `range`, as many as fit. Returns how many, and whether they are the stream's last; `None` when
/// nothing fits.
#[inline]
pub(super) fn write_stream_frame(
    w: &mut Writer<'_>,
    id: StreamId,
    send: &SendHalf,
    range: Range<u64>,
) -> Option<(u16, bool)> {
    let available = (range.end - range.start).min(u64::from(u16::MAX)) as usize;
    let fit = fit(id, range.start, available, w.room())?;
    let fin = send.ends_at(range.start + fit.len as u64);
    let start = w.position();
    let written = write_fit(w, id, send, range.start, fit, fin);
    if written.is_none() {
        w.rewind(start);
    }
    written.map(|()| (fit.len as u16, fin))
}

fn write_fit(
    w: &mut Writer<'_>,
    id: StreamId,
    send: &SendHalf,
    offset: u64,
    fit: Fit,
    fin: bool,
) -> Option<()> {
    w.put_zeros(fit.padding).ok()?;
    encode_stream_header(w, id, offset, fit.explicit.then_some(fit.len), fin).ok()?;
    send.buffer.copy_out(offset, w.take_mut(fit.len).ok()?);
    Some(())
}

/// The frame for the `available` bytes at `offset` in a packet that has `room` left. With enough bytes it ends exactly where the packet ends.
#[inline]
fn fit(id: StreamId, offset: u64, available: usize, room: usize) -> Option<Fit> {
    let data_room = room.checked_sub(stream_header_len(id, offset, None))?;
    if available >= data_room {
        let worth_it = data_room >= FRAGMENT_MIN_BYTES.min(available);
        return worth_it.then_some(Fit { padding: 0, len: data_room, explicit: false });
    }
    if stream_header_len(id, offset, Some(available)) + available <= room {
        return Some(Fit { padding: 0, len: available, explicit: true });
    }
    Some(Fit { padding: data_room - available, len: available, explicit: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_packet_is_filled_exactly_or_all_bytes_are_in_it(
            number in 0_u64..1 << 40, offset in 0_u64..1 << 60, available in 0_usize..3000, room in 0_usize..2000,
        ) {
            let id = StreamId(number);
            let Some(Fit { padding, len, explicit }) = fit(id, offset, available, room) else {
                prop_assert!(room < stream_header_len(id, offset, None) + FRAGMENT_MIN_BYTES.min(available.max(1)));
                return Ok(());
            };
            let size = padding + stream_header_len(id, offset, explicit.then_some(len)) + len;
            prop_assert!(size <= room && len <= available);
            prop_assert!(explicit || size == room, "without a length the frame runs to the end of the packet");
            prop_assert!(len == available || size == room);
            prop_assert!(len > 0 || available == 0);
        }
    }

    #[test]
    fn data_one_byte_short_of_the_packet_need_no_second_packet() {
        let id = StreamId(4);
        let header = stream_header_len(id, 100, None);
        assert_eq!(fit(id, 100, 499, header + 500), Some(Fit { padding: 1, len: 499, explicit: false }));
        assert_eq!(fit(id, 100, 500, header + 500), Some(Fit { padding: 0, len: 500, explicit: false }));
        assert_eq!(fit(id, 100, 498, header + 500), Some(Fit { padding: 0, len: 498, explicit: true }));
    }

    #[test]
    fn no_scrap_is_sent_where_more_is_left() {
        let id = StreamId(4);
        let header = stream_header_len(id, 100, None);
        assert_eq!(fit(id, 100, 5000, header + FRAGMENT_MIN_BYTES - 1), None);
        assert_eq!(fit(id, 100, 3, header + 3), Some(Fit { padding: 0, len: 3, explicit: false }));
    }
}
