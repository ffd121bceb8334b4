import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import type { ByteStream } from '../../src/index.js';
import { collect, deferred, patternBytes, sameBytes, startConnected } from './support/nodes.js';

/** A stream whose other end goes to `serve`. */
async function openTo(serve: (stream: ByteStream) => void | Promise<void>): Promise<ByteStream> {
  const { server, peer } = await startConnected();
  server.handle('adapted', serve);
  return peer.openStream('adapted');
}

const echo = async (stream: ByteStream): Promise<void> => {
  for await (const batch of stream) for (const chunk of batch) await stream.write(chunk);
};

describe('as a Node stream', () => {
  test('carries a pipeline both ways with backpressure', async () => {
    const sent = patternBytes(5_000_000, 2);
    const duplex = (await openTo(echo)).toDuplex();
    const chunks: Uint8Array[] = [];
    const sink = new Writable({
      highWaterMark: 20_000,
      write(chunk: Uint8Array, _encoding, done) {
        chunks.push(chunk);
        setImmediate(done);
      },
    });
    await Promise.all([pipeline(Readable.from(slices(sent, 60_000)), duplex, { end: true }), pipeline(duplex, sink)]);
    expect(sameBytes(Buffer.concat(chunks), sent)).toBe(true);
  });

  test('an echo server is one pipeline', async () => {
    const stream = await openTo(async (served) => {
      const duplex = served.toDuplex();
      await pipeline(duplex, duplex);
    });
    const sent = patternBytes(1_000_000, 4);
    const received = collect(stream);
    await stream.write(sent);
    await stream.end();
    expect(sameBytes(await received, sent)).toBe(true);
  });

  test('a destroyed one resets the stream, and a reset destroys it', async () => {
    const other = deferred<ByteStream>();
    const duplex = (
      await openTo(async (stream) => {
        other.resolve(stream);
        await stream.closed;
      })
    ).toDuplex();
    duplex.write('abc');
    const there = await other.promise;
    duplex.destroy();
    expect(await there.closed).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_STREAM_RESET' } });

    const reset = (await openTo((stream) => stream.reset(12))).toDuplex();
    const error = await new Promise((resolve) => reset.on('error', resolve));
    expect(error).toMatchObject({ code: 'ERR_OSIER_STREAM_RESET', details: { by: 'remote', applicationCode: 12 } });
  });
});

describe('as web streams', () => {
  test('pipe through one another', async () => {
    const stream = await openTo((served) => served.readable.pipeTo(served.writable));
    const sent = patternBytes(2_000_000, 5);
    const source = ReadableStream.from(slices(sent, 100_000)) as unknown as import('node:stream/web').ReadableStream<Uint8Array>;
    const [received] = await Promise.all([collect(stream.readable), source.pipeTo(stream.writable)]);
    expect(sameBytes(received, sent)).toBe(true);
    expect(await stream.closed).toEqual({ status: 'finished' });
  });

  test('a reader may bring its own buffer', async () => {
    const stream = await openTo(echo);
    await stream.write(Uint8Array.of(1, 2, 3, 4, 5));
    void stream.end();
    const reader = stream.readable.getReader({ mode: 'byob' });
    const first = await reader.read(new Uint8Array(3));
    expect([...(first.value ?? [])]).toEqual([1, 2, 3]);
    const second = await reader.read(new Uint8Array(8));
    expect([...(second.value ?? [])]).toEqual([4, 5]);
    expect((await reader.read(new Uint8Array(8))).done).toBe(true);
  });

  test('cancelling stops reading, aborting resets, and an error of the stream is theirs', async () => {
    const stopped = deferred<unknown>();
    const stream = await openTo(async (served) => {
      try {
        for (;;) await served.write(new Uint8Array(50_000));
      } catch (error) {
        stopped.resolve(error);
      }
    });
    const reader = stream.readable.getReader();
    expect((await reader.read()).value?.length).toBeGreaterThan(0);
    await reader.cancel();
    expect(await stopped.promise).toMatchObject({ code: 'ERR_OSIER_STREAM_STOPPED' });

    const outcome = deferred<unknown>();
    const aborted = await openTo(async (served) => outcome.resolve(await served.closed));
    await aborted.writable.abort(new Error('never mind'));
    expect(await outcome.promise).toMatchObject({ error: { code: 'ERR_OSIER_STREAM_RESET' } });

    const dead = await openTo((served) => served.reset(3));
    await expect(dead.readable.getReader().read()).rejects.toMatchObject({ code: 'ERR_OSIER_STREAM_RESET' });
    await expect(dead.writable.getWriter().closed).rejects.toMatchObject({ code: 'ERR_OSIER_STREAM_RESET' });
  });
});

function* slices(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
