import { describe, expect, test } from 'vitest';
import { BETTER_HOLD_MS } from '../../../../src/mesh/routing/tuning.js';
import { B, C, D, drivenRouter, MTU, retracted, X } from './driven-router.js';

describe('the next hop', () => {
  test('is left at once when it is lost, for the backup, which is the best feasible route of another', () => {
    const net = drivenRouter().told(B, X, 5n, 5).told(C, X, 5n, 9).told(D, X, 5n, 7);
    expect([net.nextHop(X), net.backup(X)]).toEqual([B, D]);
    net.clear().told(B, X, 5n, retracted);
    expect([net.nextHop(X), net.backup(X)]).toEqual([D, C]);
    net.router.neighbourDown(D, net.nowMs);
    expect([net.nextHop(X), net.backup(X)]).toEqual([C, null]);
    expect(net.changes.map(({ before, after }) => [before?.nextHop, after?.nextHop])).toEqual([
      [B, D],
      [D, C],
    ]);
  });

  test('changes to a better one that has been better for some time', () => {
    const net = drivenRouter().told(B, X, 5n, 50).wait(1_000).told(C, X, 5n, 10);
    expect(net.wait(BETTER_HOLD_MS - 1).nextHop(X)).toBe(B);
    expect(net.wait(1).nextHop(X)).toBe(C);
    expect(net.router.way(X)?.sinceMs).toBe(net.nowMs);
    expect(net.backup(X)).toBe(B);
  });

  test('counts that time from when the other became better, each time anew', () => {
    const net = drivenRouter().told(B, X, 5n, 50).wait(1_000);
    for (let count = 0; count < 5; count++) {
      net.told(C, X, 5n, 10).wait(0.7 * BETTER_HOLD_MS);
      net.told(C, X, 5n, 50).wait(1);
    }
    expect(net.nextHop(X)).toBe(B);
    // And is not put off by what is only told again.
    net
      .told(C, X, 5n, 10)
      .wait(BETTER_HOLD_MS - 1)
      .told(C, X, 5n, 11);
    expect(net.wait(1).nextHop(X)).toBe(C);
  });

  test('does not change for less than a tenth, nor for less than a millisecond', () => {
    // 60 ms in all against 54.1, and 54.
    const net = drivenRouter().told(B, X, 5n, 50).told(C, X, 5n, 44.1).wait(10_000);
    expect(net.nextHop(X)).toBe(B);
    expect(net.told(C, X, 5n, 44).wait(10_000).nextHop(X)).toBe(C);
  });

  test('changes within the millisecond for one hop less', () => {
    const net = drivenRouter();
    for (const neighbour of [B, C]) for (let count = 0; count < 60; count++) net.router.costMeasured(neighbour, 100, net.nowMs);
    net.told(B, X, 5n, 0.4, { hops: 2 }).told(C, X, 5n, 0.1, { hops: 2 }).wait(10_000);
    expect(net.nextHop(X)).toBe(B);
    expect(net.told(C, X, 5n, 0.1, { hops: 1 }).wait(10_000).nextHop(X)).toBe(C);
  });

  test('is told with the smallest MTU on the way', () => {
    const net = drivenRouter().told(B, X, 5n, 5).wait(100);
    expect(net.router.way(X)?.mtuBytes).toBe(MTU);
    net.clear().told(B, X, 5n, 5, { mtuBytes: 1_280 }).wait(10);
    expect(net.router.way(X)?.mtuBytes).toBe(1_280);
    expect(net.sent.map(({ update }) => update.mtuBytes)).toEqual([1_280, 1_280]);
    net.clear().router.mtuChanged(B, 1_200, net.nowMs);
    expect(net.router.way(X)?.mtuBytes).toBe(1_200);
    expect(net.changes).toMatchObject([{ destination: X, before: { mtuBytes: 1_280 }, after: { mtuBytes: 1_200 } }]);
  });
});
