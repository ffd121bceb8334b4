import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Cipher, trafficKeys } from '../../../src/handshake/keys.js';

interface KeyVector extends Readonly<Record<string, string>> {
  readonly cipher: Cipher;
}

const vectors = JSON.parse(readFileSync(new URL('../../vectors/session-keys.json', import.meta.url), 'utf8')) as { keys: KeyVector[] };
const bytes = (hex: string | undefined): Uint8Array => Uint8Array.from(Buffer.from(hex ?? '', 'hex'));

test.each(vectors.keys)('the session keys of $cipher are those of an independent implementation', (vector) => {
  const split = { initiatorToResponder: bytes(vector.splitInitiatorToResponder), responderToInitiator: bytes(vector.splitResponderToInitiator) };
  expect(trafficKeys(split, vector.cipher)).toEqual({
    initiatorToResponder: { data: bytes(vector.dataInitiatorToResponder), hopTag: bytes(vector.hopTagInitiatorToResponder) },
    responderToInitiator: { data: bytes(vector.dataResponderToInitiator), hopTag: bytes(vector.hopTagResponderToInitiator) },
  });
});

test('every session key is another', () => {
  const keys = vectors.keys.flatMap(({ cipher, ...values }) => Object.values(values));
  expect(new Set(keys).size).toBe(2 + 8);
});

test('the keys of Split() are wiped once they are expanded', () => {
  const split = { initiatorToResponder: new Uint8Array(32).fill(1), responderToInitiator: new Uint8Array(32).fill(2) };
  trafficKeys(split, 'chacha20-poly1305');
  expect([split.initiatorToResponder, split.responderToInitiator]).toEqual([new Uint8Array(32), new Uint8Array(32)]);
});
