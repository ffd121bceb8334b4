//! Lines of JSON on stdout.

use serde_json::{json, Value};

use crate::span::Measured;
use crate::Failure;

pub(crate) fn address(address: &str, settings: &str) {
    line(&json!({ "address": address, "settings": settings }));
}

pub(crate) fn connected() {
    line(&json!({ "connected": true }));
}

pub(crate) fn measured(measured: &Measured) {
    line(&json!({ "count": measured.count, "micros": measured.micros, "cpuMicros": measured.cpu_micros }));
}

pub(crate) fn line(value: &Value) {
    println!("{value}");
}

pub(crate) fn failure(failure: &(dyn std::error::Error + Send + Sync)) {
    line(&json!({ "error": failure.to_string() }));
}

/// The error of bytes that are not those that were sent.
pub(crate) fn mismatch(position: u64) -> Failure {
    format!("the bytes from {position} on are not those that were sent").into()
}
