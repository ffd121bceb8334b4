import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decodeEnvelope, encodeEnvelope, MessageKind } from '../../src/handshake/envelope.js';
import { type HandshakeParty, Initiator, mac1KeyOf, Responder, Timestamps } from '../../src/handshake/index.js';
import { trafficKeys } from '../../src/handshake/keys.js';
import { ikInitiator, ikResponder } from '../../src/handshake/noise.js';
import { decodeRequest, encodeAnswer, encodeRequest } from '../../src/handshake/payload.js';
import { ikPrologue } from '../../src/handshake/prologue.js';
import { exchangeKeyOfNodeId, exchangeKeysOf, generateIdentity } from '../../src/identity/index.js';
import { exchangePublicKeyOfSecret, randomFill } from '../../src/identity/sodium.js';
import { buildSnow, SnowEnd } from './snow-process.js';

let executable: string;
let snow: SnowEnd;

beforeAll(() => {
  executable = buildSnow();
}, 600_000);
beforeEach(() => {
  snow = new SnowEnd(executable);
});
afterEach(() => snow[Symbol.dispose]());

function random(byteCount: number): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  randomFill(bytes);
  return bytes;
}

const randomKeys = () => {
  const secretKey = random(32);
  return { secretKey, publicKey: exchangePublicKeyOfSecret(secretKey) };
};

describe('Noise_IK_25519_ChaChaPoly_BLAKE2b with snow', () => {
  it.each([0, 1, 16, 63, 64, 127, 500, 1000])('as initiator, with payloads of %i bytes: same messages read, same keys split', async (byteCount) => {
    const [local, remote, prologue] = [randomKeys(), randomKeys(), random(byteCount)];
    const [payload1, payload2] = [random(byteCount), random(byteCount)];
    await snow.command('responder', prologue, remote.secretKey);
    const noise = ikInitiator({ prologue, localStatic: local, remoteStatic: remote.publicKey, ephemeralSecret: random(32) });
    expect(await snow.one('read', noise.writeMessage(payload1))).toEqual(payload1);
    expect(await snow.one('remote')).toEqual(local.publicKey);
    expect(Uint8Array.from(noise.readMessage(await snow.one('write', payload2)))).toEqual(payload2);
    const keys = noise.split();
    expect(await snow.command('split')).toEqual([keys.initiatorToResponder, keys.responderToInitiator]);
  });

  it.each([0, 1, 16, 63, 64, 127, 500, 1000])('as responder, with payloads of %i bytes: same messages read, same keys split', async (byteCount) => {
    const [local, remote, prologue] = [randomKeys(), randomKeys(), random(byteCount)];
    const [payload1, payload2] = [random(byteCount), random(byteCount)];
    await snow.command('initiator', prologue, remote.secretKey, local.publicKey);
    const noise = ikResponder({ prologue, localStatic: local, ephemeralSecret: random(32) });
    expect(Uint8Array.from(noise.readMessage(await snow.one('write', payload1)))).toEqual(payload1);
    expect(noise.remoteStatic && Uint8Array.from(noise.remoteStatic)).toEqual(remote.publicKey);
    expect(await snow.one('read', noise.writeMessage(payload2))).toEqual(payload2);
    const keys = noise.split();
    expect(await snow.command('split')).toEqual([keys.initiatorToResponder, keys.responderToInitiator]);
  });

  it('refuses what snow refuses: another prologue, another key, a changed message', async () => {
    const [local, remote] = [randomKeys(), randomKeys()];
    await snow.command('responder', random(8), remote.secretKey);
    const options = { localStatic: local, remoteStatic: remote.publicKey, ephemeralSecret: random(32) };
    await expect(snow.command('read', ikInitiator({ prologue: random(8), ...options }).writeMessage(random(9)))).rejects.toThrow(/decrypt/);
    await snow.command('initiator', new Uint8Array(), remote.secretKey, local.publicKey);
    const message = await snow.one('write', random(10));
    const responder = (prologue: Uint8Array) => ikResponder({ prologue, localStatic: local, ephemeralSecret: random(32) });
    expect(() => responder(random(1)).readMessage(message)).toThrow(/decrypt/);
    expect(() => responder(new Uint8Array()).readMessage(message.with(40, (message[40] ?? 0) ^ 1))).toThrow(/decrypt/);
    expect(responder(new Uint8Array()).readMessage(message).length).toBe(10);
  });
});

