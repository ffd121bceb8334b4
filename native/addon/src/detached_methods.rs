//! What the driver in JavaScript of a detached engine calls: time and datagrams in, events and datagrams out.

use std::net::SocketAddr;
use std::rc::Rc;

use napi_sys as sys;
use osier_core::{Ecn, Instant, Path, ReceiveMeta, PATH_RECORD_LENGTH, RELAY_SOCKET, TRAIN_BYTES_MAX};

use crate::arguments::{read_safe_integer, Arguments};
use crate::config::path;
use crate::driver::Driver;
use crate::endpoint::{Endpoint, Phase};
use crate::failure::unfit;
use crate::js::{Js, JsResult};
use crate::socket_methods::socket_address;

/// Bytes before a train in what `transmit` writes: its path record, then its segment size and its ECN codepoint, 4 bytes little-endian each.
const TRAIN_HEAD_BYTES: usize = PATH_RECORD_LENGTH + 8;

/// Bytes of the longest message of a failure.
const LONGEST_MESSAGE: usize = 1_024;

/// `setTime(nowMicros): void`; an engine on the machine's clock reads that instead.
pub(crate) fn set_time(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let now = Instant::from_micros(read_safe_integer(js, arguments.value(0), c"nowMicros")?);
    endpoint.with_driver(|driver| {
        driver.clock.advance_to(now);
        driver.tick();
    });
    js.undefined()
}

/// `receive(path, train: Uint8Array, segmentSize, ecn): void`; the train is decrypted where it lies.
pub(crate) fn receive(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let path = path(&arguments.array(0, c"path")?)?;
    let segment_size = arguments.u32(2, c"segmentSize")? as usize;
    let ecn = Ecn::from_bits(arguments.up_to(3, c"ecn", 3)? as u8);
    let train = arguments.bytes_mut(1, c"train")?;
    endpoint.with_driver(|driver| {
        driver.tick();
        let meta = ReceiveMeta { path, ecn, segment_size };
        driver.engine.handle_train(driver.now(), &meta, train);
        driver.forward_strays();
    });
    js.undefined()
}

/// `transmit(out: Uint8Array): number`; the bytes of the train that was written after its head, 0 when there is none now.
pub(crate) fn transmit(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let expected = || unfit(c"out", &format!("at least {} bytes long", TRAIN_HEAD_BYTES + TRAIN_BYTES_MAX));
    let out = arguments.bytes_mut(0, c"out")?;
    let (head, train) = out.split_at_mut_checked(TRAIN_HEAD_BYTES).ok_or_else(expected)?;
    if train.len() < TRAIN_BYTES_MAX {
        return Err(expected());
    }
    let transmitted = endpoint.with_driver(|driver| {
        driver.tick();
        driver.engine.poll_transmit(driver.now(), train)
    });
    let Some(transmit) = transmitted.flatten() else {
        // What was due, or sending itself, may have led to something that is to be told.
        if endpoint.with_driver(Driver::has_events) == Some(true) {
            endpoint.schedule_turn();
        }
        return js.uint32(0);
    };
    let (path, rest) = head.split_at_mut(PATH_RECORD_LENGTH);
    path.copy_from_slice(&transmit.path.to_record());
    let (segment_size, ecn) = rest.split_at_mut(4);
    segment_size.copy_from_slice(&(transmit.segment_size as u32).to_le_bytes());
    ecn.copy_from_slice(&u32::from(transmit.ecn.to_bits()).to_le_bytes());
    js.size(transmit.len)
}

/// `now(): number`; the engine's time, by a fresh reading of its clock.
pub(crate) fn now(js: Js, endpoint: &Rc<Endpoint>, _arguments: &mut Arguments) -> JsResult<sys::napi_value> {
    let now = endpoint.with_driver(|driver| {
        driver.tick();
        driver.now()
    });
    js.size(now.unwrap_or_default().as_micros() as usize)
}

/// `timeout(): number`; the microsecond in which `handleTimeout` will have something to do, as the engine's clock counts; -1: none.
pub(crate) fn timeout(
    js: Js,
    endpoint: &Rc<Endpoint>,
    _arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    match endpoint.with_driver(Driver::deadline).flatten() {
        Some(deadline) => js.size(deadline.as_micros() as usize),
        None => js.int32(-1),
    }
}

/// `handleTimeout(): number`; does what is due, and returns the engine's time.
pub(crate) fn handle_timeout(
    js: Js,
    endpoint: &Rc<Endpoint>,
    _arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let now = endpoint.with_driver(|driver| {
        driver.tick();
        let now = driver.now();
        if driver.deadline().is_some_and(|deadline| deadline <= now) {
            driver.engine.handle_timeout(now);
        }
        now
    });
    js.size(now.unwrap_or_default().as_micros() as usize)
}

/// `deliver(): boolean`; tells the listener one batch of what happened. False: there was nothing more to tell.
pub(crate) fn deliver(
    js: Js,
    endpoint: &Rc<Endpoint>,
    _arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    endpoint.turn_scheduled.set(false);
    let more = match endpoint.phase.get() {
        Phase::Open => endpoint.deliver_batch(),
        Phase::Failed => {
            endpoint.tell_failure();
            false
        }
        Phase::Closing | Phase::Closed => false,
    };
    js.boolean(more)
}

/// `fail(message): void`; the driver cannot go on. The listener is told in the next turn, and the engine closed.
pub(crate) fn fail(js: Js, endpoint: &Rc<Endpoint>, arguments: &mut Arguments) -> JsResult<sys::napi_value> {
    endpoint.fail(&arguments.string(0, c"message", LONGEST_MESSAGE)?);
    js.undefined()
}

/// `pathRecord(socket, host, port): PathRecord`
pub(crate) fn path_record(
    js: Js,
    _endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let socket = arguments.up_to(0, c"socket", u32::from(RELAY_SOCKET) - 1)? as u16;
    let remote = socket_address(arguments, 1)?;
    js.bytes(&Path { socket, remote, local: None, interface: 0 }.to_record())
}

/// `pathAddress(path: Uint8Array): { socket, host, port }`; where packets of a path go.
pub(crate) fn path_address(
    js: Js,
    _endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let path = path(&arguments.array(0, c"path")?)?;
    let zone = match path.remote {
        SocketAddr::V6(remote) if remote.scope_id() != 0 => format!("%{}", remote.scope_id()),
        _ => String::new(),
    };
    let result = js.object()?;
    js.set(result, c"socket", js.uint32(path.socket.into())?)?;
    js.set(result, c"host", js.string(&format!("{}{zone}", path.remote.ip()))?)?;
    js.set(result, c"port", js.uint32(path.remote.port().into())?)?;
    Ok(result)
}
