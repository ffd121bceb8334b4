import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OsierError } from '../../src/errors/index.js';
import { decodeBase32, encodeBase32 } from '../../src/identity/base32.js';
import {
  formatAddress,
  formatNetworkSecret,
  generateIdentity,
  parseAddress,
  parseHostAndPort,
  parseNetworkSecret,
  parseNodeId,
} from '../../src/identity/index.js';
import { parseKeyFile } from '../../src/identity/key-file.js';

const ids = await Promise.all(Array.from({ length: 8 }, async () => (await generateIdentity()).id));
const anyId = fc.constantFrom(...ids);

/** Text out of the pieces that addresses are made of, so that many come close to being one. */
const nearAddress = fc
  .array(
    fc.oneof(
      fc.constantFrom('osier://', '@', ':', ',', '[', ']', '::1', '%eth0', '127.0.0.1', 'host', '7400', '0', '%', '/', ' ', '\n'),
      anyId,
      fc.string(),
    ),
    {
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(''));
const anyText = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), nearAddress);

const host = fc.oneof(
  fc.ipV4(),
  fc.ipV6().map((address) => address.toLowerCase()),
  fc.domain(),
);
const hosts = fc.array(fc.record({ host, port: fc.integer({ min: 1, max: 65_535 }) }), { maxLength: 8 });

/** The value, or `null` when the error is one of ours with a code out of `codes`. Anything else is thrown on. */
function typed<T>(codes: RegExp, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (OsierError.is(error) && codes.test(error.code)) return null;
    throw error;
  }
}

describe('whatever the text', () => {
  it('reading an address gives one that is written and read back as itself, or a typed error', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const address = typed(/BAD_(ADDRESS|ID)$/, () => parseAddress(text));
        if (address !== null) expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
      { numRuns: 2_000 },
    );
  });

  it('reading host:port, an id, a secret or a key file gives a value or a typed error', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        typed(/BAD_ADDRESS$/, () => parseHostAndPort(text));
        typed(/BAD_ID$/, () => parseNodeId(text));
        typed(/INVALID_OPTION$/, () => parseNetworkSecret(text, 'secret'));
        parseKeyFile(text);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('whatever the value', () => {
  it('an address of good parts is written and read back as itself', () => {
    fc.assert(
      fc.property(fc.option(anyId), hosts, (id, list) => {
        fc.pre(id !== null || list.length > 0);
        expect(parseAddress(formatAddress({ id, hosts: list }))).toEqual({ id, hosts: list });
      }),
    );
  });

  it('writing an address gives one that is read back, or a typed error', () => {
    const part = fc.record({ host: anyText, port: fc.oneof(fc.integer(), fc.double()) });
    fc.assert(
      fc.property(fc.option(fc.oneof(anyId, anyText)), fc.array(part, { maxLength: 3 }), (id, list) => {
        const text = typed(/BAD_ADDRESS$/, () => formatAddress({ id: id as (typeof ids)[0] | null, hosts: list }));
        if (text !== null) parseAddress(text);
      }),
    );
  });

  it('bytes have one base32 text, and only that text gives them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const text = encodeBase32(bytes);
        expect(decodeBase32(text, bytes.length)).toEqual(bytes);
        expect(text).toMatch(/^[a-z2-7]*$/);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567'), minLength: 52, maxLength: 52 }), (text) => {
        const bytes = decodeBase32(text, 32);
        if (bytes !== null) expect(encodeBase32(bytes)).toBe(text);
      }),
    );
  });

  it('a network secret is read back from its text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (secret) => {
        expect(parseNetworkSecret(formatNetworkSecret(secret), 'secret')).toEqual(secret);
      }),
    );
  });
});
