import { hkdfSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { hkdf2, hkdf3 } from '../../../src/handshake/hkdf.js';
import { CopyableState } from '../../../src/handshake/noise-state.js';
import { draw, partyOf } from './parties.js';

/** RFC 5869 by another library. */
function expected(chainingKey: Uint8Array, inputKeyMaterial: Uint8Array, count: number): Uint8Array {
  return new Uint8Array(hkdfSync('blake2b512', inputKeyMaterial, chainingKey, '', count * 64));
}

const joined = (outputs: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(outputs));
const isZero = (bytes: Uint8Array | null): boolean => bytes?.every((byte) => byte === 0) ?? false;

describe('HKDF', () => {
  test.each([0, 32, 64])('gives what RFC 5869 says, from %i bytes of key material, call after call', (byteCount) => {
    for (let call = 0; call < 3; call++) {
      const [chainingKey, material] = [draw(64), draw(byteCount)];
      expect(joined(hkdf2(chainingKey, material))).toEqual(expected(chainingKey, material, 2));
      expect(joined(hkdf3(chainingKey, material))).toEqual(expected(chainingKey, material, 3));
    }
  });
});

describe('the state of a handshake', () => {
  test('overwrites each chaining key, each key and each agreement as soon as another has followed from it', async () => {
    const { exchangeKeys: localStatic } = await partyOf();
    const state = CopyableState.start('IK', true, { prologue: draw(32), localStatic, ephemeralSecret: draw(32) }, localStatic.publicKey);
    const agreements: Uint8Array[] = [];
    const { curve } = state;
    if (curve === null) throw new Error('the handshake is over');
    state.curve = { ...curve, dh: (remote, local) => agreements[agreements.push(curve.dh(remote, local)) - 1] ?? draw(0) };
    const before = state.chainingKey;
    state.send(draw(4));
    const [chainingKey, key] = [state.chainingKey, state.key];
    expect([isZero(before), agreements.length, agreements.every(isZero)]).toEqual([true, 2, true]);
    expect([isZero(chainingKey), isZero(key)]).toEqual([false, false]);
    state.mixKeyNormal(draw(32));
    expect([isZero(chainingKey), isZero(key)]).toEqual([true, true]);
  });
});
