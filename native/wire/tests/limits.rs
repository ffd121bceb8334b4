//! Every limit holds on both ways: the last allowed value passes, the next one is a typed error for encoder and decoder.
#![allow(clippy::expect_used)] // a test may fail by panicking

mod support;

use osier_wire::limits::*;
use osier_wire::*;
use support::*;

const ID: StreamId = StreamId(1);

#[test]
fn varints_end_at_2_to_the_62() {
    let mut bytes = [0; 8];
    assert_eq!(Writer::new(&mut bytes).put_varint(MAX_VARINT), Ok(()));
    assert_eq!(Reader::new(&bytes).varint(), Ok(MAX_VARINT));
    let refused = Writer::new(&mut bytes).put_varint(MAX_VARINT + 1);
    assert_eq!(refused, Err(EncodeError::OutOfRange(Field::Varint)));
    assert_eq!(Writer::new(&mut bytes).put_varint(u64::MAX), Err(EncodeError::OutOfRange(Field::Varint)));
}

#[test]
fn packet_numbers_end_at_2_to_the_62() {
    let header = |packet_number| DataHeader { receiver_index: 1, packet_number };
    let mut packet = [0; MIN_DATA_PACKET_BYTES];
    packet[..16].copy_from_slice(&header(MAX_PACKET_NUMBER).to_bytes().expect("allowed"));
    assert_eq!(DataHeader::decode(&packet), Ok(header(MAX_PACKET_NUMBER)));
    packet[8..16].copy_from_slice(&(MAX_PACKET_NUMBER + 1).to_le_bytes());
    let over = header(MAX_PACKET_NUMBER + 1).to_bytes();
    assert_eq!(over, Err(EncodeError::OutOfRange(Field::PacketNumber)));
    assert_eq!(DataHeader::decode(&packet), Err(DecodeError::OutOfRange(Field::PacketNumber)));
    let reset = Reset { receiver_index: 1, packet_number: MAX_PACKET_NUMBER + 1 };
    let refused = reset.encode(&mut Writer::new(&mut [0; 16]));
    assert_eq!(refused, Err(EncodeError::OutOfRange(Field::PacketNumber)));
}

#[test]
fn packets_are_neither_too_short_nor_too_long() {
    let of = |kind: u8, len: usize| {
        let mut packet = vec![0; len];
        packet[0] = kind;
        PacketKind::of(&packet)
    };
    for (kind, value, min, max) in [
        (PacketKind::Handshake, 1, MIN_HANDSHAKE_BYTES, MAX_HANDSHAKE_BYTES),
        (PacketKind::Data, 4, MIN_DATA_PACKET_BYTES, MAX_DATAGRAM_BYTES),
        (PacketKind::Relay, 5, MIN_RELAY_PACKET_BYTES, MAX_DATAGRAM_BYTES),
    ] {
        assert_eq!(of(value, min - 1), Err(DecodeError::Truncated));
        assert_eq!(of(value, min), Ok(kind));
        assert_eq!(of(value, max), Ok(kind));
        assert_eq!(of(value, max + 1), Err(DecodeError::TooLong(Field::Packet)));
    }
}

#[test]
fn noise_messages_have_their_pattern_s_least_length_and_a_largest() {
    let mut room = [0; 2000];
    for message in HandshakeMessage::ALL {
        let noise = vec![7; MAX_NOISE_MESSAGE_BYTES + 1];
        let mut encode = |len: usize| {
            let (noise, mac1, mac2) = (&noise[..len], [1; 16], [2; 16]);
            let envelope =
                HandshakeEnvelope { message, receiver_index: 0, sender_index: 1, noise, mac1, mac2 };
            let mut writer = Writer::new(&mut room);
            envelope.encode(&mut writer).map(|()| writer.finish().to_vec())
        };
        let (min, max) = (message.min_noise_bytes(), MAX_NOISE_MESSAGE_BYTES);
        let smallest = encode(min).expect("allowed");
        let largest = encode(max).expect("allowed");
        assert_eq!(largest.len(), MAX_HANDSHAKE_BYTES);
        assert!(HandshakeEnvelope::decode(&smallest).is_ok() && HandshakeEnvelope::decode(&largest).is_ok());
        assert_eq!(encode(min - 1), Err(EncodeError::TooShort(Field::NoiseMessage)));
        assert_eq!(encode(max + 1), Err(EncodeError::TooLong(Field::NoiseMessage)));
        let shorter = &smallest[..smallest.len() - 1];
        let refused = HandshakeEnvelope::decode(shorter);
        assert_eq!(refused, Err(DecodeError::TooShort(Field::NoiseMessage)));
    }
}

#[test]
fn hints_name_one_to_seven_versions_none_of_them_zero() {
    assert!(HintVersions::new(&[]).is_none());
    assert!(HintVersions::new(&[1, 0]).is_none());
    assert!(HintVersions::new(&[1; MAX_HINT_VERSIONS + 1]).is_none());
    assert!(HintVersions::new(&[1; MAX_HINT_VERSIONS]).is_some());
}

