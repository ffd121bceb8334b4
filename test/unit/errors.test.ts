import { inspect } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { type AnyOsierError, invalidOption, OsierError, osierError } from '../../src/errors/index.js';

describe('an OsierError', () => {
  it('has its code, details, message and cause', () => {
    const cause = new Error('EADDRINUSE');
    const error = osierError('ERR_OSIER_LISTEN_FAILED', 'The port is taken.', { address: 'udp://[::]:1' }, { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(OsierError);
    expect(error).toMatchObject({
      name: 'OsierError',
      code: 'ERR_OSIER_LISTEN_FAILED',
      details: { address: 'udp://[::]:1' },
      message: 'The port is taken.',
      cause,
    });
    expect('cause' in osierError('ERR_OSIER_NODE_CLOSED', 'closed', {})).toBe(false);
  });

  it('begins its stack where it was made, and prints its code', () => {
    const error = invalidOption('peers', 'must be a list');
    expect(error.stack?.split('\n')[1]).toContain('errors.test.ts');
    expect(inspect(error)).toContain("code: 'ERR_OSIER_INVALID_OPTION'");
    expect(String(error)).toBe("OsierError: Option 'peers' must be a list.");
  });

  it('is known by OsierError.is, with and without a code', () => {
    const error: unknown = osierError('ERR_OSIER_PEER_LOST', 'gone', { silentMs: 30_000 });
    expect(OsierError.is(error)).toBe(true);
    expect(OsierError.is(error, 'ERR_OSIER_PEER_LOST') && error.details.silentMs).toBe(30_000);
    expect(OsierError.is(error, 'ERR_OSIER_PEER_CLOSED')).toBe(false);
    if (OsierError.is(error) && error.code === 'ERR_OSIER_PEER_LOST') expectTypeOf(error.details.silentMs).toEqualTypeOf<number>();
    expectTypeOf<AnyOsierError>().toExtend<Error>();
  });

  it("keeps to the program's own limit of stacks, and leaves it as it is, also where it cannot be changed", () => {
    const { stackTraceLimit } = Error;
    const framesUnder = (limit: PropertyDescriptor): number => {
      Object.defineProperty(Error, 'stackTraceLimit', { configurable: true, ...limit });
      try {
        const { stack = '' } = osierError('ERR_OSIER_NODE_CLOSED', 'closed', {});
        expect(Error.stackTraceLimit).toBe(limit.value);
        return stack.split('\n').length - 1;
      } finally {
        Object.defineProperty(Error, 'stackTraceLimit', { configurable: true, writable: true, enumerable: true, value: stackTraceLimit });
      }
    };
    expect([
      framesUnder({ writable: true, value: 2 }),
      framesUnder({ writable: false, value: 2 }),
      framesUnder({ writable: true, value: 0 }),
    ]).toEqual([2, 2, 0]);
  });

  it('of another copy of the package is known too', async () => {
    vi.resetModules();
    const copy = await import('../../src/errors/index.js');
    expect(copy.OsierError).not.toBe(OsierError);
    expect(OsierError.is(copy.osierError('ERR_OSIER_NODE_CLOSED', 'closed', {}), 'ERR_OSIER_NODE_CLOSED')).toBe(true);
  });

  it('of another realm is known too, and other errors and values are not', () => {
    const foreign: unknown = runInContext(
      "Object.assign(new Error('x'), { [Symbol.for('osier.error')]: true, code: 'ERR_OSIER_INTERNAL' })",
      createContext(),
    );
    expect(OsierError.is(foreign, 'ERR_OSIER_INTERNAL')).toBe(true);
    for (const other of [new Error('x'), { code: 'ERR_OSIER_INTERNAL' }, null, undefined, 'ERR_OSIER_INTERNAL', 5, OsierError]) {
      expect(OsierError.is(other)).toBe(false);
    }
  });
});
