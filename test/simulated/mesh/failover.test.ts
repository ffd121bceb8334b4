import { describe, expect, test } from 'vitest';
import type { MeshNode, PathChange } from '../../../src/index.js';
import type { SimHost } from '../../../src/testing/index.js';
import type { SimNetwork } from '../../../src/testing/sim-network.js';
import { readAll, writeUntil } from '../support/bulk.js';
import { linkOnly } from '../support/mesh.js';
import { simulate } from '../support/programs.js';

interface Diamond {
  readonly near: MeshNode;
  readonly far: MeshNode;
  readonly relays: readonly { readonly host: SimHost; readonly node: MeshNode }[];
}

/** Two ends that reach one another through either of two relays. */
async function startDiamond(network: SimNetwork): Promise<Diamond> {
  const [near, one, two, far] = ['near', 'one', 'two', 'far'].map((name) => network.host(name)) as [SimHost, SimHost, SimHost, SimHost];
  linkOnly(
    network,
    [near, one, two, far],
    [
      [near, one],
      [near, two],
      [one, far],
      [two, far],
    ],
  );
  const relays = await Promise.all([one, two].map(async (host) => ({ host, node: await host.start({ relay: {}, liveness: 'lan' }) })));
  const peers = relays.map(({ node }) => node.address);
  const ends = await Promise.all([near, far].map((host) => host.start({ liveness: 'lan', peers })));
  for (const end of ends) for (const address of peers) await end.connect(address);
  return { near: ends[0] as MeshNode, far: ends[1] as MeshNode, relays };
}

describe('a relay that dies in the middle of a transfer', () => {
  test('costs a pause and nothing else: the data goes on through the other one', async () => {
    const network = simulate({ link: { delayMs: 2, bytesPerSecond: 2_000_000 } });
    await network.run(async () => {
      const { near, far, relays } = await startDiamond(network);
      const read = new Promise<Awaited<ReturnType<typeof readAll>>>((resolve) =>
        far.handle('sink', async (stream) => resolve(await readAll(stream))),
      );
      const peer = await near.connect(far.id);
      const first = peer.path?.kind === 'relayed' ? peer.path.nextHop : null;
      const dying = relays.find(({ node }) => node.id === first);
      const changes: PathChange[] = [];
      peer.on('path', (change) => changes.push(change));
      const stream = await peer.openStream('sink');
      const writing = writeUntil(stream, network.clock, network.clock.nowMs() + 3_000);
      await network.clock.sleep(1_000);
      dying?.host.crash();
      expect(await writing).toEqual(await read);
      const other = relays.find((relay) => relay !== dying)?.node.id;
      expect(changes.map(({ cause }) => cause)).toEqual([{ kind: 'failover', symptom: 'silence' }]);
      expect(changes[0]?.to).toEqual({ kind: 'relayed', nextHop: other, waypoint: null });
      expect(peer.state.status).toBe('connected');
    });
  });
});

describe('a direct path that falls silent', () => {
  test('is left for the way through a relay by who comes after it was noticed', async () => {
    const network = simulate({ link: { delayMs: 2 } });
    await network.run(async () => {
      const [near, relay, far] = ['near', 'relay', 'far'].map((name) => network.host(name)) as [SimHost, SimHost, SimHost];
      const between = await relay.start({ relay: {}, liveness: 'lan' });
      const server = await far.start({ liveness: 'lan', peers: [between.address] });
      server.handle('ask', async (stream) => void (await readAll(stream)));
      const client = await near.start({ liveness: 'lan', peers: [between.address] });
      const peer = await client.connect(server.address);
      while (client.routes().every(({ id }) => id !== server.id)) await network.clock.sleep(10);
      expect(peer.path?.kind).toBe('direct');
      const asked = await peer.openStream('ask');
      network.setLink(near, far, { lossRate: 1 });
      await asked.write(Uint8Array.of(1));
      asked.reset();
      await network.clock.sleep(500);
      expect(peer.path?.kind).toBe('direct');
      await peer.openStream('ask', { timeoutMs: 1_000 });
      expect(peer.path).toEqual({ kind: 'relayed', nextHop: between.id, waypoint: null });
    });
  });
});
