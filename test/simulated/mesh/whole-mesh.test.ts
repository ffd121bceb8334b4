import { describe, expect, test } from 'vitest';
import { generateIdentity, type MeshNode } from '../../../src/index.js';
import { SeededRandom } from '../../../src/testing/seeded-random.js';
import { underneath } from '../../../src/testing/sim-network.js';
import { line, randomGeometric } from '../../property/mesh/graphs.js';
import type { Edge } from '../../property/mesh/routing-network.js';
import { patternBytes } from '../../scenario/support/nodes.js';
import { GraphMesh, simulateUnlinked } from '../support/graph.js';
import { echoed, serveEcho } from '../support/programs.js';

/** Nodes start, connect, and hear of all others. */
const STARTED_MS = 5_000;
const HEALED_MS = 60_000;

async function expectEcho(from: MeshNode, to: MeshNode, byteCount = 20_000): Promise<void> {
  const sent = patternBytes(byteCount, 1);
  const peer = await from.connect(to.id);
  expect(Buffer.compare(await echoed(peer, sent), sent)).toBe(0);
}

function ring(nodeCount: number): Edge[] {
  return Array.from({ length: nodeCount }, (_, one) => ({ one, other: (one + 1) % nodeCount, delayMs: 2 }));
}

describe('a line of ten nodes', () => {
  test('carries a stream from end to end with one packet in a hundred lost on each hop', async () => {
    const network = simulateUnlinked();
    await network.run(async () => {
      const mesh = await GraphMesh.start(network, 10, line(new SeededRandom(network.seed, 'graph'), 10), () => ({}), 0.01);
      await mesh.convergence(STARTED_MS);
      serveEcho(mesh.node(9));
      await expectEcho(mesh.node(0), mesh.node(9), 200_000);
    });
  });
});

describe('forty nodes at random places', () => {
  test('converge, any two reach each other, and a failure in their middle costs less than a second', async () => {
    const network = simulateUnlinked();
    await network.run(async () => {
      const random = new SeededRandom(network.seed, 'graph');
      const mesh = await GraphMesh.start(network, 40, randomGeometric(random, 40, 6), () => ({ liveness: 'lan' }));
      await mesh.convergence(STARTED_MS);
      for (const { node } of mesh.places) serveEcho(node);
      const pairs = Array.from({ length: 12 }, () => [random.below(40), random.below(40)] as const).filter(([one, other]) => one !== other);
      await Promise.all(pairs.map(([one, other]) => expectEcho(mesh.node(one), mesh.node(other))));
      const victim = mesh.busiest;
      await Promise.all(mesh.neighboursOf(victim).map((index) => mesh.beat(index, victim)));
      await network.clock.sleep(500);
      mesh.crash(victim);
      expect(await mesh.convergence(1_000, () => mesh.largestPiece)).toBeGreaterThan(0);
    });
  });
});

