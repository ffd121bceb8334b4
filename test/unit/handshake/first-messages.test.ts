import { beforeEach, describe, expect, test } from 'vitest';
import type { Threads } from '../../../src/engine/runtime.js';
import { type FirstMessage, type OpenedMessage, solve } from '../../../src/handshake/first-message.js';
import { FirstMessages } from '../../../src/handshake/first-messages.js';
import { HandshakeFault, type HandshakeParty } from '../../../src/handshake/index.js';
import { ikInitiator, xxInitiator } from '../../../src/handshake/noise.js';
import { FIRST_MESSAGES_WAITING_MAX, LONE_AFTER_MS, READING_HERE_BURST_MS, THREADS_PAUSE_MS } from '../../../src/handshake/tuning.js';
import { settle } from '../support/manual-runtime.js';
import { callOf, draw, fateOf, initiatorOf, localEnd, partyOf, responderOf } from './parties.js';

/** A thread that does its tasks when the test says so, in the order of the test. */
class FakeThreads implements Threads {
  readonly tasks: { readonly first: FirstMessage; readonly resolve: (solved: unknown) => void; readonly reject: (cause: unknown) => void }[] = [];
  readonly moved: (readonly ArrayBuffer[])[] = [];
  isClosed = false;

  run(task: unknown, moved: readonly ArrayBuffer[]): Promise<unknown> {
    this.moved.push(moved);
    return new Promise((resolve, reject) => this.tasks.push({ first: task as FirstMessage, resolve, reject }));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const { reject } of this.tasks) reject(new Error('closed'));
  }

  async solve(index: number): Promise<void> {
    const task = this.tasks[index];
    task?.resolve(solve(task.first, party.exchangeKeys));
    await settle();
  }
}

let party: HandshakeParty;
let threads: FakeThreads;
let nowMs: number;
let stepMs: number;
let data: { readonly secretKey: Uint8Array } | null;
let faults: unknown[];
let messages: FirstMessages;
let makeMessages: (hasOneCore: boolean) => FirstMessages;

beforeEach(async () => {
  party = await partyOf();
  threads = new FakeThreads();
  [nowMs, stepMs, data, faults] = [1_000, 0, null, []];
  // Each look at the clock takes its time: reading a message here costs one step.
  const clock = { nowMs: () => (nowMs += stepMs), sleep: () => Promise.reject(new Error('not here')) };
  const createThreads = (_module: URL, given: unknown): Threads => {
    data = given as typeof data;
    if (threads.isClosed) threads = new FakeThreads();
    return threads;
  };
  makeMessages = (hasOneCore) =>
    new FirstMessages(party.exchangeKeys, {
      runtime: { clock, createThreads, hasOneCore },
      onThreadsFailed: (cause) => faults.push(cause),
      onFault: (cause) => faults.push(cause),
    });
  messages = makeMessages(false);
});

function firstMessage(payload: Uint8Array): FirstMessage {
  const prologue = draw(32);
  const caller = ikInitiator({ prologue, localStatic: party.exchangeKeys, remoteStatic: party.exchangeKeys.publicKey, ephemeralSecret: draw(32) });
  return { pattern: 'IK', prologue, psk: null, ephemeralSecret: draw(32), message: caller.writeMessage(payload) };
}

/** Opens `count` messages; what became of each is noted by its number. */
function openSome(count: number): string[] {
  const settled: string[] = [];
  for (let number = 0; number < count; number++) {
    messages.open(firstMessage(Uint8Array.of(number)), (opened: OpenedMessage | HandshakeFault) =>
      settled.push(opened instanceof HandshakeFault ? opened.reason : `${opened.payload[0]}`),
    );
  }
  return settled;
}

/** Uses up the time that may be spent on this thread. */
function useUp(): void {
  stepMs = READING_HERE_BURST_MS + 1;
  openSome(1);
  stepMs = 0;
}

