//! Methods about streams of messages and datagrams.

use std::rc::Rc;

use napi_sys as sys;
use osier_core::{MessageOptions, SendOutcome};

use crate::arguments::{read_safe_integer, Arguments};
use crate::endpoint::Endpoint;
use crate::failure::unfit;
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

/// Numbers that tell of one run: association, stream, options, messages.
const RUN_NUMBERS: usize = 4;

/// `sendMessages(bytes, lengths: Uint32Array, runs: Uint32Array, runCount): number`
pub(crate) fn send_messages(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let mut bytes = arguments.bytes(0, c"bytes")?;
    let mut lengths = arguments.words(1, c"lengths")?;
    let run_count = arguments.u32(3, c"runCount")? as usize;
    let runs = arguments.words(2, c"runs")?.chunks_exact(RUN_NUMBERS);
    if run_count > runs.len() {
        return Err(unfit(c"runCount", "no more than there are"));
    }
    let mut taken = 0;
    for run in runs.take(run_count) {
        let &[association, stream, flags, count] = run else { break };
        let Some((own_lengths, other_lengths)) = lengths.split_at_checked(count as usize) else {
            return Err(unfit(c"lengths", "as many as there are messages"));
        };
        let byte_count = own_lengths.iter().map(|length| *length as usize).sum();
        let Some((own_bytes, other_bytes)) = bytes.split_at_checked(byte_count) else {
            return Err(unfit(c"bytes", "as long as the messages"));
        };
        let options = MessageOptions { unordered: flags & UNORDERED != 0, ..MessageOptions::default() };
        let sent = endpoint.with_driver(|driver| {
            let messages = (own_bytes, own_lengths);
            driver.engine.send_messages(driver.clock.now(), association, stream, messages, &options)
        });
        let own_taken = sent.and_then(Result::ok).unwrap_or(0);
        taken += own_taken;
        if own_taken < own_lengths.len() {
            break;
        }
        (bytes, lengths) = (other_bytes, other_lengths);
    }
    endpoint.schedule_turn();
    js.size(taken)
}

/// `messageRoom(association, stream): number`
pub(crate) fn message_room(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let (association, stream) = handles(arguments)?;
    let room = endpoint.with_driver(|driver| driver.engine.message_room(association, stream));
    js.size(room.and_then(Result::ok).unwrap_or(0) as usize)
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
