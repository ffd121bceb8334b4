//! Configuration objects of JavaScript as the engine's types.

use std::ffi::CStr;
use std::ops::Deref;

use napi_sys as sys;
use osier_core::{
    AssociationConfig, Cipher, CloseCode, CongestionAlgorithm, EngineConfig, HopKeys, Path, RelayConfig,
    RouteId, SessionConfig, PATH_RECORD_LENGTH,
};
use osier_udp::MAX_TRAIN_BYTES;

use crate::arguments::{read_array, read_safe_integer, read_u32, Arguments};
use crate::failure::unfit;
use crate::js::{Js, JsResult};

/// What every path carries, in bytes of UDP payload.
const MIN_DATAGRAM_BYTES: usize = 1_200;

/// Shards that the top byte of an index can name.
const MAX_SHARDS: u32 = 256;

/// Reads properties of one object. Getters may run JavaScript: read configurations before anything is borrowed.
struct Object {
    js: Js,
    object: sys::napi_value,
}

impl Object {
    fn new(js: Js, value: sys::napi_value, name: &CStr) -> JsResult<Self> {
        match js.type_of(value)? {
            sys::ValueType::napi_object => Ok(Self { js, object: value }),
            _ => Err(unfit(name, "an object")),
        }
    }

    fn has(&self, name: &CStr) -> JsResult<bool> {
        let value = self.js.get(self.object, name)?;
        Ok(self.js.type_of(value)? != sys::ValueType::napi_undefined)
    }

    fn integer(&self, name: &CStr) -> JsResult<u64> {
        read_safe_integer(self.js, self.js.get(self.object, name)?, name)
    }

    fn u32(&self, name: &CStr) -> JsResult<u32> {
        read_u32(self.js, self.js.get(self.object, name)?, name)
    }

    fn bigint(&self, name: &CStr) -> JsResult<u64> {
        let value = self.js.get(self.object, name)?;
        self.js.read_bigint(value).ok_or_else(|| unfit(name, "a BigInt from 0 to 2^64 - 1"))
    }

    fn boolean(&self, name: &CStr) -> JsResult<bool> {
        let value = self.js.get(self.object, name)?;
        self.js.read_boolean(value).ok_or_else(|| unfit(name, "a boolean"))
    }

    fn array<const N: usize>(&self, name: &CStr) -> JsResult<[u8; N]> {
        read_array(self.js, self.js.get(self.object, name)?, name)
    }

    fn optional_route_id(&self, name: &CStr) -> JsResult<Option<RouteId>> {
        if self.has(name)? {
            self.array(name).map(|bytes| Some(RouteId(bytes)))
        } else {
            Ok(None)
        }
    }
}

pub(crate) fn engine_config(js: Js, value: sys::napi_value) -> JsResult<EngineConfig> {
    let object = Object::new(js, value, c"config")?;
    let mtu_bytes = mtu(&object, c"mtuBytes")?;
    let has_ceiling = object.has(c"mtuCeilingBytes")?;
    let (shard, shards) = shards(&object)?;
    let begins_later = object.has(c"firstPacketNumber")?;
    Ok(EngineConfig {
        first_packet_number: if begins_later { object.integer(c"firstPacketNumber")? } else { 0 },
        shard,
        shards,
        idle_timeout_micros: object.integer(c"idleTimeoutMicros")?,
        peer_lost_after_micros: object.integer(c"peerLostAfterMicros")?,
        keep_alive_micros: object.integer(c"keepAliveMicros")?,
        memory_bytes: object.integer(c"memoryBytes")?,
        peers: object.u32(c"peers")? as usize,
        streams_per_peer: object.integer(c"streamsPerPeer")?,
        stream_window_bytes: object.integer(c"streamWindowBytes")?,
        initial_data_bytes: object.integer(c"initialDataBytes")?,
        initial_stream_data_bytes: object.integer(c"initialStreamDataBytes")?,
        message_bytes: object.integer(c"messageBytes")?,
        mtu_bytes,
        mtu_ceiling_bytes: if has_ceiling { mtu(&object, c"mtuCeilingBytes")? } else { mtu_bytes },
        congestion: congestion(&object)?,
        route_id: object.optional_route_id(c"routeId")?,
        relay: relay(&object)?,
    })
}

/// What is forwarded for others; nothing where nothing is said.
fn relay(object: &Object) -> JsResult<Option<RelayConfig>> {
    if !object.has(c"relay")? {
        return Ok(None);
    }
    let relay = Object::new(object.js, object.js.get(object.object, c"relay")?, c"relay")?;
    Ok(Some(RelayConfig {
        max_bytes_per_second: relay.integer(c"maxBytesPerSecond")?,
        queue_bytes: relay.u32(c"queueBytes")? as usize,
    }))
}

