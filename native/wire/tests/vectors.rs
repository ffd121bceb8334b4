//! The vectors of `test/vectors`, which the TypeScript tests run as well: their bytes were derived by hand from docs/protocol.md.
#![allow(clippy::expect_used)] // a test may fail by panicking

#[path = "support/as_json.rs"]
mod as_json;
mod support;

use as_json::{frame_as_json, hex, packet_as_json};
use blake2::digest::consts::{U16, U32};
use blake2::digest::{FixedOutput, KeyInit, Update};
use blake2::{Blake2b512, Blake2bMac, Digest};
use osier_wire::*;
use serde_json::Value;
use support::{decode_all, encode_one};

#[test]
fn varints() {
    let file = load("varint.json");
    for vector in list(&file, "values") {
        let (bytes, value) = (bytes(vector, "bytes"), text(vector, "value").parse().expect("decimal"));
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.varint(), Ok(value), "{vector}");
        assert!(reader.is_empty(), "{vector}");
        let mut room = [0; 8];
        let mut writer = Writer::new(&mut room);
        writer.put_varint(value).expect("room");
        assert_eq!(writer.position(), varint::len(value), "{vector}");
        assert_eq!(writer.written() == bytes, vector["shortest"] == true, "{vector}");
    }
    for vector in list(&file, "errors") {
        let bytes = bytes(vector, "bytes");
        let error = Reader::new(&bytes).varint().map_err(|error| format!("{error:?}"));
        assert_eq!(error, Err(text(vector, "error").to_owned()), "{vector}");
    }
}

#[test]
fn frames() {
    let file = load("frames.json");
    for vector in list(&file, "frames") {
        let bytes = bytes(vector, "bytes");
        let frames = decode_all(&bytes).unwrap_or_else(|error| panic!("{error} in {vector}"));
        assert_eq!(frames.len(), 1, "{vector}");
        assert_eq!(frame_as_json(&frames[0]), vector["frame"], "{}", vector["name"]);
        let again = encode_one(&frames[0]).expect("within the limits");
        assert_eq!(again == bytes, vector["canonical"] == true, "{}", vector["name"]);
    }
    for vector in list(&file, "payloads") {
        let bytes = bytes(vector, "bytes");
        let frames = decode_all(&bytes).unwrap_or_else(|error| panic!("{error} in {vector}"));
        let types: Vec<Value> = frames.iter().map(|frame| frame_as_json(frame)["type"].clone()).collect();
        assert_eq!(vector["types"], Value::from(types), "{vector}");
    }
}

#[test]
fn every_frame_type_has_a_vector() {
    let file = load("frames.json");
    for first in (0x00u8..=0x12).chain(0x20..=0x23) {
        let found = list(&file, "frames").iter().any(|vector| bytes(vector, "bytes")[0] == first);
        assert!(found, "no vector of type {first:#04x}");
    }
}

#[test]
fn frame_errors() {
    for vector in list(&load("frame-errors.json"), "errors") {
        let bytes = bytes(vector, "bytes");
        let error = if bytes.is_empty() {
            Frame::decode(&mut Reader::new(&bytes)).map(|_| ()).map_err(|error| format!("{error:?}"))
        } else {
            decode_all(&bytes).map(|_| ()).map_err(|error| format!("{error:?}"))
        };
        assert_eq!(error, Err(text(vector, "error").to_owned()), "{vector}");
    }
}

#[test]
fn packets() {
    let file = load("packets.json");
    for vector in list(&file, "packets") {
        let bytes = bytes(vector, "bytes");
        let (packet, again) = packet_as_json(&bytes).unwrap_or_else(|error| panic!("{error} in {vector}"));
        assert_eq!(packet, vector["packet"], "{}", vector["name"]);
        assert_eq!(hex(&again), text(vector, "bytes"), "{}", vector["name"]);
    }
    for vector in list(&file, "errors") {
        let error = packet_as_json(&bytes(vector, "bytes")).map_err(|error| format!("{error:?}"));
        assert_eq!(error, Err(text(vector, "error").to_owned()), "{vector}");
    }
}

#[test]
fn macs_cover_what_the_envelope_says_they_cover() {
    let file = load("macs.json");
    for vector in list(&file, "packets") {
        let packet = bytes(vector, "bytes");
        let envelope = HandshakeEnvelope::decode(&packet).expect("a handshake packet");
        let parts = HandshakeInvariants::decode(&packet).expect("a handshake packet");
        let mac1 = mac16(&bytes(vector, "macKey"), parts.before_mac1);
        assert_eq!((envelope.mac1, hex(&mac1)), (mac1, text(vector, "mac1").to_owned()));
        let mac2 = match vector["cookie"] {
            Value::Null => [0; 16],
            _ => mac16(&bytes(vector, "cookie"), parts.before_mac2),
        };
        assert_eq!((envelope.mac2, hex(&mac2)), (mac2, text(vector, "mac2").to_owned()));
    }
}

#[test]
fn keys_come_from_network_key_label_and_responder() {
    let file = load("macs.json");
    for vector in list(&file, "keys") {
        let derive = |label: &[u8]| {
            let mut mac = Blake2bMac::<U32>::new_from_slice(&bytes(vector, "networkKey")).expect("32 bytes");
            mac.update(label);
            mac.update(&bytes(vector, "responderId"));
            hex(&mac.finalize_fixed())
        };
        assert_eq!(derive(b"osier v1 mac1"), text(vector, "macKey"));
        if !vector["cookieKey"].is_null() {
            assert_eq!(derive(b"osier v1 cookie"), text(vector, "cookieKey"));
        }
    }
    for vector in list(&file, "routeIds") {
        let digest = Blake2b512::digest(bytes(vector, "publicKey"));
        assert_eq!(hex(&digest[..8]), text(vector, "routeId"));
    }
}

fn mac16(key: &[u8], message: &[u8]) -> [u8; 16] {
    let mut mac = Blake2bMac::<U16>::new_from_slice(key).expect("a key of 16 or 32 bytes");
    mac.update(message);
    mac.finalize_fixed().into()
}

fn load(name: &str) -> Value {
    let path = format!("{}/../../test/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    let json = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn list<'a>(file: &'a Value, name: &str) -> &'a [Value] {
    file[name].as_array().unwrap_or_else(|| panic!("no list {name}"))
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap_or_else(|| panic!("no string {name} in {vector}"))
}

fn bytes(vector: &Value, name: &str) -> Vec<u8> {
    let digits = text(vector, name);
    assert_eq!(digits.len() % 2, 0, "{vector}");
    let pairs = (0..digits.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex")).collect()
}