describe('message 1s', () => {
  test('that come now and then are read at once, without a thread and without a copy of the key', () => {
    expect(openSome(50)).toHaveLength(50);
    expect([threads.tasks.length, data]).toEqual([0, null]);
  });

  test('of a burst go to threads, and what they lead to happens in the order that they came in', async () => {
    useUp();
    const settled = openSome(4);
    expect(threads.tasks).toHaveLength(4);
    for (const index of [2, 1, 3]) await threads.solve(index);
    expect(settled).toEqual([]);
    await threads.solve(0);
    expect(settled).toEqual(['0', '1', '2', '3']);
  });

  test('of a burst are read at once for longer where threads would have no core of their own', () => {
    const readByBoth = [true, false].map((hasOneCore) => {
      messages = makeMessages(hasOneCore);
      useUp();
      return openSome(1).length;
    });
    expect([readByBoth, threads.tasks.length]).toEqual([[1, 0], 1]);
  });

  test('are read at once again when nothing waits and time has passed', async () => {
    useUp();
    openSome(1);
    nowMs += 10_000;
    const waiting = openSome(1);
    expect([threads.tasks.length, waiting]).toEqual([2, []]);
    await threads.solve(0);
    await threads.solve(1);
    expect([openSome(1), threads.tasks.length]).toEqual([['0'], 2]);
  });

  test('of a burst are read here for 1 ms at once and 100 ms a second', async () => {
    stepMs = 1.306;
    openSome(1);
    stepMs = 0;
    // 1.306 ms were used of one, and twice that has passed since the node looked how much was left: half a millisecond makes up for the rest.
    nowMs += 0.3;
    openSome(1);
    expect(threads.tasks).toHaveLength(1);
    await threads.solve(0);
    nowMs += 0.3;
    expect([openSome(1), threads.tasks.length]).toEqual([['0'], 1]);
  });

  test('that come more than 1 ms after the last one are read here for 50 ms in advance', async () => {
    useUp();
    const openLone = (count: number): string[] => {
      const settled: string[] = [];
      // One takes 5 ms, and 16 ms later 1.6 of them are made up for: 3.4 ms each time.
      stepMs = 5;
      for (let number = 0; number < count; number++) {
        nowMs += LONE_AFTER_MS;
        settled.push(...openSome(1));
      }
      stepMs = 0;
      return settled;
    };
    expect([openLone(7).length, threads.tasks.length]).toEqual([7, 0]);
    openSome(1);
    expect(threads.tasks).toHaveLength(1);
    await threads.solve(0);
    expect([openLone(8).length, threads.tasks.length]).toEqual([8, 1]);
    expect([openLone(1).length, threads.tasks.length]).toEqual([0, 2]);
  });

  test('that wait are bounded; more are dropped', () => {
    useUp();
    const settled = openSome(FIRST_MESSAGES_WAITING_MAX + 3);
    expect(threads.tasks).toHaveLength(FIRST_MESSAGES_WAITING_MAX);
    expect(settled).toEqual(['unread', 'unread', 'unread']);
  });

  test('lost with a thread cost themselves alone', async () => {
    useUp();
    const settled = openSome(3);
    threads.tasks[1]?.reject(new Error('crashed'));
    await threads.solve(0);
    await threads.solve(2);
    expect([settled, faults]).toEqual([['0', 'unread', '2'], []]);
  });

  test('have no threads any more after three that failed in a row, and the key that these shared is overwritten', async () => {
    useUp();
    const settled = openSome(5);
    expect(data?.secretKey.some((byte) => byte !== 0)).toBe(true);
    for (const index of [0, 1, 2]) threads.tasks[index]?.reject(new Error('crashed'));
    await settle();
    expect(settled).toEqual(Array(5).fill('unread'));
    expect([faults.length, threads.isClosed, data?.secretKey.every((byte) => byte === 0)]).toEqual([1, true, true]);
    expect(openSome(2)).toEqual(['0', '1']);
  });

  test('lost with one end of all threads count once, however many they are', async () => {
    useUp();
    const cause = new Error('the pool ended');
    const settled = openSome(20);
    for (const { reject } of threads.tasks) reject(cause);
    await settle();
    expect([settled, faults, threads.isClosed]).toEqual([Array(20).fill('unread'), [], false]);
    openSome(1);
    await threads.solve(20);
    for (let end = 0; end < 3; end++) {
      openSome(2);
      const ended = new Error(`end ${end}`);
      for (const { reject } of threads.tasks) reject(ended);
      await settle();
    }
    expect(faults).toHaveLength(1);
  });

  test('are given to threads again a minute after those failed', async () => {
    useUp();
    openSome(3);
    for (const { reject } of threads.tasks) reject(new Error('crashed'));
    await settle();
    const before = threads;
    nowMs += THREADS_PAUSE_MS - 100;
    useUp();
    expect([openSome(2), before.isClosed]).toEqual([['0', '1'], true]);
    nowMs += 100;
    useUp();
    const settled = openSome(2);
    expect([threads === before, threads.tasks.length, settled]).toEqual([false, 2, []]);
    await threads.solve(0);
    await threads.solve(1);
    expect(settled).toEqual(['0', '1']);
    await messages.close();
    expect([threads.isClosed, data?.secretKey.every((byte) => byte === 0)]).toEqual([true, true]);
  });

  test('move to threads whole, and bring nothing else along', () => {
    useUp();
    const pooled = Buffer.from(draw(48));
    expect(pooled.buffer.byteLength).toBeGreaterThan(48);
    const psk = draw(32);
    const caller = xxInitiator({ prologue: pooled, psk, localStatic: party.exchangeKeys, ephemeralSecret: draw(32) });
    const message = caller.writeMessage(new Uint8Array(4));
    messages.open({ pattern: 'XXpsk0', prologue: pooled, psk, ephemeralSecret: draw(32), message }, () => {});
    const { first } = threads.tasks[0] ?? { first: null };
    if (first === null || first.psk === null) throw new Error('no task');
    const parts = [first.prologue, first.psk, first.ephemeralSecret, first.message];
    expect(parts.map(({ length }) => length)).toEqual([48, 32, 32, message.length]);
    expect(parts.map(({ buffer }) => buffer.byteLength)).toEqual([48, 32, 32, message.length]);
    expect(threads.moved[0]).toEqual(parts.map(({ buffer }) => buffer));
    expect([first.psk === psk, psk.some((byte) => byte !== 0)]).toEqual([false, true]);
  });

  test('that took very long here, as over a suspension, keep this thread from reading for a second at most', () => {
    stepMs = 3_600_000;
    openSome(1);
    stepMs = 0;
    nowMs += 1_001;
    expect([openSome(1), threads.tasks.length]).toEqual([['0'], 0]);
  });

  test('lead to nothing after the close', async () => {
    useUp();
    const settled = openSome(3);
    await threads.solve(1);
    await messages.close();
    await settle();
    expect([settled, openSome(1), faults]).toEqual([[], [], []]);
    expect(data?.secretKey.every((byte) => byte === 0)).toBe(true);
  });
});

