import { describe, expect, test } from 'vitest';
import type { SimNetwork } from '../../../src/testing/index.js';
import { SeededRandom } from '../../../src/testing/seeded-random.js';
import { randomGeometric } from '../../property/mesh/graphs.js';
import { GraphMesh, simulateUnlinked } from '../support/graph.js';

/** Nodes of the long form, several numbers with commas; without it a few. */
const LONG_FORM = process.env.OSIER_MESH_NODES;
const NODE_COUNTS = (LONG_FORM ?? '16').split(',').map(Number);
const DEGREE = 6;

/** Every node renews its announcement once within these minutes, which begin when all is quiet. */
const QUIET_AFTER_MS = 120_000;
const IDLE_MINUTES = 5;

const CONVERGENCE_MS_MAX = 1_000;
/** A few nodes renew few announcements. */
const IDLE_BYTES_A_MINUTE_MAX = LONG_FORM === undefined ? 30_000 : 200_000;

/** Bytes that all nodes have sent, each datagram whole. */
function sentBytes(mesh: GraphMesh): number {
  return mesh.live.reduce((sum, index) => sum + Number(mesh.node(index).stats().bytesSent), 0);
}

async function idleBytesANodeAndMinute(mesh: GraphMesh, { clock }: SimNetwork): Promise<number> {
  await clock.sleep(QUIET_AFTER_MS - clock.nowMs());
  const before = sentBytes(mesh);
  await clock.sleep(IDLE_MINUTES * 60_000);
  return (sentBytes(mesh) - before) / mesh.live.length / IDLE_MINUTES;
}

/** Kills a node that all its neighbours speak with; how long until all others have ways again. */
async function convergenceAfterCrash(mesh: GraphMesh, victim: number, { clock }: SimNetwork, lookMs: number): Promise<number> {
  await Promise.all(mesh.neighboursOf(victim).map((index) => mesh.beat(index, victim)));
  await clock.sleep(1_000);
  expect(mesh.fault()).toBeNull();
  mesh.crash(victim);
  expect(mesh.fault(mesh.largestPiece)).not.toBeNull();
  return mesh.convergence(60_000, () => mesh.largestPiece, lookMs);
}

describe.each(NODE_COUNTS)('%i nodes of degree 6', (nodeCount) => {
  test('converge, also after a failure within a second, and are quiet when idle', { timeout: 3_600_000 }, async () => {
    const lookMs = nodeCount > 100 ? 50 : 10;
    const begunAt = performance.now();
    const network = simulateUnlinked();
    await network.run(async () => {
      const edges = randomGeometric(new SeededRandom(network.seed, 'graph'), nodeCount, DEGREE);
      const mesh = await GraphMesh.start(network, nodeCount, edges, () => ({ liveness: 'lan' }));
      const convergedMs = await mesh.convergence(60_000, undefined, lookMs);
      const convergedSeconds = (performance.now() - begunAt) / 1_000;
      const toConvergeBytes = sentBytes(mesh) / nodeCount;
      const measured = { nodeCount, links: edges.length, convergedMs, convergedSeconds, toConvergeBytes };
      if (LONG_FORM !== undefined) console.log(measured);
      const idleBytes = await idleBytesANodeAndMinute(mesh, network);
      if (LONG_FORM !== undefined)
        console.log({ nodeCount, idleBytes, rssBytes: process.memoryUsage().rss, seconds: (performance.now() - begunAt) / 1_000 });
      const failureMs = await convergenceAfterCrash(mesh, mesh.busiest, network, lookMs);
      if (LONG_FORM !== undefined) console.log({ nodeCount, failureMs });
      expect(failureMs).toBeLessThanOrEqual(CONVERGENCE_MS_MAX);
      expect(idleBytes).toBeLessThanOrEqual(IDLE_BYTES_A_MINUTE_MAX);
    });
  });
});