describe('a ring of eight', () => {
  test('that is parted finds ways inside its parts, and over all of it when it is whole again', async () => {
    const network = simulateUnlinked();
    await network.run(async () => {
      const mesh = await GraphMesh.start(network, 8, ring(8), () => ({ liveness: 'lan', peerLostAfterMs: 5_000 }));
      await mesh.convergence(STARTED_MS);
      const [one, other] = [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
      ] as const;
      network.partition(
        one.map((index) => mesh.host(index)),
        other.map((index) => mesh.host(index)),
      );
      await mesh.beatAll();
      for (const part of [one, other]) await mesh.convergence(STARTED_MS, () => part);
      network.heal();
      await mesh.convergence(HEALED_MS);
      serveEcho(mesh.node(6));
      await expectEcho(mesh.node(1), mesh.node(6));
    });
  });

  test.each([
    ['at once', 0],
    ['with a clock that went back a year', -365 * 86_400_000],
  ])('has its ways back when a node restarts %s', async (_, aheadMs) => {
    const network = simulateUnlinked();
    await network.run(async () => {
      const mesh = await GraphMesh.start(network, 8, ring(8), () => ({ liveness: 'lan' }));
      await mesh.convergence(STARTED_MS);
      mesh.crash(3);
      underneath(network).machineOf(mesh.host(3)).wallClockAheadMs = aheadMs;
      const restarted = await mesh.restart(3);
      await mesh.convergence(HEALED_MS);
      serveEcho(restarted);
      await expectEcho(mesh.node(7), restarted);
      await expectEcho(mesh.node(0), restarted);
    });
  });

  test('with a link that flaps ends up with ways everywhere, and keeps a stream whole meanwhile', async () => {
    const network = simulateUnlinked();
    await network.run(async () => {
      const edges = ring(8);
      const mesh = await GraphMesh.start(network, 8, edges, () => ({ liveness: 'lan' }));
      await mesh.convergence(STARTED_MS);
      serveEcho(mesh.node(4));
      await mesh.node(0).connect(mesh.node(4).id);
      const flapping = edges[1] as Edge;
      let isOver = false;
      const carrying = (async () => {
        while (!isOver) await expectEcho(mesh.node(0), mesh.node(4));
      })();
      for (let flaps = 0; flaps < 20; flaps++) {
        mesh.setLinkUp(flapping, flaps % 2 === 1);
        await network.clock.sleep(300);
      }
      isOver = true;
      await carrying;
      await mesh.convergence(HEALED_MS);
    });
  });

  test('keeps no more after 200 changes of route than before them', async () => {
    const network = simulateUnlinked();
    await network.run(async () => {
      const edges = ring(8);
      const mesh = await GraphMesh.start(network, 8, edges, () => ({ liveness: 'lan' }));
      await mesh.convergence(STARTED_MS);
      serveEcho(mesh.node(4));
      let changes = 0;
      const peer = await mesh.node(0).connect(mesh.node(4).id);
      peer.on('path', () => changes++);
      await expectEcho(mesh.node(0), mesh.node(4), 100);
      const held = (): unknown =>
        mesh.places.map(({ node }) => [node.routes().length, node.peers.size, node.stats().peersConnected, node.stats().streamsOpen]);
      await network.clock.sleep(1_000);
      const before = held();
      const cuts = [edges[1], edges[5]] as const;
      for (let round = 0; changes < 200 && round < 1_000; round++) {
        const [cut, whole] = round % 2 === 0 ? cuts : [cuts[1], cuts[0]];
        mesh.setLinkUp(whole as Edge, true);
        mesh.setLinkUp(cut as Edge, false);
        for (let beats = 0; beats < 5; beats++) {
          await expectEcho(mesh.node(0), mesh.node(4), 100);
          await network.clock.sleep(20);
        }
      }
      expect(changes).toBeGreaterThanOrEqual(200);
      for (const cut of cuts) mesh.setLinkUp(cut as Edge, true);
      await mesh.convergence(HEALED_MS);
      await network.clock.sleep(1_000);
      expect(held()).toEqual(before);
    });
  });
});

describe('a statement that one node is told', () => {
  test('is known to all of them: who was revoked is refused everywhere', async () => {
    const network = simulateUnlinked();
    await network.run(async () => {
      const identity = await generateIdentity();
      const mesh = await GraphMesh.start(network, 8, ring(8), (index) => (index === 4 ? { identity } : {}));
      await mesh.convergence(STARTED_MS);
      await mesh.node(0).reload({ statements: [identity.revoke()] });
      await network.clock.sleep(2_000);
      const others = mesh.live.filter((index) => index !== 4);
      for (const index of others) {
        await expect(mesh.node(index).connect(identity.id)).rejects.toMatchObject({ code: 'ERR_OSIER_REVOKED' });
        expect(
          mesh
            .node(index)
            .routes()
            .map(({ id }) => id),
        ).not.toContain(identity.id);
      }
      await mesh.convergence(STARTED_MS, () => others);
    });
  });
});
