/** Every bound of a payload holds for who writes and for who reads it. */
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeEnvelope, MessageKind } from '../../../src/handshake/envelope.js';
import { HandshakeFault, type HandshakeParty } from '../../../src/handshake/index.js';
import { decodeAnswer, decodeRequest, encodeAnswer, encodeRequest, type Request } from '../../../src/handshake/payload.js';
import { CIPHERS_MAX, HANDSHAKE_BYTES_MAX, VARINT_MAX, VERSIONS_MAX } from '../../../src/handshake/protocol.js';
import { partyOf } from './parties.js';

const VERSIONS_FIELD = 6;
const CIPHERS_FIELD = 8;
const FIRST_PACKET_NUMBER_FIELD = 9;
const CREDIT_FIELD = 10;

let party: HandshakeParty;
const request = (changes: Partial<Request> = {}): Request => ({
  id: party.id,
  instance: '00'.repeat(16),
  token: '00'.repeat(8),
  senderIndex: 1,
  versions: [1],
  features: 0,
  firstPacketNumber: 0n,
  credit: { maxData: 0, maxStreamData: 0, maxStreams: 0 },
  timestampMicros: 1n,
  ciphers: ['aes-256-gcm'],
  ...changes,
});

beforeAll(async () => {
  party = await partyOf();
});

/** `payload` with other bytes in one of its fields. */
function withField(payload: Uint8Array, wanted: number, bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < payload.length; ) {
    const [type = 0, low = 0, high = 0] = payload.subarray(at, at + 3);
    const end = at + 3 + low + 256 * high;
    parts.push(type === wanted ? Buffer.concat([Uint8Array.of(type, bytes.length, 0), bytes]) : payload.subarray(at, end));
    at = end;
  }
  return Buffer.concat(parts);
}

const uint64 = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);
const ones = (count: number): number[] => Array.from({ length: count }, () => 1);

describe('a payload', () => {
  it('lists at most so many versions', () => {
    expect(decodeRequest(encodeRequest(request({ versions: ones(VERSIONS_MAX) }), 0)).versions).toHaveLength(VERSIONS_MAX);
    expect(() => encodeRequest(request({ versions: ones(VERSIONS_MAX + 1) }), 0)).toThrow(RangeError);
    const longer = withField(encodeRequest(request(), 0), VERSIONS_FIELD, Uint8Array.from(ones(VERSIONS_MAX + 1)));
    expect(() => decodeRequest(longer)).toThrow(HandshakeFault);
    const refusal = { kind: 'refused', id: party.id, refusal: 'policy', versions: ones(VERSIONS_MAX + 1) } as const;
    expect(() => encodeAnswer(refusal)).toThrow(RangeError);
    const shorter = encodeAnswer({ ...refusal, versions: [1] });
    expect(() => decodeAnswer(withField(shorter, VERSIONS_FIELD, Uint8Array.from(ones(VERSIONS_MAX + 1))))).toThrow(HandshakeFault);
  });

  it('lists at most so many ciphers', () => {
    const ciphers = (count: number) => request({ ciphers: ones(count).map(() => 'aes-256-gcm' as const) });
    expect(decodeRequest(encodeRequest(ciphers(CIPHERS_MAX), 0)).ciphers).toHaveLength(CIPHERS_MAX);
    expect(() => encodeRequest(ciphers(CIPHERS_MAX + 1), 0)).toThrow(RangeError);
    const longer = withField(encodeRequest(request(), 0), CIPHERS_FIELD, Uint8Array.from(ones(CIPHERS_MAX + 1)));
    expect(() => decodeRequest(longer)).toThrow(HandshakeFault);
  });

  it('has packet numbers and credit up to 2^62 - 1', () => {
    expect(decodeRequest(encodeRequest(request({ firstPacketNumber: VARINT_MAX }), 0)).firstPacketNumber).toBe(VARINT_MAX);
    for (const bad of [VARINT_MAX + 1n, -1n]) expect(() => encodeRequest(request({ firstPacketNumber: bad }), 0)).toThrow(RangeError);
    const credit = { maxData: 2 ** 62, maxStreamData: 0, maxStreams: 0 };
    expect(() => encodeRequest(request({ credit }), 0)).toThrow(RangeError);
    const whole = encodeRequest(request(), 0);
    expect(() => decodeRequest(withField(whole, FIRST_PACKET_NUMBER_FIELD, uint64(VARINT_MAX + 1n)))).toThrow(HandshakeFault);
    for (const place of [0, 1, 2]) {
      const credits = [0, 1, 2].map((at) => uint64(at === place ? VARINT_MAX + 1n : 0n));
      expect(() => decodeRequest(withField(whole, CREDIT_FIELD, Buffer.concat(credits)))).toThrow(HandshakeFault);
    }
  });

  it('fits a packet of at most so many bytes', () => {
    const noise = (packetBytes: number) => ({ kind: MessageKind.ik1, receiverIndex: 0, senderIndex: 1, noise: new Uint8Array(packetBytes - 48) });
    expect(encodeEnvelope(noise(HANDSHAKE_BYTES_MAX), new Uint8Array(32))).toHaveLength(HANDSHAKE_BYTES_MAX);
    expect(() => encodeEnvelope(noise(HANDSHAKE_BYTES_MAX + 1), new Uint8Array(32))).toThrow('a handshake packet of');
  });
});
