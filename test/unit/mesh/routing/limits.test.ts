import { describe, expect, test } from 'vitest';
import { FlapDamping } from '../../../../src/mesh/routing/flap-damping.js';
import { routeKey } from '../../../../src/mesh/routing/index.js';
import { DESTINATIONS_MAX, FLAPPING_MAX, NEIGHBOURS_MAX, ROUTES_MAX, UNANNOUNCED_MAX } from '../../../../src/mesh/routing/limits.js';
import { B, C, DrivenRouter, drivenRouter, MTU, retracted } from './driven-router.js';

/** More of them than fit. */
const far = (number: number) => routeKey(Uint8Array.from([1, 0, 0, 0, 0, number >>> 16, (number >>> 8) & 255, number & 255]));

describe('a router', () => {
  test('holds so many destinations, and another for one that is gone', () => {
    const net = new DrivenRouter().up(B, C);
    for (let number = 0; number <= DESTINATIONS_MAX; number++) net.known(far(number), 1n);
    expect(net.router.stats().destinations).toBe(DESTINATIONS_MAX);
    net.told(B, far(DESTINATIONS_MAX), 1n, 5);
    expect(net.router.stats()).toMatchObject({ routes: 0, routesRefused: 1 });
    net.told(B, far(7), 1n, 5).wait(100);
    net.router.announcementGone(far(7), net.nowMs);
    net.told(B, far(7), 1n, retracted).known(far(DESTINATIONS_MAX), 1n).told(B, far(DESTINATIONS_MAX), 1n, 5);
    expect([net.nextHop(far(DESTINATIONS_MAX)), net.router.stats().destinations]).toEqual([B, DESTINATIONS_MAX]);
  });

  test('holds so many routes of a neighbour that nobody announced, and asks for the others when they are', () => {
    const net = new DrivenRouter().up(B, C);
    for (let number = 0; number <= UNANNOUNCED_MAX; number++) net.told(B, far(number), 1n, 5);
    net.told(C, far(UNANNOUNCED_MAX), 1n, 50);
    expect(net.router.stats()).toMatchObject({ routes: UNANNOUNCED_MAX + 1, routesRefused: 1 });
    // Each that is announced makes room for another.
    net.known(far(0), 1n).told(B, far(UNANNOUNCED_MAX + 1), 1n, 5);
    expect(net.router.stats()).toMatchObject({ routes: UNANNOUNCED_MAX + 2, routesRefused: 1 });
    net
      .told(B, far(UNANNOUNCED_MAX + 2), 1n, 5)
      .clear()
      .known(far(UNANNOUNCED_MAX + 2), 1n);
    expect(net.requests).toEqual([{ to: B, destination: far(UNANNOUNCED_MAX + 2), sequence: 0n, ttl: 1 }]);
    // What is gone from a neighbour with all its routes is gone from the table.
    net.router.neighbourDown(B, net.nowMs);
    net.router.neighbourDown(C, net.nowMs);
    expect(net.router.stats()).toMatchObject({ routes: 0, destinations: 2 });
  });

  test('holds so many routes of all neighbours together', () => {
    const net = new DrivenRouter();
    const updates = Array.from({ length: UNANNOUNCED_MAX }, (_, number) => ({
      destination: far(number),
      sequence: 1n,
      metricMicros: 5,
      mtuBytes: MTU,
      hops: 1,
    }));
    for (let number = 0; number <= ROUTES_MAX / UNANNOUNCED_MAX; number++) {
      net.up(far(100_000 + number)).router.updated(far(100_000 + number), updates, net.nowMs);
    }
    expect(net.router.stats()).toMatchObject({ routes: ROUTES_MAX, routesRefused: UNANNOUNCED_MAX });
    net.router.neighbourDown(far(100_000), net.nowMs);
    expect(net.router.stats().routes).toBe(ROUTES_MAX - UNANNOUNCED_MAX);
  });

  test('has so many neighbours', () => {
    const net = new DrivenRouter();
    for (let number = 0; number < NEIGHBOURS_MAX; number++) expect(net.router.neighbourUp(far(number), 10, MTU, 0)).toBe(true);
    expect(net.router.neighbourUp(far(NEIGHBOURS_MAX), 10, MTU, 0)).toBe(false);
    net.router.neighbourDown(far(3), 0);
    expect(net.router.neighbourUp(far(NEIGHBOURS_MAX), 10, MTU, 0)).toBe(true);
  });

  test('remembers so many neighbours that went down', () => {
    const damping = new FlapDamping();
    for (let number = 0; number < 2 * FLAPPING_MAX; number++) damping.wentDown(far(number), 0);
    expect(damping.size).toBe(FLAPPING_MAX);
    damping.expire(100_000);
    expect(damping.size).toBe(0);
  });

  test('leaves nothing behind of ten thousand changes', () => {
    const net = drivenRouter();
    for (let number = 0; number < 10_000; number++) {
      const destination = far(number % 50);
      const sequence = BigInt(number + 1);
      net.known(destination, sequence).told(B, destination, sequence, 5).told(C, destination, sequence, 9).wait(20);
      net.told(B, destination, sequence, retracted).told(C, destination, sequence, retracted);
      net.router.announcementGone(destination, net.nowMs);
      if (number % 100 === 0) net.up(B);
    }
    net.wait(1_000_000);
    // Of the far one that all of these tests know, nothing was ever told.
    expect(net.router.stats()).toMatchObject({ destinations: 1, routes: 0, updatesOutdated: 0, routesRefused: 0 });
    expect([...net.router.ways()]).toEqual([]);
    expect(net.router.nextAtMs).toBe(Number.POSITIVE_INFINITY);
  });
});
