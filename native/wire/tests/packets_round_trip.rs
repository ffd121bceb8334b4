//! Packets have one encoding each: what decodes encodes back to the same bytes, and anything else is a typed error.
#![allow(clippy::expect_used)] // a test may fail by panicking

use osier_wire::limits::*;
use osier_wire::*;
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_a_packet_that_encodes_to_the_same_bytes_or_a_typed_error(packet in packet()) {
        if let Some(again) = encode_again(&packet) {
            prop_assert_eq!(again, packet);
        }
    }

    #[test]
    fn handshake_packets_arrive_as_sent(
        message in proptest::sample::select(HandshakeMessage::ALL.to_vec()),
        indices in any::<(u32, u32)>(),
        noise in vec(any::<u8>(), 96..=MAX_NOISE_MESSAGE_BYTES),
        macs in any::<([u8; 16], [u8; 16])>(),
    ) {
        let (receiver_index, sender_index) = indices;
        let (mac1, mac2) = macs;
        let sent = HandshakeEnvelope { message, receiver_index, sender_index, noise: &noise, mac1, mac2 };
        let bytes = write(|w| sent.encode(w)).expect("within limits");
        prop_assert_eq!(HandshakeEnvelope::decode(&bytes), Ok(sent));
        let invariants = HandshakeInvariants::decode(&bytes).expect("same bytes");
        prop_assert_eq!(invariants.before_mac1, &bytes[..bytes.len() - 32]);
        prop_assert_eq!(invariants.before_mac2, &bytes[..bytes.len() - 16]);
        prop_assert_eq!((invariants.mac1, invariants.mac2), (mac1, mac2));
    }

    #[test]
    fn relayed_packets_arrive_as_sent(
        ttl in 1..=MAX_TTL,
        hop in any::<(bool, u32, u64)>(),
        names in any::<([u8; 8], [u8; 8], [u8; 8])>(),
        waypoint in any::<Option<[u8; 8]>>(),
        payload in vec(any::<u8>(), 0..200),
    ) {
        let (control, hop_receiver_index, hop_packet_number) = hop;
        let (destination, source, hop_tag) = names;
        let header = RelayHeader {
            ttl, control, hop_receiver_index, hop_packet_number, hop_tag,
            destination: RouteId(destination),
            source: RouteId(source),
            waypoint: waypoint.map(RouteId),
        };
        let inner = [DataHeader { receiver_index: 7, packet_number: 9 }.to_bytes().expect("small").to_vec(), payload].concat();
        let bytes = write(|w| header.encode(w).and_then(|()| w.put_slice(&inner))).expect("room");
        prop_assert_eq!(bytes.len(), header.encoded_len() + inner.len());
        prop_assert_eq!(RelayHeader::decode(&bytes), Ok((header, &inner[..])));
    }
}

#[test]
fn every_prefix_of_a_packet_is_truncated_and_every_extension_refused() {
    let hint = Hint::Version { receiver_index: 5, versions: HintVersions::new(&[1, 2]).expect("valid") };
    let cookie = CookieReply { receiver_index: 5, nonce: [1; 24], sealed_cookie: [2; 32] };
    let fixed = [
        write(|w| Reset { receiver_index: 5, packet_number: 6 }.encode(w)),
        write(|w| hint.encode(w)),
        write(|w| cookie.encode(w)),
    ];
    for bytes in fixed {
        let bytes = bytes.expect("room");
        for len in 0..bytes.len() {
            assert_eq!(PacketKind::of(&bytes[..len]), Err(DecodeError::Truncated));
            assert_eq!(encode_again(&bytes[..len]), None);
        }
        assert_eq!(encode_again(&bytes).as_ref(), Some(&bytes));
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(PacketKind::of(&longer), Err(DecodeError::TrailingBytes));
        assert_eq!(encode_again(&longer), None);
    }
}

