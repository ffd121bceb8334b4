import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decodeEnvelope, encodeEnvelope, MessageKind } from '../../src/handshake/envelope.js';
import { type HandshakeParty, JoinInitiator, JoinResponder, Timestamps } from '../../src/handshake/index.js';
import { trafficKeys } from '../../src/handshake/keys.js';
import { joinKeysOf } from '../../src/handshake/network-keys.js';
import { xxInitiator, xxResponder } from '../../src/handshake/noise.js';
import { decodeGreeting, decodeIntroduction, encodeAnswer, encodeGreeting, encodeIntroduction } from '../../src/handshake/payload.js';
import { exchangeKeysOf, generateIdentity } from '../../src/identity/index.js';
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

describe('Noise_XXpsk0_25519_ChaChaPoly_BLAKE2b with snow', () => {
  it.each([0, 1, 64, 127, 500, 1000])('as initiator, with payloads of %i bytes: same messages read, same keys split', async (byteCount) => {
    const [local, remote, prologue, psk] = [randomKeys(), randomKeys(), random(byteCount), random(32)];
    const [payload1, payload2, payload3] = [random(byteCount), random(byteCount), random(byteCount)];
    await snow.command('xx-responder', prologue, remote.secretKey, psk);
    const noise = xxInitiator({ prologue, psk, localStatic: local, ephemeralSecret: random(32) });
    expect(await snow.one('read', noise.writeMessage(payload1))).toEqual(payload1);
    expect(Uint8Array.from(noise.readMessage(await snow.one('write', payload2)))).toEqual(payload2);
    expect(noise.remoteStatic && Uint8Array.from(noise.remoteStatic)).toEqual(remote.publicKey);
    expect(await snow.one('read', noise.writeMessage(payload3))).toEqual(payload3);
    expect(await snow.one('remote')).toEqual(local.publicKey);
    const keys = noise.split();
    expect(await snow.command('split')).toEqual([keys.initiatorToResponder, keys.responderToInitiator]);
  });

  it.each([0, 1, 64, 127, 500, 1000])('as responder, with payloads of %i bytes: same messages read, same keys split', async (byteCount) => {
    const [local, remote, prologue, psk] = [randomKeys(), randomKeys(), random(byteCount), random(32)];
    const [payload1, payload2, payload3] = [random(byteCount), random(byteCount), random(byteCount)];
    await snow.command('xx-initiator', prologue, remote.secretKey, psk);
    const noise = xxResponder({ prologue, psk, localStatic: local, ephemeralSecret: random(32) });
    expect(Uint8Array.from(noise.readMessage(await snow.one('write', payload1)))).toEqual(payload1);
    expect(await snow.one('read', noise.writeMessage(payload2))).toEqual(payload2);
    expect(await snow.one('remote')).toEqual(local.publicKey);
    expect(Uint8Array.from(noise.readMessage(await snow.one('write', payload3)))).toEqual(payload3);
    expect(noise.remoteStatic && Uint8Array.from(noise.remoteStatic)).toEqual(remote.publicKey);
    const keys = noise.split();
    expect(await snow.command('split')).toEqual([keys.initiatorToResponder, keys.responderToInitiator]);
  });

  it('refuses what snow refuses: another psk, another prologue', async () => {
    const [local, remote, prologue] = [randomKeys(), randomKeys(), random(8)];
    await snow.command('xx-responder', prologue, remote.secretKey, random(32));
    const options = { localStatic: local, psk: random(32), prologue };
    await expect(snow.command('read', xxInitiator({ ...options, ephemeralSecret: random(32) }).writeMessage(random(9)))).rejects.toThrow(/decrypt/);
    await snow.command('xx-initiator', prologue, remote.secretKey, options.psk);
    const message = await snow.one('write', random(10));
    const responder = (changed: object) => xxResponder({ ...options, ephemeralSecret: random(32), ...changed });
    expect(() => responder({ psk: random(32) }).readMessage(message)).toThrow(/decrypt/);
    expect(() => responder({ prologue: random(8) }).readMessage(message)).toThrow(/decrypt/);
    expect(responder({}).readMessage(message).length).toBe(10);
  });
});

describe('a whole join with snow at the other end', () => {
  const secret = random(32);
  const keysOfNetwork = joinKeysOf(secret);
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
  const introductionOf = ({ id, instance, credit }: HandshakeParty, senderIndex: number) => {
    return { id, instance, token: '01'.repeat(8), senderIndex, versions: [1], features: 0, firstPacketNumber: 0n, credit };
  };

  it('gives the initiator the keys that snow has', async () => {
    const [alice, bob] = [await party(), await party()];
    await snow.command('xx-responder', keysOfNetwork.prologue, bob.exchangeKeys.secretKey, keysOfNetwork.psk);
    const initiator = new JoinInitiator(alice, 1);
    expect(decodeGreeting(await snow.one('read', decodeEnvelope(initiator.nextMessage().datagram).noise))).toMatchObject({ senderIndex: 1 });
    const noise = await snow.one('write', encodeAnswer({ kind: 'accepted', cipher: 'chacha20-poly1305', ...introductionOf(bob, 2) }));
    const outcome = initiator.receive(encodeEnvelope({ kind: MessageKind.xx2, receiverIndex: 1, senderIndex: 2, noise }, keysOfNetwork.mac1Key));
    if (outcome.status !== 'found') throw new Error(outcome.status);
    expect(outcome.found.id).toBe(bob.id);
    const { datagram, result } = outcome.found.finish(random(8));
    expect(decodeIntroduction(await snow.one('read', decodeEnvelope(datagram).noise)).id).toBe(alice.id);
    const [initiatorToResponder = random(0), responderToInitiator = random(0)] = await snow.command('split');
    const keys = trafficKeys({ initiatorToResponder, responderToInitiator }, 'chacha20-poly1305');
    expect(result).toMatchObject({ peer: bob.id, sendKeys: keys.initiatorToResponder, receiveKeys: keys.responderToInitiator });
  });

  it('gives the responder the keys that snow has', async () => {
    const [alice, bob] = [await party(), await party()];
    await snow.command('xx-initiator', keysOfNetwork.prologue, alice.exchangeKeys.secretKey, keysOfNetwork.psk);
    const { ciphers } = alice;
    const first = await snow.one('write', encodeGreeting({ senderIndex: 1, versions: [1], features: 0, ciphers }, 224));
    const responder = new JoinResponder(
      bob,
      () => 0,
      () => {},
    );
    const envelope = { receiverIndex: 0, senderIndex: 1 };
    const received = responder.receive(encodeEnvelope({ kind: MessageKind.xx1, ...envelope, noise: first }, keysOfNetwork.mac1Key), 0);
    if (received.status !== 'greeting') throw new Error(received.status);
    await snow.command('read', decodeEnvelope(received.greeting.answer(2)).noise);
    const third = await snow.one('write', encodeIntroduction(introductionOf(alice, 1)));
    const last = encodeEnvelope({ kind: MessageKind.xx3, receiverIndex: 2, senderIndex: 1, noise: third }, keysOfNetwork.mac1Key);
    const joined = responder.receiveLast(2, last);
    if (joined.status !== 'joined') throw new Error(joined.status === 'ignored' ? joined.fault.message : joined.status);
    const [initiatorToResponder = random(0), responderToInitiator = random(0)] = await snow.command('split');
    const keys = trafficKeys({ initiatorToResponder, responderToInitiator }, 'chacha20-poly1305');
    expect(joined.join.result).toMatchObject({ peer: alice.id, sendKeys: keys.responderToInitiator, receiveKeys: keys.initiatorToResponder });
  });
});
