import { expect, test } from 'vitest';
import { RestartPace } from '../../../src/shard/restart-pace.js';

test('the first death costs no pause, the next ones cost more and more, up to half a minute', () => {
  const pace = new RestartPace();
  const pauses = Array.from({ length: 12 }, () => pace.next(0));
  expect(pauses.slice(0, 4)).toEqual([0, 100, 200, 400]);
  expect(pauses.at(-1)).toBe(30_000);
});

test('a life that lasted makes up for those before', () => {
  const pace = new RestartPace();
  for (let death = 0; death < 5; death++) pace.next(9_999);
  expect(pace.next(10_000)).toBe(0);
  expect(pace.next(0)).toBe(100);
});
