//! The engine and its sockets as a Node addon, on the event loop of the environment that loads it.
//!
//! What it does not do: it starts no thread, keeps nothing that two environments share but the mailboxes of shards, decides nothing and speaks no
//! protocol. Packets are `osier-core`'s, system calls `osier-udp`'s, policy JavaScript's. `src/engine/engine.ts` is the other side of this boundary.
//!
//! | file | concern |
//! |---|---|
//! | `engine_class` | how an engine is made; the class `NativeEngine` |
//! | `detached_class` | the class `DetachedEngine`: no sockets, no loop, and any clock |
//! | `method_table`, `*_methods` | its methods, by subject |
//! | `entry` | every way in: panics are caught here |
//! | `js`, `js_memory`, `failure` | Node-API: values, arrays and references, exceptions |
//! | `arguments`, `config` | JavaScript values to typed ones, checked |
//! | `endpoint` | all state of one engine |
//! | `clock` | the machine's time, or one that is handed in |
//! | `driver` | engine and sockets, without libuv and JavaScript |
//! | `socket_errors` | what sockets and the network report |
//! | `event_loop` | callbacks of libuv, and the order of work in them |
//! | `delivery`, `event_record` | one callback into JavaScript for a batch |
//! | `shard_member`, `shard_group`, `mailbox` | what shards of one node leave for one another |
//! | `spin` | polling before sleeping |
//! | `shared_block` | ring memory that JavaScript can look into |
//! | `pending_requests` | what libuv still works on |
//! | `teardown` | closing, by JavaScript or with the environment |

#![deny(unsafe_op_in_unsafe_fn)]

mod arguments;
mod association_methods;
mod clock;
mod config;
mod delivery;
mod detached_class;
mod detached_methods;
mod driver;
mod endpoint;
mod engine_class;
mod entry;
mod event_loop;
mod event_record;
mod failure;
#[cfg(feature = "fault-injection")]
mod fault_methods;
mod handshake_methods;
mod info;
mod js;
mod js_memory;
mod mailbox;
mod message_methods;
mod method_table;
mod path_methods;
mod pending_requests;
mod route_methods;
mod shard_group;
mod shard_member;
mod shard_methods;
mod shared_block;
mod socket_errors;
mod socket_methods;
mod spin;
mod stream_methods;
mod teardown;
mod uv;
mod uv_handle;
