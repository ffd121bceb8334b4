//! What the network, or this machine's kernel, says about a datagram that was sent. Only Linux does.

use std::net::SocketAddr;

/// Bytes of a datagram's beginning that a report keeps.
pub const QUOTE_BYTES: usize = 64;

/// Why a datagram was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// Nobody listens there, or there is no way.
    Unreachable,
    /// It is longer than a link on its way carries.
    TooLong,
}

/// What became of one datagram that was sent.
#[derive(Debug, Clone, Copy)]
pub struct NetworkReport {
    /// What went wrong.
    pub kind: ReportKind,
    /// Where it was sent to.
    pub remote: SocketAddr,
    quote: [u8; QUOTE_BYTES],
    quoted: usize,
}

impl NetworkReport {
    #[cfg(target_os = "linux")]
    pub(crate) fn new(kind: ReportKind, remote: SocketAddr, datagram: &[u8]) -> Self {
        let quoted = datagram.len().min(QUOTE_BYTES);
        let mut quote = [0; QUOTE_BYTES];
        quote[..quoted].copy_from_slice(&datagram[..quoted]);
        Self { kind, remote, quote, quoted }
    }

    /// How the datagram began, as far as it was reported.
    pub fn quote(&self) -> &[u8] {
        &self.quote[..self.quoted]
    }
}
