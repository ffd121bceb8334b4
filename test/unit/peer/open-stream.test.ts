import { beforeEach, describe, expect, test } from 'vitest';
import type { StreamKind } from '../../../src/api/streams.js';
import type { Runtime } from '../../../src/engine/runtime.js';
import { Association } from '../../../src/peer/association.js';
import type { MeshPeer, PeerContext } from '../../../src/peer/index.js';
import { openStream, parseOpenOptions } from '../../../src/peer/open-stream.js';
import type { PeerStream } from '../../../src/peer/peer-stream.js';
import { FakeEngine } from '../support/fake-engine.js';
import { bytes, noFlusher } from '../support/messages.js';
import { silentObserver } from '../support/silent-observer.js';

let engine: FakeEngine;

beforeEach(() => {
  engine = new FakeEngine(null, () => {});
});

function open(options: object | undefined): Promise<PeerStream> {
  const flusher = noFlusher();
  const association = new Association(engine, flusher, {} as never, 1, {
    remoteToken: '',
    remoteInstance: '',
    cipher: 'aes-256-gcm',
    verified: 'id',
    localToken: null,
  });
  const runtime = { clock: { nowMs: () => 0 } } as Runtime;
  const context: Partial<PeerContext> = { engine, flusher, streamsPerPeer: 9, messageBytes: 8, observer: silentObserver(), runtime };
  return openStream(context as PeerContext, {} as MeshPeer, association, parseOpenOptions('x', options as never), new AbortController().signal);
}

test.each<[StreamKind | undefined, StreamKind, string]>([
  [undefined, 'bytes', 'open 0 3'],
  ['bytes', 'bytes', 'open 0 3'],
  ['messages', 'messages', 'open 1 3'],
  ['datagrams', 'datagrams', 'open 2 3'],
])('kind %s opens a stream of %s', async (kind, opened, call) => {
  const stream = await open({ kind });
  expect(stream.kind).toBe(opened);
  expect(engine.calls).toEqual([call]);
});

test('messages are sent as the options say, within the limit of the node', async () => {
  const stream = await open({ kind: 'messages', ordered: false, lifetimeMs: 500, priority: 1 });
  if (stream.kind !== 'messages') throw new Error('another kind');
  await stream.send(bytes('hi'));
  await stream.send(bytes('own'), { lifetimeMs: 3 });
  expect(engine.sentMessages.map(({ options, lifetimeMicros }) => [options, lifetimeMicros])).toEqual([
    [1, 500_000],
    [1, 3_000],
  ]);
  expect(engine.calls).toEqual(['open 1 1']);
  await expect(stream.send(new Uint8Array(9))).rejects.toMatchObject({ code: 'ERR_OSIER_TOO_LARGE', details: { sizeBytes: 9, maxBytes: 8 } });
});

describe('bad options', () => {
  test.each([
    [{ kind: 'words' }, 'kind'],
    [{ kind: 'messages', ordered: 'yes' }, 'ordered'],
    [{ kind: 'messages', lifetimeMs: Number.NaN }, 'lifetimeMs'],
    [{ kind: 'messages', lifetimeMs: 2 ** 32 }, 'lifetimeMs'],
  ])('%o are refused by name', (options, option) => {
    expect(() => parseOpenOptions('x', options as never)).toThrow(expect.objectContaining({ details: { option } }));
  });
});
