//! A seeded virtual network around unmodified engines.
//!
//! Everything that happens follows from one printed seed: the same seed gives the same run. It has a virtual clock, links with faults and a queue,
//! and hosts with an engine each. It does **not** model handshakes (keys are installed) and reads no real clock.
#![forbid(unsafe_code)]

mod associating;
pub mod campaign;
mod further_addresses;
mod host;
pub mod link;
pub mod message_cell;
pub mod message_course;
pub mod network;
pub mod observer;
pub mod rng;
pub mod transfer;

pub use link::{Link, LinkConfig};
pub use message_course::MessageCourse;
pub use network::{HostId, Network};
pub use observer::Observer;
pub use rng::Rng;
pub use transfer::{Transfer, TransferReport};
