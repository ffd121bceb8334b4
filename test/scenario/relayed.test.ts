import { describe, expect, test, vi } from 'vitest';
import { generateNetworkSecret, type MeshNode } from '../../src/index.js';
import { collect, nextEvent, nextOf, patternBytes, sameBytes, startNode } from './support/nodes.js';

/** Two nodes without a common address family, and a relay that has both. */
async function startAroundRelay(): Promise<{ near: MeshNode; relay: MeshNode; far: MeshNode }> {
  const network = { secret: generateNetworkSecret() };
  const relay = await startNode({ network, listen: ['udp://127.0.0.1:0', 'udp://[::1]:0'], relay: {} });
  const near = await startNode({ network, peers: [relay.address] });
  const far = await startNode({ network, listen: 'udp://[::1]:0', peers: [relay.address] });
  return { near, relay, far };
}

describe('through a relay', () => {
  test('a node is connected to by its bare id, and every kind of stream flows', async () => {
    const { near, relay, far } = await startAroundRelay();
    far.handle('echo', async (stream) => {
      for await (const batch of stream) for (const chunk of batch) await stream.write(chunk);
    });
    far.handle('messages', { kind: 'messages' }, async (stream) => {
      for await (const message of stream) await stream.send(message);
    });
    far.handle('datagrams', { kind: 'datagrams' }, async (stream) => {
      for await (const datagram of stream) stream.trySend(datagram);
    });
    const known = nextEvent(far, 'peer');
    const peer = await near.connect(far.id);
    expect(peer.path).toEqual({ kind: 'relayed', nextHop: relay.id, waypoint: null });

    const bytes = await peer.openStream('echo');
    const sent = patternBytes(2_000_000);
    const writing = bytes.write(sent).then(() => bytes.end());
    expect(sameBytes(await collect(bytes), sent)).toBe(true);
    await writing;

    const messages = await peer.openStream('messages', { kind: 'messages', lifetimeMs: 10_000 });
    expect(await messages.deliver(patternBytes(30_000, 2))).toEqual({ status: 'delivered' });
    expect(sameBytes(await nextOf(messages), patternBytes(30_000, 2))).toBe(true);

    const datagrams = await peer.openStream('datagrams', { kind: 'datagrams' });
    expect(await datagrams.deliver(patternBytes(900, 3))).toEqual({ status: 'acknowledged' });
    expect(sameBytes(await nextOf(datagrams), patternBytes(900, 3))).toBe(true);

    await known;
    expect(far.peers.get(near.id)?.path).toEqual({ kind: 'relayed', nextHop: relay.id, waypoint: null });
    expect(relay.stats().relayedPackets).toBeGreaterThan(0n);
    expect(relay.peers.has(far.id)).toBe(true);
  });

  test('ways, traces and the relay to go through pass the thread of one shard', async () => {
    const network = { secret: generateNetworkSecret() };
    const relay = await startNode({ network, listen: ['udp://127.0.0.1:0', 'udp://[::1]:0'], relay: {}, shards: 1 });
    const near = await startNode({ network, shards: 1 });
    const far = await startNode({ network, listen: 'udp://[::1]:0', peers: [relay.address] });
    const peer = await near.connect(far.id, { via: relay.address });
    expect(peer.path).toEqual({ kind: 'relayed', nextHop: relay.id, waypoint: relay.id });
    expect(near.routes()).toContainEqual(expect.objectContaining({ id: far.id, nextHop: relay.id, backup: null }));
    const { status, hops } = await near.trace(far.id);
    expect(status).toBe('complete');
    expect(hops.map(({ id }) => id)).toEqual([relay.id, far.id]);
    // A shard writes its counters each 100 ms.
    await vi.waitFor(() => expect(relay.stats().relayedPackets).toBeGreaterThan(0n));
  });
});