describe('a call that is read elsewhere', () => {
  test('is decided when it comes back: what was confirmed meanwhile counts', async () => {
    const [alice, bob] = [await partyOf(), party];
    const responder = responderOf(bob);
    const initiator = initiatorOf(alice, bob);
    const [older, newer] = [initiator.nextMessage().datagram, initiator.nextMessage().datagram];
    const taken = responder.take(older, 0, false);
    if (taken.status !== 'unread') throw new Error(taken.status);
    callOf(responder.receive(newer, 0)).accept(localEnd(9));
    responder.confirmed(9);
    const solved = new Promise<string>((resolve) => messages.open(taken.first, (opened) => resolve(fateOf(taken.finish(opened)))));
    expect(await solved).toBe('unproven');
  });

  test('is not read twice', async () => {
    const responder = responderOf(party);
    const { datagram } = initiatorOf(await partyOf(), party).nextMessage();
    const taken = responder.take(datagram, 0, false);
    if (taken.status !== 'unread') throw new Error(taken.status);
    expect(responder.take(datagram, 0, false)).toMatchObject({ status: 'ignored', fault: { reason: 'rate-limited' } });
    expect(fateOf(taken.finish(new HandshakeFault('unread', 'lost')))).toBe('unread');
    expect(responder.take(datagram, 0, false).status).toBe('unread');
  });
});
