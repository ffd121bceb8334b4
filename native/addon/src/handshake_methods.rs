//! Methods for handshakes: admission, receiver indices, single datagrams.

use std::rc::Rc;

use napi_sys as sys;

use osier_core::{sealed_refusal, AdmissionKey};

use crate::arguments::Arguments;
use crate::config::{close_code, path, session_config};
use crate::endpoint::Endpoint;
use crate::failure::unfit;
use crate::js::{Js, JsResult};

/// Bytes of a mac1 key.
const KEY_BYTES: usize = 32;
/// Bytes of the longest single datagram: what fits an Ethernet frame after IPv4 and UDP headers.
pub(crate) const LONGEST_DATAGRAM: usize = 1_472;

/// `setAdmissionKeys(keys: Uint8Array): void`; of each pair the key of mac1 comes first, then that of cookies.
pub(crate) fn set_admission_keys(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let bytes = arguments.bytes(0, c"keys")?;
    let halves: Vec<[u8; KEY_BYTES]> = bytes.chunks(KEY_BYTES).map_while(|key| key.try_into().ok()).collect();
    if bytes.len() % (2 * KEY_BYTES) != 0 {
        return Err(unfit(c"keys", "a whole number of pairs of 32-byte keys"));
    }
    let pair = |pair: &[[u8; KEY_BYTES]]| AdmissionKey { mac1: pair[0], cookie: pair[1] };
    let keys: Vec<AdmissionKey> = halves.chunks_exact(2).map(pair).collect();
    endpoint.with_driver(|driver| driver.engine.set_admission_keys(&keys));
    js.undefined()
}

/// `reserveIndex(mac1Key: Uint8Array): number`; 0 when none is left.
pub(crate) fn reserve_index(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let key = arguments.array::<KEY_BYTES>(0, c"mac1Key")?;
    let index = endpoint.with_driver(|driver| driver.engine.reserve_index(key)).flatten();
    js.uint32(index.unwrap_or(0))
}

/// `releaseIndex(index: number): void`
pub(crate) fn release_index(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let index = arguments.u32(0, c"index")?;
    endpoint.with_driver(|driver| driver.engine.release_index(index));
    js.undefined()
}

/// `sendDatagram(path: PathRecord, datagram: Uint8Array): void`
pub(crate) fn send_datagram(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let path = path(&arguments.array(0, c"path")?)?;
    let datagram = arguments.bytes(1, c"datagram")?;
    if datagram.is_empty() || datagram.len() > LONGEST_DATAGRAM {
        return Err(unfit(c"datagram", "1 to 1472 bytes long"));
    }
    endpoint.change(|driver| driver.engine.send_datagram(path, datagram));
    js.undefined()
}

/// `sendCookie(path: PathRecord, firstMessage: Uint8Array): void`
pub(crate) fn send_cookie(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let path = path(&arguments.array(0, c"path")?)?;
    let first_message = arguments.bytes(1, c"firstMessage")?;
    endpoint.change(|driver| driver.engine.send_cookie(driver.clock.now(), path, first_message));
    js.undefined()
}

/// `sealRefusal(session, closeCode): Uint8Array`
pub(crate) fn seal_refusal(js: Js, _: &Rc<Endpoint>, arguments: &mut Arguments) -> JsResult<sys::napi_value> {
    let session = session_config(js, arguments.value(0))?;
    let code = close_code(arguments, 1)?;
    js.bytes(&sealed_refusal(session.cipher, session.send_key, session.remote_index, code))
}