/// Which shard the engine is, and of how many; the only one where nothing is said.
fn shards(object: &Object) -> JsResult<(u8, u16)> {
    let count = if object.has(c"shards")? { object.u32(c"shards")?.max(1) } else { 1 };
    let shard = if object.has(c"shard")? { object.u32(c"shard")? } else { 0 };
    if count > MAX_SHARDS {
        return Err(unfit(c"shards", "an integer from 0 to 256"));
    }
    if shard >= count {
        return Err(unfit(c"shard", "less than shards"));
    }
    Ok((shard as u8, count as u16))
}

/// How long a driver of its own polls before it sleeps; 0: not at all.
pub(crate) fn spin_micros(js: Js, value: sys::napi_value) -> JsResult<u64> {
    let object = Object::new(js, value, c"config")?;
    if object.has(c"spinMicros")? {
        object.u32(c"spinMicros").map(u64::from)
    } else {
        Ok(0)
    }
}

fn mtu(object: &Object, name: &CStr) -> JsResult<usize> {
    match object.u32(name)? as usize {
        bytes if (MIN_DATAGRAM_BYTES..=MAX_TRAIN_BYTES).contains(&bytes) => Ok(bytes),
        _ => Err(unfit(name, "an integer from 1200 to 65507")),
    }
}

fn congestion(object: &Object) -> JsResult<CongestionAlgorithm> {
    match object.u32(c"congestion")? {
        0 => Ok(CongestionAlgorithm::Cubic),
        1 => Ok(CongestionAlgorithm::Bbr),
        _ => Err(unfit(c"congestion", "0 or 1")),
    }
}

pub(crate) fn association_config(js: Js, value: sys::napi_value) -> JsResult<AssociationConfig> {
    let object = Object::new(js, value, c"config")?;
    let parity = match object.u32(c"parity")? {
        0 => 0,
        1 => 1,
        _ => return Err(unfit(c"parity", "0 or 1")),
    };
    Ok(AssociationConfig {
        parity,
        peer_max_data: object.integer(c"peerMaxData")?,
        peer_max_stream_data: object.integer(c"peerMaxStreamData")?,
        peer_max_streams: object.integer(c"peerMaxStreams")?,
        peer_route_id: object.optional_route_id(c"peerRouteId")?,
    })
}

/// A session as JavaScript configures it. Its secrets are overwritten when the call that they came with ends.
pub(crate) struct ReadSession(SessionConfig);

impl Deref for ReadSession {
    type Target = SessionConfig;

    fn deref(&self) -> &SessionConfig {
        &self.0
    }
}

impl Drop for ReadSession {
    fn drop(&mut self) {
        self.0.erase_keys();
    }
}

pub(crate) fn session_config(js: Js, value: sys::napi_value) -> JsResult<ReadSession> {
    let object = Object::new(js, value, c"session")?;
    let cipher = match object.u32(c"cipher")? {
        0 => Cipher::ChaCha20Poly1305,
        1 => Cipher::Aes256Gcm,
        _ => return Err(unfit(c"cipher", "0 or 1")),
    };
    let mut session = ReadSession(SessionConfig {
        local_index: object.u32(c"localIndex")?,
        remote_index: object.u32(c"remoteIndex")?,
        cipher,
        send_key: [0; 32],
        receive_key: [0; 32],
        hop_keys: None,
        first_send: packet_number(&object, c"firstSend")?,
        first_receive: packet_number(&object, c"firstReceive")?,
        path: path(&object.array(c"path")?)?,
        begun_here: object.boolean(c"begunHere")?,
        confirmed: object.boolean(c"confirmed")?,
        preferred: object.boolean(c"preferred")?,
    });
    // Last, and into their place: what fails before leaves none behind.
    session.0.send_key = object.array(c"sendKey")?;
    session.0.receive_key = object.array(c"receiveKey")?;
    if object.has(c"sendHopKey")? {
        let keys = session.0.hop_keys.insert(HopKeys { send: [0; 16], receive: [0; 16] });
        keys.send = object.array(c"sendHopKey")?;
        keys.receive = object.array(c"receiveHopKey")?;
    }
    Ok(session)
}

/// A packet number: at most 2^62 - 1, as on the wire.
fn packet_number(object: &Object, name: &CStr) -> JsResult<u64> {
    match object.bigint(name)? {
        number if number < 1 << 62 => Ok(number),
        _ => Err(unfit(name, "at most 2^62 - 1")),
    }
}

/// The close code at position `index` of the arguments.
pub(crate) fn close_code(arguments: &Arguments, index: usize) -> JsResult<CloseCode> {
    let code = arguments.up_to(index, c"closeCode", u8::MAX.into())? as u8;
    CloseCode::try_from(code).map_err(|_| unfit(c"closeCode", "a close code"))
}

/// A path from its record.
pub(crate) fn path(record: &[u8; PATH_RECORD_LENGTH]) -> JsResult<Path> {
    Path::from_record(record).map_err(|_| unfit(c"path", "a path record"))
}
