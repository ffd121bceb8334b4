//! Relayed packets: what proves the neighbour that they come from, where they go next, and what waits to be passed on.

mod forward_queue;
mod hop;
mod hop_tag;
mod pair_limit;
mod route_table;

pub(crate) use forward_queue::{Arrival, ForwardQueue};
pub use hop::HopKeys;
pub(crate) use hop::{hop_overhead_bytes, Hop, HopRejected};
pub(crate) use pair_limit::PairLimit;
pub(crate) use route_table::{Route, RouteHashing, RouteTable};
