//! Methods about streams.

use std::rc::Rc;

use napi_sys as sys;
use osier_core::{OpenError, OpenRequest, ResetReason, StreamError, StreamKind};

use crate::arguments::Arguments;
use crate::driver::Driver;
use crate::endpoint::Endpoint;
use crate::failure::unfit;
use crate::js::{Js, JsResult};
use crate::shared_block::{BlockView, SharedBlock};

/// The least urgent level.
const LOWEST_PRIORITY: u32 = 7;

/// `openStream(association, kind, priority, protocol, metadata): number`; -1: the peer allows no more, -2: the memory budget is spent.
pub(crate) fn open_stream(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let association = arguments.u32(0, c"association")?;
    let kind = arguments.up_to(1, c"kind", u8::MAX.into())? as u8;
    let request = OpenRequest {
        kind: StreamKind::try_from(kind).map_err(|_| unfit(c"kind", "a stream kind"))?,
        priority: arguments.up_to(2, c"priority", LOWEST_PRIORITY)? as u8,
        protocol: std::str::from_utf8(arguments.bytes(3, c"protocol")?)
            .map_err(|_| unfit(c"protocol", "UTF-8"))?,
        metadata: arguments.bytes(4, c"metadata")?,
    };
    let opened =
        endpoint.change(|driver| driver.engine.open_stream(driver.clock.now(), association, &request));
    match opened.flatten() {
        Some(Ok(handle)) => js.uint32(handle),
        Some(Err(OpenError::MemoryBudget)) => js.int32(-2),
        Some(Err(OpenError::BadRequest)) => {
            Err(unfit(c"protocol", "1 to 64 bytes long, and metadata at most 1024 bytes"))
        }
        Some(Err(OpenError::StreamLimit)) | None => js.int32(-1),
    }
}

/// `setPriority(association, stream, priority): void`
pub(crate) fn set_priority(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let (association, stream) = handles(arguments)?;
    let priority = arguments.up_to(2, c"priority", LOWEST_PRIORITY)? as u8;
    endpoint.change(|driver| driver.engine.set_priority(driver.clock.now(), association, stream, priority));
    js.undefined()
}

/// `write(association, stream, bytes): number`
pub(crate) fn write(js: Js, endpoint: &Rc<Endpoint>, arguments: &mut Arguments) -> JsResult<sys::napi_value> {
    let (association, stream) = handles(arguments)?;
    let bytes = arguments.bytes(2, c"bytes")?;
    let written =
        endpoint.change(|driver| driver.engine.write(driver.clock.now(), association, stream, bytes));
    count_or_dead(js, written)
}

/// `room(association, stream): number`
pub(crate) fn room(js: Js, endpoint: &Rc<Endpoint>, arguments: &mut Arguments) -> JsResult<sys::napi_value> {
    let (association, stream) = handles(arguments)?;
    let room = endpoint.with_driver(|driver| driver.engine.writable_bytes(association, stream));
    count_or_dead(js, room)
}

/// `finish(association, stream): void`
pub(crate) fn finish(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let (association, stream) = handles(arguments)?;
    endpoint.change(|driver| driver.engine.finish(driver.clock.now(), association, stream));
    js.undefined()
}

/// `reset(association, stream, reason, code): void`
pub(crate) fn reset(js: Js, endpoint: &Rc<Endpoint>, arguments: &mut Arguments) -> JsResult<sys::napi_value> {
    let (association, stream) = handles(arguments)?;
    let reason = arguments.up_to(2, c"reason", u8::MAX.into())? as u8;
    let reason = ResetReason::try_from(reason).map_err(|_| unfit(c"reason", "a reset reason"))?;
    let code = arguments.u32(3, c"code")?;
    endpoint.change(|driver| driver.engine.reset(driver.clock.now(), association, stream, reason, code));
    js.undefined()
}

/// `stop(association, stream, code): void`
pub(crate) fn stop(js: Js, endpoint: &Rc<Endpoint>, arguments: &mut Arguments) -> JsResult<sys::napi_value> {
    let (association, stream) = handles(arguments)?;
    let code = arguments.u32(2, c"code")?;
    endpoint.change(|driver| driver.engine.stop(driver.clock.now(), association, stream, code));
    js.undefined()
}

/// `read(association, stream, into: Uint8Array): number`
pub(crate) fn read(js: Js, endpoint: &Rc<Endpoint>, arguments: &mut Arguments) -> JsResult<sys::napi_value> {
    let (association, stream) = handles(arguments)?;
    let into = arguments.bytes_mut(2, c"into")?;
    match endpoint.change(|driver| driver.engine.read(driver.clock.now(), association, stream, into)) {
        Some(Ok(outcome)) if outcome.bytes > 0 || !outcome.end => js.size(outcome.bytes),
        Some(_) | None => js.int32(-1),
    }
}

/// `peek(association, stream): Uint8Array | null`
pub(crate) fn peek(js: Js, endpoint: &Rc<Endpoint>, arguments: &mut Arguments) -> JsResult<sys::napi_value> {
    let (association, stream) = handles(arguments)?;
    match endpoint.with_driver(|driver| readable(driver, association, stream)).flatten() {
        Some((view, offset, length)) => view.bytes(js, offset, length),
        None => js.null(),
    }
}

/// The block that the head of the receive ring lies in, where, and how many bytes.
fn readable(driver: &mut Driver, association: u32, stream: u32) -> Option<(Rc<BlockView>, usize, usize)> {
    let peek = driver.engine.peek(association, stream).ok()?;
    let block = peek.block?.as_any().downcast_ref::<SharedBlock>()?;
    (peek.len > 0).then(|| (block.view(), peek.offset, peek.len))
}

/// `consume(association, stream, byteCount): void`
pub(crate) fn consume(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let (association, stream) = handles(arguments)?;
    let count = arguments.u32(2, c"byteCount")? as usize;
    endpoint.change(|driver| {
        if let Some((view, ..)) = readable(driver, association, stream) {
            view.give_back();
        }
        driver.engine.consume(driver.clock.now(), association, stream, count)
    });
    js.undefined()
}

/// `watchAcknowledged(association, stream): void`
pub(crate) fn watch_acknowledged(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let (association, stream) = handles(arguments)?;
    endpoint.change(|driver| driver.engine.watch_acknowledged(driver.clock.now(), association, stream));
    js.undefined()
}

/// `streamStats(association, stream, into: BigUint64Array): boolean`
pub(crate) fn stream_stats(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let (association, stream) = handles(arguments)?;
    let stats = endpoint.with_driver(|driver| driver.engine.stream_stats(association, stream));
    let Some(Ok(stats)) = stats else { return js.boolean(false) };
    let numbers = [
        stats.sent,
        stats.acknowledged,
        stats.received,
        stats.consumed,
        stats.send_buffered,
        stats.receive_buffered,
    ];
    arguments.put_counters(2, c"into", &numbers)?;
    js.boolean(true)
}

/// A count of bytes, or -1 for a dead handle and a closed engine.
fn count_or_dead(js: Js, outcome: Option<Result<usize, StreamError>>) -> JsResult<sys::napi_value> {
    match outcome {
        Some(Ok(count)) => js.size(count),
        Some(Err(_)) | None => js.int32(-1),
    }
}

pub(crate) fn handles(arguments: &Arguments) -> JsResult<(u32, u32)> {
    Ok((arguments.u32(0, c"association")?, arguments.u32(1, c"stream")?))
}
