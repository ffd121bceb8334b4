import { describe, expect, test } from 'vitest';
import { generateIdentity, type MeshNode, type PathChange } from '../../../src/index.js';
import type { SimHost } from '../../../src/testing/index.js';
import { linkOnly, startLine } from '../support/mesh.js';
import { echoed, serveEcho, simulate } from '../support/programs.js';

describe('a bare id', () => {
  test('that nobody has a way to is waited for, and then unreachable', async () => {
    const network = simulate();
    await network.run(async () => {
      const { nodes } = await startLine(network, ['a', 'b', 'c']);
      const { id } = await generateIdentity();
      const begunAtMs = network.clock.nowMs();
      await expect(nodes[0]?.connect(id, { timeoutMs: 3_000 })).rejects.toMatchObject({ code: 'ERR_OSIER_UNREACHABLE', details: { id } });
      expect(network.clock.nowMs() - begunAtMs).toBeCloseTo(3_000, 0);
    });
  });

  test('of a node without anybody around is unreachable at once', async () => {
    const network = simulate();
    await network.run(async () => {
      const alone = await network.host('alone').start();
      const { id } = await generateIdentity();
      const begunAtMs = network.clock.nowMs();
      await expect(alone.connect(id)).rejects.toMatchObject({ code: 'ERR_OSIER_UNREACHABLE' });
      expect(network.clock.nowMs()).toBe(begunAtMs);
    });
  });

  test('is connected to as soon as its node appears', async () => {
    const network = simulate();
    await network.run(async () => {
      const { nodes } = await startLine(network, ['a', 'b', 'c']);
      const late = network.host('late');
      const identity = await generateIdentity();
      // Long enough that nobody has connected just now, who might turn out to be a relay.
      await network.clock.sleep(30_000);
      const connecting = nodes[0]?.connect(identity.id);
      await network.clock.sleep(5_000);
      const node = await late.start({ identity, peers: [(nodes[1] as MeshNode).address] });
      expect((await connecting)?.id).toBe(node.id);
    });
  });
});

describe('a direct path', () => {
  test('is taken as soon as an announced address answers, without losing a byte', async () => {
    const network = simulate();
    await network.run(async () => {
      const { nodes, hosts } = await startLine(network, ['a', 'b', 'c']);
      const [a, , c] = nodes as [MeshNode, MeshNode, MeshNode];
      serveEcho(c);
      const peer = await a.connect(c.id);
      expect(peer.path?.kind).toBe('relayed');
      const changes: PathChange[] = [];
      peer.on('path', (change) => changes.push(change));
      network.setLink(hosts[0] as SimHost, hosts[2] as SimHost, { lossRate: 0 });
      const sent = new Uint8Array(100_000).fill(7);
      while (peer.path?.kind !== 'direct') expect(Buffer.compare(await echoed(peer, sent), sent)).toBe(0);
      expect(changes.map(({ cause }) => cause)).toEqual([{ kind: 'upgraded', method: 'announced-address' }]);
      expect(Buffer.compare(await echoed(peer, sent), sent)).toBe(0);
    });
  });

  test('that falls silent gives way to a relay, and is taken again when it answers', async () => {
    const network = simulate();
    await network.run(async () => {
      const [near, relay, far] = ['near', 'relay', 'far'].map((name) => network.host(name)) as [SimHost, SimHost, SimHost];
      const middle = await relay.start({ relay: {}, liveness: 'lan' });
      const [a, c] = [await near.start({ peers: [middle.address], liveness: 'lan' }), await far.start({ peers: [middle.address], liveness: 'lan' })];
      serveEcho(c);
      const peer = await a.connect(c.address);
      await a.connect(middle.address);
      await c.connect(middle.address);
      expect(peer.path?.kind).toBe('direct');
      const changes: PathChange[] = [];
      peer.on('path', (change) => changes.push(change));
      const sent = new Uint8Array(20_000).fill(7);
      const until = async (kind: 'direct' | 'relayed'): Promise<void> => {
        while (peer.path?.kind !== kind) expect(Buffer.compare(await echoed(peer, sent), sent)).toBe(0);
      };
      linkOnly(
        network,
        [near, relay, far],
        [
          [near, relay],
          [relay, far],
        ],
      );
      await until('relayed');
      network.setLink(near, far, { lossRate: 0 });
      await until('direct');
      expect(changes.map(({ cause }) => cause.kind)).toEqual(['failover', 'upgraded']);
      expect(changes[0]?.cause).toEqual({ kind: 'failover', symptom: 'silence' });
    });
  });
});

describe('a relay that is asked for by name', () => {
  test('is gone through, and never past it', async () => {
    const network = simulate();
    await network.run(async () => {
      const hosts = ['a', 'b', 'c'].map((name) => network.host(name));
      const [b] = [await (hosts[1] as SimHost).start({ relay: {} })];
      const [a, c] = [await (hosts[0] as SimHost).start({ peers: [b.address] }), await (hosts[2] as SimHost).start({ peers: [b.address] })];
      serveEcho(c);
      await c.connect(b.address);
      const peer = await a.connect(c.address, { via: b.id });
      const through = { kind: 'relayed', nextHop: b.id, waypoint: b.id };
      expect(peer.path).toEqual(through);
      const sent = new Uint8Array(50_000).fill(3);
      for (let second = 0; second < 10; second++) {
        expect(Buffer.compare(await echoed(peer, sent), sent)).toBe(0);
        await network.clock.sleep(1_000);
      }
      expect(peer.path).toEqual(through);
    });
  });
});
