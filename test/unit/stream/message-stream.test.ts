import { beforeEach, describe, expect, test } from 'vitest';
import type { Peer } from '../../../src/api/peers.js';
import { peerClosed } from '../../../src/peer/closing-errors.js';
import { MessageStreamEnd } from '../../../src/stream/message-stream.js';
import { FakeEngine } from '../support/fake-engine.js';
import { bytes, portTo, sendingOf, stateOf, TestClock, text } from '../support/messages.js';

let engine: FakeEngine;
let stream: MessageStreamEnd;

beforeEach(() => {
  engine = new FakeEngine(null, () => {});
  stream = new MessageStreamEnd(portTo(engine), { protocol: 'x', peer: {} as Peer, priority: 3 }, sendingOf(new TestClock()));
});

const lost = peerClosed('remote', 'normal', '');
const arrive = (messages: readonly string[], isEnd = false): void => stream.onReadable(engine.feedMessages(...messages.map(bytes)), isEnd);
const tokenOf = (index: number): number => engine.sentMessages[index]?.token ?? Number.NaN;

async function collect(messages: AsyncIterable<Uint8Array>): Promise<string[]> {
  const all: string[] = [];
  for await (const message of messages) all.push(text(message));
  return all;
}

describe('bad arguments', () => {
  const signal = { signal: 'none' as unknown as AbortSignal };
  const word = 'text' as unknown as Uint8Array;

  test.each<[string, string, () => Promise<unknown>]>([
    ['send', 'message', () => stream.send(word)],
    ['send', 'signal', () => stream.send(bytes('a'), signal)],
    ['send', 'lifetimeMs', () => stream.send(bytes('a'), { lifetimeMs: -1 })],
    ['send', 'lifetimeMs', () => stream.send(bytes('a'), { lifetimeMs: 2 ** 32 })],
    ['send', 'lifetimeMs', () => stream.send(bytes('a'), { lifetimeMs: Number.NaN })],
    ['deliver', 'message', () => stream.deliver(word)],
    ['deliver', 'signal', () => stream.deliver(bytes('a'), signal)],
    ['deliver', 'lifetimeMs', () => stream.deliver(bytes('a'), { lifetimeMs: Number.POSITIVE_INFINITY })],
    ['ready', 'signal', () => stream.ready(signal)],
    ['flush', 'signal', () => stream.flush(signal)],
    ['end', 'signal', () => stream.end(signal)],
  ])('%s rejects a bad %s', async (_call, option, call) => {
    await expect(call()).rejects.toMatchObject({ code: 'ERR_OSIER_INVALID_OPTION', details: { option } });
    expect(engine.sentMessages).toEqual([]);
  });

  test('trySend and until throw', () => {
    expect(() => stream.trySend(word)).toThrow(expect.objectContaining({ details: { option: 'message' } }));
    for (const bad of [undefined, 'none']) {
      expect(() => stream.until(bad as unknown as AbortSignal)).toThrow(expect.objectContaining({ details: { option: 'signal' } }));
    }
  });
});

describe('a message that is too large', () => {
  test('rejects, or throws where there is no promise', async () => {
    const message = new Uint8Array(1_001);
    const tooLarge = { code: 'ERR_OSIER_TOO_LARGE', details: { sizeBytes: 1_001, maxBytes: 1_000 } };
    await expect(stream.send(message)).rejects.toMatchObject(tooLarge);
    await expect(stream.deliver(message)).rejects.toMatchObject(tooLarge);
    expect(() => stream.trySend(message)).toThrow(expect.objectContaining(tooLarge));
    expect(stream.trySend(new Uint8Array(1_000))).toBe(true);
  });
});

