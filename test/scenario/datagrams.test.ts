import { describe, expect, test, vi } from 'vitest';
import type { DatagramStream } from '../../src/index.js';
import { collectMessages, deferred, nextOf, patternBytes, sameBytes, startConnected } from './support/nodes.js';

describe('a datagrams stream', () => {
  async function openEcho(): Promise<DatagramStream> {
    const { server, peer } = await startConnected();
    server.handle('echo', { kind: 'datagrams' }, async (stream) => {
      for await (const datagram of stream) await stream.deliver(datagram);
    });
    return peer.openStream('echo', { kind: 'datagrams' });
  }

  test('tells what became of a datagram, whole or in fragments', async () => {
    const stream = await openEcho();
    const { maxUnfragmentedBytes } = stream;
    expect(maxUnfragmentedBytes).toBeGreaterThan(1_000);
    expect(maxUnfragmentedBytes).toBeLessThan(65_536);
    for (const size of [0, 1, maxUnfragmentedBytes, maxUnfragmentedBytes + 1, 20_000]) {
      const datagram = patternBytes(size, size);
      expect(await stream.deliver(datagram)).toEqual({ status: 'acknowledged' });
      expect(sameBytes(await nextOf(stream), datagram)).toBe(true);
    }
  });

  test('drops the oldest at a reader that does not read, and counts add up', async () => {
    const { server, peer } = await startConnected({ server: { limits: { messageBytes: 1_000 } } });
    const handled = deferred<DatagramStream>();
    server.handle('feed', { kind: 'datagrams' }, async (stream) => {
      handled.resolve(stream);
      await stream.closed;
    });
    const stream = await peer.openStream('feed', { kind: 'datagrams' });
    const total = 5_000;
    for (let index = 0; index < total; index++) while (!stream.trySend(patternBytes(1_000, index))) await stream.ready();
    await stream.flush();
    const { messagesSent, messagesDelivered, messagesExpired, messagesUnknown } = stream.stats();
    expect(messagesSent).toBe(BigInt(total));
    expect(messagesDelivered + messagesExpired + messagesUnknown).toBe(BigInt(total));
    const there = await handled.promise;
    await vi.waitFor(() => expect(there.stats().messagesDropped).toBeGreaterThan(0n));
    void stream.end();
    const received = await collectMessages(there);
    await there.end();
    await there.closed;
    const { messagesDropped } = there.stats();
    expect(received.length).toBeGreaterThan(0);
    expect(messagesDropped).toBeGreaterThan(0n);
    // What arrived at all was read or dropped; the sender presumes lost what did not.
    expect(BigInt(received.length) + messagesDropped).toBeGreaterThanOrEqual(messagesDelivered);
    expect(BigInt(received.length) + messagesDropped).toBeLessThanOrEqual(BigInt(total));
    expect(there.stats()).toMatchObject({ messagesReceived: BigInt(received.length) });
  });
});
