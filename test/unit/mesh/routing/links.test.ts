import { describe, expect, test } from 'vitest';
import { FLAP_HALF_LIFE_MS } from '../../../../src/mesh/routing/tuning.js';
import { B, C, type DrivenRouter, drivenRouter, MTU, X } from './driven-router.js';

const metricMs = (net: DrivenRouter) => (net.router.way(X)?.metricMicros ?? Number.NaN) / 1_000;

/** The link to a neighbour goes down and comes up again, and the neighbour tells what it told. */
function flap(net: DrivenRouter): void {
  net.router.neighbourDown(B, net.nowMs);
  net.wait(100).up(B).told(B, X, 5n, 5);
}

describe('what a link costs', () => {
  test('is smoothed, and changes when it has moved by a fifth', () => {
    const net = drivenRouter().told(B, X, 5n, 5);
    // 10 ms, and after one measurement of 17.9 ms smoothed 11.975.
    net.router.costMeasured(B, 17_900, net.nowMs);
    expect(metricMs(net)).toBe(15);
    net.router.costMeasured(B, 13_000, net.nowMs);
    expect(metricMs(net)).toBeCloseTo(5 + 11.975 + 0.25 * (13 - 11.975), 2);
  });

  test('does not follow measurements that vary around it', () => {
    const net = drivenRouter().told(B, X, 5n, 5).wait(100).clear();
    for (let count = 0; count < 1_000; count++) net.router.costMeasured(B, count % 2 === 0 ? 8_000 : 12_000, net.nowMs);
    expect(net.changes).toEqual([]);
  });

  test('is infinite at once when nothing passes, and as measured afterwards', () => {
    const net = drivenRouter().told(B, X, 5n, 5).told(C, X, 5n, 5);
    net.router.costMeasured(B, Number.POSITIVE_INFINITY, net.nowMs);
    expect(net.router.way(X)).toMatchObject({ nextHop: C, backup: null });
    net.router.costMeasured(B, 12_000, net.nowMs);
    expect(net.router.way(X)).toMatchObject({ nextHop: C, backup: B });
  });

  test('is never nothing: metrics grow with each hop', () => {
    const net = drivenRouter();
    net.router.neighbourUp(B, 0, MTU, net.nowMs);
    net.told(B, X, 5n, 0).wait(100);
    expect(net.metricsSent(C, X)).toEqual([0.001]);
  });
});

describe('a link that goes up and down', () => {
  test('is dear from the third time on, and less so as time passes, until it is as it was', () => {
    const net = drivenRouter().told(B, X, 5n, 5);
    flap(net);
    flap(net);
    expect(metricMs(net)).toBe(15);
    flap(net);
    expect(metricMs(net)).toBeGreaterThan(100);
    flap(net);
    const most = metricMs(net);
    expect(most).toBeGreaterThan(200);
    net.wait(FLAP_HALF_LIFE_MS);
    expect(metricMs(net)).toBeLessThan(most);
    net.wait(FLAP_HALF_LIFE_MS);
    expect(metricMs(net)).toBe(15);
    net.wait(10 * FLAP_HALF_LIFE_MS);
    expect(net.router.nextAtMs).toBe(Number.POSITIVE_INFINITY);
  });

  test('is passed over for another way, and used where there is none', () => {
    const net = drivenRouter().told(B, X, 5n, 5);
    for (let count = 0; count < 20; count++) flap(net);
    expect(net.nextHop(X)).toBe(B);
    net.told(C, X, 5n, 14).wait(1_000);
    expect(net.nextHop(X)).toBe(C);
  });
});