describe('a loop', () => {
  test('over the stream gets one message at a time, over batches all at hand', async () => {
    arrive(['a', 'b', 'c', 'd'], true);
    for await (const message of stream) {
      expect(text(message)).toBe('a');
      arrive([], true);
      // Not left by break: the rest is for the next loop.
      const batches: string[][] = [];
      for await (const batch of stream.batches()) batches.push(batch.map(text));
      expect(batches).toEqual([['b', 'c', 'd']]);
    }
    expect(engine.calls).toEqual([]);
  });

  test.each<[string, () => AsyncIterable<unknown>]>([
    ['the stream', () => stream],
    ['batches', () => stream.batches()],
    ['until', () => stream.until(new AbortController().signal)],
  ])('over %s that is left early stops the reading side, and that alone', async (_name, loop) => {
    arrive(['a', 'b']);
    for await (const _message of loop()) break;
    expect(engine.calls).toEqual(['stop 0']);
    expect(await collect(stream)).toEqual([]);
    await stream.send(bytes('still'));
  });

  test('until a signal ends without an error when that aborts, and stops nothing', async () => {
    const controller = new AbortController();
    const got = collect(stream.until(controller.signal));
    arrive(['a', 'b']);
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error('draining'));
    expect(await got).toEqual(['a', 'b']);
    expect(engine.calls).toEqual([]);
    await stream.send(bytes('answer'));
    arrive(['c'], true);
    expect(await collect(stream.until(controller.signal))).toEqual([]);
    expect(await collect(stream)).toEqual(['c']);
  });

  test('until a signal leaves what it has not handed over to the next loop', async () => {
    const controller = new AbortController();
    arrive(['a', 'b', 'c'], true);
    const got: string[] = [];
    for await (const message of stream.until(controller.signal)) {
      got.push(text(message));
      controller.abort();
    }
    expect(got).toEqual(['a']);
    expect(await collect(stream)).toEqual(['b', 'c']);
  });

  test("until a signal ends with the stream's own end and error", async () => {
    const { signal } = new AbortController();
    const failing = collect(stream.until(signal));
    stream.onReset(0, 3);
    await expect(failing).rejects.toMatchObject({ code: 'ERR_OSIER_STREAM_RESET', details: { applicationCode: 3 } });
  });
});

describe('the fate of a message', () => {
  test("is unknown, with the stream's error, when the stream or its association ends first", async () => {
    const delivery = stream.deliver(bytes('a'));
    stream.failWithAssociation(lost);
    expect(await delivery).toEqual({ status: 'unknown', error: lost });
  });

  test.each<[string, string, () => void]>([
    ['the peer resets the stream', 'ERR_OSIER_STREAM_RESET', () => stream.onReset(0, 1)],
    ['the peer stops reading', 'ERR_OSIER_STREAM_STOPPED', () => stream.onStopped(0, 1)],
    ['the peer serves another kind', 'ERR_OSIER_KIND_MISMATCH', () => stream.onReset(2, 0)],
    ['this end resets the stream', 'ERR_OSIER_STREAM_RESET', () => stream.reset(1)],
    ['the engine forgets it without a word', 'ERR_OSIER_STREAM_ENDED', () => stream.onClosed()],
  ])('is unknown when %s', async (_what, code, happen) => {
    const delivery = stream.deliver(bytes('a'));
    happen();
    expect(await delivery).toMatchObject({ status: 'unknown', error: { code } });
  });

  test('that is told after the stream finished, before its handle dies, is still the fate', async () => {
    const delivery = stream.deliver(bytes('a'));
    void stream.end();
    stream.onReadable(0, true);
    stream.onFinished();
    expect(await stateOf(delivery)).toBe('pending');
    stream.onSettled(tokenOf(0), 1);
    stream.onClosed();
    expect(await delivery).toEqual({ status: 'delivered' });
  });
});

