//! Puts messages and datagrams, or parts of them, into what is left of a packet.

use super::out_message::OutMessage;
use super::MESSAGE_RECORD_BYTES;
use crate::stream::send_half::SendHalf;
use crate::time::Instant;
use osier_wire::{DatagramFragment, DatagramHeader, MessageHeader, StreamId, Writer};
use std::ops::Range;

/// Fewest bytes of a message that are worth a frame, unless there are no more.
const PART_MIN_BYTES: u64 = 16;

/// Writes a MESSAGE frame with the first bytes of `range` of the send buffer, which lies in `message`. Returns how much of the buffer it stands for, the
/// record included; `None` when nothing fits.
pub(super) fn write_message_part(
    w: &mut Writer<'_>,
    id: StreamId,
    send: &SendHalf,
    message: &OutMessage,
    place: u64,
    range: Range<u64>,
    now: Instant,
) -> Option<u64> {
    let header = MessageHeader {
        id,
        offset: place,
        unordered: message.unordered,
        lifetime_micros: message.lifetime_micros(now),
        total_len: u64::from(message.len),
        fragment_offset: message.position(range.start),
    };
    let available = message.position(range.end) - header.fragment_offset;
    let len = fit(w.room(), available, header.total_len, |len| header.encoded_len(len as usize))?;
    let start = w.position();
    let written = write(w, send, data_start(message, header.fragment_offset), len, |w| {
        header.encode(w, len as usize).ok()
    });
    if written.is_none() {
        w.rewind(start);
        return None;
    }
    Some(data_start(message, header.fragment_offset) + len - range.start)
}

/// The same for a DATAGRAM frame from `from` on. A datagram that fits a packet is not cut.
pub(super) fn write_datagram_part(
    w: &mut Writer<'_>,
    id: StreamId,
    send: &SendHalf,
    message: &OutMessage,
    number: u64,
    from: u64,
) -> Option<(u64, bool)> {
    let total_len = u64::from(message.len);
    let whole = DatagramHeader { id, fragment: None };
    let whole_len = whole.encoded_len(total_len as usize) + total_len as usize;
    let packet = w.position() + w.room();
    let in_parts = from > message.start || whole_len > packet;
    let start = w.position();
    let position = message.position(from);
    let (header, len) = if in_parts {
        let fragment = Some(DatagramFragment { number, total_len, offset: position });
        let header = DatagramHeader { id, fragment };
        let available = total_len - position;
        let room = w.room();
        let overhead = header.encoded_len(available as usize);
        let len = (room.checked_sub(overhead)? as u64).min(available);
        if len < PART_MIN_BYTES.min(available) {
            return None;
        }
        (header, len)
    } else {
        (whole, (whole_len <= w.room()).then_some(total_len)?)
    };
    let written = write(w, send, data_start(message, position), len, |w| header.encode(w, len as usize).ok());
    if written.is_none() {
        w.rewind(start);
        return None;
    }
    Some((data_start(message, position) + len - from, in_parts))
}

fn data_start(message: &OutMessage, position: u64) -> u64 {
    message.start + MESSAGE_RECORD_BYTES + position
}

fn write(
    w: &mut Writer<'_>,
    send: &SendHalf,
    offset: u64,
    len: u64,
    header: impl FnOnce(&mut Writer<'_>) -> Option<()>,
) -> Option<()> {
    header(w)?;
    let into = w.take_mut(len as usize).ok()?;
    if !into.is_empty() {
        send.buffer.copy_out(offset, into);
    }
    Some(())
}

/// How many of `available` bytes go into `room`, a whole message without being cut where it fits.
fn fit(room: usize, available: u64, total: u64, header_len: impl Fn(u64) -> usize) -> Option<u64> {
    if header_len(available) as u64 + available <= room as u64 {
        return Some(available);
    }
    // The header of a part, with a length that has at least as many bytes as the real one.
    let overhead = header_len(available.min(total.saturating_sub(1)).max(1));
    let len = (room.checked_sub(overhead)? as u64).min(available);
    (len >= PART_MIN_BYTES.min(available) && len > 0).then_some(len)
}