#[test]
fn hops_are_1_to_32() {
    let header = |ttl| RelayHeader {
        ttl,
        control: false,
        hop_receiver_index: 1,
        hop_packet_number: u64::MAX,
        destination: RouteId([1; 8]),
        source: RouteId([2; 8]),
        hop_tag: [3; 8],
        waypoint: None,
    };
    let mut packet = [0; MIN_RELAY_PACKET_BYTES];
    packet[RELAY_HEADER_BYTES] = 4;
    for ttl in [1, MAX_TTL] {
        header(ttl).encode(&mut Writer::new(&mut packet)).expect("allowed");
        assert_eq!(RelayHeader::decode(&packet).map(|(header, _)| header.ttl), Ok(ttl));
    }
    for ttl in [0, MAX_TTL + 1, u8::MAX] {
        let refused = header(ttl).encode(&mut Writer::new(&mut packet));
        assert_eq!(refused, Err(EncodeError::OutOfRange(Field::TimeToLive)));
        packet[1] = ttl;
        assert_eq!(RelayHeader::decode(&packet), Err(DecodeError::OutOfRange(Field::TimeToLive)));
    }
}

#[test]
fn stream_data_end_at_2_to_the_62() {
    let frame = |offset, data| Frame::Stream(StreamFrame { id: ID, offset, fin: true, data });
    holds(frame(MAX_STREAM_OFFSET, b""), frame(MAX_STREAM_OFFSET, b"x"), out_of_range(Field::StreamOffset));
    holds(frame(MAX_STREAM_OFFSET - 1, b"x"), frame(u64::MAX, b"x"), out_of_range(Field::StreamOffset));
    // The decoder's side: offset 2^62 - 1 with one byte of data.
    let bytes = [0x20, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, b'x'];
    assert_eq!(decode_all(&bytes), Err(DecodeError::OutOfRange(Field::StreamOffset)));
    // A length beyond all memory is short of bytes, not a reason to allocate.
    let bytes = [0x22, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(decode_all(&bytes), Err(DecodeError::Truncated));
}

#[test]
fn stream_ids_and_counts_are_bounded() {
    let stop = |id| Frame::Stop(StopFrame { id: StreamId(id), reason: ResetReason::Application, code: 0 });
    holds(stop(MAX_STREAM_ID), stop(MAX_STREAM_ID + 1), out_of_range(Field::StreamId));
    let most = |maximum| Frame::MaxStreams { maximum };
    holds(most(MAX_STREAM_COUNT), most(MAX_STREAM_COUNT + 1), out_of_range(Field::StreamCount));
    let above = [0x09, 0xe0, 0, 0, 0, 0, 0, 0, 1];
    assert_eq!(decode_all(&above), Err(DecodeError::OutOfRange(Field::StreamCount)));
    assert_eq!(StreamId::new(MAX_STREAM_COUNT - 1, 1), Some(StreamId(MAX_STREAM_ID)));
    assert_eq!(StreamId::new(MAX_STREAM_COUNT, 0), None);
    assert_eq!(StreamId::new(0, 2), None);
}

#[test]
fn credit_is_bounded() {
    let data = |maximum| Frame::MaxData { maximum };
    holds(data(MAX_VARINT), data(MAX_VARINT + 1), out_of_range(Field::StreamOffset));
    let stream = |maximum| Frame::MaxStreamData { id: ID, maximum };
    holds(stream(MAX_VARINT), stream(MAX_VARINT + 1), out_of_range(Field::StreamOffset));
}

#[test]
fn names_metadata_and_reasons_are_bounded() {
    let name = "n".repeat(MAX_PROTOCOL_BYTES + 1);
    let metadata = [9; MAX_METADATA_BYTES + 1];
    let open = |name: usize, metadata_len: usize| OpenParts { name, metadata_len };
    let frame = |parts: OpenParts| {
        let (protocol, metadata) = (&name[..parts.name], &metadata[..parts.metadata_len]);
        Frame::Open(OpenFrame { id: StreamId(MAX_STREAM_ID), kind: StreamKind::Messages, protocol, metadata })
    };
    let largest = frame(open(MAX_PROTOCOL_BYTES, MAX_METADATA_BYTES));
    assert_eq!(largest.encoded_len(), MAX_OPEN_FRAME_BYTES);
    holds(largest, frame(open(MAX_PROTOCOL_BYTES + 1, 0)), EncodeError::TooLong(Field::Protocol));
    holds(frame(open(1, 0)), frame(open(0, 0)), EncodeError::TooShort(Field::Protocol));
    holds(frame(open(1, 1)), frame(open(1, MAX_METADATA_BYTES + 1)), EncodeError::TooLong(Field::Metadata));

    let text = "r".repeat(MAX_CLOSE_REASON_BYTES + 1);
    let close = |len: usize| Frame::Close(CloseFrame { code: CloseCode::Limit, reason: &text[..len] });
    let too_long = EncodeError::TooLong(Field::CloseReason);
    holds(close(MAX_CLOSE_REASON_BYTES), close(MAX_CLOSE_REASON_BYTES + 1), too_long);
    holds(close(0), close(MAX_CLOSE_REASON_BYTES + 1), too_long);
}

#[test]
fn messages_are_bounded_in_length_place_and_lifetime() {
    let header = |offset, total_len, fragment_offset, lifetime_micros| MessageHeader {
        id: ID,
        offset,
        unordered: false,
        lifetime_micros,
        total_len,
        fragment_offset,
    };
    let part = |header| Frame::Message(MessageFrame { header, data: b"x" });
    let empty = |header| Frame::Message(MessageFrame { header, data: b"" });
    let fine = part(header(0, 1, 0, None));

    let longest = part(header(0, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES - 1, None));
    let longer = part(header(0, MAX_MESSAGE_BYTES + 1, 0, None));
    holds(longest, longer, EncodeError::TooLong(Field::MessageLength));
    holds(fine, part(header(0, 5, 5, None)), out_of_range(Field::Fragment));
    holds(fine, part(header(0, 5, u64::MAX, None)), out_of_range(Field::Fragment));
    holds(empty(header(0, 0, 0, None)), empty(header(0, 1, 0, None)), EncodeError::TooShort(Field::Fragment));

    let last_place = MAX_STREAM_OFFSET - MESSAGE_RECORD_BYTES - 1;
    let place = out_of_range(Field::StreamOffset);
    holds(part(header(last_place, 1, 0, None)), part(header(last_place + 1, 1, 0, None)), place);
    holds(fine, part(header(u64::MAX, 1, 0, None)), place);
    let lives = |micros| part(header(0, 1, 0, Some(micros)));
    holds(lives(MAX_LIFETIME_MICROS), lives(MAX_LIFETIME_MICROS + 1), out_of_range(Field::Lifetime));

    let expire = |offset, total_len| Frame::Expire(ExpireFrame { id: ID, offset, total_len });
    let longer = expire(0, MAX_MESSAGE_BYTES + 1);
    holds(expire(0, MAX_MESSAGE_BYTES), longer, EncodeError::TooLong(Field::MessageLength));
    holds(expire(last_place, 1), expire(last_place, 2), place);
}

#[test]
fn datagrams_are_bounded_and_their_parts_lie_inside() {
    let part = |total_len, offset| {
        let fragment = Some(DatagramFragment { number: MAX_VARINT, total_len, offset });
        Frame::Datagram(DatagramFrame { header: DatagramHeader { id: ID, fragment }, data: b"x" })
    };
    let longest = part(MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES - 1);
    holds(longest, part(MAX_MESSAGE_BYTES + 1, 0), EncodeError::TooLong(Field::MessageLength));
    holds(part(2, 1), part(2, 2), out_of_range(Field::Fragment));
    holds(part(1, 0), part(0, 0), EncodeError::TooShort(Field::Fragment));
}

#[test]
fn route_errors_are_bounded() {
    let report = |ttl, fault| {
        let name = RouteId([1; 8]);
        let quote = [2; QUOTE_BYTES];
        let frame = RouteErrorFrame { fault, ttl, destination: name, source: name, reporter: name, quote };
        Frame::RouteError(frame)
    };
    let too_big = |mtu: usize| report(1, RouteFault::TooBig { mtu_bytes: mtu as u16 });
    let mtu = out_of_range(Field::Mtu);
    holds(too_big(MIN_ROUTE_MTU_BYTES), too_big(MIN_ROUTE_MTU_BYTES - 1), mtu);
    holds(too_big(MAX_ROUTE_MTU_BYTES), too_big(MAX_ROUTE_MTU_BYTES + 1), mtu);
    let ttl = out_of_range(Field::TimeToLive);
    holds(report(MAX_TTL, RouteFault::NoRoute), report(MAX_TTL + 1, RouteFault::NoRoute), ttl);
    holds(report(1, RouteFault::TtlExpired), report(0, RouteFault::TtlExpired), ttl);
}

struct OpenParts {
    name: usize,
    metadata_len: usize,
}

/// `allowed` passes both ways; `refused` does not leave, for the reason `why`.
#[track_caller]
fn holds(allowed: Frame<'_>, refused: Frame<'_>, why: EncodeError) {
    let bytes = encode_one(&allowed).expect("at the limit");
    assert_eq!(decode_all(&bytes), Ok(vec![allowed]));
    let mut room = [0; 4000];
    let mut writer = Writer::new(&mut room);
    assert_eq!(refused.encode(&mut writer), Err(why));
    assert_eq!(writer.position(), 0);
}

const fn out_of_range(field: Field) -> EncodeError {
    EncodeError::OutOfRange(field)
}
