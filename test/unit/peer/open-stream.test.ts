import { beforeEach, describe, expect, test } from 'vitest';
import type { StreamKind } from '../../../src/api/streams.js';
import type { Runtime } from '../../../src/engine/runtime.js';
import type { OsierError } from '../../../src/errors/index.js';
import { Association } from '../../../src/peer/association.js';
import type { MeshPeer, PeerContext } from '../../../src/peer/index.js';
import { openStream, parseOpenOptions } from '../../../src/peer/open-stream.js';
import { type PeerStream, streamOf } from '../../../src/peer/peer-stream.js';
import { FakeEngine } from '../support/fake-engine.js';
import { bytes, noFlusher } from '../support/messages.js';
import { silentObserver } from '../support/silent-observer.js';

let engine: FakeEngine;

beforeEach(() => {
  engine = new FakeEngine(null, () => {});
});

function associated(owner: object = {}): Association {
  const facts = { remoteToken: '', remoteInstance: '', cipher: 'aes-256-gcm', verified: 'id', localToken: new Uint8Array(8) } as const;
  return new Association(engine, noFlusher(), owner as never, 1, facts);
}

function open(options: object | undefined, association = associated()): Promise<PeerStream> {
  const flusher = noFlusher();
  const runtime = { clock: { nowMs: () => 0 } } as Runtime;
  const context: Partial<PeerContext> = { engine, flusher, streamsPerPeer: 9, messageBytes: 8, observer: silentObserver(), runtime };
  const { signal } = new AbortController();
  return openStream(context as PeerContext, {} as MeshPeer, association, parseOpenOptions('x', options as never), signal, streamOf);
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

describe('a stream for which the peer has no room', () => {
  const closing = new Error('closing') as OsierError;

  /** The engine says that the peer allows no more, until `allowed`. */
  function withoutRoom(): { allow(): void } {
    const { openStream } = engine;
    engine.openStream = () => -1;
    return {
      allow: () => {
        engine.openStream = openStream;
      },
    };
  }

  test('waits until there is room', async () => {
    const association = associated();
    const room = withoutRoom();
    const opening = open({}, association);
    room.allow();
    association.onMoreStreams();
    expect((await opening).kind).toBe('bytes');
  });

  test('fails when this end begins to close, also when there is room at that moment', async () => {
    const room = withoutRoom();
    const [one, other] = [associated(), associated()];
    const [waiting, allowed] = [open({}, one), open({}, other)];
    room.allow();
    other.onMoreStreams();
    for (const association of [one, other]) association.stopOpening(closing);
    await expect(waiting).rejects.toBe(closing);
    await expect(allowed).rejects.toBe(closing);
    await expect(open({}, one)).rejects.toBe(closing);
    expect(engine.calls).toEqual([]);
  });
});

describe('streams to a peer that shuts down', () => {
  const onHeard = { onHeard: () => {} };

  test('are refused all together when it has said a word, which one ping asks for', async () => {
    const association = associated(onHeard);
    association.onDraining();
    const opening = Array.from({ length: 100 }, () => open({}, association));
    const refused = expect(Promise.all(opening.map((one) => one.catch(({ code }) => code)))).resolves.toEqual(Array(100).fill('ERR_OSIER_REFUSED'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(engine.calls).toEqual(['ping 1']);
    association.onPong(1, 50);
    await refused;
    void open({}, association).catch(() => {});
    expect(engine.calls).toEqual(['ping 1', 'ping 1']);
  });

  test('fail with what this end closes by, when that comes meanwhile', async () => {
    const closing = new Error('closing') as OsierError;
    const association = associated(onHeard);
    association.onDraining();
    const opening = open({}, association);
    association.stopOpening(closing);
    association.onPong(1, 50);
    await expect(opening).rejects.toBe(closing);
  });

  test('are told also when the engine forgot the ping behind many others', async () => {
    const association = associated(onHeard);
    association.onDraining();
    const opening = open({}, association);
    for (let count = 0; count < 64; count++) association.ping(new AbortController().signal).catch(() => {});
    association.onPong(65, 50);
    await expect(opening).rejects.toMatchObject({ code: 'ERR_OSIER_REFUSED' });
  });
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
