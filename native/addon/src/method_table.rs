//! The methods of an engine, as functions that know their endpoint. A class's methods would have to look it up in their object at every call, which takes
//! as long as everything else that a short call does.

use std::ffi::CStr;
use std::ptr;
use std::rc::Rc;

use napi_sys as sys;

use crate::endpoint::Endpoint;
use crate::entry;
use crate::failure::Failure;
use crate::js::{Js, JsResult};
use crate::{
    association_methods, detached_methods, handshake_methods, info, message_methods, path_methods,
    route_methods, shard_methods, socket_methods, spin, stream_methods,
};

/// Gives `object` the methods of `table`. Each function keeps the object, and with it the endpoint, alive.
pub(crate) fn attach(
    js: Js,
    object: sys::napi_value,
    endpoint: &Rc<Endpoint>,
    mut table: Vec<sys::napi_property_descriptor>,
) -> JsResult<()> {
    for method in &mut table {
        method.data = Rc::as_ptr(endpoint).cast_mut().cast();
    }
    // SAFETY: the present environment and scope; the names are static and the table is copied.
    let status = unsafe { sys::napi_define_properties(js.env(), object, table.len(), table.as_ptr()) };
    Failure::unless_ok(status)?;
    for method in &table {
        // SAFETY: the names of the table are terminated and static.
        let function = js.get(object, unsafe { CStr::from_ptr(method.utf8name) })?;
        js.define_constants(function, &[(c"engine", object)], sys::PropertyAttributes::default)?;
    }
    Ok(())
}

/// Describes one method: its name in JavaScript and the function that runs it.
macro_rules! method {
    ($name:literal, $body:path) => {{
        unsafe extern "C" fn enter(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
            // SAFETY: Node-API calls this, with arguments of the present call.
            unsafe { entry::method(env, info, $body) }
        }
        property($name, enter)
    }};
}

/// Every method of `Engine` in `src/engine/engine.ts`.
pub(crate) fn on_loop() -> Vec<sys::napi_property_descriptor> {
    let mut table = common();
    table.extend([
        method!(c"bind", socket_methods::bind),
        method!(c"pathTo", socket_methods::path_to),
        method!(c"flush", socket_methods::flush),
        method!(c"setRef", socket_methods::set_ref),
        method!(c"joinShardGroup", shard_methods::join_shard_group),
        method!(c"steer", shard_methods::steer),
        method!(c"handOver", shard_methods::hand_over),
        method!(c"spinCounters", spin::spin_counters),
    ]);
    table
}

/// Every method of `DetachedEngine` in `src/engine/detached-engine.ts`.
pub(crate) fn detached() -> Vec<sys::napi_property_descriptor> {
    let mut table = common();
    table.extend([
        method!(c"setTime", detached_methods::set_time),
        method!(c"receive", detached_methods::receive),
        method!(c"transmit", detached_methods::transmit),
        method!(c"now", detached_methods::now),
        method!(c"timeout", detached_methods::timeout),
        method!(c"handleTimeout", detached_methods::handle_timeout),
        method!(c"deliver", detached_methods::deliver),
        method!(c"fail", detached_methods::fail),
        method!(c"pathRecord", detached_methods::path_record),
        method!(c"pathAddress", detached_methods::path_address),
    ]);
    table
}

/// What both have.
fn common() -> Vec<sys::napi_property_descriptor> {
    vec![
        method!(c"close", socket_methods::close),
        method!(c"info", info::info),
        method!(c"stats", info::stats),
        method!(c"setAdmissionKeys", handshake_methods::set_admission_keys),
        method!(c"reserveIndex", handshake_methods::reserve_index),
        method!(c"releaseIndex", handshake_methods::release_index),
        method!(c"sendDatagram", handshake_methods::send_datagram),
        method!(c"sendCookie", handshake_methods::send_cookie),
        method!(c"sealRefusal", handshake_methods::seal_refusal),
        method!(c"createAssociation", association_methods::create_association),
        method!(c"installSession", association_methods::install_session),
        method!(c"nextPacketNumber", association_methods::next_packet_number),
        method!(c"closeAssociation", association_methods::close_association),
        method!(c"dropAssociation", association_methods::drop_association),
        method!(c"ping", association_methods::ping),
        method!(c"drain", association_methods::drain),
        method!(c"associationStats", association_methods::association_stats),
        method!(c"associationPath", association_methods::association_path),
        method!(c"movePath", path_methods::move_path),
        method!(c"probePath", path_methods::probe_path),
        method!(c"setLiveness", path_methods::set_liveness),
        method!(c"traceHop", path_methods::trace_hop),
        method!(c"setRoutes", route_methods::set_routes),
        method!(c"relayedPath", route_methods::relayed_path),
        method!(c"openStream", stream_methods::open_stream),
        method!(c"setPriority", stream_methods::set_priority),
        method!(c"write", stream_methods::write),
        method!(c"room", stream_methods::room),
        method!(c"finish", stream_methods::finish),
        method!(c"reset", stream_methods::reset),
        method!(c"stop", stream_methods::stop),
        method!(c"read", stream_methods::read),
        method!(c"peek", stream_methods::peek),
        method!(c"consume", stream_methods::consume),
        method!(c"watchAcknowledged", stream_methods::watch_acknowledged),
        method!(c"streamStats", stream_methods::stream_stats),
        method!(c"sendMessage", message_methods::send_message),
        method!(c"sendMessages", message_methods::send_messages),
        method!(c"messageRoom", message_methods::message_room),
        method!(c"readMessages", message_methods::read_messages),
        method!(c"maxDatagramBytes", message_methods::max_datagram_bytes),
        method!(c"messageStats", message_methods::message_stats),
        #[cfg(feature = "fault-injection")]
        method!(c"panicNow", crate::fault_methods::panic_now),
        #[cfg(feature = "fault-injection")]
        method!(c"panicOnReceive", crate::fault_methods::panic_on_receive),
        #[cfg(feature = "fault-injection")]
        method!(c"panicAtTheEnd", crate::fault_methods::panic_at_the_end),
        #[cfg(feature = "fault-injection")]
        method!(c"refuseSends", crate::fault_methods::refuse_sends),
        #[cfg(feature = "fault-injection")]
        method!(c"failReceives", crate::fault_methods::fail_receives),
    ]
}

fn property(
    name: &CStr,
    enter: unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value,
) -> sys::napi_property_descriptor {
    sys::napi_property_descriptor {
        utf8name: name.as_ptr(),
        name: ptr::null_mut(),
        method: Some(enter),
        getter: None,
        setter: None,
        value: ptr::null_mut(),
        attributes: sys::PropertyAttributes::default,
        data: ptr::null_mut(),
    }
}
