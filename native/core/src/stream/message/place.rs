//! The place of one message in its stream, as its receiver remembers it.

use super::MESSAGE_RECORD_BYTES;

/// See the file's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Where it begins.
    pub(super) offset: u64,
    /// Bytes of the message.
    pub(super) len: u32,
    /// Handed over as soon as it is whole.
    pub(super) unordered: bool,
    /// What became of the message.
    pub(super) state: PlaceState,
}

const _: () = assert!(
    size_of::<Place>() as u64 <= MESSAGE_RECORD_BYTES,
    "a record takes no more memory than the credit that its place took"
);

/// ```text
///              all parts came              the application has it
///  Incomplete ────────────────▶ Whole ─────────────────────────────▶ Gone
///      │ lifetime over, or EXPIRE                                      ▲
///      └────────────────────▶ Dropped ── EXPIRE_REPLY acknowledged ────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlaceState {
    /// Parts are missing.
    Incomplete,
    /// The application gets it, or may get it.
    Whole,
    /// Nobody gets it; the peer may not know.
    Dropped,
    /// Settled at both ends.
    Gone,
}

impl Place {
    /// Where the next place begins.
    pub(super) fn end(&self) -> u64 {
        self.offset + MESSAGE_RECORD_BYTES + u64::from(self.len)
    }
}
