//! ROUTE_ERROR: a relay could not forward a packet and says so, hop by hop, towards where it came from.

use super::frame_type::FrameType;
use crate::error::{DecodeError, EncodeError, Field};
use crate::limits::{MAX_ROUTE_MTU_BYTES, MAX_TTL, MIN_ROUTE_MTU_BYTES, QUOTE_BYTES};
use crate::reader::Reader;
use crate::route_id::RouteId;
use crate::writer::Writer;

/// Why a packet was not forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RouteFault {
    /// The reporter knows no way to the destination.
    NoRoute,
    /// The packet is larger than the next hop carries.
    TooBig {
        /// The largest end-to-end packet that passes: [`MIN_ROUTE_MTU_BYTES`] to [`MAX_ROUTE_MTU_BYTES`].
        mtu_bytes: u16,
    },
    /// The packet had no hop left. This is how a trace walks a route.
    TtlExpired,
}

const FAULT_NO_ROUTE: u8 = 0;
const FAULT_TOO_BIG: u8 = 1;
const FAULT_TTL_EXPIRED: u8 = 2;

impl RouteFault {
    fn decode(kind: u8, mtu_bytes: u16) -> Result<Self, DecodeError> {
        match kind {
            FAULT_TOO_BIG if is_route_mtu(mtu_bytes) => Ok(Self::TooBig { mtu_bytes }),
            FAULT_TOO_BIG => Err(DecodeError::OutOfRange(Field::Mtu)),
            FAULT_NO_ROUTE | FAULT_TTL_EXPIRED if mtu_bytes != 0 => Err(DecodeError::NotZero(Field::Mtu)),
            FAULT_NO_ROUTE => Ok(Self::NoRoute),
            FAULT_TTL_EXPIRED => Ok(Self::TtlExpired),
            _ => Err(DecodeError::Unknown(Field::RouteFault)),
        }
    }

    fn encode(self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        let (kind, mtu_bytes) = match self {
            Self::NoRoute => (FAULT_NO_ROUTE, 0),
            Self::TtlExpired => (FAULT_TTL_EXPIRED, 0),
            Self::TooBig { mtu_bytes } if is_route_mtu(mtu_bytes) => (FAULT_TOO_BIG, mtu_bytes),
            Self::TooBig { .. } => return Err(EncodeError::OutOfRange(Field::Mtu)),
        };
        w.put_u8(kind)?;
        w.put_u16(mtu_bytes)
    }
}

fn is_route_mtu(mtu_bytes: u16) -> bool {
    (MIN_ROUTE_MTU_BYTES..=MAX_ROUTE_MTU_BYTES).contains(&usize::from(mtu_bytes))
}

/// A relay's word about a packet. The neighbour that it came from is authenticated; what it says about others is a hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RouteErrorFrame {
    /// What went wrong.
    pub fault: RouteFault,
    /// The hops that this report may still be passed on: 1 to [`MAX_TTL`].
    pub ttl: u8,
    /// Where the packet was to go.
    pub destination: RouteId,
    /// Where the packet said that it came from, and where this report goes.
    pub source: RouteId,
    /// Who says so.
    pub reporter: RouteId,
    /// The first bytes of the end-to-end packet: its sender knows whether it sent such a one.
    pub quote: [u8; QUOTE_BYTES],
}

impl RouteErrorFrame {
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let kind = r.u8()?;
        let mtu_bytes = r.u16()?;
        let fault = RouteFault::decode(kind, mtu_bytes)?;
        let ttl = r.u8()?;
        if ttl == 0 || ttl > MAX_TTL {
            return Err(DecodeError::OutOfRange(Field::TimeToLive));
        }
        Ok(Self {
            fault,
            ttl,
            destination: RouteId(r.array()?),
            source: RouteId(r.array()?),
            reporter: RouteId(r.array()?),
            quote: r.array()?,
        })
    }

    pub(super) fn encode(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.ttl == 0 || self.ttl > MAX_TTL {
            return Err(EncodeError::OutOfRange(Field::TimeToLive));
        }
        w.put_u8(FrameType::RouteError as u8)?;
        self.fault.encode(w)?;
        w.put_u8(self.ttl)?;
        w.put_slice(&self.destination.0)?;
        w.put_slice(&self.source.0)?;
        w.put_slice(&self.reporter.0)?;
        w.put_slice(&self.quote)
    }

    pub(super) const fn encoded_len(&self) -> usize {
        1 + 1 + 2 + 1 + 3 * 8 + QUOTE_BYTES
    }
}
