import { beforeAll, describe, expect, it } from 'vitest';
import { decodeEnvelope, encodeEnvelope, MessageKind } from '../../../src/handshake/envelope.js';
import { encodeFields } from '../../../src/handshake/fields.js';
import { type CallOutcome, type HandshakeParty, mac1KeyOf } from '../../../src/handshake/index.js';
import { ikResponder } from '../../../src/handshake/noise.js';
import { type Answer, encodeAnswer } from '../../../src/handshake/payload.js';
import { ikPrologue } from '../../../src/handshake/prologue.js';
import { type NodeId, nodeIdOf, publicKeyOfNodeId } from '../../../src/identity/index.js';
import { draw, fateOf, initiatorOf, NETWORK_SECRET, partyOf } from './parties.js';

let alice: HandshakeParty;
let bob: HandshakeParty;

beforeAll(async () => {
  alice = await partyOf();
  bob = await partyOf();
});

/** What alice makes of a message 2 that bob's key seals around `payload`. */
function answered(payload: Uint8Array, senderIndex = 2): CallOutcome {
  const initiator = initiatorOf(alice, bob);
  const noise = ikResponder({ prologue: ikPrologue(NETWORK_SECRET, bob.id), localStatic: bob.exchangeKeys, ephemeralSecret: draw(32) });
  noise.readMessage(decodeEnvelope(initiator.nextMessage().datagram).noise);
  const envelope = { kind: MessageKind.ik2, receiverIndex: 0x0100_0001, senderIndex, noise: noise.writeMessage(payload) };
  return initiator.receive(encodeEnvelope(envelope, mac1KeyOf(NETWORK_SECRET, bob.id)));
}

/** An answer of bob that accepts, but for `lies`. */
function accepting(lies: Partial<Extract<Answer, { kind: 'accepted' }>>): Uint8Array {
  const { id, instance, credit } = bob;
  const named = { id, instance, token: '00'.repeat(8), senderIndex: 2, versions: [1], features: 0, firstPacketNumber: 0n, credit };
  return encodeAnswer({ kind: 'accepted', cipher: 'chacha20-poly1305', ...named, ...lies });
}

/** The other id with the same handshake key: that of the negative point. */
function twinOf(id: NodeId): NodeId {
  const publicKey = publicKeyOfNodeId(id);
  publicKey[31] = (publicKey[31] ?? 0) ^ 0x80;
  return nodeIdOf(publicKey);
}

describe('an answer that is authentic', () => {
  it('establishes a session when it says what it should', () => {
    expect(answered(accepting({})).status).toBe('established');
  });

  it('under another id than the one called is void, also under the one with the same handshake key', () => {
    expect(fateOf(answered(accepting({ id: twinOf(bob.id) })))).toBe('wrong-identity');
    expect(fateOf(answered(encodeAnswer({ kind: 'refused', id: alice.id, versions: [1], refusal: 'policy' })))).toBe('wrong-identity');
  });

  it('with an index of 0, a cipher that was not offered, or no version in common is void', () => {
    expect(fateOf(answered(accepting({ senderIndex: 0 }), 0))).toBe('contradictory');
    expect(fateOf(answered(accepting({ cipher: 'aes-256-gcm' })))).toBe('contradictory');
    expect(fateOf(answered(accepting({ versions: [2, 3] })))).toBe('downgrade');
  });

  it('that says nothing, or not all, is void', () => {
    expect(fateOf(answered(new Uint8Array()))).toBe('malformed');
    expect(fateOf(answered(encodeFields([[1, publicKeyOfNodeId(bob.id)]])))).toBe('malformed');
    expect(fateOf(answered(accepting({ versions: [] })))).toBe('malformed');
    expect(fateOf(answered(accepting({ versions: [0, 1] })))).toBe('malformed');
    expect(fateOf(answered(Buffer.concat([accepting({}), encodeFields([[3, new Uint8Array(8)]])])))).toBe('malformed');
    expect(fateOf(answered(accepting({}).subarray(0, -1)))).toBe('malformed');
    expect(fateOf(answered(Buffer.concat([accepting({}), Uint8Array.of(200, 2, 0, 1)])))).toBe('malformed');
    expect(fateOf(answered(Buffer.concat([accepting({}), Uint8Array.of(200, 1)])))).toBe('malformed');
  });

  it('with a key of no node in it is void', () => {
    expect(
      fateOf(
        answered(
          encodeFields([
            [1, new Uint8Array(32)],
            [6, Uint8Array.of(1)],
            [11, Uint8Array.of(1)],
          ]),
        ),
      ),
    ).toBe('wrong-identity');
  });

  it('that refuses for a reason of a later version is a refusal all the same', () => {
    const fields = (reason: number) =>
      encodeFields([
        [1, publicKeyOfNodeId(bob.id)],
        [6, Uint8Array.of(1)],
        [11, Uint8Array.of(reason)],
      ]);
    expect(answered(fields(200))).toEqual({ status: 'refused', why: 'policy' });
    expect(answered(fields(0))).toEqual({ status: 'refused', why: 'policy' });
    expect(answered(fields(4))).toEqual({ status: 'incompatible', subject: 'version' });
  });

  it('that grants more than a number can hold grants as much as it can', () => {
    const credit = new Uint8Array(24).fill(0xff);
    credit[7] = credit[15] = credit[23] = 0x3f;
    const fields = accepting({});
    // The credit field is the last but one: 24 bytes before the field of the cipher.
    fields.set(credit, fields.length - 4 - 24);
    const outcome = answered(fields);
    expect(outcome.status === 'established' && outcome.result.remoteCredit.maxData).toBe(Number.MAX_SAFE_INTEGER);
  });
});
