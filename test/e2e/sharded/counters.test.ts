import { expect, test, vi } from 'vitest';
import type { ByteStream, MessageStream } from '../../../src/index.js';
import { start } from './support.js';

test('the counters of a quiet stream on the main thread become what its shard knows', async () => {
  const server = await start();
  server.handle('hold', async (stream) => void (await stream.closed));
  server.handle('hold messages', { kind: 'messages' }, async (stream) => {
    for await (const _ of stream);
  });
  const peer = await (await start({ shards: 1 })).connect(server.address);
  const stream: ByteStream = await peer.openStream('hold');
  const messages: MessageStream = await peer.openStream('hold messages', { kind: 'messages' });
  await stream.write(new Uint8Array(20_000).fill(1));
  await messages.send(new Uint8Array(1_000).fill(2));
  // Nothing else is asked of them.
  await vi.waitFor(() => {
    expect(stream.stats()).toMatchObject({ bytesSent: 20_000n, bytesAcknowledged: 20_000n, sendBufferedBytes: 0 });
    expect(messages.stats()).toMatchObject({ messagesSent: 1n, messagesDelivered: 1n, sendBufferedBytes: 0 });
  });
});

test('a handler that is closed cuts no bytes that its peer had long since', async () => {
  const node = await start({ shards: 1 });
  let served: ByteStream | null = null;
  const registration = node.handle('give', async (stream) => {
    await stream.write(new Uint8Array(20_000).fill(1));
    served = stream;
    await stream.closed;
  });
  const peer = await (await start()).connect(node.address);
  const stream = await peer.openStream('give');
  await stream.write(Uint8Array.of(1));
  for (let count = 0; count < 20_000; ) count += await stream.read(new Uint8Array(20_000));
  await vi.waitFor(() => expect(served?.stats().sendBufferedBytes).toBe(0));
  expect(await registration.close({ timeoutMs: 0 })).toEqual({ status: 'cut', streams: 1, unacknowledgedBytes: 0n });
});
