import { describe, expect, test } from 'vitest';
import { DISTANCE_KEPT_MS } from '../../../../src/mesh/routing/tuning.js';
import { B, C, D, drivenRouter, retracted, SELF, X, Y } from './driven-router.js';

describe('a route', () => {
  test('counts once an announcement of its sequence is known', () => {
    const net = drivenRouter().told(B, Y, 7n, 5);
    expect(net.nextHop(Y)).toBe(null);
    net.known(Y, 6n);
    expect(net.nextHop(Y)).toBe(null);
    net.known(Y, 7n);
    expect(net.nextHop(Y)).toBe(B);
  });

  test('of a sequence that is not announced yet leaves the one before in use', () => {
    const net = drivenRouter().told(B, X, 5n, 5).told(B, X, 6n, 8);
    expect(net.router.way(X)).toMatchObject({ nextHop: B, sequence: 5n, metricMicros: 15_000 });
    net.known(X, 6n);
    expect(net.router.way(X)).toMatchObject({ nextHop: B, sequence: 6n, metricMicros: 18_000 });
  });

  test('is left when its announcement ends, and retracted at once', () => {
    const net = drivenRouter().told(B, X, 5n, 5).wait(100).clear();
    net.router.announcementGone(X, net.nowMs);
    expect(net.nextHop(X)).toBe(null);
    expect(net.metricsSent(C, X)).toEqual([null]);
  });

  test('is taken when its metric is smaller than any that was told, or its sequence newer', () => {
    // Told: 15 ms. What C says could come from whom this router told it.
    const net = drivenRouter().told(B, X, 5n, 5).wait(100).told(C, X, 5n, 15);
    net.router.neighbourDown(B, net.nowMs);
    expect(net.nextHop(X)).toBe(null);
    net.told(C, X, 5n, 14.999);
    expect(net.nextHop(X)).toBe(C);
    net.router.neighbourDown(C, net.nowMs);
    expect(net.known(X, 6n).told(D, X, 6n, 500).nextHop(X)).toBe(D);
  });

  test('of an older sequence never wins, however small its metric', () => {
    const net = drivenRouter().known(X, 6n).told(B, X, 6n, 100).wait(100).told(C, X, 5n, 0).wait(60_000);
    expect(net.nextHop(X)).toBe(B);
    expect(net.backup(X)).toBe(null);
    net.router.neighbourDown(B, net.nowMs);
    expect(net.nextHop(X)).toBe(null);
  });

  test('is not taken back to an older sequence by the neighbour that told a newer one', () => {
    const net = drivenRouter().known(X, 6n).told(B, X, 6n, 5).told(B, X, 5n, 1);
    expect(net.router.way(X)).toMatchObject({ sequence: 6n, metricMicros: 15_000 });
    expect(net.router.stats().updatesOutdated).toBe(1);
  });

  test('stays in use when its metric grows: its neighbour told a smaller one, and still has that distance', () => {
    const net = drivenRouter().told(B, X, 5n, 5).wait(100).told(B, X, 5n, 40);
    expect(net.router.way(X)).toMatchObject({ nextHop: B, metricMicros: 50_000 });
    // Retracted, its neighbour may have forgotten.
    net.told(B, X, 5n, retracted).told(B, X, 5n, 40);
    expect(net.nextHop(X)).toBe(null);
  });

  test('is feasible by what was told, not by what was known and never told', () => {
    // A node that is no relay tells nobody, so every route will do.
    const net = drivenRouter({ isRelay: false }).told(B, X, 5n, 5).wait(100).told(C, X, 5n, 500);
    expect(net.backup(X)).toBe(C);
  });

  test('is no more when its neighbour is down, or has a new control stream', () => {
    const net = drivenRouter().told(B, X, 5n, 5).up(B);
    expect(net.nextHop(X)).toBe(null);
    net.told(B, X, 5n, 5);
    net.router.neighbourDown(B, net.nowMs);
    expect(net.nextHop(X)).toBe(null);
    expect(net.router.stats()).toMatchObject({ routes: 0, neighbours: 2 });
  });

  test('to the node itself is never taken', () => {
    const net = drivenRouter().known(SELF, 60n).told(B, SELF, 50n, 1).wait(1_000);
    expect(net.nextHop(SELF)).toBe(null);
    expect(net.heard).toEqual([]);
    expect(net.router.stats().routes).toBe(0);
    net.told(B, SELF, 51n, 1);
    expect(net.heard).toEqual([51n]);
  });

  test('has no more than 32 hops', () => {
    const net = drivenRouter().told(B, X, 5n, 5, { hops: 31 }).wait(100);
    expect(net.router.way(X)?.hops).toBe(32);
    // Nobody can use it any more.
    expect(net.metricsSent(C, X)).toEqual([]);
    net.told(B, X, 5n, 5, { hops: 32 });
    expect(net.nextHop(X)).toBe(null);
  });

  test('whose metric would pass the largest is none', () => {
    const net = drivenRouter().told(B, X, 5n, 4_294_957.294);
    expect(net.router.way(X)?.metricMicros).toBe(0xffff_fffe);
    net.told(B, X, 5n, 4_294_957.296);
    expect(net.nextHop(X)).toBe(null);
  });
});

describe('the distance of a destination', () => {
  test('outlives its announcement, so that no old route leads back', () => {
    const net = drivenRouter().told(B, X, 5n, 5).wait(100);
    net.router.announcementGone(X, net.nowMs);
    net.told(B, X, 5n, retracted);
    expect(net.known(X, 6n).told(C, X, 5n, 20).nextHop(X)).toBe(null);
    expect(net.told(C, X, 6n, 20).nextHop(X)).toBe(C);
  });

  test('is forgotten when nobody can hold anything of it any more', () => {
    const net = drivenRouter().told(B, X, 5n, 5).wait(100);
    net.router.announcementGone(X, net.nowMs);
    net.told(B, X, 5n, retracted).wait(DISTANCE_KEPT_MS - 1);
    expect(net.router.stats().destinations).toBe(1);
    net.wait(1);
    expect(net.router.stats().destinations).toBe(0);
    expect(net.router.nextAtMs).toBe(Number.POSITIVE_INFINITY);
    expect(net.known(X, 6n).told(C, X, 5n, 20).nextHop(X)).toBe(C);
  });
});
