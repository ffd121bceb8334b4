import { expect, onTestFinished, test, vi } from 'vitest';
import type { ByteStream } from '../../../src/index.js';
import { echo, start, startMany } from './support.js';

const MIB = 2 ** 20;
const STREAMS = 100;
const LIMIT_BYTES = 4 * MIB;
/** Less than a window. */
const BYTES = 200_000;

test('what streams bring that nobody reads stays within limits.memoryBytes, and others get through', async () => {
  const server = await start({ shards: 1, limits: { memoryBytes: LIMIT_BYTES } });
  const held: ByteStream[] = [];
  server.handle('hold', async (stream) => {
    held.push(stream);
    await stream.closed;
  });
  server.handle('echo', async (stream) => {
    for await (const batch of stream) for (const chunk of batch) await stream.write(chunk);
  });
  let memoryBytesMax = 0;
  const sampling = setInterval(() => {
    memoryBytesMax = Math.max(memoryBytesMax, server.stats().memoryBytes);
  }, 5);
  onTestFinished(() => clearInterval(sampling));
  const [pushing, other] = await startMany(2);
  const peer = await pushing?.connect(server.address);
  await Promise.all(
    Array.from({ length: STREAMS }, async () => {
      const stream = await peer?.openStream('hold');
      stream?.write(new Uint8Array(MIB)).catch(() => {});
    }),
  );
  const unreadBytes = (): number => held.reduce((sum, one) => sum + one.stats().receiveBufferedBytes, 0);
  await vi.waitFor(() => expect(unreadBytes()).toBeGreaterThan(LIMIT_BYTES / 16));
  const stream = await (await other?.connect(server.address))?.openStream('echo');
  if (stream === undefined) throw new Error('there is no other');
  await echo(stream, new Uint8Array(MIB).fill(7));
  await stream.end();
  expect(memoryBytesMax).toBeLessThanOrEqual(LIMIT_BYTES);
  await Promise.all([pushing?.close({ timeoutMs: 0 }), other?.close({ timeoutMs: 0 })]);
  await vi.waitFor(() => expect(server.stats().memoryBytes).toBe(0));
});

test('what is unread on the main thread counts as memory until it is read', async () => {
  const server = await start({ shards: 1 });
  const opened = new Promise<ByteStream>((resolve) => {
    server.handle('hold', async (stream) => {
      resolve(stream);
      await stream.closed;
    });
  });
  const [client] = await startMany(1);
  const sent = await (await client?.connect(server.address))?.openStream('hold');
  await sent?.write(new Uint8Array(BYTES));
  const stream = await opened;
  await vi.waitFor(() => expect(stream.stats().bytesReceived).toBe(BigInt(BYTES)));
  const unreadBytes = server.stats().memoryBytes;
  for (let count = 0; count < BYTES; ) count += await stream.read(new Uint8Array(BYTES));
  await vi.waitFor(() => expect(server.stats().memoryBytes).toBeLessThanOrEqual(unreadBytes - BYTES));
});
