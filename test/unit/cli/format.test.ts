import { expect, test } from 'vitest';
import { formatBytes, formatDuration, formatRate } from '../../../src/cli/format.js';
import { progressLine } from '../../../src/cli/progress-bar.js';

test('bytes in decimal units', () => {
  expect([0, 999, 1000, 99_837_000, 1e12, 1e16].map(formatBytes)).toEqual(['0 B', '999 B', '1.0 kB', '99.8 MB', '1.0 TB', '10000.0 TB']);
});

test('rates in bits per second', () => {
  expect(formatRate(125_000_000, 1000)).toBe('1.00 Gbit/s');
  expect(formatRate(1_250_000, 1000)).toBe('10.0 Mbit/s');
});

test('durations with three digits', () => {
  expect([0.08312, 12.44, 999, 1500].map(formatDuration)).toEqual(['0.0831 ms', '12.4 ms', '999 ms', '1.5 s']);
});

test('progress shows share, amount, rate, round trip and what is left', () => {
  const progress = { name: 'node', doneBytes: 50_000_000, sizeBytes: 100_000_000, elapsedMs: 1000, rttMs: 0.1 };
  expect(progressLine(progress, 200)).toBe('node [=======>        ]  50 %  400.0 Mbit/s  RTT 0.100 ms  50.0 MB of 100.0 MB  1.0 s left');
  expect(progressLine(progress, 60)).toBe('node [=======>        ]  50 %  400.0 Mbit/s  RTT 0.100 ms');
  expect(progressLine(progress, 10)).toBe('node [====');
});

test('progress of an empty file is complete', () => {
  expect(progressLine({ name: 'empty', doneBytes: 0, sizeBytes: 0, elapsedMs: 1, rttMs: null }, 80)).toContain('100 %');
});
