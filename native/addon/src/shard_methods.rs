//! Methods for several engines that share a port: the shards of one node.

use std::rc::Rc;

use napi_sys as sys;
use osier_core::PATH_RECORD_LENGTH;

use crate::arguments::Arguments;
use crate::config::path;
use crate::endpoint::Endpoint;
use crate::failure::{unfit, Failure};
use crate::handshake_methods::LONGEST_DATAGRAM;
use crate::js::{Js, JsResult};
use crate::mailbox::Letter;

/// `joinShardGroup(group: bigint): void`
pub(crate) fn join_shard_group(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let group = arguments.bigint(0, c"group")?;
    let shard = endpoint.is_open().then(|| endpoint.with_driver(|driver| driver.engine.shard())).flatten();
    let shard = shard.ok_or(Failure::State("the engine is closed"))?;
    endpoint.join_shard_group(group, shard).map_err(|_| Failure::State("libuv refused a handle"))?;
    js.undefined()
}

/// `steer(order: Uint8Array): void`
pub(crate) fn steer(js: Js, endpoint: &Rc<Endpoint>, arguments: &mut Arguments) -> JsResult<sys::napi_value> {
    let order = arguments.bytes(0, c"order")?;
    let steered = endpoint.with_driver(|driver| {
        driver.sockets_mut().try_for_each(|socket| {
            socket.steer(order).map_err(|error| Failure::System {
                error,
                syscall: "setsockopt",
                address: socket.local_address().to_string(),
            })
        })
    });
    steered.unwrap_or(Err(Failure::State("the engine is closed")))?;
    js.undefined()
}

/// `handOver(shard, admissionKey, message: Uint8Array, proven): boolean`; a message is its path record and its datagram, as events tell it.
pub(crate) fn hand_over(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let shard = arguments.up_to(0, c"shard", u8::MAX.into())? as u8;
    let admission_key = arguments.u32(1, c"admissionKey")? as usize;
    let message = arguments.bytes(2, c"message")?;
    let proven = arguments.boolean(3, c"proven")?;
    let expected = || unfit(c"message", "a path record and a datagram of 1 to 1472 bytes");
    let (record, datagram) = message.split_first_chunk::<PATH_RECORD_LENGTH>().ok_or_else(expected)?;
    if datagram.is_empty() || datagram.len() > LONGEST_DATAGRAM {
        return Err(expected());
    }
    let letter =
        Letter::Handshake { path: path(record)?, admission_key, proven, datagram: datagram.to_vec() };
    let membership = endpoint.membership.borrow().clone();
    js.boolean(membership.is_some_and(|membership| membership.send(shard, letter).is_ok()))
}
