import { expect, it } from 'vitest';
import { ikPrologue } from '../../../src/handshake/prologue.js';
import { nodeIdOf } from '../../../src/identity/index.js';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** RFC 8032 §7.1, test 1. */
const RFC_KEY = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';

/** Keyed BLAKE2b-256 of the label under 00 01 .. 1f, by the hashlib of Python. */
const COMMITMENT = '187af292808b260ac596c813bad6eb4c3c776660a867c669fe3223d453be4f47';

it('the prologue is label, version, responder and network commitment, byte for byte', () => {
  const secret = Uint8Array.from({ length: 32 }, (_, index) => index);
  const prologue = ikPrologue(secret, nodeIdOf(bytes(RFC_KEY)));
  expect(Buffer.from(prologue).toString('hex')).toBe(`${Buffer.from('osier v1 handshake').toString('hex')}01${RFC_KEY}${COMMITMENT}`);
});
