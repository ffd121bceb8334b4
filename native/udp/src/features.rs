//! What a socket can do on this machine, and why it cannot do the rest.

use std::io;

/// Reasons kept for one socket: refusals of segmentation come one a path, and there may be thousands.
const MAX_REASONS: usize = 32;

/// One thing that a socket may be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FeatureName {
    /// UDP_SEGMENT: a train leaves in one system call.
    Gso,
    /// UDP_GRO: a train arrives in one system call.
    Gro,
    /// `sendmmsg` and `recvmmsg`: several trains move in one system call.
    Mmsg,
    /// The local address of what arrives is known, and what leaves can be given one.
    PacketInfo,
    /// Congestion marks are read and written.
    Ecn,
    /// Datagrams are never cut into fragments by the kernel.
    DontFragment,
    /// An IPv6 socket that takes IPv4 too.
    DualStack,
    /// What arrives for sockets that share a port goes to the one that it names.
    Steering,
}

impl FeatureName {
    /// The name that people read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gso => "gso",
            Self::Gro => "gro",
            Self::Mmsg => "mmsg",
            Self::PacketInfo => "pktinfo",
            Self::Ecn => "ecn",
            Self::DontFragment => "dont-fragment",
            Self::DualStack => "dual-stack",
            Self::Steering => "reuseport-steering",
        }
    }
}

/// The features of one socket and its granted buffer sizes.
#[derive(Debug, Clone, Default)]
pub struct Features {
    present: Vec<FeatureName>,
    reasons: Vec<String>,
    /// Bytes that the kernel granted for receiving, its own bookkeeping not counted.
    pub receive_buffer_bytes: usize,
    /// Bytes that the kernel granted for sending, its own bookkeeping not counted.
    pub send_buffer_bytes: usize,
}

impl Features {
    /// True where the socket can do it.
    pub fn has(&self, name: FeatureName) -> bool {
        self.present.contains(&name)
    }

    /// What the socket can do.
    pub fn present(&self) -> &[FeatureName] {
        &self.present
    }

    /// One sentence for each thing that is not as usual.
    pub fn reasons(&self) -> &[String] {
        &self.reasons
    }

    /// Notes the outcome of switching a feature on.
    pub(crate) fn record(&mut self, name: FeatureName, outcome: io::Result<()>) {
        match outcome {
            Ok(()) if !self.present.contains(&name) => self.present.push(name),
            Ok(()) => {}
            Err(error) => {
                self.present.retain(|present| *present != name);
                self.note(format!("{}: not available ({error})", name.as_str()));
            }
        }
    }

    /// Takes a feature away that turned out not to work.
    #[cfg(target_os = "linux")]
    pub(crate) fn withdraw(&mut self, name: FeatureName, reason: String) {
        self.present.retain(|present| *present != name);
        self.note(reason);
    }

    /// Adds a sentence; past [`MAX_REASONS`] they would tell nothing new.
    pub(crate) fn note(&mut self, reason: String) {
        if self.reasons.len() < MAX_REASONS {
            self.reasons.push(reason);
        }
    }
}
