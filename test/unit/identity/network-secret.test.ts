import { describe, expect, it } from 'vitest';
import { OsierError } from '../../../src/errors/index.js';
import { formatNetworkSecret, generateNetworkSecret, parseNetworkSecret } from '../../../src/identity/index.js';
import { codeOf } from './errors.js';

describe('a network secret', () => {
  it('is 32 random bytes, others each time', () => {
    const secrets = Array.from({ length: 50 }, generateNetworkSecret);
    expect(secrets.every((secret) => secret.length === 32)).toBe(true);
    expect(new Set(secrets.map((secret) => Buffer.from(secret).toString('hex'))).size).toBe(50);
  });

  it('is written as 60 characters and read back, in either case and with white space around', () => {
    const secret = generateNetworkSecret();
    const text = formatNetworkSecret(secret);
    expect(text).toMatch(/^osn1[a-z2-7]{56}$/);
    expect(parseNetworkSecret(text, 'secret')).toEqual(secret);
    expect(parseNetworkSecret(` ${text.toUpperCase()}\n`, 'secret')).toEqual(secret);
  });

  it('is copied: a program may wipe its own', () => {
    const secret = generateNetworkSecret();
    const parsed = parseNetworkSecret(secret, 'secret');
    const before = Uint8Array.from(parsed);
    secret.fill(0);
    expect(parsed).toEqual(before);
  });

  it('with one character mistyped or two exchanged is noticed', () => {
    const text = formatNetworkSecret(Uint8Array.from({ length: 32 }, (_, index) => index));
    for (let index = 0; index < text.length; index++) {
      const mistyped = text.slice(0, index) + (text[index] === 'a' ? 'b' : 'a') + text.slice(index + 1);
      expect(
        codeOf(() => parseNetworkSecret(mistyped, 'secret')),
        mistyped,
      ).toBe('ERR_OSIER_INVALID_OPTION');
    }
  });

  it.each([
    'correct horse battery staple',
    '',
    'osn1',
    `osn1${'a'.repeat(55)}`,
    `osn2${'a'.repeat(56)}`,
    new Uint8Array(31),
    new Uint8Array(33),
    new Uint8Array(0),
    5 as unknown as string,
    null as unknown as string,
    [1, 2, 3] as unknown as Uint8Array,
  ])('of another form is INVALID_OPTION with its name, and is never shown: %s', (secret) => {
    try {
      parseNetworkSecret(secret, 'network.secret');
      expect.unreachable();
    } catch (error) {
      expect(OsierError.is(error, 'ERR_OSIER_INVALID_OPTION') && error.details).toEqual({ option: 'network.secret' });
      if (typeof secret === 'string' && secret.length > 4) expect(String(error)).not.toContain(secret);
    }
  });
});
