import { expect, test } from 'vitest';
import type { Engine, EngineConfig } from '../../../src/engine/engine.js';
import { reasonForDgram, refusalOf, withFixedMtu } from '../../../src/engine/system-engine.js';

const granted = (): null => null;

test('node:dgram is taken when it is asked for or the native sockets are refused, and says which', () => {
  expect(reasonForDgram(undefined, granted)).toBeNull();
  expect(reasonForDgram('', granted)).toBeNull();
  expect(reasonForDgram('native', () => 'refused')).toBeNull();
  expect(reasonForDgram('dgram', granted)).toContain('OSIER_DRIVER=dgram');
  expect(reasonForDgram(undefined, () => 'bind EPERM 127.0.0.1')).toContain('bind EPERM 127.0.0.1');
  expect(() => reasonForDgram('quic', granted)).toThrow(expect.objectContaining({ details: { option: 'OSIER_DRIVER' } }));
});

test('a refusal is told from any other failure, and what was tried is closed', () => {
  let closed = 0;
  const failing = (code: string) => () =>
    ({
      bind: () => {
        throw Object.assign(new Error(`bind ${code}`), { code });
      },
      close: () => closed++,
    }) as unknown as Engine;
  expect(refusalOf(failing('EPERM'))).toBe('bind EPERM');
  expect(refusalOf(failing('ENOSYS'))).toBe('bind ENOSYS');
  expect(refusalOf(failing('EADDRNOTAVAIL'))).toBeNull();
  expect(closed).toBe(3);
  const refusing = (): Engine => {
    throw new Error('libuv refused a handle');
  };
  expect(refusalOf(refusing)).toBe('libuv refused a handle');
});

test.each([
  ['9000', 9_000, 9_000],
  ['65507', 65_507, 65_507],
  ['1199', 1_200, 1_400],
  ['65508', 1_200, 1_400],
  ['1300.5', 1_200, 1_400],
  ['much', 1_200, 1_400],
  ['', 1_200, 1_400],
  [undefined, 1_200, 1_400],
])('OSIER_MTU=%s fixes the packet size where it is one', (asked, mtuBytes, mtuCeilingBytes) => {
  expect(withFixedMtu({ mtuBytes: 1_200, mtuCeilingBytes: 1_400 } as EngineConfig, asked)).toEqual({ mtuBytes, mtuCeilingBytes });
});
