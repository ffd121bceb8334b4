import { describe, expect, onTestFinished, test } from 'vitest';
import { type DiagnosticsPayloads, generateIdentity, type MeshNode, onDiagnostics } from '../../../src/index.js';
import { startLine } from '../support/mesh.js';
import { simulate } from '../support/programs.js';

type RouteNews = DiagnosticsPayloads['osier:route'];

describe('the ways that a node knows', () => {
  test('are told with their next hop, metric and packet size, and on the channel when they change', async () => {
    const network = simulate({ link: { delayMs: 5 } });
    const news: RouteNews[] = [];
    const subscription = onDiagnostics('osier:route', (change) => news.push(change));
    onTestFinished(() => subscription[Symbol.dispose]());
    await network.run(async () => {
      const { nodes, hosts } = await startLine(network, ['a', 'b', 'c']);
      const [a, b, c] = nodes as [MeshNode, MeshNode, MeshNode];
      await a.connect(c.id);
      await network.clock.sleep(100);
      const toC = a.routes().find(({ id }) => id === c.id);
      expect(toC).toMatchObject({ nextHop: b.id, backup: null });
      expect(toC?.metricMs).toBeGreaterThan(10);
      expect(toC?.mtuBytes).toBeGreaterThanOrEqual(1_160);
      expect(a.routes().find(({ id }) => id === b.id)).toMatchObject({ nextHop: b.id });
      hosts[2]?.crash();
      while (a.routes().some(({ id }) => id === c.id)) await network.clock.sleep(1_000);
      const lost = news.filter(({ id, after }) => id === c.id && after === null);
      expect(lost.length).toBeGreaterThan(0);
    });
  });
});

describe('a trace', () => {
  test('names the hops in order, ending with the target', async () => {
    const network = simulate({ link: { delayMs: 5 } });
    await network.run(async () => {
      const { nodes } = await startLine(network, ['a', 'b', 'c', 'd', 'e']);
      const [a, ...others] = nodes as [MeshNode, ...MeshNode[]];
      const e = others.at(-1) as MeshNode;
      const { status, hops } = await a.trace(e.id);
      expect(status).toBe('complete');
      expect(hops.map(({ id }) => id)).toEqual(others.map(({ id }) => id));
      for (const [at, { rttMs }] of hops.entries()) expect(rttMs).toBeGreaterThanOrEqual(10 * (at + 1));
      expect(await a.trace((others[0] as MeshNode).id)).toMatchObject({ status: 'complete', hops: [{ id: others[0]?.id }] });
    });
  });

  test('of what nobody has a way to is unreachable, and of no id a bad one', async () => {
    const network = simulate();
    await network.run(async () => {
      const { nodes } = await startLine(network, ['a', 'b', 'c']);
      const { id } = await generateIdentity();
      await expect(nodes[0]?.trace(id, { timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'ERR_OSIER_UNREACHABLE' });
      await expect(nodes[0]?.trace('somebody')).rejects.toMatchObject({ code: 'ERR_OSIER_BAD_ID' });
    });
  });
});
