import { describe, expect, test } from 'vitest';
import { generateIdentity, type MeshNode } from '../../src/index.js';
import { nextEvent } from '../scenario/support/nodes.js';
import { serveEcho, simulate } from './support/programs.js';

const STABLE_MS = 60_000;

/** `twin` calls, and goes again. */
async function callFrom(twin: MeshNode, server: MeshNode): Promise<void> {
  const peer = await twin.connect(server.address);
  await peer.ping();
  await peer.close({ timeoutMs: 0 });
  await server.clock.sleep(100);
}

/** A server that was called by two running nodes of one identity, by one of them and then by the other. */
async function twoTwins(network: ReturnType<typeof simulate>) {
  const identity = await generateIdentity();
  const hosts = [network.host('server'), network.host('one'), network.host('other')] as const;
  const server = await hosts[0].start();
  const twins = [await hosts[1].start({ identity }), await hosts[2].start({ identity })] as const;
  for (const twin of twins) serveEcho(twin);
  for (const twin of twins) await callFrom(twin, server);
  return { hosts, server, twins, duplicate: { code: 'ERR_OSIER_DUPLICATE_IDENTITY', details: { id: identity.id } } };
}

describe('two running nodes of one identity that take turns', () => {
  test('cannot be connected to, nor used, by id or by address, until one of them has stayed for a minute', async () => {
    const network = simulate();
    await network.run(async () => {
      const { server, twins, duplicate } = await twoTwins(network);
      await expect(server.connect(twins[0].address)).rejects.toMatchObject(duplicate);
      const peer = server.peers.get(twins[0].id);
      if (peer === undefined) throw new Error('it was never connected');
      await expect(peer.ping()).rejects.toMatchObject(duplicate);
      const turnMs = network.clock.nowMs();
      await expect(server.connect(twins[0].id)).rejects.toMatchObject(duplicate);
      await expect(server.connect(twins[0].address.replace(`${twins[0].id}@`, ''))).rejects.toMatchObject(duplicate);
      await expect(peer.openStream('echo')).rejects.toMatchObject(duplicate);
      await network.clock.sleep(turnMs + STABLE_MS - 1_000 - network.clock.nowMs());
      await expect(server.connect(twins[0].id)).rejects.toMatchObject(duplicate);
      await network.clock.sleep(1_000);
      expect((await server.connect(twins[0].id)).id).toBe(peer.id);
      expect(await peer.ping()).toBeGreaterThan(0);
    });
  });

  test('fail the call that waits for them, and the operator hears of it', async () => {
    const network = simulate();
    await network.run(async () => {
      const { hosts, server, twins, duplicate } = await twoTwins(network);
      const warned = nextEvent(server, 'warning');
      network.partition([hosts[0]], [hosts[1], hosts[2]]);
      const calling = expect(server.connect(twins[0].id, { timeoutMs: 0 })).rejects.toMatchObject(duplicate);
      await network.clock.sleep(60_000);
      network.heal();
      await twins[0].connect(server.address);
      await calling;
      expect(await warned).toMatchObject([duplicate]);
    });
  });
});