describe('the end of the association', () => {
  test('leaves what has come whole to be read, then says why nothing more comes', async () => {
    arrive(['a', 'b']);
    stream.failWithAssociation(lost);
    expect(await stream.closed).toEqual({ status: 'failed', error: lost });
    const got: string[] = [];
    const loop = (async () => {
      for await (const message of stream) got.push(text(message));
    })();
    await expect(loop).rejects.toBe(lost);
    expect(got).toEqual(['a', 'b']);
  });

  test('is no failure for what has come with its end when nothing is left to be sent', async () => {
    void stream.end();
    stream.onFinished();
    arrive(['a'], true);
    stream.failWithAssociation(lost);
    expect(await stream.closed).toEqual({ status: 'finished' });
    expect(await collect(stream)).toEqual(['a']);
  });
});

test('disposal resets what end() has not ended, and waits for what it has', async () => {
  void stream.end();
  const disposed = stream[Symbol.asyncDispose]();
  expect(await stateOf(disposed)).toBe('pending');
  stream.onFinished();
  await disposed;
  expect(engine.calls).toEqual(['finish', 'stop 0']);
  expect(await stream.closed).toEqual({ status: 'finished' });
  const other = new MessageStreamEnd(portTo(engine), { protocol: 'x', peer: {} as Peer, priority: 3 }, sendingOf(new TestClock()));
  await other[Symbol.asyncDispose]();
  expect(engine.calls).toEqual(['finish', 'stop 0', 'reset 0 0']);
});

describe('the counters', () => {
  test("are the engine's; when the stream is closed, what is pending is unknown", () => {
    engine.messageCounts = [10n, 4n, 2n, 0n, 7n];
    const counted = { messagesSent: 10n, messagesDelivered: 4n, messagesExpired: 2n, messagesReceived: 7n };
    expect(stream.stats()).toMatchObject({ ...counted, messagesUnknown: 0n });
    stream.reset();
    engine.isForgetful = true;
    expect(stream.stats()).toMatchObject({ ...counted, messagesUnknown: 4n });
  });

  test('add up also when the engine has forgotten the stream before it was closed here', async () => {
    await stream.send(bytes('abc'));
    void stream.deliver(bytes('de'));
    arrive(['x', 'y'], true);
    await collect(stream);
    void stream.end();
    engine.isForgetful = true;
    stream.onFinished();
    expect(stream.stats()).toMatchObject({ messagesSent: 2n, messagesDelivered: 2n, messagesExpired: 0n, messagesUnknown: 0n, messagesReceived: 2n });
    expect(stream.stats()).toMatchObject({ bytesSent: 5n, bytesAcknowledged: 5n, bytesReceived: 2n });
  });

  test('tell all fates when the stream finished, however early the engine has forgotten it', async () => {
    await stream.send(bytes('a'), { lifetimeMs: 5 });
    await stream.send(bytes('b'), { lifetimeMs: 5 });
    void stream.end();
    arrive(['x'], true);
    await collect(stream);
    engine.isForgetful = true;
    stream.onFinished(1);
    stream.onClosed();
    expect(stream.stats()).toMatchObject({ messagesSent: 2n, messagesDelivered: 1n, messagesExpired: 1n, messagesUnknown: 0n, messagesReceived: 1n });
  });

  test('count what the receiver dropped by what was told last', () => {
    engine.messageCounts = [0n, 0n, 0n, 0n, 0n, 2n];
    stream.reset();
    expect(stream.stats().messagesDropped).toBe(2n);
    stream.onClosed(5);
    expect(stream.stats().messagesDropped).toBe(5n);
  });

  test('call unknown what may have expired and was not told', async () => {
    await stream.send(bytes('a'), { lifetimeMs: 5 });
    for (const _fate of [1, 2]) void stream.deliver(bytes('b'), { lifetimeMs: 5 });
    stream.onSettled(tokenOf(1), 1);
    stream.onSettled(tokenOf(2), 2);
    engine.isForgetful = true;
    stream.reset();
    expect(stream.stats()).toMatchObject({ messagesSent: 3n, messagesDelivered: 1n, messagesExpired: 1n, messagesUnknown: 1n });
  });
});
