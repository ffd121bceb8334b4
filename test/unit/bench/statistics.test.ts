import { expect, test } from 'vitest';
import { quantile, spreadOf } from '../../../bench/lib/statistics.mjs';

test('the spread does not depend on the order', () => {
  expect(spreadOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
});

test('quantiles are values that occurred', () => {
  const sorted = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([quantile(sorted, 0), quantile(sorted, 0.5), quantile(sorted, 0.99), quantile(sorted, 1)]).toEqual([1, 50, 99, 100]);
});

test('nothing measured is not a zero', () => {
  expect(() => spreadOf([])).toThrow(RangeError);
});
