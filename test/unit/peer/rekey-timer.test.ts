import { beforeEach, describe, expect, test } from 'vitest';
import { RekeyTimer } from '../../../src/peer/rekey-timer.js';
import { ManualRuntime } from '../support/manual-runtime.js';

let runtime: ManualRuntime;
let packets: number;
let rekeyedAtMs: number[];
let timer: RekeyTimer;

beforeEach(() => {
  runtime = new ManualRuntime();
  packets = 0;
  rekeyedAtMs = [];
  timer = new RekeyTimer(runtime, { packetsInUse: () => packets, rekey: () => rekeyedAtMs.push(runtime.nowMs) });
});

/** Moves time on, with traffic all the while. */
async function use(durationMs: number): Promise<void> {
  for (const endMs = runtime.nowMs + durationMs; runtime.nowMs < endMs; ) {
    packets += 10;
    await runtime.advance(500);
  }
}

describe('new keys', () => {
  test.each([
    ['initiator', 120_000],
    ['responder', 150_000],
  ] as const)('are asked for by the %s after %i ms of use, give or take a tenth', async (role, intervalMs) => {
    timer.restart(role);
    await use(0.9 * intervalMs - 500);
    expect(rekeyedAtMs).toEqual([]);
    await use(0.2 * intervalMs + 1_000);
    expect(rekeyedAtMs.length).toBe(1);
  });

  test('come no more often when the other end was first', async () => {
    timer.restart('responder');
    await use(100_000);
    timer.restart('responder');
    await use(100_000);
    expect(rekeyedAtMs).toEqual([]);
  });

  test('are not for an idle association, until it is used again', async () => {
    timer.restart('initiator');
    packets += 4;
    await runtime.advance(3_600_000);
    expect(rekeyedAtMs).toEqual([]);
    await use(264_500);
    expect(rekeyedAtMs.length).toBeGreaterThanOrEqual(1);
  });

  test('are asked for again when the handshake came to nothing', async () => {
    timer.restart('initiator');
    await use(400_000);
    expect(rekeyedAtMs.length).toBeGreaterThanOrEqual(3);
  });

  test('are not for what has ended', async () => {
    timer.restart('initiator');
    timer.stop();
    expect(runtime.pendingTimers).toBe(0);
  });
});
