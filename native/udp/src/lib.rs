//! UDP sockets that move trains: many datagrams of one size to or from one peer in a single system call.
//!
//! Linux: GSO and GRO, `recvmmsg`, `sendmmsg`, packet information, ECN, no kernel fragmentation. Elsewhere: plain datagrams.
//!
//! What it does not do: it knows nothing of the protocol inside the datagrams, waits for nothing, keeps no time and starts no thread. Whoever owns
//! a socket watches its descriptor.

#![deny(unsafe_op_in_unsafe_fn)]

mod error_class;
mod features;
mod network_report;
mod route;
mod send_queue;

#[cfg(target_os = "linux")]
mod control_message;
#[cfg(target_os = "linux")]
mod error_queue;
#[cfg(target_os = "linux")]
mod message_calls;
#[cfg(target_os = "linux")]
mod offer;
#[cfg(target_os = "linux")]
mod receive;
#[cfg(target_os = "linux")]
mod segmentation;
#[cfg(target_os = "linux")]
mod send;
#[cfg(all(test, target_os = "linux"))]
mod send_tests;
#[cfg(target_os = "linux")]
mod socket;
#[cfg(target_os = "linux")]
mod socket_address;
#[cfg(target_os = "linux")]
mod socket_options;
#[cfg(target_os = "linux")]
mod steering;

#[cfg(any(test, not(target_os = "linux")))]
mod plain;

pub use error_class::{classify, is_report, ErrorClass};
pub use features::{FeatureName, Features};
pub use network_report::{NetworkReport, ReportKind, QUOTE_BYTES};
#[cfg(not(target_os = "linux"))]
pub use plain::{ReceiveBuffer, UdpSocket};
#[cfg(target_os = "linux")]
pub use receive::ReceiveBuffer;
pub use route::{Ecn, ReceiveMeta, ReceivedTrain, Route};
pub use send_queue::{SendOutcome, SendQueue, MAX_TRAIN_BYTES, MAX_TRAIN_SEGMENTS};
#[cfg(target_os = "linux")]
pub use socket::UdpSocket;

/// Kernel buffer asked for in each direction, in bytes: 4 MiB holds 30 ms at 1 Gbit/s; the usual default of 208 KiB loses packets whenever the
/// event loop is busy for 2 ms.
pub const SOCKET_BUFFER_BYTES: usize = 4 << 20;
