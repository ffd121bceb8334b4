//! Strategies that make arbitrary valid values of the wire, with numbers at the edges of their encodings preferred.
#![allow(dead_code)] // each test file uses a part

use osier_wire::limits::*;
use osier_wire::*;
use proptest::collection::vec;
use proptest::prelude::*;
use std::ops::RangeInclusive;

/// Numbers up to `max`, often right at a limit of a varint's length.
pub fn number(max: u64) -> impl Strategy<Value = u64> {
    let edges = [0, 1, 63, 64, 16_383, 16_384, (1 << 30) - 1, 1 << 30, MAX_VARINT - 1, MAX_VARINT];
    let edges: Vec<u64> = edges.into_iter().filter(|&edge| edge < max).chain([max]).collect();
    prop_oneof![proptest::sample::select(edges), 0..=max.min(100_000), 0..=max]
}

pub fn stream_id() -> impl Strategy<Value = StreamId> {
    number(MAX_STREAM_ID).prop_map(StreamId)
}

pub fn text(max_bytes: usize) -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..max_bytes / 2).prop_map(move |characters| {
        let mut text = String::new();
        for character in characters {
            if text.len() + character.len_utf8() <= max_bytes {
                text.push(character);
            }
        }
        text
    })
}

/// Ranges as a receiver keeps them: descending, with gaps.
pub fn ack_ranges() -> impl Strategy<Value = Vec<RangeInclusive<u64>>> {
    let steps = vec((number(1 << 32), number(1 << 32)), 1..=MAX_ACK_RANGES);
    (number(MAX_PACKET_NUMBER), steps).prop_map(|(largest, steps)| {
        let mut ranges = Vec::new();
        let mut top = Some(largest);
        for (length, gap) in steps {
            let Some(end) = top else { break };
            let start = end.saturating_sub(length);
            ranges.push(start..=end);
            top = start.checked_sub(gap + 2);
        }
        ranges
    })
}

pub fn ecn_counts() -> impl Strategy<Value = Option<EcnCounts>> {
    let counts = (number(MAX_VARINT), number(MAX_VARINT), number(MAX_VARINT));
    proptest::option::of(counts.prop_map(|(ect0, ect1, ce)| EcnCounts { ect0, ect1, ce }))
}

/// Bytes that frames borrow their data from.
#[derive(Debug, Clone)]
pub struct Material {
    pub data: Vec<u8>,
    pub text: String,
}

pub fn material() -> impl Strategy<Value = Material> {
    (vec(any::<u8>(), 0..600), text(MAX_CLOSE_REASON_BYTES)).prop_map(|(data, text)| Material { data, text })
}

/// A frame that may borrow from `material`, out of every kind but ACK, which only a decoder makes.
pub fn frame<'a>(material: &'a Material) -> impl Strategy<Value = Frame<'a>> {
    let own = prop_oneof![plain_frame(), route_error_frame()];
    let own = own.prop_map(|frame: Frame<'static>| -> Frame<'a> { frame });
    prop_oneof![own, stream_frame(material), message_frame(material)]
}

fn plain_frame() -> impl Strategy<Value = Frame<'static>> {
    let reason = proptest::sample::select(ResetReason::ALL.to_vec());
    let stop_reason = reason.clone();
    let fate = proptest::sample::select(vec![MessageFate::Delivered, MessageFate::Dropped]);
    let place =
        (number(MAX_STREAM_OFFSET - MAX_MESSAGE_BYTES - MESSAGE_RECORD_BYTES), number(MAX_MESSAGE_BYTES));
    prop_oneof![
        (1usize..40).prop_map(Frame::Padding),
        Just(Frame::Ping),
        Just(Frame::Drain),
        number(MAX_VARINT).prop_map(|maximum| Frame::MaxData { maximum }),
        (stream_id(), number(MAX_VARINT)).prop_map(|(id, maximum)| Frame::MaxStreamData { id, maximum }),
        number(MAX_STREAM_COUNT).prop_map(|maximum| Frame::MaxStreams { maximum }),
        (stream_id(), reason, any::<u32>(), number(MAX_STREAM_OFFSET)).prop_map(|(id, reason, code, end)| {
            Frame::ResetStream(ResetStreamFrame { id, reason, code, final_offset: end })
        }),
        (stream_id(), stop_reason, any::<u32>()).prop_map(|(id, reason, code)| Frame::Stop(StopFrame {
            id,
            reason,
            code
        })),
        (stream_id(), place)
            .prop_map(|(id, (offset, total_len))| { Frame::Expire(ExpireFrame { id, offset, total_len }) }),
        (stream_id(), number(MAX_STREAM_OFFSET), fate)
            .prop_map(|(id, offset, fate)| { Frame::ExpireReply(ExpireReplyFrame { id, offset, fate }) }),
        any::<[u8; 8]>().prop_map(Frame::PathChallenge),
        any::<[u8; 8]>().prop_map(Frame::PathResponse),
    ]
}

