//! The sans-IO engine of Osier: associations, sessions, streams, recovery and paths.
//!
//! It turns (time, datagrams, calls of the application) into (datagrams, events, a deadline). It does **not** open sockets,
//! read clocks, start threads, draw randomness, or decide policy: time, bytes, entropy and memory blocks are arguments,
//! and whom to talk to, when to rekey and which path to take is decided by its caller. It runs no handshake
//! mathematics either; it admits handshake messages and hands them out.
#![forbid(unsafe_code)]

mod ack_schedule;
mod association;
#[cfg(test)]
mod closed_loop;
mod config;
mod congestion;
mod constants;
mod cookie;
mod ecn_validation;
mod engine;
mod entropy;
mod event;
mod hchacha20;
mod index_table;
mod key_schedule;
mod keyed_hash;
mod loss_detection;
mod mac1;
mod mtu_discovery;
mod pacer;
mod packet_key;
mod path;
mod path_control;
mod range_set;
mod received_packets;
mod recent_least;
mod recovery;
mod relay;
mod replay_window;
mod rtt;
mod sealed_refusal;
mod sent_frame;
mod sent_packets;
mod slab;
mod stream;
mod time;
mod token_bucket;

pub use association::{AssociationCounters, SessionConfig, TraceAnswer, Transmit, TRAIN_BYTES_MAX};
pub use config::{AssociationConfig, EngineConfig, RelayConfig};
pub use congestion::CongestionAlgorithm;
pub use engine::{
    AdmissionKey, AssociationRefused, AssociationStats, Engine, EngineStats, PassOn, ReceiveMeta,
    RelayRejected, RouteChange, Stray,
};
pub use event::{CloseCause, Event, RefusalKind};
pub use osier_wire::limits::MAX_TTL;
pub use osier_wire::{CloseCode, ResetReason, RouteFault, RouteId, StreamKind};
pub use packet_key::Cipher;
pub use path::{BadPathRecord, Ecn, Path, RelayedWay, PATH_RECORD_LENGTH, RELAY_SOCKET};
pub use relay::HopKeys;
pub use sealed_refusal::sealed_refusal;
pub use stream::{
    Block, BlockPool, BlockSource, HeapBlocks, MessageFate, MessageOptions, MessageStats, MessagesRead,
    OpenError, OpenRequest, Peek, ReadOutcome, SendOutcome, StreamError, StreamEvent, StreamStats,
};
pub use time::Instant;
