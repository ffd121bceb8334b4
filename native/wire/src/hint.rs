//! What a node answers, in clear, to a handshake packet that it will not take now.

use crate::error::{DecodeError, EncodeError, Field};
use crate::limits::MAX_HINT_VERSIONS;
use crate::packet_kind::PacketKind;
use crate::reader::Reader;
use crate::writer::Writer;

/// Why a handshake packet got nowhere. Not authenticated: it never ends an attempt and never lowers a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hint {
    /// The version is not spoken here; these are.
    Version {
        /// The sender index of the message that it answers.
        receiver_index: u32,
        /// The versions spoken.
        versions: HintVersions,
    },
    /// Too many handshakes at once.
    Busy {
        /// The sender index of the message that it answers.
        receiver_index: u32,
    },
}

/// 1 to [`MAX_HINT_VERSIONS`] protocol versions, the most wanted first; none is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HintVersions {
    padded: [u8; MAX_HINT_VERSIONS],
    count: u8,
}

impl HintVersions {
    /// A list of versions; `None` when it is empty, too long, or holds a 0.
    pub fn new(versions: &[u8]) -> Option<Self> {
        let mut padded = [0; MAX_HINT_VERSIONS];
        padded.get_mut(..versions.len())?.copy_from_slice(versions);
        let valid = !versions.is_empty() && !versions.contains(&0);
        valid.then_some(Self { padded, count: versions.len() as u8 })
    }

    /// The versions.
    pub fn as_slice(&self) -> &[u8] {
        &self.padded[..usize::from(self.count)]
    }
}

const KIND_VERSION: u8 = 1;
const KIND_BUSY: u8 = 2;

impl Hint {
    /// Reads a whole hint.
    pub fn decode(packet: &[u8]) -> Result<Self, DecodeError> {
        PacketKind::Hint.require(packet)?;
        let mut r = Reader::new(packet);
        r.u8()?;
        let kind = r.u8()?;
        r.reserved::<2>()?;
        let receiver_index = r.u32()?;
        let count = r.u8()?;
        let padded: [u8; MAX_HINT_VERSIONS] = r.array()?;
        match kind {
            KIND_VERSION => {
                Ok(Self::Version { receiver_index, versions: decode_versions(usize::from(count), &padded)? })
            }
            KIND_BUSY if count > 0 => Err(DecodeError::TooLong(Field::HintVersions)),
            KIND_BUSY if padded != [0; MAX_HINT_VERSIONS] => Err(DecodeError::NotZero(Field::Reserved)),
            KIND_BUSY => Ok(Self::Busy { receiver_index }),
            _ => Err(DecodeError::Unknown(Field::HintKind)),
        }
    }

    /// Writes the packet.
    pub fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        let (kind, receiver_index, count, padded) = match self {
            Self::Version { receiver_index, versions } => {
                (KIND_VERSION, *receiver_index, versions.count, versions.padded)
            }
            Self::Busy { receiver_index } => (KIND_BUSY, *receiver_index, 0, [0; MAX_HINT_VERSIONS]),
        };
        w.whole(|w| {
            w.put_slice(&[PacketKind::Hint as u8, kind, 0, 0])?;
            w.put_u32(receiver_index)?;
            w.put_u8(count)?;
            w.put_slice(&padded)
        })
    }
}

fn decode_versions(count: usize, padded: &[u8; MAX_HINT_VERSIONS]) -> Result<HintVersions, DecodeError> {
    let (versions, padding) =
        padded.split_at_checked(count).ok_or(DecodeError::TooLong(Field::HintVersions))?;
    if versions.is_empty() {
        return Err(DecodeError::TooShort(Field::HintVersions));
    }
    if padding.iter().any(|&byte| byte != 0) {
        return Err(DecodeError::NotZero(Field::Reserved));
    }
    HintVersions::new(versions).ok_or(DecodeError::OutOfRange(Field::HintVersions))
}