describe('a whole Osier handshake with snow at the other end', () => {
  const secret = random(32);
  const party = async (): Promise<HandshakeParty> => {
    const identity = await generateIdentity();
    return {
      id: identity.id,
      exchangeKeys: exchangeKeysOf(identity),
      instance: Buffer.from(random(16)).toString('hex'),
      networkSecrets: [secret],
      ciphers: ['chacha20-poly1305'],
      credit: { maxData: 1000, maxStreamData: 100, maxStreams: 10 },
      timestamps: new Timestamps(Date.now),
      nowMs: () => 0,
      randomBytes: random,
    };
  };

  it('gives the initiator the keys that snow has', async () => {
    const [alice, bob] = [await party(), await party()];
    const initiator = new Initiator(alice, {
      peer: bob.id,
      verified: 'id',
      localIndex: 1,
      replacesIndex: 0,
      token: random(8),
      firstPacketNumber: 0n,
    });
    await snow.command('responder', ikPrologue(secret, bob.id), bob.exchangeKeys.secretKey);
    const request = decodeRequest(await snow.one('read', decodeEnvelope(initiator.nextMessage().datagram).noise));
    expect(request).toMatchObject({ id: alice.id, senderIndex: 1, credit: alice.credit });
    const { id, instance, credit } = bob;
    const named = { id, instance, token: '01'.repeat(8), senderIndex: 2, versions: [1], features: 0, firstPacketNumber: 0n, credit };
    const noise = await snow.one('write', encodeAnswer({ kind: 'accepted', cipher: 'chacha20-poly1305', ...named }));
    const answer = encodeEnvelope({ kind: MessageKind.ik2, receiverIndex: 1, senderIndex: 2, noise }, mac1KeyOf(secret, bob.id));
    const outcome = initiator.receive(answer);
    const [initiatorToResponder = random(0), responderToInitiator = random(0)] = await snow.command('split');
    const keys = trafficKeys({ initiatorToResponder, responderToInitiator }, 'chacha20-poly1305');
    expect(outcome).toMatchObject({
      status: 'established',
      result: { peer: bob.id, remoteIndex: 2, sendKeys: keys.initiatorToResponder, receiveKeys: keys.responderToInitiator },
    });
  });

  it('gives the responder the keys that snow has', async () => {
    const [alice, bob] = [await party(), await party()];
    await snow.command('initiator', ikPrologue(secret, bob.id), alice.exchangeKeys.secretKey, exchangeKeyOfNodeId(bob.id));
    const { id, instance, credit, ciphers } = alice;
    const named = { id, instance, token: '01'.repeat(8), senderIndex: 1, versions: [1], features: 0, firstPacketNumber: 0n, credit };
    const noise = await snow.one('write', encodeRequest({ ...named, timestampMicros: 1n, ciphers }, 176));
    const message1 = encodeEnvelope({ kind: MessageKind.ik1, receiverIndex: 0, senderIndex: 1, noise }, mac1KeyOf(secret, bob.id));
    const received = new Responder(bob, () => 0).receive(message1, 0);
    if (received.status !== 'call') throw new Error(received.status);
    const { datagram, result } = received.call.accept({ localIndex: 2, token: random(8), firstPacketNumber: 0n });
    await snow.command('read', decodeEnvelope(datagram).noise);
    const [initiatorToResponder = random(0), responderToInitiator = random(0)] = await snow.command('split');
    const keys = trafficKeys({ initiatorToResponder, responderToInitiator }, 'chacha20-poly1305');
    expect(result).toMatchObject({ peer: alice.id, sendKeys: keys.responderToInitiator, receiveKeys: keys.initiatorToResponder });
  });
});