fn stream_frame(material: &Material) -> impl Strategy<Value = Frame<'_>> {
    let kind = proptest::sample::select(StreamKind::ALL.to_vec());
    let code = proptest::sample::select(CloseCode::ALL.to_vec());
    let data = &material.data[..];
    let metadata = &data[..data.len().min(MAX_METADATA_BYTES)];
    let end =
        material.text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|&end| end <= 64).last();
    let protocol = end.map_or("fallback", |end| &material.text[..end]);
    prop_oneof![
        (stream_id(), number(MAX_STREAM_OFFSET - 600), any::<bool>())
            .prop_map(move |(id, offset, fin)| Frame::Stream(StreamFrame { id, offset, fin, data })),
        (stream_id(), kind).prop_map(move |(id, kind)| Frame::Open(OpenFrame {
            id,
            kind,
            protocol,
            metadata
        })),
        code.prop_map(|code| Frame::Close(CloseFrame { code, reason: &material.text })),
    ]
}

fn message_frame(material: &Material) -> impl Strategy<Value = Frame<'_>> {
    let data = &material.data[..];
    let before = number(1 << 20);
    let after = number(1 << 20);
    let lifetime = proptest::option::of(number(MAX_LIFETIME_MICROS));
    let message = (stream_id(), number(1 << 40), any::<bool>(), lifetime, before, after).prop_map(
        move |(id, offset, unordered, lifetime_micros, before, after)| {
            let (before, after) = if data.is_empty() { (0, 0) } else { (before, after) };
            let total_len = before + data.len() as u64 + after;
            let header =
                MessageHeader { id, offset, unordered, lifetime_micros, total_len, fragment_offset: before };
            Frame::Message(MessageFrame { header, data })
        },
    );
    let fragment = proptest::option::of((number(MAX_VARINT), number(1 << 20), number(1 << 20)));
    let datagram = (stream_id(), fragment).prop_map(move |(id, fragment)| {
        let fragment = fragment.filter(|_| !data.is_empty()).map(|(number, before, after)| {
            DatagramFragment { number, total_len: before + data.len() as u64 + after, offset: before }
        });
        Frame::Datagram(DatagramFrame { header: DatagramHeader { id, fragment }, data })
    });
    prop_oneof![message, datagram]
}

fn route_error_frame() -> impl Strategy<Value = Frame<'static>> {
    let mtu = MIN_ROUTE_MTU_BYTES as u16..=MAX_ROUTE_MTU_BYTES as u16;
    let fault = prop_oneof![
        Just(RouteFault::NoRoute),
        Just(RouteFault::TtlExpired),
        mtu.prop_map(|mtu_bytes| RouteFault::TooBig { mtu_bytes }),
    ];
    let names = (any::<[u8; 8]>(), any::<[u8; 8]>(), any::<[u8; 8]>());
    (fault, 1..=MAX_TTL, names, any::<[u8; 16]>()).prop_map(|(fault, ttl, (to, from, by), quote)| {
        Frame::RouteError(RouteErrorFrame {
            fault,
            ttl,
            destination: RouteId(to),
            source: RouteId(from),
            reporter: RouteId(by),
            quote,
        })
    })
}

/// Decodes a whole payload.
pub fn decode_all(payload: &[u8]) -> Result<Vec<Frame<'_>>, DecodeError> {
    let mut reader = Reader::new(payload);
    let mut frames = Vec::new();
    while !reader.is_empty() {
        frames.push(Frame::decode(&mut reader)?);
    }
    Ok(frames)
}

/// Encodes one frame into exactly the room that it says it needs.
pub fn encode_one(frame: &Frame<'_>) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = vec![0xee; frame.encoded_len()];
    let mut writer = Writer::new(&mut bytes);
    frame.encode(&mut writer)?;
    assert_eq!(writer.room(), 0, "{frame:?} is shorter than its encoded_len");
    Ok(bytes)
}
