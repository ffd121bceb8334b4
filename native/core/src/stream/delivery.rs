//! How far a frame has come that is repeated until acknowledged.

/// The way of one frame.
///
/// ```text
///        sent              acknowledged
///  Owed ───────▶ InFlight ──────────────▶ Delivered
///   ▲               │                        ▲
///   └───── lost ────┘                        │
///   └── acknowledged: the loss was spurious ─┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// To be sent, for the first time or again.
    Owed,
    /// Sent; its fate is open.
    InFlight,
    /// The peer has it.
    Delivered,
}

impl Delivery {
    /// It was written into a packet.
    pub(crate) fn on_sent(&mut self) {
        if *self == Self::Owed {
            *self = Self::InFlight;
        }
    }

    /// A packet with it counts as lost.
    pub(crate) fn on_lost(&mut self) {
        if *self == Self::InFlight {
            *self = Self::Owed;
        }
    }

    /// A packet with it was acknowledged.
    pub(crate) fn on_acknowledged(&mut self) {
        *self = Self::Delivered;
    }
}
