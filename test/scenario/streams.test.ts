import { describe, expect, test } from 'vitest';
import { type ByteStream, OsierError } from '../../src/index.js';
import { collect, nextEvent, patternBytes, sameBytes, startConnected } from './support/nodes.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (chunk: Uint8Array): string => new TextDecoder().decode(chunk);

/** A pair of ends: what the client opened, and what the server's handler got. The handler stays in it until the stream is closed. */
async function openPair(protocol = 'pair'): Promise<{ here: ByteStream; there: ByteStream }> {
  const { server, peer } = await startConnected();
  const handled = new Promise<ByteStream>((resolve) => {
    server.handle(protocol, async (stream) => {
      resolve(stream);
      await stream.closed;
    });
  });
  const here = await peer.openStream(protocol);
  await here.write(bytes('!'));
  const there = await handled;
  expect(await there.read(new Uint8Array(1))).toBe(1);
  return { here, there };
}

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  const failure: unknown = await attempt.then(
    () => 'no error',
    (error: unknown) => error,
  );
  return OsierError.is(failure) ? failure.code : String(failure);
}

describe('a bytes stream', () => {
  test('carries what was written, in order, once, and then its end', async () => {
    const { server, peer } = await startConnected();
    server.handle('echo', async (stream) => {
      for await (const batch of stream) for (const chunk of batch) await stream.write(chunk);
    });
    const sent = patternBytes(3_000_000);
    await using stream = await peer.openStream('echo');
    const received = collect(stream);
    for (let at = 0; at < sent.length; at += 70_001) await stream.write(sent.subarray(at, at + 70_001));
    await stream.end();
    expect(sameBytes(await received, sent)).toBe(true);
    expect(await stream.closed).toEqual({ status: 'finished' });
    expect(stream.stats()).toMatchObject({
      bytesSent: 3_000_000n,
      bytesAcknowledged: 3_000_000n,
      bytesReceived: 3_000_000n,
      bytesConsumed: 3_000_000n,
    });
  });

  test('takes one array larger than any buffer', async () => {
    const { here, there } = await openPair();
    const sent = patternBytes(20_000_000, 7);
    const received = collect(there);
    await here.write(sent);
    await here.end();
    expect(sameBytes(await received, sent)).toBe(true);
  });

  test('half-closed one way still carries the other way', async () => {
    const { here, there } = await openPair();
    await here.end();
    expect(await there.read(new Uint8Array(4))).toBe(0);
    await there.write(bytes('still here'));
    void there.end();
    expect(text(await collect(here))).toBe('still here');
    expect(await here.closed).toEqual({ status: 'finished' });
    expect(await there.closed).toEqual({ status: 'finished' });
    expect(await codeOf(here.write(bytes('x')))).toBe('ERR_OSIER_STREAM_ENDED');
  });

  test('carries protocol, metadata and priority to the handler', async () => {
    const { server, client, peer } = await startConnected();
    const metadata = { name: 'Gänseblümchen', size: '17', __proto__x: 'own' };
    const seen = new Promise((resolve) => {
      server.handle('file', { kind: 'bytes', priority: 6 }, (stream, context) => {
        resolve([stream.protocol, stream.priority, { ...context.metadata }, context.peer.id]);
      });
    });
    const stream = await peer.openStream('file', { metadata, priority: 0 });
    expect(stream.priority).toBe(0);
    expect(await seen).toEqual(['file', 6, metadata, client.id]);
  });

  test('reset gives up both directions, and both ends hear the code', async () => {
    const { here, there } = await openPair();
    const reading = codeOf(there.read(new Uint8Array(1)));
    here.reset(77);
    expect(await reading).toBe('ERR_OSIER_STREAM_RESET');
    expect(await codeOf(there.write(bytes('x')))).toBe('ERR_OSIER_STREAM_RESET');
    expect(await codeOf(here.write(bytes('x')))).toBe('ERR_OSIER_STREAM_RESET');
    expect(await here.closed).toMatchObject({ status: 'failed', error: { details: { by: 'local', applicationCode: 77 } } });
    expect(await there.closed).toMatchObject({ status: 'failed', error: { details: { by: 'remote', applicationCode: 77 } } });
    here.reset(1);
    here.stop();
    expect(await codeOf(here.end())).toBe('ERR_OSIER_STREAM_RESET');
  });

  test('stop ends reading here and writing there, and leaves the other direction alone', async () => {
    const { here, there } = await openPair();
    const reading = here.read(new Uint8Array(1));
    here.stop(5);
    expect(await reading).toBe(0);
    const failure: unknown = await (async () => {
      for (;;) await there.write(new Uint8Array(65_536));
    })().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'ERR_OSIER_STREAM_STOPPED', details: { applicationCode: 5 } });
    await here.write(bytes('onward'));
    await here.end();
    expect(text(await collect(there))).toBe('onward');
    expect(await there.closed).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_STREAM_STOPPED' } });
  });

  test('leaving a loop early stops reading', async () => {
    const { here, there } = await openPair();
    await here.write(bytes('first'));
    for await (const batch of there) {
      expect(text(batch[0] ?? bytes(''))).toBe('first');
      break;
    }
    const failure: unknown = await (async () => {
      for (;;) await here.write(new Uint8Array(65_536));
    })().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'ERR_OSIER_STREAM_STOPPED', details: { applicationCode: 0 } });
  });

  test('disposal resets what end() has not ended', async () => {
    const { here, there } = await openPair();
    const reading = codeOf(there.read(new Uint8Array(1)));
    await here[Symbol.asyncDispose]();
    expect(await reading).toBe('ERR_OSIER_STREAM_RESET');
  });

  test('disposal after end() leaves the bytes whole', async () => {
    const { here, there } = await openPair();
    const sent = patternBytes(400_000);
    const received = collect(there);
    await here.write(sent);
    void here.end();
    await here[Symbol.asyncDispose]();
    expect(sameBytes(await received, sent)).toBe(true);
  });

  test('an aborted end() is not an end: disposal resets the stream', async () => {
    const { here, there } = await openPair();
    await here.write(patternBytes(90_000));
    const controller = new AbortController();
    const ended = here.end({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(ended).rejects.toThrow('enough');
    await here[Symbol.asyncDispose]();
    expect(await codeOf(collect(there))).toBe('ERR_OSIER_STREAM_RESET');
  });

  test('a slow reader holds the writer back, and an aborted write leaves the stream usable', async () => {
    const { here, there } = await openPair();
    const controller = new AbortController();
    let written = 0;
    const writing = (async () => {
      for (;;) {
        await here.write(new Uint8Array(100_000), { signal: controller.signal });
        written++;
      }
    })();
    // The writer comes to rest when windows and buffers are full.
    for (let before = -1; before !== written; ) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(written).toBeLessThan(400);
    const reason = new Error('stop waiting');
    controller.abort(reason);
    await expect(writing).rejects.toBe(reason);
    const received = collect(there);
    await here.end();
    expect((await received).length % 100_000).toBeLessThan(100_000);
  });

  test('tryWrite takes all or nothing, and ready tells when to try again', async () => {
    const { here, there } = await openPair();
    const piece = patternBytes(48_000, 3);
    let accepted = 0;
    while (here.tryWrite(piece)) accepted++;
    expect(accepted).toBeGreaterThan(0);
    let isReady = false;
    const ready = here.ready().then(() => {
      isReady = true;
    });
    expect(here.tryWrite(piece)).toBe(false);
    expect(isReady).toBe(false);
    const received = collect(there);
    await ready;
    while (accepted < 500) {
      if (here.tryWrite(piece)) accepted++;
      else await here.ready();
    }
    await here.end();
    const all = await received;
    expect(all.length).toBe(accepted * piece.length);
    for (let at = 0; at < all.length; at += piece.length) expect(sameBytes(all.subarray(at, at + piece.length), piece)).toBe(true);
  });

  test('flush resolves when the peer has what was accepted before it', async () => {
    const { here } = await openPair();
    await here.write(patternBytes(30_000));
    await here.flush();
    expect(here.stats()).toMatchObject({ bytesAcknowledged: 30_001n, sendBufferedBytes: 0 });
  });

  test('views show the ring itself and give it back as the next is asked for', async () => {
    const { here, there } = await openPair();
    const sent = patternBytes(2_000_000, 9);
    const writing = here.write(sent).then(() => here.end());
    expect(sameBytes(await collect(there.views()), sent)).toBe(true);
    await writing;
    expect(await there.read(new Uint8Array(1))).toBe(0);
  });

  test('read fills what it is given and refuses an empty array', async () => {
    const { here, there } = await openPair();
    await here.write(bytes('abcdef'));
    await here.flush();
    const into = new Uint8Array(4);
    expect(await there.read(into)).toBe(4);
    expect(text(into)).toBe('abcd');
    expect(await there.read(into)).toBe(2);
    await expect(there.read(new Uint8Array(0))).rejects.toMatchObject({ details: { option: 'into' } });
    await expect(there.write('text' as unknown as Uint8Array)).rejects.toMatchObject({ details: { option: 'bytes' } });
    expect(() => there.reset(2 ** 32)).toThrow(expect.objectContaining({ details: { option: 'applicationCode' } }));
    const controller = new AbortController();
    const waiting = there.read(into, { signal: controller.signal });
    controller.abort(new Error('no longer'));
    await expect(waiting).rejects.toThrow('no longer');
    await here.write(bytes('g'));
    expect(await there.read(into)).toBe(1);
  });
});

