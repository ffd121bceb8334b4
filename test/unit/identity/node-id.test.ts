import { describe, expect, it } from 'vitest';
import { encodeBase32 } from '../../../src/identity/base32.js';
import {
  compareNodeIds,
  exchangeKeyOfCalled,
  exchangeKeyOfNodeId,
  exchangeKeysOf,
  generateIdentity,
  type NodeId,
  nodeIdOf,
  parseNodeId,
  publicKeyOfNodeId,
  routeIdOfNodeId,
} from '../../../src/identity/index.js';
import { codeOf } from './errors.js';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** RFC 8032 §7.1, test 1. */
const RFC_KEY = bytes('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');

describe('a node id', () => {
  it('is 52 characters of lower-case base32 without padding', () => {
    const id = nodeIdOf(RFC_KEY);
    expect(id).toBe('25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkena');
    expect(id).toMatch(/^[a-z2-7]{52}$/);
    expect(publicKeyOfNodeId(id)).toEqual(RFC_KEY);
  });

  it('is read in either case', () => {
    const id = nodeIdOf(RFC_KEY);
    expect(parseNodeId(id.toUpperCase())).toBe(id);
  });

  it('has one spelling: spare bits that are not zero make it another text, not another id', () => {
    const id = nodeIdOf(RFC_KEY);
    const spellings = [...'abcdefghijklmnopqrstuvwxyz234567'].filter((last) => {
      try {
        return publicKeyOfNodeId(parseNodeId(id.slice(0, 51) + last)).every((byte, index) => byte === RFC_KEY[index]);
      } catch {
        return false;
      }
    });
    expect(spellings).toEqual([id.at(-1)]);
  });

  it.each([
    ['empty', ''],
    ['too short', 'a'.repeat(51)],
    ['too long', 'a'.repeat(53)],
    ['a character outside the alphabet', `${'a'.repeat(51)}1`],
    ['padded', `${'a'.repeat(51)}=`],
    ['with white space around', ` ${'a'.repeat(52)} `],
    ['not a string', 5 as unknown as string],
  ])('that is %s is BAD_ID', (_, text) => {
    expect(codeOf(() => parseNodeId(text))).toBe('ERR_OSIER_BAD_ID');
  });

  /** Ed25519 points of order 1, 2, 4 and 8, two not on the curve, and encodings that are not canonical (y >= p, or -0). */
  it.each([
    '0100000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000080',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    '0200000000000000000000000000000000000000000000000000000000000000',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    '0100000000000000000000000000000000000000000000000000000000000080',
  ])('of a key without a handshake key is BAD_ID: %s', (key) => {
    expect(codeOf(() => exchangeKeyOfNodeId(nodeIdOf(bytes(key))))).toBe('ERR_OSIER_BAD_ID');
    expect(codeOf(() => parseNodeId(encodeBase32(bytes(key))))).toBe('ERR_OSIER_BAD_ID');
  });

  it('of a prime-order point with one of small order added is BAD_ID', () => {
    for (const key of [
      '3b5b475c4b82dd1572799fc546f4c6c03e478c6654aa4c7f945b347ea32af60d',
      '16a567fe7d4ef5482ab4012c369bf8c5f11e8d0c2559dcda50fde59708f8aee5',
    ]) {
      expect(codeOf(() => exchangeKeyOfNodeId(nodeIdOf(bytes(key))))).toBe('ERR_OSIER_BAD_ID');
    }
  });

  it('of a key above the field prime, in either sign, is BAD_ID', () => {
    for (let low = 0xed; low <= 0xff; low++) {
      for (const high of ['7f', 'ff']) {
        expect(codeOf(() => exchangeKeyOfNodeId(nodeIdOf(bytes(low.toString(16) + 'ff'.repeat(30) + high))))).toBe('ERR_OSIER_BAD_ID');
      }
    }
  });

  it('converts to the handshake key that its owner has', async () => {
    for (let round = 0; round < 20; round++) {
      const identity = await generateIdentity();
      expect(exchangeKeyOfNodeId(identity.id)).toEqual(exchangeKeysOf(identity).publicKey);
    }
  });

  it('that was read from text converts to the same key, whether it is one of the last or not', async () => {
    const ids = await Promise.all(Array.from({ length: 70 }, async () => (await generateIdentity()).id));
    const [first = parseNodeId('')] = ids;
    parseNodeId(first);
    // Whoever gets a key may overwrite it.
    exchangeKeyOfCalled(first).fill(0);
    expect(exchangeKeyOfCalled(first)).toEqual(exchangeKeyOfNodeId(first));
    for (const id of ids) {
      parseNodeId(id);
      expect([exchangeKeyOfCalled(id), exchangeKeyOfCalled(first)]).toEqual([exchangeKeyOfNodeId(id), exchangeKeyOfNodeId(first)]);
    }
  });

  it('has a RouteId: the head of BLAKE2b of the public key', () => {
    expect(Buffer.from(routeIdOfNodeId(nodeIdOf(RFC_KEY))).toString('hex')).toBe('8019f660f5fbfd41');
  });

  it('has its place in the order of public keys, which is not that of the texts', () => {
    const ordered = [0x00, 0x67, 0xcf, 0xd7].map((first) => encodeBase32(Uint8Array.from([first, ...new Uint8Array(31)])) as NodeId);
    const shuffled = [2, 0, 3, 1].map((index) => ordered[index] as NodeId);
    expect(shuffled.sort(compareNodeIds)).toEqual(ordered);
    expect([...ordered].sort()).not.toEqual(ordered);
    expect(compareNodeIds(ordered[0] as NodeId, ordered[0] as NodeId)).toBe(0);
  });
});
