//! What recovery tells its caller.

use crate::time::Instant;

/// Where the fate of frames is told.
///
/// A frame can be told probed or lost, and acknowledged later: what was lost in time may have been late only. It is told either at most once a packet.
pub(crate) trait FrameFate<F> {
    /// The packet that carried it arrived.
    fn acknowledged(&mut self, frame: &F);
    /// The packet that carried it is probed for, or its path was left: what may be repeated goes into a new packet. It may still arrive, and what
    /// cannot be repeated is settled by that.
    fn probed(&mut self, frame: &F);
    /// The packet that carried it counts as lost: what is still wanted goes into a new packet. `was_probed`: it went there when that was told.
    fn lost(&mut self, frame: &F, was_probed: bool);
}

/// What an ACK frame did.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct AckOutcome {
    /// Bytes of packets acknowledged for the first time and not declared lost before.
    pub(crate) newly_acked_bytes: u64,
    /// Packets acknowledged for the first time, late ones included.
    pub(crate) newly_acked_packets: u64,
    /// Packets declared lost in consequence.
    pub(crate) lost_packets: u64,
    /// Packets acknowledged that had been declared lost.
    pub(crate) spurious_losses: u64,
    /// Highest packet number acknowledged for the first time.
    pub(crate) largest_newly_acked: Option<u64>,
    /// Round-trip sample taken, microseconds.
    pub(crate) rtt_sample_micros: Option<u64>,
    /// Packets of this path among the newly acknowledged that were marked ECT(0).
    pub(crate) newly_acked_marked: u64,
    /// Packets of this path are among the newly acknowledged.
    pub(crate) is_of_path: bool,
    /// The frame's largest number is larger than all before.
    pub(crate) is_newest: bool,
    /// When the packet with the frame's largest number was sent, where that is newly acknowledged and was sent on this path.
    pub(crate) newest_sent_at: Option<Instant>,
    /// An MTU probe arrived: its size.
    pub(crate) mtu_probe_acked_bytes: Option<u16>,
    /// An MTU probe was lost: its size.
    pub(crate) mtu_probe_lost_bytes: Option<u16>,
}

/// The peer acknowledged a packet that was never sent: a protocol violation (RFC 9000 §13.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AckOfUnsent {
    /// The number.
    pub(crate) number: u64,
}

/// What a time-out asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TimeoutOutcome {
    /// The deadline has not come.
    Nothing,
    /// So many packets were declared lost; their frames were told.
    Lost(u64),
    /// Send so many ack-eliciting packets, whatever the window says; `PathControl::can_send` lets them through.
    Probe {
        /// 1 or 2.
        packets: u8,
    },
}
