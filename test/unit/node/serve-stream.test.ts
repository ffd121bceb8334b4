import { beforeEach, describe, expect, test } from 'vitest';
import type { Handler, MessageStream, StreamKind } from '../../../src/api/streams.js';
import type { Runtime } from '../../../src/engine/runtime.js';
import { HandlerTable } from '../../../src/node/handler-table.js';
import { serveStream } from '../../../src/node/serve-stream.js';
import { Association } from '../../../src/peer/association.js';
import type { MeshPeer, PeerContext } from '../../../src/peer/index.js';
import { FakeEngine } from '../support/fake-engine.js';
import { bytes, noFlusher, text } from '../support/messages.js';
import { silentObserver } from '../support/silent-observer.js';

const KINDS: readonly StreamKind[] = ['bytes', 'messages', 'datagrams'];
const RESET_KIND_MISMATCH = 'reset 2';
const RESET_LIMIT = 'reset 3';

let engine: FakeEngine;
let handlers: HandlerTable;
let association: Association;

beforeEach(() => {
  engine = new FakeEngine(null, () => {});
  handlers = new HandlerTable({} as Runtime);
  association = new Association(engine, noFlusher(), {} as never, 1, {
    remoteToken: '',
    remoteInstance: '',
    cipher: 'aes-256-gcm',
    verified: 'id',
    localToken: null,
  });
});

/** A peer opens a stream of `kind`. */
function open(kind: StreamKind): void {
  const context: Partial<PeerContext> = {
    engine,
    flusher: noFlusher(),
    closedBy: null,
    messageBytes: 8,
    observer: silentObserver(),
    runtime: { clock: { nowMs: () => 0 } } as Runtime,
  };
  const head = Uint8Array.of(1, ...bytes('x'));
  const handle = engine.nextHandle++;
  serveStream(context as PeerContext, handlers, { peer: { closing: null } as MeshPeer, association, handle, kind: KINDS.indexOf(kind), head });
}

const endless: Handler<never> = () => new Promise(() => {});
const pairs = KINDS.flatMap((served) => KINDS.map((opened) => [served, opened] as const));

describe('a handler', () => {
  test.each(pairs)('of %s takes a stream of %s only when that is the same', (served, opened) => {
    let got: unknown = null;
    handlers.add('x', { kind: served }, (stream: { kind: StreamKind }) => {
      got = stream.kind;
    });
    open(opened);
    expect(got).toBe(served === opened ? served : null);
    // The code says which kind is served.
    const reset = `${RESET_KIND_MISMATCH} ${KINDS.indexOf(served)}`;
    expect(engine.calls.filter((call) => call.startsWith('reset'))).toEqual(served === opened ? [] : [reset]);
  });

  test('without a kind serves bytes', () => {
    handlers.add('x', undefined, endless);
    open('messages');
    expect(engine.calls).toEqual([`${RESET_KIND_MISMATCH} 0`]);
  });

  test('sends its messages as its options say, within the limit of the node', async () => {
    const options = { kind: 'messages', priority: 6, ordered: false, lifetimeMs: 2.5 } as const;
    const refused = new Promise((resolve) => {
      handlers.add('x', options, async (stream: MessageStream) => {
        expect(stream.priority).toBe(6);
        await stream.send(bytes('hi'));
        await stream.send(new Uint8Array(9)).catch(resolve);
      });
    });
    open('messages');
    expect(await refused).toMatchObject({ code: 'ERR_OSIER_TOO_LARGE', details: { sizeBytes: 9, maxBytes: 8 } });
    expect(engine.calls[0]).toBe('priority 6');
    expect(engine.sentMessages).toEqual([{ text: 'hi', options: 1, lifetimeMicros: 2_500, token: 0 }]);
  });

  test('serves no more streams at once than it is to', () => {
    handlers.add('x', { kind: 'datagrams', maxConcurrent: 1 }, endless);
    open('datagrams');
    expect(engine.calls).toEqual(['priority 3']);
    open('datagrams');
    expect(engine.calls).toEqual(['priority 3', `${RESET_LIMIT} 0`]);
  });

  test.each([
    [{ kind: 'words' }, 'kind'],
    [{ kind: 'messages', ordered: 1 }, 'ordered'],
    [{ kind: 'messages', lifetimeMs: -1 }, 'lifetimeMs'],
    [{ kind: 'messages', lifetimeMs: 2 ** 32 }, 'lifetimeMs'],
    [{ kind: 'datagrams', priority: 8 }, 'priority'],
  ])('with %o is refused by name', (options, option) => {
    expect(() => handlers.add('x', options as never, endless)).toThrow(expect.objectContaining({ details: { option } }));
  });
});

test('what a handler reads until it drains ends when its registration closes', async () => {
  const served: string[] = [];
  const registration = new Promise<void>((resolve) => {
    handlers.add('x', { kind: 'messages' }, async (stream: MessageStream, { draining }) => {
      for await (const message of stream.until(draining)) served.push(text(message));
      resolve();
    });
  });
  open('messages');
  const [stream] = [...association.openStreams];
  stream?.onReadable(engine.feedMessages(bytes('job')), false);
  await new Promise((resolve) => setImmediate(resolve));
  handlers.drainAll();
  await registration;
  expect(served).toEqual(['job']);
});
