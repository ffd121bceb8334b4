import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ENGINE_COUNTERS } from '../../src/engine/engine.js';
import { EventKind } from '../../src/engine/events.js';
import type { NativeEngine } from '../../src/engine/load-addon.js';
import { connectedPair, Recorder } from './support/engines.js';

/** Longer than any of these tests looks at a spinning loop. */
const LONG_MICROS = 1_000_000;
const SHORT_MICROS = 500;
/** Many times longer than a silence that was asked for. */
const PATIENCE_MS = 2_000;
const TIMERS = 20;
/** A data packet of a session that nobody has: its sender is told so. */
const UNKNOWN_DATA = new Uint8Array(64).fill(9).fill(0, 1, 4).fill(4, 0, 1);
/** Turns of a loop that sleeps between two timers of its own, and has a test runner beside it. A loop that doesn't sleep makes hundreds a millisecond. */
const SLEEPY_TURNS_MAX = 5 * TIMERS;

interface SpinCounters {
  readonly emptyPolls: bigint;
  readonly begun: bigint;
  readonly ended: bigint;
}

function countersOf(engine: NativeEngine): SpinCounters {
  const into = new BigUint64Array(3);
  engine.spinCounters(into);
  const [emptyPolls = 0n, begun = 0n, ended = 0n] = into;
  return { emptyPolls, begun, ended };
}

/** The fewest turns of a few looks: the test runner may be busy during one, a loop that doesn't sleep is in all of them. */
async function fewestTurnsDuringTimers(): Promise<number> {
  const looks: number[] = [];
  while (looks.length < 5) looks.push(await turnsDuringTimers());
  return Math.min(...looks);
}

/** Turns that the event loop makes while timers fire, one after another. */
async function turnsDuringTimers(): Promise<number> {
  const { loopCount } = performance.nodeTiming.uvMetricsInfo;
  for (let fired = 0; fired < TIMERS; fired++) await setTimeout(1);
  return performance.nodeTiming.uvMetricsInfo.loopCount - loopCount;
}

/** Two engines that have just exchanged something. */
async function startSpinning(spinMicros: number): Promise<NativeEngine> {
  const { first } = connectedPair('127.0.0.1', '127.0.0.1', { spinMicros });
  first.engine.ping(first.association, 1);
  first.engine.flush();
  await first.recorder.next(EventKind.pong);
  return first.engine;
}

describe('a spinning engine', () => {
  it('polls without sleeping once something has moved, and timers fire meanwhile', async () => {
    const engine = await startSpinning(LONG_MICROS);
    const before = countersOf(engine);
    expect(before).toMatchObject({ begun: 1n, ended: 0n });
    expect(await turnsDuringTimers()).toBeGreaterThan(SLEEPY_TURNS_MAX);
    const after = countersOf(engine);
    expect(after).toMatchObject({ begun: 1n, ended: 0n });
    expect(after.emptyPolls - before.emptyPolls).toBeGreaterThan(BigInt(SLEEPY_TURNS_MAX));
  });

  it('sleeps after the silence that was asked for, and spins again when something moves', async () => {
    const engine = await startSpinning(SHORT_MICROS);
    let counters = countersOf(engine);
    while (counters.ended < counters.begun) {
      await setTimeout(1);
      counters = countersOf(engine);
    }
    expect(counters.begun).toBeGreaterThan(0n);
    expect(counters.emptyPolls).toBeGreaterThan(0n);
    expect(await fewestTurnsDuringTimers()).toBeLessThan(SLEEPY_TURNS_MAX);
    engine.ping(0, 2);
    engine.flush();
    expect(countersOf(engine).begun).toBeGreaterThan(counters.begun);
  });

  it.each([
    ['sleeps however much rubbish arrives', new Uint8Array(64)],
    ['sleeps however many packets of unknown sessions it answers with a reset', UNKNOWN_DATA],
  ])('%s', async (_promise, rubbish) => {
    const { first } = connectedPair('127.0.0.1', '127.0.0.1', { spinMicros: 20_000 });
    const { engine, port } = first;
    const stranger = createSocket('udp4').bind(0, '127.0.0.1');
    await once(stranger, 'listening');
    engine.ping(first.association, 1);
    engine.flush();
    await first.recorder.next(EventKind.pong);
    const until = performance.now() + PATIENCE_MS;
    let counters = countersOf(engine);
    while (counters.ended < counters.begun && performance.now() < until) {
      stranger.send(rubbish, port, '127.0.0.1');
      await setImmediate();
      counters = countersOf(engine);
    }
    stranger.close();
    expect(counters.begun).toBeGreaterThan(0n);
    expect(counters.ended).toBe(counters.begun);
  });

  it('does not spin without an association, whatever arrives', async () => {
    const { engine } = new Recorder({ spinMicros: LONG_MICROS });
    const { port } = engine.bind('127.0.0.1', 0);
    const stranger = createSocket('udp4').bind(0, '127.0.0.1');
    await once(stranger, 'listening');
    stranger.send(new Uint8Array(64), port, '127.0.0.1');
    const stats = new BigUint64Array(ENGINE_COUNTERS);
    while (stats[1] === 0n) {
      await setTimeout(1);
      engine.stats(stats);
    }
    stranger.close();
    expect(countersOf(engine)).toEqual({ emptyPolls: 0n, begun: 0n, ended: 0n });
  });

  it('ends with its last association, and with its engine', async () => {
    const { first, second } = connectedPair('127.0.0.1', '127.0.0.1', { spinMicros: LONG_MICROS });
    first.engine.flush();
    second.engine.flush();
    expect([first, second].map(({ engine }) => countersOf(engine).begun)).toEqual([1n, 1n]);
    first.engine.dropAssociation(first.association);
    second.engine.close();
    // The idle handle has its turn after the timers, at the latest in the second turn from here.
    for (let turns = 0; turns < 3; turns++) await setImmediate();
    expect(countersOf(first.engine)).toMatchObject({ begun: 1n, ended: 1n });
    expect(await fewestTurnsDuringTimers()).toBeLessThan(SLEEPY_TURNS_MAX);
  });
});

it('an engine that was not asked to spin sleeps at once', async () => {
  const engine = await startSpinning(0);
  expect(await fewestTurnsDuringTimers()).toBeLessThan(SLEEPY_TURNS_MAX);
  expect(countersOf(engine)).toEqual({ emptyPolls: 0n, begun: 0n, ended: 0n });
});
