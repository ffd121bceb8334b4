import { describe, expect, it } from 'vitest';
import { retryDelayMs } from '../../../src/handshake/retry-schedule.js';

const [shortest, middle, longest] = [Uint8Array.of(0, 0), Uint8Array.of(0x7f, 0xff), Uint8Array.of(0xff, 0xff)];

describe('waits between message 1s', () => {
  it('begin at a quarter of a second and grow by half, up to 5 s for ever', () => {
    const waits = [1, 2, 3, 4, 9, 10, 1_000_000].map((attempt) => Math.round(retryDelayMs(attempt, middle)));
    expect(waits).toEqual([250, 375, 562, 844, 5000, 5000, 5000]);
  });

  it('are drawn from 20 % around, so that clients do not come in step', () => {
    expect([retryDelayMs(1, shortest), retryDelayMs(1, longest)].map(Math.round)).toEqual([200, 300]);
    expect([retryDelayMs(50, shortest), retryDelayMs(50, longest)].map(Math.round)).toEqual([4000, 6000]);
  });

  it('leave room for six attempts in the first 5 s, and for nine in the default time-out of 15 s', () => {
    const attemptsWithin = (limitMs: number): number => {
      let attempts = 1;
      for (let atMs = retryDelayMs(1, middle); atMs < limitMs; atMs += retryDelayMs(attempts, middle)) attempts++;
      return attempts;
    };
    expect(attemptsWithin(5_000)).toBe(6);
    expect(attemptsWithin(15_000)).toBe(9);
  });
});