#[test]
fn each_decoder_refuses_the_packets_of_the_others() {
    let data = vec![4; 1].into_iter().chain([0; 100]).collect::<Vec<_>>();
    let refused = Err(DecodeError::UnknownPacketType(4));
    assert_eq!(HandshakeInvariants::decode(&data).map(|_| ()), refused);
    assert_eq!(HandshakeEnvelope::decode(&data).map(|_| ()), refused);
    assert_eq!(CookieReply::decode(&data).map(|_| ()), refused);
    assert_eq!(Reset::decode(&data).map(|_| ()), refused);
    assert_eq!(Hint::decode(&data).map(|_| ()), refused);
    assert_eq!(RelayHeader::decode(&data).map(|_| ()), refused);
    let mut reset = [0; RESET_BYTES];
    reset[0] = 3;
    assert_eq!(DataHeader::decode(&reset), Err(DecodeError::UnknownPacketType(3)));
}

#[test]
fn an_unknown_version_still_tells_whom_to_answer() {
    let mut packet = vec![0; 96];
    packet[..16].copy_from_slice(&[1, 77, 9, 9, 1, 2, 3, 4, 2, 8, 8, 8, 5, 6, 7, 8]);
    let invariants = HandshakeInvariants::decode(&packet).expect("invariant fields");
    assert_eq!((invariants.version, invariants.sender_index), (2, 0x0807_0605));
    assert_eq!(HandshakeEnvelope::decode(&packet), Err(DecodeError::UnknownVersion(2)));
}

#[test]
fn relays_forward_packet_types_that_they_do_not_know() {
    let mut packet = [0; MIN_RELAY_PACKET_BYTES];
    packet[0] = 5;
    packet[1] = 1;
    packet[RELAY_HEADER_BYTES] = 200;
    assert!(RelayHeader::decode(&packet).is_ok());
    packet[RELAY_HEADER_BYTES] = 5;
    assert_eq!(RelayHeader::decode(&packet), Err(DecodeError::Unknown(Field::InnerPacket)));
}

/// Decodes a packet with the decoder of its type and encodes the value again.
fn encode_again(packet: &[u8]) -> Option<Vec<u8>> {
    let again = match PacketKind::of(packet).ok()? {
        PacketKind::Handshake => {
            HandshakeEnvelope::decode(packet).ok().map(|value| write(|w| value.encode(w)))
        }
        PacketKind::Cookie => CookieReply::decode(packet).ok().map(|value| write(|w| value.encode(w))),
        PacketKind::Reset => Reset::decode(packet).ok().map(|value| write(|w| value.encode(w))),
        PacketKind::Hint => Hint::decode(packet).ok().map(|value| write(|w| value.encode(w))),
        PacketKind::Data => DataHeader::decode(packet).ok().map(|header| {
            write(|w| header.encode(w).and_then(|()| w.put_slice(&packet[DATA_HEADER_BYTES..])))
        }),
        PacketKind::Relay => RelayHeader::decode(packet)
            .ok()
            .map(|(header, inner)| write(|w| header.encode(w).and_then(|()| w.put_slice(inner)))),
    };
    Some(again?.expect("what was decoded is within the limits"))
}

fn write(encode: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = vec![0; 2000];
    let mut writer = Writer::new(&mut bytes);
    encode(&mut writer)?;
    Ok(writer.finish().to_vec())
}

/// Bytes that are often right in the places where decoders look: few values near the front, and lengths that the kinds have.
fn packet() -> impl Strategy<Value = Vec<u8>> {
    let mostly_zero = || prop_oneof![6 => Just(0u8), 3 => 0u8..9, 1 => any::<u8>()];
    let len = prop_oneof![Just(16usize), Just(64), 0..200usize];
    (0u8..8, vec(mostly_zero(), 15), vec(any::<u8>(), 200), len).prop_map(|(kind, head, tail, len)| {
        let mut packet = [vec![kind], head, tail].concat();
        packet.truncate(len);
        packet
    })
}
