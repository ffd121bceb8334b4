import { expect, test } from 'vitest';
import { Reconnector } from '../../../src/peer/reconnector.js';
import { ManualRuntime, settle } from '../support/manual-runtime.js';

/** A peer that can be connected to or not. */
function reconnectable(runtime: ManualRuntime, succeeds: () => boolean): { connected: boolean; attemptsAtMs: number[]; reconnector: Reconnector } {
  const peer = { connected: false, attemptsAtMs: [] as number[], reconnector: null as unknown as Reconnector };
  peer.reconnector = new Reconnector(runtime, {
    isConnected: () => peer.connected,
    connect: async () => {
      peer.attemptsAtMs.push(runtime.nowMs);
      if (!succeeds()) throw new Error('nobody there');
      peer.connected = true;
    },
  });
  return peer;
}

const lose = (peer: { connected: boolean; reconnector: Reconnector }): void => {
  peer.connected = false;
  peer.reconnector.onLost();
};

test('attempts that fail come with growing pauses, never more than 45 s apart', async () => {
  const runtime = new ManualRuntime();
  const peer = reconnectable(runtime, () => false);
  peer.reconnector.keep();
  await runtime.advance(3_600_000);
  const pauses = peer.attemptsAtMs.slice(1).map((atMs, index) => atMs - (peer.attemptsAtMs[index] ?? 0));
  expect(pauses[0]).toBeLessThanOrEqual(750);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(45_000);
  expect(pauses.length).toBeGreaterThan(75);
  peer.reconnector.stop();
  expect(runtime.pendingTimers).toBe(0);
});

test('a connection that lasted is followed by an attempt at once, one that did not by a pause', async () => {
  const runtime = new ManualRuntime();
  const peer = reconnectable(runtime, () => true);
  peer.reconnector.keep();
  await settle();
  await runtime.advance(60_000);
  lose(peer);
  await settle();
  expect(peer.attemptsAtMs).toEqual([0, 60_000]);
  lose(peer);
  await settle();
  expect(peer.attemptsAtMs).toHaveLength(2);
  await runtime.advance(750);
  expect(peer.attemptsAtMs).toHaveLength(3);
});

test('a connection that is lost before the attempt is told of it is tried again', async () => {
  const runtime = new ManualRuntime();
  let rounds = 0;
  const peer = reconnectable(runtime, () => {
    if (++rounds === 1) queueMicrotask(() => lose(peer));
    return true;
  });
  peer.reconnector.keep();
  await settle();
  await runtime.advance(1_000);
  expect(peer.connected).toBe(true);
  expect(rounds).toBe(2);
});

test('nothing is tried for a peer that nobody wants to be kept', async () => {
  const runtime = new ManualRuntime();
  const peer = reconnectable(runtime, () => true);
  lose(peer);
  await runtime.advance(60_000);
  expect(peer.attemptsAtMs).toEqual([]);
});

test('pauses are drawn from half to one and a half of their length, so that many nodes do not come back in step', async () => {
  const pauses = [0, 0.5, 0.999].map(async (chance) => {
    const runtime = new ManualRuntime();
    runtime.randomBytes = (byteCount) => new Uint8Array(byteCount).fill(chance * 256);
    const peer = reconnectable(runtime, () => false);
    peer.reconnector.keep();
    await runtime.advance(600_000);
    peer.reconnector.stop();
    return peer.attemptsAtMs.slice(1).map((atMs, index) => atMs - (peer.attemptsAtMs[index] ?? 0));
  });
  const [least = [], usual = [], most = []] = await Promise.all(pauses);
  expect([least[0], usual[0], most[0]].map((ms) => Math.round(ms ?? 0))).toEqual([250, 501, 750]);
  expect(least.at(-1)).toBeCloseTo(15_000, -2);
  expect(most.at(-1)).toBeCloseTo(45_000, -3);
});
