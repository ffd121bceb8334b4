//! Recovery, congestion control and pacing against a model of a network: one bottleneck with a rate, a delay and a
//! drop-tail queue, senders that always have data, receivers that thin their acknowledgements.

mod fairness;
mod filling;
mod flow;
mod loopback;
mod loss;
mod network;
mod receiver;
mod reordering;
mod starvation;

use network::{Link, Network};
