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

test('what refers to itself, is deep or cannot be read crosses all the same, within bounds', () => {
  const loop: Error & { self?: unknown; other?: unknown } = new Error('loop');
  [loop.self, loop.other, loop.cause] = [loop, [loop, loop], loop];
  expect(crossed(loop)).toMatchObject({ message: 'loop', self: { message: 'loop' } });
  expect(JSON.stringify(encodeError(loop)).length).toBeLessThan(4_000_000);
  const cycle: { deeper?: unknown } = {};
  cycle.deeper = [cycle];
  expect(crossed(cycle)).toMatchObject({ deeper: [{}] });
  let deep: unknown = 1;
  for (let depth = 0; depth < 50_000; depth++) deep = { deep };
  expect(crossed(Object.assign(new Error('deep'), { deep }))).toMatchObject({ message: 'deep' });
  const hostile = Object.defineProperties(new Error('hostile'), {
    name: { get: () => fail() },
    odd: { get: () => fail(), enumerable: true },
    cause: { get: () => fail() },
  });
  expect(crossed(hostile)).toMatchObject({ message: 'hostile' });
});

test('the errors of an AggregateError are kept', () => {
  const other = crossed(new AggregateError([new TypeError('one'), 'two'], 'both'));
  expect(other).toBeInstanceOf(AggregateError);
  expect(other).toMatchObject({ message: 'both', errors: [{ message: 'one' }, 'two'] });
});

function fail(): never {
  throw new Error('not to be read');
}
