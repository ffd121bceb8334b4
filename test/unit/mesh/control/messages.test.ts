import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedControl } from '../../../../src/mesh/control/fields.js';
import {
  type ControlMessage,
  decodeControl,
  encodeControl,
  ROUTES_PER_MESSAGE_MAX,
  SIGNED_BYTES_MAX,
} from '../../../../src/mesh/control/messages.js';
import { routeKey } from '../../../../src/mesh/routing/index.js';

const key = routeKey(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
const route = { destination: key, sequence: 2n ** 63n + 5n, metricMicros: 0xffff_ffff, mtuBytes: 1_160, hops: 3 };
const hello = (observed: { host: string; port: number } | null): ControlMessage => ({ type: 'hello', isRelay: true, observed });

const MESSAGES: readonly ControlMessage[] = [
  hello(null),
  hello({ host: '192.0.2.7', port: 7_400 }),
  hello({ host: '2001:db8::7', port: 65_535 }),
  { type: 'announcement', signed: new Uint8Array(SIGNED_BYTES_MAX).fill(9) },
  { type: 'statement', signed: Uint8Array.of(1) },
  { type: 'routes', routes: [route] },
  { type: 'routes', routes: new Array(ROUTES_PER_MESSAGE_MAX).fill(route) },
  { type: 'sequence-request', destination: key, sequence: 0n, ttl: 32 },
];

describe('a control message', () => {
  test.each(MESSAGES.map((message) => [message.type, message] as const))('%s survives its bytes', (_type, message) => {
    expect(decodeControl(encodeControl(message))).toEqual(message);
  });

  test('has the documented bytes', () => {
    expect([...encodeControl(hello({ host: '192.0.2.7', port: 7_400 }))]).toEqual([1, 1, 1, 4, 0xe8, 0x1c, 192, 0, 2, 7]);
    const bytes = encodeControl({ type: 'routes', routes: [{ ...route, sequence: 2n }] });
    expect([...bytes]).toEqual([3, 1, 2, 3, 4, 5, 6, 7, 8, 2, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0x88, 4, 3]);
  });

  test('of an address with a zone tells none, which means nothing elsewhere', () => {
    expect(decodeControl(encodeControl(hello({ host: 'fe80::1%2', port: 1 })))).toEqual(hello(null));
  });

  test('that is cut off, goes on, or is too long is malformed', () => {
    for (const message of MESSAGES) {
      if (message.type === 'announcement' || message.type === 'statement') continue;
      const bytes = encodeControl(message);
      for (let length = 0; length < bytes.length; length++) {
        const whole = message.type === 'routes' && length > 1 && (length - 1) % 23 === 0;
        if (!whole) expect(() => decodeControl(bytes.subarray(0, length))).toThrow(MalformedControl);
      }
      expect(() => decodeControl(Buffer.concat([bytes, Uint8Array.of(0)]))).toThrow(MalformedControl);
    }
    for (const bytes of [Uint8Array.of(2), new Uint8Array(SIGNED_BYTES_MAX + 2).fill(2), new Uint8Array(1_201).fill(9), Uint8Array.of(1, 2, 0, 0)]) {
      expect(() => decodeControl(bytes)).toThrow(MalformedControl);
    }
  });

  test('with an address that nobody can have is malformed', () => {
    for (const observed of [
      { host: '192.0.2.7', port: 0 },
      { host: '0.0.0.0', port: 1 },
      { host: '224.0.0.1', port: 1 },
      { host: '::', port: 1 },
      { host: 'ff02::1', port: 1 },
    ]) {
      expect(() => decodeControl(encodeControl(hello(observed)))).toThrow(MalformedControl);
    }
    expect(decodeControl(encodeControl(hello({ host: '127.0.0.1', port: 1 })))).toEqual(hello({ host: '127.0.0.1', port: 1 }));
  });

  test('of a type that is not known is passed over', () => {
    expect(decodeControl(Uint8Array.of(200, 1, 2))).toBeNull();
  });

  test('is read, or malformed, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_300 }), (bytes) => {
        try {
          const message = decodeControl(bytes);
          if (message !== null && message.type !== 'hello') expect(Buffer.compare(encodeControl(message), bytes)).toBe(0);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedControl);
        }
      }),
    );
  });

  test('is not written beyond its limits', () => {
    expect(() => encodeControl({ type: 'routes', routes: new Array(ROUTES_PER_MESSAGE_MAX + 1).fill(route) })).toThrow(RangeError);
    expect(() => encodeControl({ type: 'statement', signed: new Uint8Array(SIGNED_BYTES_MAX + 1) })).toThrow(RangeError);
  });
});
