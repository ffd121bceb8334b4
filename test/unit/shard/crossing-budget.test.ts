/** What all streams between two threads have under way together. */
import { describe, expect, test } from 'vitest';
import {
  CROSSING_WINDOW_BYTES,
  CROSSING_WINDOW_BYTES_MIN,
  CrossingBudget,
  CrossingWindow,
  memoryPartsOf,
} from '../../../src/shard/crossing-budget.js';
import { type CrossingBudgets, CrossingStream } from '../support/crossing-stream.js';
import { bytes, stateOf } from '../support/messages.js';

const KIB = 1_024;
const MIB = 1_024 * KIB;
const LIMIT_BYTES = MIB;
const STREAMS = 100;
/** The limit, and beyond it only what each stream must have to go on. */
const BOUND_BYTES = LIMIT_BYTES + STREAMS * CROSSING_WINDOW_BYTES_MIN;

const small = (): CrossingBudgets => ({ toShard: new CrossingBudget(LIMIT_BYTES), fromShard: new CrossingBudget(LIMIT_BYTES) });

/** Streams of which nobody takes what they bring, and all of them have more. */
function stuckStreams(budgets: CrossingBudgets, direction: 'to' | 'from'): CrossingStream[] {
  return Array.from({ length: STREAMS }, () => {
    const stream = new CrossingStream('bytes', budgets);
    stream.engine.roomBytes = 0;
    if (direction === 'to') void stream.end.write(new Uint8Array(MIB)).catch(() => {});
    else stream.relay.onReadable(stream.engine.feed(new Uint8Array(MIB)), false);
    stream.exchange();
    return stream;
  });
}

test('a stream alone has its whole window, and of many each has less', () => {
  const budget = new CrossingBudget(4 * MIB);
  expect(budget.windowBytes).toBe(CROSSING_WINDOW_BYTES);
  budget.take(3.5 * MIB);
  expect(budget.windowBytes).toBe(128 * KIB);
  budget.take(MIB);
  expect(budget.windowBytes).toBe(CROSSING_WINDOW_BYTES_MIN);
});

test('what is under way when a window closes is given back, and what comes later changes nothing', () => {
  const budget = new CrossingBudget(LIMIT_BYTES);
  const [window, other] = [new CrossingWindow(budget), new CrossingWindow(budget)];
  window.take(1_000);
  other.take(10);
  window.close();
  expect(budget.usedBytes).toBe(10);
  window.giveBack(1_000);
  window.take(5);
  expect(budget.usedBytes).toBe(10);
});

test.each([
  [2 ** 20, 917_504, 65_536, 65_536],
  [512 * MIB, 448 * MIB, 32 * MIB, 32 * MIB],
])('of limits.memoryBytes an eighth is for what crosses: %i', (memoryBytes, engines, toShards, fromShards) => {
  expect(memoryPartsOf(memoryBytes)).toEqual({ engines, toShards, fromShards });
});

describe('on their way to the engine', () => {
  test('all streams together are bounded, and one that finds nothing left goes on all the same', async () => {
    const budgets = small();
    const stuck = stuckStreams(budgets, 'to');
    expect(stuck.reduce((sum, { crossedBytes }) => sum + crossedBytes, 0)).toBe(budgets.toShard.usedBytes);
    expect(budgets.toShard.usedBytes).toBeGreaterThan(LIMIT_BYTES / 2);
    expect(budgets.toShard.usedBytes).toBeLessThanOrEqual(BOUND_BYTES);
    const stream = new CrossingStream('bytes', budgets);
    const writing = stream.end.write(new Uint8Array(500 * KIB));
    expect(await stateOf(writing)).toBe('pending');
    for (let rounds = 0; rounds < 10; rounds++) stream.exchange();
    await writing;
    stream.exchange();
    expect(stream.crossedBytes).toBe(500 * KIB);
    expect(budgets.toShard.usedBytes).toBeLessThanOrEqual(BOUND_BYTES);
  });

  test('a message of any length crosses when its stream has nothing else under way', () => {
    const budgets = small();
    stuckStreams(budgets, 'to');
    const stream = new CrossingStream('messages', budgets);
    expect(stream.messages.trySend(new Uint8Array(300 * KIB))).toBe(true);
    expect(stream.messages.trySend(bytes('x'))).toBe(false);
    stream.exchange();
    expect(stream.messages.trySend(bytes('x'))).toBe(true);
  });

  test.each([
    ['reset here', (stream: CrossingStream) => stream.end.reset()],
    ['reset by the peer', (stream: CrossingStream) => stream.relay.onReset(0, 0, 0)],
    ['stopped by the peer', (stream: CrossingStream) => stream.relay.onStopped(0, 0)],
    ['given up by the shard', (stream: CrossingStream) => stream.relay.giveUp(new Error('over') as never, 0, 0)],
  ])('a stream that is %s gives back what it had', async (_, end) => {
    const budgets = small();
    const stream = new CrossingStream('bytes', budgets);
    stream.engine.roomBytes = 0;
    stream.end.write(new Uint8Array(MIB)).catch(() => {});
    stream.exchange();
    expect(budgets.toShard.usedBytes).toBeGreaterThan(0);
    end(stream);
    stream.exchange();
    expect(budgets.toShard.usedBytes).toBe(0);
  });
});

