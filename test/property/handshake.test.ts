import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEnvelope, encodeEnvelope } from '../../src/handshake/envelope.js';
import { HandshakeFault } from '../../src/handshake/fault.js';
import { Initiator, Responder } from '../../src/handshake/index.js';
import type { Cipher } from '../../src/handshake/keys.js';
import { type Answer, decodeAnswer, decodeRequest, encodeAnswer, encodeRequest, type Request } from '../../src/handshake/payload.js';
import { partyOf } from '../unit/handshake/parties.js';

const [alice, bob] = [await partyOf(), await partyOf()];

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const credit = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const hex = (byteCount: number) => fc.uint8Array({ minLength: byteCount, maxLength: byteCount }).map((bytes) => Buffer.from(bytes).toString('hex'));
const versions = fc.uniqueArray(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 7 });
const cipher = fc.constantFrom<Cipher>('chacha20-poly1305', 'aes-256-gcm');
const introduction = {
  id: fc.constantFrom(alice.id, bob.id),
  instance: hex(16),
  token: hex(8),
  senderIndex: u32,
  versions,
  features: u32,
  firstPacketNumber: fc.bigInt({ min: 0n, max: (1n << 62n) - 1n }),
  credit: fc.record({ maxData: credit, maxStreamData: credit, maxStreams: credit }),
};
const request: fc.Arbitrary<Request> = fc.record({
  ...introduction,
  timestampMicros: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  ciphers: fc.uniqueArray(cipher),
});
const answer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({ kind: fc.constant('accepted' as const), cipher, ...introduction }),
  fc.record({
    kind: fc.constant('refused' as const),
    id: introduction.id,
    versions,
    refusal: fc.constantFrom('policy', 'limit', 'shutdown', 'version', 'cipher'),
  }),
);

/** What `read` gives, or `null` for a HandshakeFault. Anything else is thrown on. */
function typed<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof HandshakeFault) return null;
    throw error;
  }
}

/** Bytes with some of them overwritten, a part cut out, or something appended. */
function damaged(bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(bytes, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }), fc.nat(400), fc.nat(8), fc.uint8Array({ maxLength: 8 }))
    .map(([whole, changes, from, length, tail]) => {
      const copy = Uint8Array.from(whole);
      for (const [offset, value] of changes) if (copy.length > 0) copy[offset % copy.length] = value;
      return Uint8Array.from(Buffer.concat([copy.subarray(0, from), copy.subarray(from + length), tail]));
    });
}

describe('whatever arrives', () => {
  it('a payload is a value or a fault', () => {
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      damaged(request.map((value) => encodeRequest(value, 176))),
      damaged(answer.map((value) => encodeAnswer(value))),
    );
    fc.assert(
      fc.property(any, (bytes) => {
        typed(() => decodeRequest(bytes));
        typed(() => decodeAnswer(bytes));
      }),
      { numRuns: 5_000 },
    );
  });

  it('a packet is a value that is written back, but for its MACs, or a fault', () => {
    const head = fc.tuple(fc.constantFrom(1, 4), fc.nat(6), u32, u32).map(([type, kind, receiver, sender]) => {
      const bytes = new Uint8Array(16);
      const view = new DataView(bytes.buffer);
      bytes.set([type, kind]);
      view.setUint32(4, receiver, true);
      bytes[8] = 1;
      view.setUint32(12, sender, true);
      return bytes;
    });
    const packet = fc.tuple(head, fc.uint8Array({ maxLength: 1200, size: 'max' })).map((parts) => Uint8Array.from(Buffer.concat(parts)));
    fc.assert(
      fc.property(fc.oneof(packet, damaged(packet), fc.uint8Array({ maxLength: 200 })), (bytes) => {
        const envelope = typed(() => decodeEnvelope(bytes));
        if (envelope !== null) expect(Buffer.compare(encodeEnvelope(envelope, new Uint8Array(32)).subarray(0, -32), bytes.subarray(0, -32))).toBe(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('both ends ignore it, and go on to finish an honest handshake', () => {
    const responder = new Responder(bob, () => 0);
    const initiator = new Initiator(alice, {
      verified: 'id',
      peer: bob.id,
      localIndex: 1,
      replacesIndex: 0,
      token: new Uint8Array(8),
      firstPacketNumber: 0n,
    });
    const message1 = initiator.nextMessage().datagram;
    const received = responder.receive(message1, 0);
    if (received.status !== 'call') throw new Error(received.status);
    const { datagram: message2 } = received.call.accept({ localIndex: 2, token: new Uint8Array(8), firstPacketNumber: 0n });
    const isHonest = (bytes: Uint8Array, honest: Uint8Array): boolean => Buffer.compare(bytes.subarray(8, -32), honest.subarray(8, -32)) === 0;
    fc.assert(
      fc.property(fc.oneof(damaged(fc.constant(message1)), damaged(fc.constant(message2)), fc.uint8Array({ maxLength: 1300 })), (bytes) => {
        if (!isHonest(bytes, message1)) expect(responder.receive(bytes, 0).status).toBe('ignored');
        if (!isHonest(bytes, message2)) expect(initiator.receive(bytes).status).toBe('ignored');
      }),
      { numRuns: 500 },
    );
    expect(initiator.receive(message2).status).toBe('established');
  });
});

describe('whatever is said', () => {
  it('in message 1 is heard', () => {
    fc.assert(
      fc.property(request, fc.nat(300), (value, paddedBytes) => {
        const bytes = encodeRequest(value, paddedBytes);
        expect(decodeRequest(bytes)).toEqual(value);
        expect(bytes.length).toBeGreaterThanOrEqual(paddedBytes);
      }),
    );
  });

  it('in message 2 is heard', () => {
    fc.assert(
      fc.property(answer, (value) => {
        expect(decodeAnswer(encodeAnswer(value))).toEqual(value);
      }),
    );
  });

  it('by a later version in fields of its own is passed over', () => {
    const field = fc.tuple(fc.integer({ min: 12, max: 255 }), fc.uint8Array({ maxLength: 300 }));
    fc.assert(
      fc.property(request, fc.array(field, { maxLength: 4 }), (value, fields) => {
        const unknown = fields.flatMap(([type, bytes]) => [Uint8Array.of(type, bytes.length & 0xff, bytes.length >> 8), bytes]);
        expect(decodeRequest(Buffer.concat([...unknown, encodeRequest(value, 0), ...unknown]))).toEqual(value);
      }),
    );
  });
});
