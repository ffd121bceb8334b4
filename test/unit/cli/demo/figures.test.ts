import { expect, test } from 'vitest';
import { longestPauseMs } from '../../../../src/cli/demo/roaming.js';
import { latencyReport } from '../../../../src/cli/demo/status-messages.js';

test('the latencies are the nearest-rank percentiles, in whatever order they came', () => {
  const latenciesMs = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(latencyReport(latenciesMs)).toEqual({ received: 200, medianMs: 100, p99Ms: 198 });
  expect(latencyReport([7])).toEqual({ received: 1, medianMs: 7, p99Ms: 7 });
  expect(latencyReport([])).toEqual({ received: 0, medianMs: null, p99Ms: null });
});

test('the pause is the longest gap that ended after the change, whatever was before', () => {
  expect(longestPauseMs([0, 50, 52, 60, 62], 55)).toBe(8);
  expect(longestPauseMs([0, 50, 52], 55)).toBe(0);
  expect(longestPauseMs([60], 55)).toBe(0);
  expect(longestPauseMs([], 55)).toBe(0);
});
