//! Frames and packets as the vectors write them.

use osier_wire::*;
use serde_json::{json, Value};

/// A frame as in `frames.json`.
pub fn frame_as_json(frame: &Frame<'_>) -> Value {
    match frame {
        Frame::Padding(length) => json!({ "type": "PADDING", "length": length }),
        Frame::Ping => json!({ "type": "PING" }),
        Frame::Drain => json!({ "type": "DRAIN" }),
        Frame::Ack(ack) => ack_as_json(ack),
        Frame::Open(open) => json!({
            "type": "OPEN", "id": id(open.id), "kind": camel(open.kind), "protocol": open.protocol,
            "metadata": hex(open.metadata),
        }),
        Frame::ResetStream(reset) => json!({
            "type": "RESET_STREAM", "id": id(reset.id), "reason": camel(reset.reason), "code": reset.code,
            "finalOffset": reset.final_offset.to_string(),
        }),
        Frame::Stop(stop) => {
            json!({ "type": "STOP", "id": id(stop.id), "reason": camel(stop.reason), "code": stop.code })
        }
        Frame::MaxData { maximum } => json!({ "type": "MAX_DATA", "maximum": maximum.to_string() }),
        Frame::MaxStreamData { id: stream, maximum } => {
            json!({ "type": "MAX_STREAM_DATA", "id": id(*stream), "maximum": maximum.to_string() })
        }
        Frame::MaxStreams { maximum } => json!({ "type": "MAX_STREAMS", "maximum": maximum.to_string() }),
        Frame::Datagram(datagram) => datagram_as_json(datagram),
        Frame::Message(message) => message_as_json(message),
        Frame::Expire(expire) => json!({
            "type": "EXPIRE", "id": id(expire.id), "offset": expire.offset.to_string(),
            "totalLength": expire.total_len.to_string(),
        }),
        Frame::ExpireReply(reply) => json!({
            "type": "EXPIRE_REPLY", "id": id(reply.id), "offset": reply.offset.to_string(), "fate": camel(reply.fate),
        }),
        Frame::PathChallenge(data) => json!({ "type": "PATH_CHALLENGE", "data": hex(data) }),
        Frame::PathResponse(data) => json!({ "type": "PATH_RESPONSE", "data": hex(data) }),
        Frame::Close(close) => json!({ "type": "CLOSE", "code": camel(close.code), "reason": close.reason }),
        Frame::RouteError(error) => route_error_as_json(error),
        Frame::Stream(stream) => json!({
            "type": "STREAM", "id": id(stream.id), "offset": stream.offset.to_string(), "fin": stream.fin,
            "data": hex(stream.data),
        }),
    }
}

fn ack_as_json(ack: &AckFrame<'_>) -> Value {
    let ranges: Vec<_> =
        ack.ranges().map(|range| [range.start().to_string(), range.end().to_string()]).collect();
    let ecn = ack.ecn.map(
        |ecn| json!({ "ect0": ecn.ect0.to_string(), "ect1": ecn.ect1.to_string(), "ce": ecn.ce.to_string() }),
    );
    let name = if ecn.is_some() { "ACK_ECN" } else { "ACK" };
    json!({ "type": name, "delayMicros": ack.delay_micros.to_string(), "ranges": ranges, "ecn": ecn })
}

fn datagram_as_json(datagram: &DatagramFrame<'_>) -> Value {
    let fragment = datagram.header.fragment.map(|part| {
        json!({
            "number": part.number.to_string(), "totalLength": part.total_len.to_string(),
            "offset": part.offset.to_string(),
        })
    });
    let data = hex(datagram.data);
    json!({ "type": "DATAGRAM", "id": id(datagram.header.id), "fragment": fragment, "data": data })
}

fn message_as_json(message: &MessageFrame<'_>) -> Value {
    let header = &message.header;
    json!({
        "type": "MESSAGE", "id": id(header.id), "offset": header.offset.to_string(), "unordered": header.unordered,
        "lifetimeMicros": header.lifetime_micros.map(|micros| micros.to_string()),
        "totalLength": header.total_len.to_string(), "fragmentOffset": header.fragment_offset.to_string(),
        "data": hex(message.data),
    })
}

