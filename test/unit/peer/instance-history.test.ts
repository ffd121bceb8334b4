import { expect, test } from 'vitest';
import { InstanceHistory } from '../../../src/peer/instance-history.js';

test('a peer that starts anew, however often, does not alternate', () => {
  const history = new InstanceHistory();
  for (let start = 0; start < 100; start++) {
    expect(history.alternates(`instance ${start}`)).toBe(false);
    expect(history.alternates(`instance ${start}`)).toBe(false);
  }
});

test('two processes that take turns do, each time', () => {
  const history = new InstanceHistory();
  expect(['a', 'b', 'a', 'a', 'b', 'a'].map((instance) => history.alternates(instance))).toEqual([false, false, true, false, true, true]);
});

test('only the last few instances are remembered', () => {
  const history = new InstanceHistory();
  for (let start = 0; start < 10; start++) history.alternates(`instance ${start}`);
  expect(history.alternates('instance 0')).toBe(false);
  expect(history.alternates('instance 8')).toBe(true);
});
