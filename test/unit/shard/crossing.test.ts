/** A stream between two threads: what crosses, in which order, and how it ends. */
import { beforeEach, describe, expect, test } from 'vitest';
import { osierError } from '../../../src/errors/index.js';
import { CROSSING_WINDOW_BYTES } from '../../../src/shard/crossing-budget.js';
import type { Outbox } from '../../../src/shard/outbox.js';
import type { ToShard } from '../../../src/shard/protocol.js';
import type { RelayedStream } from '../../../src/shard/relayed-stream.js';
import type { ByteStreamEnd } from '../../../src/stream/byte-stream.js';
import type { MessageStreamEnd } from '../../../src/stream/message-stream.js';
import { CrossingStream } from '../support/crossing-stream.js';
import type { FakeEngine } from '../support/fake-engine.js';
import { bytes, stateOf, text } from '../support/messages.js';

const KIB = 1_024;

let stream: CrossingStream;
let engine: FakeEngine;
let toShard: Outbox<ToShard>;
let relay: RelayedStream;
let end: ByteStreamEnd;
let messages: MessageStreamEnd;

function connect(kind: 'bytes' | 'messages' | 'datagrams'): void {
  stream = new CrossingStream(kind);
  ({ engine, relay, end, messages, toShard } = stream);
}

const exchange = (): void => stream.exchange();
const sentText = (): string => Buffer.concat(engine.sent).toString();

describe('bytes between two threads', () => {
  beforeEach(() => connect('bytes'));

  test('cross in order, what was written in one tick together, and the end behind them', async () => {
    for (const piece of ['one ', 'two ', 'three']) expect(end.tryWrite(bytes(piece))).toBe(true);
    void end.end();
    expect(engine.sent).toEqual([]);
    toShard.flush();
    expect(sentText()).toBe('one two three');
    expect(engine.sent).toHaveLength(1);
    expect(engine.calls).toEqual(['finish']);
  });

  test('are bounded on their way to the engine, which writers feel', async () => {
    engine.roomBytes = 100 * KIB;
    const writing = end.write(new Uint8Array(2_000 * KIB));
    exchange();
    expect(await stateOf(writing)).toBe('pending');
    expect(stream.crossedBytes).toBe(100 * KIB + CROSSING_WINDOW_BYTES);
    expect(end.stats().sendBufferedBytes).toBe(100 * KIB + CROSSING_WINDOW_BYTES);
    engine.roomBytes = Number.MAX_SAFE_INTEGER;
    relay.onWritable();
    exchange();
    await writing;
    expect(engine.sent.reduce((sum, { length }) => sum + length, 0)).toBe(2_000 * KIB);
  });

  test('are bounded on their way to a reader that takes its time', async () => {
    const fed = new Uint8Array(1_000 * KIB).map((_, at) => at % 251);
    relay.onReadable(engine.feed(fed), true);
    exchange();
    expect(stream.crossedBytes).toBe(CROSSING_WINDOW_BYTES);
    const received: Uint8Array[] = [];
    for (let count = 0; count < fed.length; exchange()) {
      const into = new Uint8Array(100 * KIB);
      const read = await end.read(into);
      received.push(into.subarray(0, read));
      count += read;
      expect(stream.crossedBytes).toBeLessThanOrEqual(count + CROSSING_WINDOW_BYTES);
    }
    expect(Buffer.compare(Buffer.concat(received), fed)).toBe(0);
    expect(await end.read(new Uint8Array(1))).toBe(0);
    expect(end.stats()).toMatchObject({ bytesReceived: BigInt(fed.length), bytesConsumed: BigInt(fed.length), receiveBufferedBytes: 0 });
  });

  test('that have come whole when the association ends are read to their end, also those that waited for the reader', async () => {
    const fed = new Uint8Array(900 * KIB).fill(7);
    relay.onReadable(engine.feed(fed), true);
    relay.failWithAssociation(osierError('ERR_OSIER_PEER_LOST', 'gone', { silentMs: 1 }));
    exchange();
    let count = 0;
    for await (const batch of end) for (const chunk of batch) count += chunk.length;
    expect(count).toBe(fed.length);
    await expect(end.write(bytes('x'))).rejects.toMatchObject({ code: 'ERR_OSIER_PEER_LOST', details: { silentMs: 1 } });
  });

  test('are dropped when the stream is reset here, and the reset overtakes none of them', async () => {
    engine.roomBytes = 0;
    void end.write(new Uint8Array(10 * KIB)).catch(() => {});
    exchange();
    end.reset(9);
    await expect(end.read(new Uint8Array(1))).rejects.toMatchObject({ details: { by: 'local', applicationCode: 9 } });
    exchange();
    expect(engine.calls).toEqual(['reset 0 9']);
    engine.roomBytes = 100 * KIB;
    relay.onWritable();
    expect(sentText()).toBe('');
  });

  test('flush waits for what the engine had no room for', async () => {
    engine.roomBytes = 3;
    void end.write(bytes('abcdef'));
    const flushed = end.flush();
    exchange();
    expect(engine.calls).not.toContain('watch');
    engine.roomBytes = 100;
    relay.onWritable();
    expect(engine.calls).toContain('watch');
    relay.onFlushed();
    exchange();
    await flushed;
  });

  test('the end of the stream here is its end for the association', async () => {
    void end.end();
    end.stop();
    exchange();
    relay.onFinished(0);
    exchange();
    expect(await end.closed).toEqual({ status: 'finished' });
    await Promise.resolve();
    exchange();
    expect(await relay.closed).toEqual({ status: 'finished' });
    expect(relay.stats()).toEqual(end.stats());
  });

  test('a stream that the shard gives up fails here with the same error', async () => {
    relay.giveUp(osierError('ERR_OSIER_NODE_CLOSED', 'closed', {}), 0, 0);
    exchange();
    expect(await end.closed).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_NODE_CLOSED' } });
  });
});

