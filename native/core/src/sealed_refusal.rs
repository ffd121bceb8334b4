//! A no to somebody who has keys already: one CLOSE under them, without an association.

use crate::association::DATA_OVERHEAD_BYTES;
use crate::key_schedule::SendKeys;
use crate::packet_key::{Cipher, TAG_LENGTH};
use osier_wire::limits::DATA_HEADER_BYTES;
use osier_wire::{CloseCode, CloseFrame, DataHeader, Frame, Writer};

/// Room for a CLOSE whose reason is empty.
const CLOSE_BYTES_MAX: usize = 16;
/// What every data packet holds at least: as much as a PATH_CHALLENGE.
const PAYLOAD_BYTES_MIN: usize = 9;

/// The data packet with number 0 and nothing but CLOSE `code` and PADDING in it. The keys must serve for nothing else; the caller erases `secret`.
#[must_use]
pub fn sealed_refusal(cipher: Cipher, secret: [u8; 32], receiver_index: u32, code: CloseCode) -> Vec<u8> {
    let mut close = [0; CLOSE_BYTES_MAX];
    let mut writer = Writer::new(&mut close);
    let written = Frame::Close(CloseFrame { code, reason: "" }).encode(&mut writer);
    debug_assert!(written.is_ok(), "a CLOSE without a reason is shorter");
    // What is not written is zero, and so PADDING.
    let payload_len = writer.position().max(PAYLOAD_BYTES_MIN);
    let mut packet = vec![0; DATA_OVERHEAD_BYTES + payload_len];
    let (head, rest) = packet.split_at_mut(DATA_HEADER_BYTES);
    let (payload, end) = rest.split_at_mut(payload_len);
    payload.copy_from_slice(&close[..payload_len]);
    if let Ok(header) = (DataHeader { receiver_index, packet_number: 0 }).to_bytes() {
        head.copy_from_slice(&header);
    }
    let mut tag = [0; TAG_LENGTH];
    let sealed = SendKeys::new(cipher, secret, 0).seal(0, head, payload, &mut tag);
    debug_assert!(sealed.is_ok(), "the first number of fresh keys");
    end.copy_from_slice(&tag);
    packet
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)] // a test may fail by panicking

    use super::*;
    use crate::key_schedule::ReceiveKeys;
    use crate::time::Instant;

    #[test]
    fn a_refusal_is_an_authentic_data_packet_with_nothing_but_a_close() {
        let secret = [9; 32];
        for cipher in [Cipher::ChaCha20Poly1305, Cipher::Aes256Gcm] {
            let mut packet = sealed_refusal(cipher, secret, 0x0100_0007, CloseCode::Limit);
            let header = DataHeader::decode(&packet).expect("a data packet");
            assert_eq!((header.receiver_index, header.packet_number), (0x0100_0007, 0));
            let (head, rest) = packet.split_at_mut(DATA_HEADER_BYTES);
            let mut keys = ReceiveKeys::new(cipher, secret, 0);
            let len = keys.open(Instant::from_micros(1), 0, head, rest, 0).expect("authentic");
            let frame = Frame::decode(&mut osier_wire::Reader::new(&rest[..len])).expect("a frame");
            assert_eq!(frame, Frame::Close(CloseFrame { code: CloseCode::Limit, reason: "" }));
            assert_eq!(packet.len(), 41, "no data packet is smaller");
        }
    }
}
