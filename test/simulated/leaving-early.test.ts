/** Who leaves a loop over a stream gives back at once what the engine held for it; nothing waits for the garbage collector. */
import { describe, expect, test } from 'vitest';
import type { ByteStream, DatagramStream, MessageStream, StreamKind } from '../../src/index.js';
import { deferred } from '../scenario/support/nodes.js';
import { connectTwo, simulate } from './support/programs.js';

const PART = new Uint8Array(4_000);
const PARTS = 40;

/** Takes one piece of what comes, then leaves as `leave` does. */
async function takeOne(pieces: AsyncIterable<unknown>, leave: () => void): Promise<void> {
  for await (const _piece of pieces) {
    leave();
    break;
  }
}

/** One that is used as its kind allows. */
type Stream = Omit<ByteStream, 'kind'> & Omit<MessageStream, 'kind'> & Omit<DatagramStream, 'kind'> & { readonly kind: StreamKind };

const LOOPS: readonly (readonly [string, StreamKind, (stream: Stream) => AsyncIterable<unknown>])[] = [
  ['a stream of bytes', 'bytes', (stream) => stream],
  ['views of the receive buffer', 'bytes', (stream) => stream.views()],
  ['a Node stream', 'bytes', (stream) => stream.toDuplex()],
  ['a web stream', 'bytes', (stream) => stream.readable as AsyncIterable<unknown>],
  ['messages', 'messages', (stream) => stream],
  ['batches of messages', 'messages', (stream) => stream.batches()],
  ['messages until a signal', 'messages', (stream) => stream.until(new AbortController().signal)],
  ['datagrams', 'datagrams', (stream) => stream],
];

const LEAVINGS: readonly (readonly [string, () => void])[] = [
  ['break', () => {}],
  [
    'an exception',
    () => {
      throw new Error('enough');
    },
  ],
];

async function sendAll(stream: Stream): Promise<void> {
  const send = { bytes: () => stream.write(PART), messages: () => stream.send(PART), datagrams: () => stream.trySend(PART) }[stream.kind];
  for (let part = 0; part < PARTS; part++) await send();
}

describe.each(LOOPS)('a loop over %s', (_name, kind, pieces) => {
  test.each(LEAVINGS)('that is left by %s gives its memory back', async (_how, leave) => {
    const network = simulate();
    await network.run(async () => {
      const { server, peer } = await connectTwo(network);
      const [mayLeave, left] = [deferred<void>(), deferred<void>()];
      const over = deferred<void>();
      server.handle('data', { kind }, async (stream: unknown) => {
        await mayLeave.promise;
        await takeOne(pieces(stream as Stream), leave).catch(() => {});
        left.resolve();
        await over.promise;
      });
      const stream = (await peer.openStream('data', { kind })) as unknown as Stream;
      await network.clock.sleep(100);
      const before = server.stats().memoryBytes;
      // Whoever waits for room when the reader leaves is told so.
      const sent = sendAll(stream).catch(() => {});
      await network.clock.sleep(1_000);
      expect(server.stats().memoryBytes).toBeGreaterThan(before + PART.length);
      mayLeave.resolve();
      await left.promise;
      await network.clock.sleep(1_000);
      expect(server.stats().memoryBytes).toBeLessThanOrEqual(before);
      await sent;
      over.resolve();
    });
  });
});