describe('on their way to the application', () => {
  test('all streams together are bounded, and one that finds nothing left goes on all the same', async () => {
    const budgets = small();
    const stuck = stuckStreams(budgets, 'from');
    expect(stuck.reduce((sum, { crossedBytes }) => sum + crossedBytes, 0)).toBe(budgets.fromShard.usedBytes);
    expect(budgets.fromShard.usedBytes).toBeGreaterThan(LIMIT_BYTES / 2);
    expect(budgets.fromShard.usedBytes).toBeLessThanOrEqual(BOUND_BYTES);
    const stream = new CrossingStream('bytes', budgets);
    stream.relay.onReadable(stream.engine.feed(new Uint8Array(500 * KIB)), true);
    let count = 0;
    for (let read = 1; read > 0; count += read) {
      stream.exchange();
      read = await stream.end.read(new Uint8Array(64 * KIB));
    }
    expect(count).toBe(500 * KIB);
    expect(budgets.fromShard.usedBytes).toBeLessThanOrEqual(BOUND_BYTES);
  });

  test('messages are bounded with what each takes beside its bytes, and a long one comes alone', async () => {
    const budgets = small();
    stuckStreams(budgets, 'from');
    const before = budgets.fromShard.usedBytes;
    const stream = new CrossingStream('messages', budgets);
    stream.relay.onReadable(stream.engine.feedMessages(...Array.from({ length: 5_000 }, () => new Uint8Array(0))), false);
    stream.exchange();
    expect(budgets.fromShard.usedBytes - before).toBeLessThanOrEqual(CROSSING_WINDOW_BYTES_MIN);
    const iterator = stream.messages[Symbol.asyncIterator]();
    for (let taken = 0; taken < 5_000; taken++) {
      expect((await iterator.next()).value).toHaveLength(0);
      stream.exchange();
    }
    stream.relay.onReadable(stream.engine.feedMessages(new Uint8Array(300 * KIB), bytes('x')), false);
    stream.exchange();
    expect(stream.crossedBytes).toBe(300 * KIB);
    for (const length of [300 * KIB, 1]) {
      expect((await iterator.next()).value).toHaveLength(length);
      stream.exchange();
    }
  });

  test.each([
    ['stopped here', (stream: CrossingStream) => stream.end.stop()],
    ['reset here', (stream: CrossingStream) => stream.end.reset()],
    ['reset by the peer', (stream: CrossingStream) => stream.relay.onReset(0, 0, 0)],
    ['lost with its association', (stream: CrossingStream) => stream.relay.failWithAssociation(new Error('over') as never)],
  ])('a stream that is %s gives back what it had', async (_, end) => {
    const budgets = small();
    const stream = new CrossingStream('bytes', budgets);
    stream.relay.onReadable(stream.engine.feed(new Uint8Array(MIB)), false);
    stream.exchange();
    expect(budgets.fromShard.usedBytes).toBeGreaterThan(0);
    end(stream);
    stream.exchange();
    expect(budgets.fromShard.usedBytes).toBe(0);
  });

  test('what arrives after the application has stopped reading is dropped', () => {
    const stream = new CrossingStream('bytes');
    stream.relay.onReadable(stream.engine.feed(bytes('late')), false);
    stream.end.stop();
    stream.exchange();
    expect(stream.remote.peek()).toBe(null);
  });
});
