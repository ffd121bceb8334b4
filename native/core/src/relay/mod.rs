//! Relayed packets: what waits to be passed on.

#[allow(dead_code)]
mod forward_queue;
