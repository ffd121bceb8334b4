import { describe, expect, test } from 'vitest';
import { REQUEST_REPEATED_MS, REQUEST_RETRY_MS } from '../../../../src/mesh/routing/tuning.js';
import { B, C, D, type DrivenRouter, drivenRouter, id, retracted, SELF, X } from './driven-router.js';

/** One that told 15 ms, has lost that way, and knows of C at 30 ms and D at 40 ms, either of which may lead through itself. */
function starving(): DrivenRouter {
  return drivenRouter().told(B, X, 5n, 5).wait(1_000).told(C, X, 5n, 20).told(D, X, 5n, 30).wait(100).clear().told(B, X, 5n, retracted);
}

describe('a router without a feasible route', () => {
  test('asks at once for a newer sequence, by the best of the others', () => {
    const net = starving();
    expect(net.nextHop(X)).toBe(null);
    expect(net.requests).toEqual([{ to: C, destination: X, sequence: 6n, ttl: 32 }]);
  });

  test('asks again, the others in turn, less and less often, until it has a way', () => {
    const net = starving().wait(10 * REQUEST_RETRY_MS);
    expect(net.requests.map(({ to }) => to)).toEqual([C, D, C, D]);
    net.clear().known(X, 6n).told(D, X, 6n, 30).wait(60_000);
    expect(net.nextHop(X)).toBe(D);
    expect(net.requests.filter(({ sequence }) => sequence === 6n)).toEqual([]);
  });

  test('asks the next at once when the one that was asked has no way either', () => {
    const net = starving().wait(100).told(C, X, 5n, retracted);
    expect(net.requests.map(({ to }) => to)).toEqual([C, D]);
    // With nobody left to ask there is nothing to do.
    net.told(D, X, 5n, retracted).clear().wait(60_000);
    expect(net.requests).toEqual([]);
  });

  test('tells its neighbours at once when it has a way again', () => {
    const net = starving().clear().known(X, 6n).told(C, X, 6n, 20);
    expect(net.metricsSent(B, X)).toEqual([30]);
  });

  test('asks for a route that is better by far and not feasible, when it has been so for some time, and now and then', () => {
    const net = drivenRouter().told(B, X, 5n, 5).wait(100).told(B, X, 5n, 100).wait(100).told(C, X, 5n, 20).clear().wait(999);
    expect(net.requests).toEqual([]);
    net.wait(1);
    expect([net.nextHop(X), net.requests]).toEqual([B, [{ to: C, destination: X, sequence: 6n, ttl: 32 }]]);
    net.clear().wait(10_000);
    expect(net.requests).toEqual([]);
    net.wait(1_000);
    expect(net.requests).toHaveLength(1);
    expect(net.known(X, 6n).told(C, X, 6n, 20).wait(1_000).nextHop(X)).toBe(C);
  });

  test('does not ask for a better route of an older sequence: the newer one is on its way there', () => {
    const net = drivenRouter().told(C, X, 5n, 20).known(X, 6n).told(B, X, 6n, 100);
    net.router.costMeasured(C, Number.POSITIVE_INFINITY, net.nowMs);
    net.wait(100).router.costMeasured(C, 10_000, net.nowMs);
    expect(net.clear().wait(60_000).requests).toEqual([]);
    expect(net.told(C, X, 6n, 20).wait(1_000).nextHop(X)).toBe(C);
  });
});

