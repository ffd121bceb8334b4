//! The short name of a node, for forwarding.

/// The first 8 bytes of the BLAKE2b-512 of a node's public key. A hint for forwarding, never for trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub [u8; 8]);