fn route_error_as_json(error: &RouteErrorFrame) -> Value {
    let (fault, mtu_bytes) = match error.fault {
        RouteFault::NoRoute => ("noRoute", 0),
        RouteFault::TooBig { mtu_bytes } => ("tooBig", mtu_bytes),
        RouteFault::TtlExpired => ("ttlExpired", 0),
    };
    json!({
        "type": "ROUTE_ERROR", "fault": fault, "mtuBytes": mtu_bytes, "ttl": error.ttl,
        "destination": hex(&error.destination.0), "source": hex(&error.source.0),
        "reporter": hex(&error.reporter.0), "quote": hex(&error.quote),
    })
}

/// A packet as in `packets.json`, and its bytes encoded again.
pub fn packet_as_json(packet: &[u8]) -> Result<(Value, Vec<u8>), DecodeError> {
    let mut room = vec![0; packet.len()];
    let mut w = Writer::new(&mut room);
    let (value, encoded) = match PacketKind::of(packet)? {
        PacketKind::Handshake => {
            let sent = HandshakeEnvelope::decode(packet)?;
            let value = json!({
                "type": "handshake", "message": camel(sent.message), "receiverIndex": sent.receiver_index,
                "senderIndex": sent.sender_index, "noise": hex(sent.noise), "mac1": hex(&sent.mac1),
                "mac2": hex(&sent.mac2),
            });
            (value, sent.encode(&mut w))
        }
        PacketKind::Cookie => {
            let reply = CookieReply::decode(packet)?;
            let value = json!({
                "type": "cookie", "receiverIndex": reply.receiver_index, "nonce": hex(&reply.nonce),
                "sealedCookie": hex(&reply.sealed_cookie),
            });
            (value, reply.encode(&mut w))
        }
        PacketKind::Reset => {
            let reset = Reset::decode(packet)?;
            let number = reset.packet_number.to_string();
            let value =
                json!({ "type": "reset", "receiverIndex": reset.receiver_index, "packetNumber": number });
            (value, reset.encode(&mut w))
        }
        PacketKind::Data => {
            let header = DataHeader::decode(packet)?;
            let number = header.packet_number.to_string();
            let value =
                json!({ "type": "data", "receiverIndex": header.receiver_index, "packetNumber": number });
            (value, header.encode(&mut w).and_then(|()| w.put_slice(&packet[limits::DATA_HEADER_BYTES..])))
        }
        PacketKind::Relay => {
            let (header, inner) = RelayHeader::decode(packet)?;
            (relay_as_json(&header, inner), header.encode(&mut w).and_then(|()| w.put_slice(inner)))
        }
        PacketKind::Hint => {
            let hint = Hint::decode(packet)?;
            (hint_as_json(&hint), hint.encode(&mut w))
        }
    };
    encoded.unwrap_or_else(|error| panic!("{error} in {value}"));
    Ok((value, w.finish().to_vec()))
}

fn relay_as_json(header: &RelayHeader, inner: &[u8]) -> Value {
    json!({
        "type": "relay", "ttl": header.ttl, "control": header.control,
        "hopReceiverIndex": header.hop_receiver_index, "hopPacketNumber": header.hop_packet_number.to_string(),
        "destination": hex(&header.destination.0), "source": hex(&header.source.0), "hopTag": hex(&header.hop_tag),
        "waypoint": header.waypoint.map(|waypoint| hex(&waypoint.0)), "inner": hex(inner),
    })
}

fn hint_as_json(hint: &Hint) -> Value {
    let (kind, receiver_index, versions) = match hint {
        Hint::Version { receiver_index, versions } => ("version", receiver_index, versions.as_slice()),
        Hint::Busy { receiver_index } => ("busy", receiver_index, &[][..]),
    };
    json!({ "type": "hint", "kind": kind, "receiverIndex": receiver_index, "versions": versions })
}

fn id(id: StreamId) -> String {
    id.0.to_string()
}

/// The name of an enum's variant, beginning in lower case.
fn camel(variant: impl std::fmt::Debug) -> String {
    let name = format!("{variant:?}");
    name[..1].to_lowercase() + &name[1..]
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
