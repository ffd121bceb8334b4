import { describe, expect, test } from 'vitest';
import type { MessageOptions, MessageStream, StreamKind } from '../../src/index.js';
import { collectMessages, deferred, nextOf, patternBytes, sameBytes, startConnected, type TestNodeOptions } from './support/nodes.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (message: Uint8Array): string => new TextDecoder().decode(message);

/** A pair of ends: what the client opened, and what the server's handler got. The handler stays in it until the stream is closed. */
async function openPair(
  options: MessageOptions = {},
  nodes: { server?: TestNodeOptions; client?: TestNodeOptions } = {},
): Promise<{ here: MessageStream; there: MessageStream; closeServer: () => Promise<unknown> }> {
  const { server, peer } = await startConnected(nodes);
  const handled = deferred<MessageStream>();
  server.handle('pair', { kind: 'messages' }, async (stream) => {
    handled.resolve(stream);
    await stream.closed;
  });
  const here = await peer.openStream('pair', { kind: 'messages', ...options });
  await here.send(bytes('!'));
  const there = await handled.promise;
  expect(text(await nextOf(there))).toBe('!');
  return { here, there, closeServer: () => server.close({ timeoutMs: 0 }) };
}

describe('a messages stream', () => {
  test('carries messages of all sizes whole, in order, once, and then its end', async () => {
    const { server, peer } = await startConnected();
    server.handle('echo', { kind: 'messages' }, async (stream) => {
      for await (const message of stream) await stream.send(message);
    });
    const sent = [0, 1, 16, 1_100, 1_200, 65_535, 65_536, 65_537, 0, 300_000, 5_000_000, 7].map((size, seed) => patternBytes(size, seed));
    await using stream = await peer.openStream('echo', { kind: 'messages' });
    const received = collectMessages(stream);
    for (const message of sent) await stream.send(message);
    await stream.end();
    const echoed = await received;
    expect(echoed.map(({ length }) => length)).toEqual(sent.map(({ length }) => length));
    expect(echoed.every((message, index) => sameBytes(message, sent[index] ?? bytes('')))).toBe(true);
    expect(await stream.closed).toEqual({ status: 'finished' });
    const count = BigInt(sent.length);
    expect(stream.stats()).toMatchObject({ messagesSent: count, messagesDelivered: count, messagesUnknown: 0n, messagesReceived: count });
  });

  test('carries small messages by the ten thousand, batch by batch', async () => {
    const { here, there } = await openPair();
    const received = (async () => {
      const all: string[] = [];
      for await (const batch of there.batches()) all.push(...batch.map(text));
      return all;
    })();
    const sent = Array.from({ length: 20_000 }, (_, index) => `message ${index}`);
    for (const message of sent) while (!here.trySend(bytes(message))) await here.ready();
    await here.end();
    expect(await received).toEqual(sent);
  });

  test('that is not ordered carries every message once', async () => {
    const { here, there } = await openPair({ ordered: false });
    const received = collectMessages(there);
    const sent = Array.from({ length: 1_000 }, (_, index) => String(index));
    for (const message of sent) await here.send(bytes(message));
    await here.end();
    expect((await received).map(text).sort()).toEqual(sent.sort());
  });

  test('holds a writer back whose reader does not read, and goes on when it does', async () => {
    const { here, there } = await openPair();
    let accepted = 0;
    while (here.trySend(patternBytes(40_000, accepted))) accepted++;
    const controller = new AbortController();
    const aborted = here.send(bytes('never'), { signal: controller.signal });
    const waiting = here.send(bytes('after the wait'));
    const reason = new Error('no longer');
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    const received = collectMessages(there);
    await waiting;
    await here.end();
    const all = await received;
    expect(all).toHaveLength(accepted + 1);
    expect(text(all.at(-1) ?? bytes(''))).toBe('after the wait');
    expect(all.slice(0, -1).every((message, index) => sameBytes(message, patternBytes(40_000, index)))).toBe(true);
  });

  test('flush resolves when the fate of every message before it is known', async () => {
    const { here, there } = await openPair();
    const received = collectMessages(there);
    for (let index = 0; index < 500; index++) await here.send(patternBytes(2_000, index));
    await here.flush();
    expect(here.stats()).toMatchObject({ messagesSent: 501n, messagesDelivered: 501n });
    await here.end();
    expect(await received).toHaveLength(500);
  });

  test('stop ends reading there and sending here', async () => {
    const { here, there } = await openPair();
    there.stop(5);
    const failure: unknown = await (async () => {
      for (;;) await here.send(new Uint8Array(10_000));
    })().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'ERR_OSIER_STREAM_STOPPED', details: { applicationCode: 5 } });
    await there.send(bytes('the other way'));
    expect(text(await nextOf(here))).toBe('the other way');
  });
});

