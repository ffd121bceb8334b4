import { describe, expect, test } from 'vitest';
import { LATE_MS, SOON_MS } from '../../../../src/mesh/routing/tuning.js';
import { B, C, D, DrivenRouter, drivenRouter, id, retracted, SELF, X } from './driven-router.js';

describe('neighbours', () => {
  test('are told of this node, and of every way, when they come', () => {
    const net = new DrivenRouter().up(B).known(X, 5n).told(B, X, 5n, 5).clear().up(C);
    expect(net.sent).toMatchObject([
      { to: C, update: { destination: SELF, sequence: 50n, metricMicros: 0, hops: 0 } },
      { to: C, update: { destination: X, sequence: 5n, metricMicros: 15_000, hops: 2 } },
    ]);
  });

  test('are told of new ways together after a moment, and not of ways through themselves', () => {
    const net = drivenRouter().told(B, X, 5n, 5);
    net
      .known(id(200), 1n)
      .wait(SOON_MS - 1)
      .told(C, id(200), 1n, 6);
    expect(net.sent).toEqual([]);
    net.wait(1);
    expect([B, C, D].map((to) => [net.metricsSent(to, X), net.metricsSent(to, id(200))])).toEqual([
      [[], [16]],
      [[15], []],
      [[15], [16]],
    ]);
  });

  test('hear at once that a way is lost, those that were told of it', () => {
    const net = drivenRouter().told(B, X, 5n, 5).wait(100).clear().told(B, X, 5n, retracted);
    expect(net.sent.map(({ to }) => to)).toEqual([C, D]);
    expect(net.metricsSent(C, X)).toEqual([null]);
    net.clear().told(B, X, 5n, retracted).wait(10_000);
    expect(net.sent).toEqual([]);
  });

  test('that become the next hop hear that there is no way through this router', () => {
    const net = drivenRouter().told(B, X, 5n, 5).told(C, X, 5n, 7).wait(100).clear().told(B, X, 5n, retracted).wait(SOON_MS);
    expect([B, C, D].map((to) => net.metricsSent(to, X))).toEqual([[17], [null], [17]]);
  });

  test('hear soon of what is worse, late of what is better, and not of trifles', () => {
    const net = drivenRouter().told(B, X, 5n, 90).wait(100).clear().told(B, X, 5n, 110).wait(SOON_MS);
    expect(net.metricsSent(C, X)).toEqual([120]);
    net
      .clear()
      .told(B, X, 5n, 80)
      .wait(LATE_MS - 1);
    expect(net.sent).toEqual([]);
    expect(net.wait(1).metricsSent(C, X)).toEqual([90]);
    net.clear().told(B, X, 5n, 84).wait(10_000);
    expect(net.sent).toEqual([]);
    expect(net.told(B, X, 5n, 85).wait(LATE_MS).metricsSent(C, X)).toEqual([95]);
  });

  test('hear once of what changes often', () => {
    const net = drivenRouter().told(B, X, 5n, 90).wait(100).clear();
    for (let count = 0; count < 100; count++) net.told(B, X, 5n, count % 2 === 0 ? 60 : 70).wait(10);
    expect(net.metricsSent(C, X)).toEqual([80]);
  });

  test('hear late of a newer sequence that nobody waits for', () => {
    const net = drivenRouter()
      .told(B, X, 5n, 5)
      .wait(100)
      .clear()
      .known(X, 6n)
      .told(B, X, 6n, 5)
      .wait(LATE_MS - 1);
    expect(net.sent).toEqual([]);
    expect(net.wait(1).sent).toMatchObject([{ update: { sequence: 6n } }, { update: { sequence: 6n } }]);
  });

  test('of one that is no relay hear of it alone, and of nothing else when it stops being one', () => {
    const leaf = drivenRouter({ isRelay: false }).told(B, X, 5n, 5).wait(10_000);
    expect(leaf.sent).toEqual([]);
    leaf.router.setRelay(true, leaf.nowMs);
    expect([B, C, D].map((to) => leaf.metricsSent(to, X))).toEqual([[], [15], [15]]);
    leaf.clear().router.setRelay(false, leaf.nowMs);
    expect([B, C, D].map((to) => leaf.metricsSent(to, X))).toEqual([[], [null], [null]]);
    expect(leaf.nextHop(X)).toBe(B);
  });

  test('that take no more hear later how things are then, once', () => {
    const net = drivenRouter().told(B, X, 5n, 5).wait(100);
    net.router.setWritable(C, false, net.nowMs);
    net.clear().told(B, X, 5n, retracted).told(B, X, 5n, 4).wait(100).told(B, X, 5n, 30).wait(100);
    expect(net.metricsSent(C, X)).toEqual([]);
    net.router.setOwnSequence(51n, net.nowMs);
    net.router.setWritable(C, true, net.wait(LATE_MS).nowMs);
    expect(net.metricsSent(C, X)).toEqual([40]);
    expect(net.sent.filter(({ to, update }) => to === C && update.destination === SELF).map(({ update }) => update.sequence)).toEqual([51n]);
  });

  test('are not told anything again that they know', () => {
    const net = drivenRouter().told(B, X, 5n, 5).wait(10_000).clear().told(B, X, 5n, 5).known(X, 5n).wait(600_000);
    expect([net.sent, net.changes, net.requests]).toEqual([[], [], []]);
    expect(net.router.nextAtMs).toBe(Number.POSITIVE_INFINITY);
  });
});

test('ways change before anybody is told of them', () => {
  const order: string[] = [];
  const net = drivenRouter().told(B, X, 5n, 5).wait(100);
  net.changes.push = () => order.push('changed');
  net.sent.push = () => order.push('sent');
  net.told(B, X, 5n, retracted);
  expect(order).toEqual(['changed', 'sent', 'sent']);
});
