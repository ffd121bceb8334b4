/** Closes that meet connects, reloads and other closes. */
import { describe, expect, test } from 'vitest';
import { generateNetworkSecret, onDiagnostics, type Peer } from '../../src/index.js';
import { connectTwo, simulate } from './support/programs.js';

/** Begins a close of `peer` that takes as long as it may, for a stream that nobody ends. */
async function closeSlowly(peer: Peer, timeoutMs: number): Promise<void> {
  const stream = await peer.openStream('echo');
  await stream.write(Uint8Array.of(1));
  await stream.read(new Uint8Array(1));
  void peer.close({ timeoutMs });
}

describe('a close that is begun again by who hears of it', () => {
  test('is one close: of a node, by a handler that is told to finish', async () => {
    const network = simulate();
    await network.run(async () => {
      const { server, client, peer } = await connectTwo(network);
      const again: Promise<unknown>[] = [];
      server.handle('jobs', async (stream, { draining }) => {
        draining.addEventListener('abort', () => again.push(server.close()));
        for await (const _batch of stream);
      });
      const stream = await peer.openStream('jobs');
      await stream.write(Uint8Array.of(1));
      await network.clock.sleep(100);
      let closed = 0;
      server.on('close', () => closed++);
      const closing = server.close({ timeoutMs: 1_000 });
      expect(await Promise.all([closing, ...again])).toHaveLength(2);
      expect(again[0]).toBe(closing);
      await network.clock.sleep(10_000);
      expect(closed).toBe(1);
      await client.close();
    });
  });

  test('is one close: of a peer, by who is told that its call failed', async () => {
    const network = simulate();
    await network.run(async () => {
      const { server, peer } = await connectTwo(network);
      await peer.ping();
      await server.close({ timeoutMs: 0 });
      await network.clock.sleep(100);
      peer.ping({ timeoutMs: 0 }).catch(() => {});
      await network.clock.sleep(1_000);
      expect(peer.state.status).toBe('connecting');
      const states: string[] = [];
      peer.on('state', ({ status }) => states.push(status));
      const again: Promise<unknown>[] = [];
      using _heard = onDiagnostics('osier:handshake', () => again.push(peer.close()));
      const closing = peer.close();
      await Promise.all([closing, ...again]);
      expect(again).toHaveLength(1);
      expect(again[0]).toBe(closing);
      expect(states).toEqual(['closed']);
    });
  });
});

describe('connecting to a peer that is being closed', () => {
  test('waits no longer than it may', async () => {
    const network = simulate();
    await network.run(async () => {
      const { server, client, peer } = await connectTwo(network);
      await closeSlowly(peer, 60_000);
      const startMs = network.clock.nowMs();
      await expect(client.connect(server.id, { timeoutMs: 1_000 })).rejects.toMatchObject({
        code: 'ERR_OSIER_TIMEOUT',
        details: { timeoutMs: 1_000, hints: [] },
      });
      expect(network.clock.nowMs() - startMs).toBe(1_000);
    });
  });

  test('leads to another object once that is done, within the same patience', async () => {
    const network = simulate();
    await network.run(async () => {
      const { server, client, peer, hosts } = await connectTwo(network);
      await closeSlowly(peer, 5_000);
      const again = await client.connect(server.address, { timeoutMs: 10_000 });
      expect(again).not.toBe(peer);
      expect(again.state.status).toBe('connected');

      await closeSlowly(again, 5_000);
      const startMs = network.clock.nowMs();
      const third = expect(client.connect(server.address, { timeoutMs: 10_000 })).rejects.toMatchObject({ code: 'ERR_OSIER_TIMEOUT' });
      network.partition([hosts[0]], [hosts[1]]);
      await third;
      expect(network.clock.nowMs() - startMs).toBeLessThan(10_010);
    });
  });

  test('leaves a time-out of 0 what it is', async () => {
    const network = simulate();
    await network.run(async () => {
      const { server, client, peer } = await connectTwo(network);
      await closeSlowly(peer, 60_000);
      expect((await client.connect(server.address, { timeoutMs: 0 })).state.status).toBe('connected');
    });
  });
});

test('a reload that names a peer which is being closed keeps the one that comes after it', async () => {
  const network = simulate();
  await network.run(async () => {
    const { server, client, peer } = await connectTwo(network);
    await closeSlowly(peer, 5_000);
    await client.reload({ peers: [server.address] });
    await network.clock.sleep(10_000);
    const again = client.peers.get(server.id);
    expect(again).not.toBe(peer);
    expect(again?.state.status).toBe('connected');
  });
});

test('a reload of the network secret ends the pause of a peer that is kept connected', async () => {
  const network = simulate();
  await network.run(async () => {
    const [old, present] = [generateNetworkSecret(), generateNetworkSecret()];
    const server = await network.host('server').start({ network: { secret: present } });
    const place = server.address.replace(`${server.id}@`, '');
    for (const address of [server.address, place]) {
      const client = await network.host(`client of ${address}`).start({ network: { secret: old }, peers: [address] });
      // Attempts of 15 s with pauses of up to 45 s: here it pauses.
      let seen = 0n;
      do {
        seen = client.stats().packetsSent;
        await network.clock.sleep(7_000);
      } while (client.stats().packetsSent > seen);
      await client.reload({ network: { secret: present } });
      await network.clock.sleep(100);
      expect(client.stats().peersConnected).toBe(1);
    }
  });
});