describe('the fate of a message', () => {
  test('is delivered when it is ready for an application that has not read it yet', async () => {
    const { here, there } = await openPair();
    expect(await here.deliver(bytes('news'))).toEqual({ status: 'delivered' });
    expect(text(await nextOf(there))).toBe('news');
  });

  test('is delivered or expired, and the reader sees exactly what was delivered', async () => {
    const { here, there } = await openPair({ lifetimeMs: 200 });
    const sent = Array.from({ length: 600 }, (_, index) => index);
    const outcomes = await Promise.all(sent.map((index) => here.deliver(patternBytes(4_000, index))));
    const delivered = sent.filter((index) => outcomes[index]?.status === 'delivered');
    expect(outcomes.filter(({ status }) => status === 'unknown')).toEqual([]);
    expect(delivered.length).toBeLessThan(sent.length);
    const received = collectMessages(there);
    await here.end();
    const all = await received;
    expect(all).toHaveLength(delivered.length);
    expect(all.every((message, at) => sameBytes(message, patternBytes(4_000, delivered[at])))).toBe(true);
    const { messagesSent, messagesDelivered, messagesExpired, messagesUnknown } = here.stats();
    expect(messagesSent).toBe(messagesDelivered + messagesExpired + messagesUnknown);
  });

  test('is unknown when the stream ends first, and what was not accepted rejects', async () => {
    const { here, there } = await openPair();
    // Until windows and buffers are full.
    for (let before = -1n; before !== here.stats().messagesSent; ) {
      before = here.stats().messagesSent;
      while (here.trySend(new Uint8Array(40_000)));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const waiting = here.deliver(bytes('no room'));
    there.reset(9);
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_OSIER_STREAM_RESET', details: { by: 'remote', applicationCode: 9 } });
    const { messagesSent, messagesDelivered, messagesUnknown } = here.stats();
    expect(messagesUnknown).toBeGreaterThan(0n);
    expect(messagesSent).toBe(messagesDelivered + messagesUnknown);
  });

  test('is settled for each when the other node is gone', async () => {
    const { here, closeServer } = await openPair();
    const deliveries = Array.from({ length: 40 }, () => here.deliver(new Uint8Array(10_000)));
    const outcomes = Promise.allSettled(deliveries);
    await closeServer();
    for (const outcome of await outcomes) {
      if (outcome.status === 'fulfilled') expect(['delivered', 'unknown']).toContain(outcome.value.status);
      else expect(outcome.reason).toMatchObject({ code: expect.stringMatching(/^ERR_OSIER_(PEER_CLOSED|STREAM_RESET)$/) });
    }
  });
});

test('what has come whole can still be read after the other node is gone', async () => {
  const { here, there, closeServer } = await openPair();
  for (const word of ['one', 'two', 'three']) expect(await there.deliver(bytes(word))).toEqual({ status: 'delivered' });
  await there.end();
  await Promise.all([here.closed, closeServer()]);
  expect(await here.closed).toMatchObject({ status: 'failed' });
  expect((await collectMessages(here)).map(text)).toEqual(['one', 'two', 'three']);
});

test('a handler that serves until it drains finishes its jobs when the node closes', async () => {
  const { server, peer } = await startConnected();
  server.handle('jobs', { kind: 'messages' }, async (stream, { draining }) => {
    for await (const job of stream.until(draining)) await stream.send(bytes(`done: ${text(job)}`));
  });
  const stream = await peer.openStream('jobs', { kind: 'messages' });
  const results = collectMessages(stream);
  await stream.deliver(bytes('a'));
  await stream.deliver(bytes('b'));
  await stream.flush();
  const closing = server.close();
  void stream.end();
  expect(await closing).toEqual({ status: 'drained' });
  expect((await results).map(text)).toEqual(['done: a', 'done: b']);
});

test('a message of 64 MiB goes through whole where that is the limit, as one of a byte does, and one byte more is refused', async () => {
  const limits = { messageBytes: 64 * 2 ** 20 };
  const { here, there } = await openPair({}, { server: { limits }, client: { limits } });
  const whole = patternBytes(limits.messageBytes);
  for (const message of [whole.subarray(0, 1), whole, whole.subarray(-1)]) {
    const received = nextOf(there);
    expect(await here.deliver(message)).toEqual({ status: 'delivered' });
    expect(sameBytes(await received, message)).toBe(true);
  }
  const more = new Uint8Array(limits.messageBytes + 1);
  const tooLarge = { code: 'ERR_OSIER_TOO_LARGE', details: { sizeBytes: more.length, maxBytes: limits.messageBytes } };
  await expect(here.deliver(more)).rejects.toMatchObject(tooLarge);
  expect(() => here.trySend(more)).toThrow(expect.objectContaining(tooLarge));
  expect(await here.deliver(whole.subarray(0, 1))).toEqual({ status: 'delivered' });
});

describe('a message that is too large', () => {
  test('for this end is refused at the call, and the stream goes on', async () => {
    const { here, there } = await openPair({}, { client: { limits: { messageBytes: 1_000 } } });
    const tooLarge = { code: 'ERR_OSIER_TOO_LARGE', details: { sizeBytes: 1_001, maxBytes: 1_000 } };
    await expect(here.send(new Uint8Array(1_001))).rejects.toMatchObject(tooLarge);
    await expect(here.deliver(new Uint8Array(1_001))).rejects.toMatchObject(tooLarge);
    expect(() => here.trySend(new Uint8Array(1_001))).toThrow(expect.objectContaining(tooLarge));
    await here.send(new Uint8Array(1_000));
    expect(await nextOf(there)).toHaveLength(1_000);
  });

  test.each([
    [5_000, false],
    [5_000, true],
    [1_001, false],
  ])('for the other end ends the stream, and both ends say why (of %i bytes, the other had ended: %s)', async (sizeBytes, hadEnded) => {
    const { here, there } = await openPair({}, { server: { limits: { messageBytes: 1_000 } } });
    if (hadEnded) await there.end();
    await here.send(new Uint8Array(10));
    await here.send(new Uint8Array(sizeBytes)).catch(() => {});
    const tooLarge = { status: 'failed', error: { code: 'ERR_OSIER_TOO_LARGE', details: { sizeBytes, maxBytes: 1_000 } } };
    expect(await here.closed).toMatchObject(tooLarge);
    expect(await there.closed).toMatchObject(tooLarge);
    await expect(here.send(new Uint8Array(1))).rejects.toMatchObject(tooLarge.error);
  });
});

const kinds: readonly StreamKind[] = ['bytes', 'messages', 'datagrams'];
test.each(kinds.flatMap((served) => kinds.filter((kind) => kind !== served).map((opened) => [served, opened] as const)))(
  'a handler of %s resets a stream of %s with KIND_MISMATCH',
  async (served, opened) => {
    const { server, peer } = await startConnected();
    server.handle('x', { kind: served }, () => {});
    const stream = await peer.openStream('x', { kind: opened });
    expect(await stream.closed).toMatchObject({
      status: 'failed',
      error: { code: 'ERR_OSIER_KIND_MISMATCH', details: { protocol: 'x', expected: served } },
    });
  },
);
