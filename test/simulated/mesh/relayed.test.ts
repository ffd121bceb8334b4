import { describe, expect, test } from 'vitest';
import type { MeshNode } from '../../../src/index.js';
import { nextEvent, nextOf, patternBytes } from '../../scenario/support/nodes.js';
import { startLine } from '../support/mesh.js';
import { echoed, serveEcho, simulate } from '../support/programs.js';

describe('a node that is known to a relay alone', () => {
  test('is connected to through it by its bare id, and streams flow', async () => {
    const network = simulate();
    await network.run(async () => {
      const { nodes } = await startLine(network, ['a', 'b', 'c']);
      const [a, b, c] = nodes as [MeshNode, MeshNode, MeshNode];
      serveEcho(c);
      const peer = await a.connect(c.id);
      expect(peer.path).toEqual({ kind: 'relayed', nextHop: b.id, waypoint: null });
      expect(Buffer.compare(await echoed(peer, patternBytes(300_000, 1)), patternBytes(300_000, 1))).toBe(0);
    });
  });

  test('carries every kind of stream over it, and the other end answers on the path of arrival', async () => {
    const network = simulate();
    await network.run(async () => {
      const { nodes } = await startLine(network, ['a', 'b', 'c']);
      const [a, b, c] = nodes as [MeshNode, MeshNode, MeshNode];
      c.handle('messages', { kind: 'messages' }, async (stream) => {
        for await (const message of stream) await stream.send(message);
      });
      c.handle('datagrams', { kind: 'datagrams' }, async (stream) => {
        for await (const datagram of stream) stream.trySend(datagram);
      });
      const known = nextEvent(c, 'peer');
      const peer = await a.connect(c.id);
      const messages = await peer.openStream('messages', { kind: 'messages', lifetimeMs: 5_000 });
      expect(await messages.deliver(patternBytes(40_000, 2))).toEqual({ status: 'delivered' });
      expect(await nextOf(messages)).toEqual(patternBytes(40_000, 2));
      const datagrams = await peer.openStream('datagrams', { kind: 'datagrams' });
      expect(datagrams.maxUnfragmentedBytes).toBeLessThan(1_160);
      expect(await datagrams.deliver(patternBytes(900, 3))).toEqual({ status: 'acknowledged' });
      expect(await nextOf(datagrams)).toEqual(patternBytes(900, 3));
      await known;
      expect(c.peers.get(a.id)?.path).toEqual({ kind: 'relayed', nextHop: b.id, waypoint: null });
      expect(b.stats().relayedPackets).toBeGreaterThan(0n);
      expect(b.peers.get(a.id)?.stats().streamsOpen).toBe(0);
      expect(b.stats().streamsOpen).toBe(0);
    });
  });

  test('is reached over three relays in a row', async () => {
    const network = simulate();
    await network.run(async () => {
      const { nodes } = await startLine(network, ['a', 'b', 'c', 'd', 'e']);
      const [a, b, , d, e] = nodes as [MeshNode, MeshNode, MeshNode, MeshNode, MeshNode];
      serveEcho(e);
      const peer = await a.connect(e.id);
      expect(peer.path).toEqual({ kind: 'relayed', nextHop: b.id, waypoint: null });
      expect(Buffer.compare(await echoed(peer, patternBytes(200_000, 1)), patternBytes(200_000, 1))).toBe(0);
      expect(e.peers.get(a.id)?.path).toEqual({ kind: 'relayed', nextHop: d.id, waypoint: null });
      expect(
        a
          .routes()
          .map(({ id }) => id)
          .sort(),
      ).toEqual(
        nodes
          .slice(1)
          .map(({ id }) => id)
          .sort(),
      );
    });
  });
});