describe('a request', () => {
  test('is answered at once by who has a way with that sequence', () => {
    const net = drivenRouter().told(B, X, 5n, 5).wait(100).clear().asked(C, X, 5n);
    expect([net.metricsSent(C, X), net.requests]).toEqual([[15], []]);
  });

  test('is passed on towards its destination with a smaller ttl, and what comes of it is told at once', () => {
    const net = drivenRouter().told(B, X, 5n, 5).wait(100).clear().asked(C, X, 6n, 9);
    expect(net.requests).toEqual([{ to: B, destination: X, sequence: 6n, ttl: 8 }]);
    net.known(X, 6n).told(B, X, 6n, 5);
    expect([net.metricsSent(C, X), net.metricsSent(D, X)]).toEqual([[15], [15]]);
  });

  test('does not go back to who asks', () => {
    const net = drivenRouter().told(B, X, 5n, 5).told(C, X, 5n, 500).wait(100).clear().asked(B, X, 6n);
    expect(net.requests.map(({ to }) => to)).toEqual([C]);
    net.clear().wait(1_000).told(C, X, 5n, retracted).asked(B, X, 6n);
    expect([net.requests, net.router.stats().requestsDropped]).toEqual([[], 1]);
  });

  test('ends with its ttl', () => {
    const net = drivenRouter().told(B, X, 5n, 5).wait(100).asked(C, X, 6n, 1);
    expect([net.requests, net.router.stats().requestsDropped]).toEqual([[], 1]);
    expect(net.asked(C, X, 6n, 255).requests[0]?.ttl).toBe(31);
  });

  test('is passed on once, and again when it comes again after a while', () => {
    const net = drivenRouter().told(B, X, 5n, 5).wait(100).asked(C, X, 6n).wait(150).asked(D, X, 6n);
    expect(net.requests).toHaveLength(1);
    expect(net.wait(REQUEST_REPEATED_MS - 150).asked(D, X, 6n).requests).toHaveLength(2);
    expect(REQUEST_RETRY_MS).toBeGreaterThan(REQUEST_REPEATED_MS);
  });

  test('goes to one destination no oftener than ten times a second', () => {
    const net = drivenRouter().told(B, X, 5n, 5).wait(1_000).clear();
    for (let count = 0; count < 100; count++) net.asked(C, X, 6n + BigInt(count)).wait(10);
    expect(net.requests).toHaveLength(10);
  });

  test('for what is far ahead of all announcements goes nowhere', () => {
    const net = drivenRouter().told(B, X, 5n, 5).wait(100).asked(C, X, 106n);
    expect(net.requests).toEqual([]);
    expect(net.asked(C, X, 105n).requests).toHaveLength(1);
  });

  test('for an unknown node, or to a node that is no relay, goes nowhere', () => {
    const net = drivenRouter().asked(B, id(300), 1n);
    expect([net.requests, net.router.stats().requestsDropped]).toEqual([[], 1]);
    const leaf = drivenRouter({ isRelay: false }).told(B, X, 5n, 5).asked(C, X, 6n);
    expect(leaf.requests).toEqual([]);
  });
});

describe('the node that is asked for itself', () => {
  test('wants a newer sequence, and tells everybody at once', () => {
    const net = drivenRouter().asked(B, SELF, 51n);
    expect(net.wanted).toBe(1);
    net.router.setOwnSequence(51n, net.nowMs);
    expect(net.sent.map(({ to, update }) => [to, update.sequence])).toEqual([
      [B, 51n],
      [C, 51n],
      [D, 51n],
    ]);
  });

  test('answers with the one that it has, where that is as new', () => {
    const net = drivenRouter().asked(C, SELF, 50n);
    expect([net.wanted, net.sent]).toMatchObject([0, [{ to: C, update: { destination: SELF, sequence: 50n, metricMicros: 0, hops: 0 } }]]);
  });

  test('makes no more than ten a second, and none that jumps', () => {
    const net = drivenRouter();
    for (let count = 0; count < 999; count++) {
      const before = net.wanted;
      net.asked(B, SELF, 2n ** 64n - 1n).wait(1);
      if (net.wanted > before) net.router.setOwnSequence(51n + BigInt(net.wanted), net.nowMs);
    }
    expect(net.wanted).toBe(10);
  });

  test('tells a sequence of its own accord late, and never an older one', () => {
    const net = drivenRouter();
    net.router.setOwnSequence(49n, net.nowMs);
    net.router.setOwnSequence(60n, net.nowMs);
    expect(net.sent).toEqual([]);
    expect(net.wait(1_000).sent.map(({ update }) => update.sequence)).toEqual([60n, 60n, 60n]);
  });
});
