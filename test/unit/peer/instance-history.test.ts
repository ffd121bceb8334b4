import { expect, test } from 'vitest';
import { InstanceHistory } from '../../../src/peer/instance-history.js';

test('a peer that starts anew, however often, does not alternate', () => {
  const history = new InstanceHistory();
  for (let start = 0; start < 100; start++) {
    expect(history.alternates(`instance ${start}`, start)).toBe(false);
    expect(history.alternates(`instance ${start}`, start)).toBe(false);
  }
});

test('two processes that take turns do, each time', () => {
  const history = new InstanceHistory();
  expect(['a', 'b', 'a', 'a', 'b', 'a'].map((instance) => history.alternates(instance, 0))).toEqual([false, false, true, false, true, true]);
});

test('only the last few instances are remembered', () => {
  const remembered = Array.from({ length: 10 }, (_, asked) => {
    const history = new InstanceHistory();
    for (let start = 0; start < 10; start++) history.alternates(`instance ${start}`, start);
    return history.alternates(`instance ${asked}`, 10);
  });
  // The present one counts among those before once another is seen: of them eight are kept.
  expect(remembered).toEqual([false, false, ...Array(7).fill(true), false]);
});

test('they do so until one of them has stayed for a minute', () => {
  const history = new InstanceHistory();
  for (const instance of ['a', 'b']) history.alternates(instance, 0);
  expect(history.isAlternating(0)).toBe(false);
  history.alternates('a', 1_000);
  expect([1_000, 60_999, 61_000].map((nowMs) => history.isAlternating(nowMs))).toEqual([true, true, false]);
  history.alternates('b', 70_000);
  expect(history.isAlternating(129_999)).toBe(true);
});
