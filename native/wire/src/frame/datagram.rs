//! DATAGRAM: a whole datagram, or a part of one.

use super::frame_type::FrameType;
use super::message::{check_fragment, Violation};
use crate::error::{DecodeError, EncodeError, Field};
use crate::limits::{MAX_MESSAGE_BYTES, MAX_VARINT};
use crate::reader::Reader;
use crate::stream_id::StreamId;
use crate::varint;
use crate::writer::Writer;

const FLAG_FRAGMENT: u8 = 1;

/// Sent once, never repeated, and under no credit: a receiver without room drops the oldest that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatagramFrame<'a> {
    /// Which stream, and which part of which datagram.
    pub header: DatagramHeader,
    /// The datagram, which may be empty, or the part, which may not.
    pub data: &'a [u8],
}

/// All of a DATAGRAM frame but the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DatagramHeader {
    /// The stream.
    pub id: StreamId,
    /// `None` when the frame holds the whole datagram.
    pub fragment: Option<DatagramFragment>,
}

/// The place of a part in its datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DatagramFragment {
    /// Which datagram: its sender counts the fragmented ones of a stream 0, 1, 2, ...
    pub number: u64,
    /// Bytes of the whole datagram: at most [`MAX_MESSAGE_BYTES`].
    pub total_len: u64,
    /// Where in the datagram the data belong.
    pub offset: u64,
}

impl DatagramHeader {
    /// The bytes that [`DatagramHeader::encode`] writes.
    pub const fn encoded_len(&self, data_len: usize) -> usize {
        let fragment = match self.fragment {
            Some(part) => varint::len(part.number) + varint::len(part.total_len) + varint::len(part.offset),
            None => 0,
        };
        1 + self.id.encoded_len() + 1 + fragment + varint::len(data_len as u64)
    }

    /// Writes the frame up to its data, of which the caller writes `data_len` bytes right after.
    /// [`EncodeError::OutOfRange`], [`EncodeError::TooLong`] or [`EncodeError::TooShort`] when a limit is passed.
    pub fn encode(&self, w: &mut Writer<'_>, data_len: usize) -> Result<(), EncodeError> {
        self.check(data_len).map_err(Violation::on_encode)?;
        w.whole(|w| {
            w.put_u8(FrameType::Datagram as u8)?;
            self.id.encode(w)?;
            match self.fragment {
                None => w.put_u8(0)?,
                Some(part) => {
                    w.put_u8(FLAG_FRAGMENT)?;
                    w.put_varint_at_most(part.number, MAX_VARINT, Field::Fragment)?;
                    w.put_varint(part.total_len)?;
                    w.put_varint(part.offset)?;
                }
            }
            w.put_varint(data_len as u64)
        })
    }

    fn check(&self, data_len: usize) -> Result<(), Violation> {
        match self.fragment {
            Some(part) if part.total_len == 0 => Err(Violation::TooShort(Field::Fragment)),
            Some(part) => check_fragment(part.total_len, part.offset, data_len),
            None if data_len as u64 > MAX_MESSAGE_BYTES => Err(Violation::TooLong(Field::MessageLength)),
            None => Ok(()),
        }
    }
}

impl<'a> DatagramFrame<'a> {
    pub(super) fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let id = StreamId::decode(r)?;
        let fragment = match r.u8()? {
            0 => None,
            FLAG_FRAGMENT => {
                Some(DatagramFragment { number: r.varint()?, total_len: r.varint()?, offset: r.varint()? })
            }
            _ => return Err(DecodeError::NotZero(Field::Reserved)),
        };
        let header = DatagramHeader { id, fragment };
        let data_len =
            usize::try_from(r.varint()?).map_err(|_| DecodeError::TooLong(Field::MessageLength))?;
        header.check(data_len).map_err(Violation::on_decode)?;
        Ok(Self { header, data: r.bytes(data_len)? })
    }

    pub(super) fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        self.header.encode(w, self.data.len())?;
        w.put_slice(self.data)
    }

    pub(super) const fn encoded_len(&self) -> usize {
        self.header.encoded_len(self.data.len()) + self.data.len()
    }
}
