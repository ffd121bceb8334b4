import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HandshakeFault } from '../../../src/handshake/fault.js';
import { openSolved, solve } from '../../../src/handshake/first-message.js';
import { ikInitiator, ikResponder, type NoiseHandshake } from '../../../src/handshake/noise.js';
import { exchangePublicKeyOfSecret } from '../../../src/identity/sodium.js';

interface Vector {
  source: string;
  init_prologue: string;
  init_static: string;
  init_ephemeral: string;
  init_remote_static: string;
  resp_prologue: string;
  resp_static: string;
  resp_ephemeral: string;
  messages: { payload: string; ciphertext: string }[];
}

const { vectors } = JSON.parse(readFileSync(new URL('../../vectors/noise-ik.json', import.meta.url), 'utf8')) as { vectors: Vector[] };

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');
const keyPair = (secret: string) => ({ secretKey: bytes(secret), publicKey: exchangePublicKeyOfSecret(bytes(secret)) });

/** One transport message of Noise: ChaCha20-Poly1305 under 4 zero bytes and the little-endian count, without associated data. */
function sealed(key: Uint8Array, count: number, payload: Uint8Array): string {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64LE(BigInt(count), 4);
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  return hex(Buffer.concat([cipher.update(payload), cipher.final(), cipher.getAuthTag()]));
}

function ends(vector: Vector): { initiator: NoiseHandshake; responder: NoiseHandshake } {
  const initiator = ikInitiator({
    prologue: bytes(vector.init_prologue),
    localStatic: keyPair(vector.init_static),
    remoteStatic: bytes(vector.init_remote_static),
    ephemeralSecret: bytes(vector.init_ephemeral),
  });
  const responder = ikResponder({
    prologue: bytes(vector.resp_prologue),
    localStatic: keyPair(vector.resp_static),
    ephemeralSecret: bytes(vector.resp_ephemeral),
  });
  return { initiator, responder };
}

describe.each(vectors)('the public test vector of $source', (vector) => {
  const [first, second, ...transport] = vector.messages as [Vector['messages'][0], Vector['messages'][0], ...Vector['messages']];

  it('gives the same message 2 and keys where another thread has read message 1', () => {
    const { initiator } = ends(vector);
    const first = {
      pattern: 'IK',
      prologue: bytes(vector.resp_prologue),
      psk: null,
      ephemeralSecret: bytes(vector.resp_ephemeral),
      message: initiator.writeMessage(bytes(vector.messages[0]?.payload ?? '')),
    } as const;
    const keys = keyPair(vector.resp_static);
    const opened = openSolved(first, keys, solve(first, keys));
    if (opened instanceof HandshakeFault) throw opened;
    expect(hex(opened.payload)).toBe(vector.messages[0]?.payload);
    const message2 = opened.noise.writeMessage(bytes(second.payload));
    expect(hex(message2)).toBe(second.ciphertext);
    initiator.readMessage(message2);
    expect(opened.noise.split()).toEqual(initiator.split());
  });

  it('gives the same messages', () => {
    const { initiator, responder } = ends(vector);
    const message1 = initiator.writeMessage(bytes(first.payload));
    expect(hex(message1)).toBe(first.ciphertext);
    expect(hex(responder.readMessage(message1))).toBe(first.payload);
    expect(hex(responder.remoteStatic ?? new Uint8Array())).toBe(hex(keyPair(vector.init_static).publicKey));
    const message2 = responder.writeMessage(bytes(second.payload));
    expect(hex(message2)).toBe(second.ciphertext);
    expect(hex(initiator.readMessage(message2))).toBe(second.payload);
  });

  it('gives keys at both ends that seal the same transport messages', () => {
    const { initiator, responder } = ends(vector);
    responder.readMessage(initiator.writeMessage(bytes(first.payload)));
    initiator.readMessage(responder.writeMessage(bytes(second.payload)));
    for (const keys of [initiator.split(), responder.split()]) {
      for (const [index, { payload, ciphertext }] of transport.entries()) {
        const key = index % 2 === 0 ? keys.initiatorToResponder : keys.responderToInitiator;
        expect(sealed(key, Math.floor(index / 2), bytes(payload))).toBe(ciphertext);
      }
    }
  });

  it('gives the same on a copy, also after the copied state was spoilt or used up', () => {
    const { initiator, responder } = ends(vector);
    const message1 = initiator.writeMessage(bytes(first.payload));
    for (let round = 0; round < 3; round++) {
      const calling = initiator.clone();
      expect(() => calling.clone().readMessage(bytes('00'.repeat(200)))).toThrow();
      const called = responder.clone();
      called.readMessage(message1);
      const answering = called.clone();
      const message2 = called.writeMessage(bytes(second.payload));
      expect(hex(message2)).toBe(second.ciphertext);
      called.wipe();
      expect(hex(answering.writeMessage(bytes(second.payload)))).toBe(second.ciphertext);
      expect(hex(calling.readMessage(message2))).toBe(second.payload);
      expect(hex(calling.split().initiatorToResponder)).toBe(hex(answering.split().initiatorToResponder));
    }
  });
});
