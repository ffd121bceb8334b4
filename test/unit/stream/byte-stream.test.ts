import { beforeEach, describe, expect, test } from 'vitest';
import type { Peer } from '../../../src/api/peers.js';
import { Flusher } from '../../../src/engine/flusher.js';
import { peerClosed } from '../../../src/peer/closing-errors.js';
import { ByteStreamEnd } from '../../../src/stream/byte-stream.js';
import { StreamPort } from '../../../src/stream/index.js';
import { FakeEngine } from '../support/fake-engine.js';

let engine: FakeEngine;
let stream: ByteStreamEnd;

beforeEach(() => {
  engine = new FakeEngine(null, () => {});
  const flusher = new Flusher(
    () => {},
    () => true,
    () => {},
  );
  stream = new ByteStreamEnd(new StreamPort(engine, flusher, 1, 1), { protocol: 'x', peer: {} as Peer, priority: 3 });
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const lost = peerClosed('remote', 'normal', '');

describe('bad arguments', () => {
  const options = { signal: 'none' as unknown as AbortSignal };
  const text = 'text' as unknown as Uint8Array;

  test.each<[string, string, () => Promise<unknown>]>([
    ['write', 'signal', () => stream.write(bytes('a'), options)],
    ['read', 'signal', () => stream.read(new Uint8Array(1), options)],
    ['ready', 'signal', () => stream.ready(options)],
    ['flush', 'signal', () => stream.flush(options)],
    ['end', 'signal', () => stream.end(options)],
    ['write', 'bytes', () => stream.write(text)],
    ['read', 'into', () => stream.read(text)],
    ['writable.write', 'chunk', () => stream.writable.getWriter().write(text)],
  ])('%s rejects a bad %s', async (_call, option, call) => {
    await expect(call()).rejects.toMatchObject({ code: 'ERR_OSIER_INVALID_OPTION', details: { option } });
    expect(engine.sent).toEqual([]);
  });
});

test("a STOP that overtakes the peer's reset does not hide it", async () => {
  stream.onStopped(0, 5);
  stream.onReset(0, 5);
  const reset = { code: 'ERR_OSIER_STREAM_RESET', details: { by: 'remote', applicationCode: 5 } };
  expect(await stream.closed).toMatchObject({ status: 'failed', error: reset });
  await expect(stream.write(bytes('a'))).rejects.toMatchObject(reset);
  await expect(stream.read(new Uint8Array(1))).rejects.toMatchObject(reset);
});

test('a write that is aborted in its middle behind end() resets the stream', async () => {
  engine.roomBytes = 1;
  const controller = new AbortController();
  const write = stream.write(bytes('abc'), { signal: controller.signal });
  void stream.end();
  controller.abort(new Error('enough'));
  await expect(write).rejects.toThrow('enough');
  expect(await stream.closed).toMatchObject({ status: 'failed' });
  expect(engine.calls).toEqual(['reset 0 0']);
});

describe('a Node stream whose association ended', () => {
  test('gives what had come whole, then the failure', async () => {
    const duplex = stream.toDuplex();
    stream.onReadable(engine.feed(bytes('answer')), true);
    stream.failWithAssociation(lost);
    const failed = new Promise((resolve) => duplex.once('error', resolve));
    const chunks: Uint8Array[] = [];
    duplex.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    expect(await failed).toBe(lost);
    expect(Buffer.concat(chunks).toString()).toBe('answer');
  });

  test('fails at once when something is missing', async () => {
    const duplex = stream.toDuplex();
    stream.onReadable(engine.feed(bytes('ans')), false);
    stream.failWithAssociation(lost);
    expect(await new Promise((resolve) => duplex.once('error', resolve))).toBe(lost);
  });
});
