//! Methods about routes and relayed paths.

use std::rc::Rc;

use napi_sys as sys;
use osier_core::{Path, RouteChange, RouteId};

use crate::arguments::{read_array, Arguments};
use crate::endpoint::Endpoint;
use crate::failure::unfit;
use crate::js::{Js, JsResult};

/// Bytes of one record: destination, next hop, largest packet.
const RECORD_BYTES: usize = 16;
/// In the place of a next hop: there is none.
const NO_HANDLE: u32 = u32::MAX;

/// `setRoutes(records: Uint8Array): void`
pub(crate) fn set_routes(
    js: Js,
    endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let records = arguments.bytes(0, c"records")?;
    if records.len() % RECORD_BYTES != 0 {
        return Err(unfit(c"records", "a whole number of records of 16 bytes"));
    }
    let changes: Vec<RouteChange> =
        records.chunks_exact(RECORD_BYTES).filter_map(|record| record.first_chunk()).map(change).collect();
    endpoint.change(|driver| driver.engine.set_routes(driver.clock.now(), &changes));
    js.undefined()
}

/// `relayedPath(far: Uint8Array, waypoint: Uint8Array | null): PathRecord`
pub(crate) fn relayed_path(
    js: Js,
    _endpoint: &Rc<Endpoint>,
    arguments: &mut Arguments,
) -> JsResult<sys::napi_value> {
    let far = RouteId(arguments.array(0, c"far")?);
    let waypoint = match js.type_of(arguments.value(1))? {
        sys::ValueType::napi_null => None,
        _ => Some(RouteId(read_array(js, arguments.value(1), c"waypoint")?)),
    };
    js.bytes(&Path::relayed_to(far, waypoint).to_record())
}

fn change(record: &[u8; RECORD_BYTES]) -> RouteChange {
    let [id @ .., n0, n1, n2, n3, m0, m1, m2, m3] = *record;
    let next = u32::from_le_bytes([n0, n1, n2, n3]);
    RouteChange {
        destination: RouteId(id),
        next: (next != NO_HANDLE).then_some(next),
        mtu_bytes: u32::from_le_bytes([m0, m1, m2, m3]),
    }
}
