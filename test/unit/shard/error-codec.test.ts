import { expect, test } from 'vitest';
import { OsierError, osierError } from '../../../src/errors/index.js';
import { decodeError, decodeOsierError, encodeError, pack, unpack } from '../../../src/shard/error-codec.js';

/** What another thread gets. */
function crossed<T>(value: T): T {
  return unpack(structuredClone(pack(value))) as T;
}

test("one of Osier's keeps its class, code, details, stack and causes", () => {
  const system = Object.assign(new Error('bind EADDRINUSE'), { code: 'EADDRINUSE', errno: -98, syscall: 'bind' });
  const error = osierError('ERR_OSIER_LISTEN_FAILED', 'Cannot listen.', { address: 'udp://[::]:1' }, { cause: system });
  const other = decodeError(structuredClone(encodeError(error)));
  expect(other).toBeInstanceOf(OsierError);
  expect(OsierError.is(other, 'ERR_OSIER_LISTEN_FAILED')).toBe(true);
  expect(other).toMatchObject({ code: error.code, message: error.message, details: error.details, stack: error.stack });
  expect(other.cause).toMatchObject({ message: system.message, code: 'EADDRINUSE', errno: -98, syscall: 'bind' });
});

test('those of the language keep theirs, and others their name', () => {
  class Strange extends Error {
    override name = 'Strange';
  }
  expect(crossed(new TypeError('no'))).toBeInstanceOf(TypeError);
  expect(crossed(new Strange('yes'))).toMatchObject({ name: 'Strange', message: 'yes' });
});

test('they are found in the middle of other data', () => {
  const state = { status: 'closed', error: osierError('ERR_OSIER_NODE_CLOSED', 'gone', {}), list: [1n, new Uint8Array(2)] };
  const there = crossed(state);
  expect(there).toMatchObject({ status: 'closed', list: [1n, new Uint8Array(2)] });
  expect(OsierError.is(there.error, 'ERR_OSIER_NODE_CLOSED')).toBe(true);
});

test('what cannot be cloned becomes text, and a chain of causes has an end', () => {
  const endless = new Error('endless');
  endless.cause = endless;
  expect(crossed(endless)).toMatchObject({ message: 'endless', cause: { message: 'endless' } });
  expect(crossed({ run: () => 7, odd: Symbol('x') })).toEqual({ run: '() => 7', odd: 'Symbol(x)' });
  expect(crossed(new Error('x', { cause: 'a text' })).cause).toBe('a text');
});

test("what is none of Osier's is a fault of it where only its own are expected", () => {
  const error = decodeOsierError(structuredClone(encodeError(new Error('odd'))));
  expect(error).toMatchObject({ code: 'ERR_OSIER_INTERNAL', message: 'odd', cause: { message: 'odd' } });
});