describe('a stream that is not served', () => {
  test('without a handler fails with NO_HANDLER', async () => {
    const { peer } = await startConnected();
    const stream = await peer.openStream('nobody');
    const outcome = await stream.closed;
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_NO_HANDLER', details: { protocol: 'nobody' } } });
  });

  test('beyond maxConcurrent is refused for the limit', async () => {
    const { server, peer } = await startConnected();
    server.handle('one', { kind: 'bytes', maxConcurrent: 1 }, async (stream) => {
      await collect(stream);
    });
    const first = await peer.openStream('one');
    await first.write(bytes('x'));
    await first.flush();
    const second = await peer.openStream('one');
    expect(await second.closed).toMatchObject({ error: { code: 'ERR_OSIER_REFUSED', details: { why: 'limit' } } });
    await first.end();
    expect(await first.closed).toEqual({ status: 'finished' });
    const third = await peer.openStream('one');
    await third.end();
    expect(await third.closed).toEqual({ status: 'finished' });
  });

  test('whose handler throws is reset, and the operator hears of it', async () => {
    const { server, client, peer } = await startConnected();
    const cause = new Error('out of paper');
    server.handle('print', () => {
      throw cause;
    });
    const warned = nextEvent(server, 'warning');
    const stream = await peer.openStream('print');
    expect(await stream.closed).toMatchObject({ error: { code: 'ERR_OSIER_STREAM_RESET', details: { by: 'remote', applicationCode: 0 } } });
    expect(await warned).toMatchObject([{ code: 'ERR_OSIER_HANDLER_FAILED', details: { protocol: 'print', peer: client.id }, cause }]);
  });

  test("the handler's signal aborts when the stream dies", async () => {
    const { server, peer } = await startConnected();
    const died = new Promise<unknown>((resolve) => {
      server.handle('watch', async (stream, { signal }) => {
        signal.addEventListener('abort', () => resolve(signal.reason));
        await stream.closed;
      });
    });
    const stream = await peer.openStream('watch');
    stream.reset(9);
    expect(await died).toMatchObject({ code: 'ERR_OSIER_STREAM_RESET', details: { by: 'remote', applicationCode: 9 } });
  });
});
