import { expect, test } from 'vitest';
import type { DetachedEngine } from '../../../src/engine/detached-engine.js';
import { PathCache } from '../../../src/engine/path-cache.js';

test('a path is asked for once, until so many addresses came that all are forgotten', () => {
  let asked = 0;
  const pathRecord = (_socket: number, _host: string, port: number): Uint8Array => {
    asked++;
    return new Uint8Array(48).fill(port & 255);
  };
  const cache = new PathCache({ pathRecord } as unknown as DetachedEngine);
  for (let port = 1; port <= 4_096; port++) cache.record(0, '127.0.0.1', port);
  expect(cache.record(0, '127.0.0.1', 1)).toEqual(new Uint8Array(48).fill(1));
  expect(asked).toBe(4_096);
  cache.record(0, '127.0.0.1', 4_097);
  cache.record(0, '127.0.0.1', 4_097);
  expect(asked).toBe(4_097);
  cache.record(0, '127.0.0.1', 1);
  expect(asked).toBe(4_098);
});
