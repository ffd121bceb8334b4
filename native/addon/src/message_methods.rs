//! Methods about streams of messages and datagrams.

use std::rc::Rc;

use napi_sys as sys;
use osier_core::{MessageOptions, SendOutcome};

use crate::arguments::{read_safe_integer, Arguments};
use crate::endpoint::Endpoint;
use crate::js::{Js, JsResult};
use crate::stream_methods::handles;

const UNORDERED: u32 = 1;
const TELL_FATE: u32 = 2;

/// `sendMessage(association, stream, bytes, options, lifetimeMicros, token): number`
pub(crate) fn send_message(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let (association, stream) = handles(arguments)?;
    let flags = arguments.up_to(3, c"options", UNORDERED | TELL_FATE)?;
    let lifetime_micros = read_safe_integer(js, arguments.value(4), c"lifetimeMicros")?;
    let token = arguments.u32(5, c"token")?;
    let options = MessageOptions {
        unordered: flags & UNORDERED != 0,
        token: (flags & TELL_FATE != 0).then_some(token),
        lifetime_micros: (lifetime_micros > 0).then_some(lifetime_micros),
    };
    let bytes = arguments.bytes(2, c"bytes")?;
    let outcome = endpoint.change(|driver| {
        driver.engine.send_message(driver.clock.now(), association, stream, bytes, &options)
    });
    js.int32(match outcome {
        Some(Ok(SendOutcome::Accepted)) => 0,
        Some(Ok(SendOutcome::NoRoom)) => 1,
        Some(Ok(SendOutcome::TooLarge)) => 2,
        Some(Err(_)) | None => -1,
    })
}

/// `readMessages(association, stream, into: Uint8Array, lengths: Uint32Array): number`
pub(crate) fn read_messages(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let (association, stream) = handles(arguments)?;
    let (into, lengths) = arguments.bytes_and_words_mut((2, c"into"), (3, c"lengths"))?;
    let read = endpoint
        .change(|driver| driver.engine.read_messages(driver.clock.now(), association, stream, into, lengths));
    match read {
        Some(Ok(read)) if read.too_long.is_some() => js.int32(-2),
        Some(Ok(read)) if read.count > 0 || !read.end => js.size(read.count),
        Some(_) | None => js.int32(-1),
    }
}

/// `maxDatagramBytes(association, stream): number`
pub(crate) fn max_datagram_bytes(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let (association, stream) = handles(arguments)?;
    let bytes = endpoint.with_driver(|driver| driver.engine.max_datagram_bytes(association, stream));
    match bytes {
        Some(Ok(bytes)) => js.size(bytes),
        Some(Err(_)) | None => js.int32(0),
    }
}

/// `messageStats(association, stream, into: BigUint64Array): boolean`
pub(crate) fn message_stats(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let (association, stream) = handles(arguments)?;
    let stats = endpoint.with_driver(|driver| driver.engine.message_stats(association, stream));
    let Some(Ok(stats)) = stats else { return js.boolean(false) };
    let numbers = [stats.sent, stats.delivered, stats.expired, stats.unknown, stats.received, stats.dropped];
    arguments.put_counters(2, c"into", &numbers)?;
    js.boolean(true)
}
