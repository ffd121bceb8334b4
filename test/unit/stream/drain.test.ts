import { expect, test } from 'vitest';
import type { StreamEnd } from '../../../src/stream/index.js';
import { drainStreams, Patience } from '../../../src/stream/index.js';
import { ManualRuntime, settle } from '../support/manual-runtime.js';

const endless = { closed: new Promise(() => {}), stats: () => ({ sendBufferedBytes: 3 }) } as unknown as StreamEnd;
const cut = { status: 'cut', streams: 1, unacknowledgedBytes: 3n };

test('a drain ends with its time-out, or earlier when somebody has less time', async () => {
  const runtime = new ManualRuntime();
  const ends: string[] = [];
  const drain = (name: string): Patience => {
    const patience = new Patience(runtime.setTimer, 5_000);
    void drainStreams([endless], patience, () => ends.push(name)).then((report) => expect(report).toEqual(cut));
    return patience;
  };
  drain('as begun');
  drain('sooner').shorten(100);
  drain('at once').shorten(0);
  drain('no later').shorten(9_000);
  await settle();
  expect(ends).toEqual(['at once']);
  await runtime.advance(100);
  expect(ends).toEqual(['at once', 'sooner']);
  await runtime.advance(4_900);
  expect(ends).toEqual(['at once', 'sooner', 'as begun', 'no later']);
  expect(runtime.pendingTimers).toBe(0);
});

test('nothing to wait for leaves no timer behind', async () => {
  const runtime = new ManualRuntime();
  expect(await drainStreams([], new Patience(runtime.setTimer, 5_000), () => {})).toEqual({ status: 'drained' });
  expect(runtime.pendingTimers).toBe(0);
});