describe('messages between two threads', () => {
  beforeEach(() => connect('messages'));

  test('cross whole, with their options, and their fates come back', async () => {
    const fates = [messages.deliver(bytes('one')), messages.deliver(bytes('two'), { lifetimeMs: 60_000 })];
    exchange();
    const lifetimes = engine.sentMessages.map(({ lifetimeMicros }) => lifetimeMicros);
    expect(engine.sentMessages.map((one) => [one.text, one.options, one.token])).toEqual([
      ['one', 2, 0],
      ['two', 2, 1],
    ]);
    expect(lifetimes[0]).toBe(0);
    expect(lifetimes[1]).toBeLessThanOrEqual(60_000_000);
    relay.onSettled(1, 2);
    relay.onSettled(0, 1);
    exchange();
    expect(await Promise.all(fates)).toEqual([{ status: 'delivered' }, { status: 'expired' }]);
    expect(messages.stats()).toMatchObject({ messagesSent: 2n, messagesDelivered: 1n, messagesExpired: 1n });
  });

  test('have no more lifetime than was left when the engine has room', async () => {
    engine.roomMessages = 0;
    await messages.send(bytes('late'), { lifetimeMs: 1 });
    exchange();
    const since = process.hrtime.bigint();
    while (process.hrtime.bigint() - since < 2_000_000n);
    engine.roomMessages = 1;
    relay.onWritable();
    expect(engine.sentMessages).toMatchObject([{ text: 'late', lifetimeMicros: 1 }]);
  });

  test('are bounded in number as well, empty ones included; one that is longer than the window crosses alone', async () => {
    engine.roomMessages = 0;
    let accepted = 0;
    while (messages.trySend(new Uint8Array(0))) accepted++;
    expect(accepted).toBe(CROSSING_WINDOW_BYTES / 64);
    connect('messages');
    const long = new Uint8Array(3 * CROSSING_WINDOW_BYTES).fill(65);
    expect(messages.trySend(long)).toBe(true);
    expect(messages.trySend(bytes('x'))).toBe(false);
    exchange();
    expect(engine.sentMessages[0]?.text).toHaveLength(long.length);
    expect(messages.trySend(bytes('x'))).toBe(true);
  });

  test('come in order, long ones too, as far ahead as the reader allows', async () => {
    const sizes = [3, 0, 300 * KIB, 70 * KIB, 5];
    const sent = sizes.map((size, number) => new Uint8Array(size).fill(number));
    relay.onReadable(engine.feedMessages(...sent), true);
    exchange();
    // The long one waits until nothing else is under way.
    expect(stream.crossedBytes).toBe(3);
    const received: number[] = [];
    for (let left = sizes.length; left > 0; left--) {
      const { value } = await messages[Symbol.asyncIterator]().next();
      received.push((value as Uint8Array).length);
      exchange();
    }
    expect(received).toEqual(sizes);
    expect(text((await messages[Symbol.asyncIterator]().next()).value)).toBe('end');
  });

  test('that have come whole when the association ends are all read, also those that waited for the reader', async () => {
    const sent = Array.from({ length: 9 }, (_, number) => new Uint8Array(100 * KIB).fill(number));
    relay.onReadable(engine.feedMessages(...sent), false);
    relay.failWithAssociation(osierError('ERR_OSIER_PEER_LOST', 'gone', { silentMs: 1 }));
    exchange();
    const received: number[] = [];
    const reading = (async () => {
      for await (const message of messages) received.push(message[0] ?? -1);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'ERR_OSIER_PEER_LOST' });
    expect(received).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('that a full receiver dropped are counted while the stream goes on', () => {
    connect('datagrams');
    engine.messageCounts = [0n, 0n, 0n, 0n, 0n, 4n];
    relay.onReadable(engine.feedMessages(bytes('one')), false);
    exchange();
    expect(messages.stats()).toMatchObject({ messagesReceived: 1n, messagesDropped: 4n });
    // Nobody reads, and it goes on dropping.
    engine.messageCounts = [0n, 0n, 0n, 0n, 0n, 6n];
    relay.onReadable(1, false);
    exchange();
    expect(messages.stats().messagesDropped).toBe(6n);
  });

  test('the priority of the handler is told to the engine', () => {
    relay.obey({ op: 'priority', stream: 7, priority: 6 });
    expect(stream.priorities).toEqual([6]);
  });
});
