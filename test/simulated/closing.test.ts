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

describe('a stream that waits until the peer allows more', () => {
  test.each(['the node', 'the peer'])('is not opened when %s closes, and does not hold that up', async (what) => {
    const network = simulate();
    await network.run(async () => {
      const server = await network.host('server').start({ limits: { streamsPerPeer: 1 } });
      let served = 0;
      server.handle('one', async (stream) => {
        served++;
        for await (const _batch of stream);
      });
      const client = await network.host('client').start();
      const peer = await client.connect(server.address);
      const first = await peer.openStream('one');
      await first.write(Uint8Array.of(1));
      const second = peer.openStream('one', { timeoutMs: 0 });
      const code = what === 'the node' ? 'ERR_OSIER_NODE_CLOSED' : 'ERR_OSIER_PEER_CLOSED';
      const refused = expect(second).rejects.toMatchObject({ code });
      await network.clock.sleep(1_000);
      const startMs = network.clock.nowMs();
      const closing = what === 'the node' ? client.close() : peer.close();
      await refused;
      expect(network.clock.nowMs()).toBe(startMs);
      await first.end();
      expect(await closing).toEqual({ status: 'drained' });
      expect(served).toBe(1);
    });
  });
});

describe('a peer that takes no new streams', () => {
  const REFUSED = { code: 'ERR_OSIER_REFUSED', details: { why: 'shutdown' } };

  /** A client whose peer waits, in its close, for a stream of the client's. */
  async function connectDraining(network: ReturnType<typeof simulate>, timeoutMs: number) {
    const ends = await connectTwo(network);
    const held = await ends.peer.openStream('echo');
    await held.write(Uint8Array.of(1));
    await held.read(new Uint8Array(1));
    const closing = ends.server.close({ timeoutMs });
    await network.clock.sleep(150);
    return { ...ends, held, closing };
  }

  test.each([
    ['and starts again, is found there', true],
    ['for good, is lost', false],
  ])('and dies without another word %s', async (_outcome, isBack) => {
    const network = simulate();
    await network.run(async () => {
      const { peer, hosts, held } = await connectDraining(network, 60_000);
      await expect(peer.openStream('echo')).rejects.toMatchObject(REFUSED);
      hosts[0].crash();
      if (isBack) {
        const again = await hosts[0].start();
        again.handle('greet', (stream) => stream.write(Uint8Array.of(7)));
        const stream = await peer.openStream('greet', { timeoutMs: 2_000 });
        expect(await stream.read(new Uint8Array(1))).toBe(1);
        expect(await held.closed).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_PEER_RESTARTED' } });
      } else {
        await expect(peer.openStream('echo')).rejects.toMatchObject({ code: 'ERR_OSIER_TIMEOUT' });
        expect(await held.closed).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_PEER_LOST' } });
      }
    });
  });

  test('and is closed before it is asked once more has refused all the same', async () => {
    const network = simulate({ link: { delayMs: 100 } });
    await network.run(async () => {
      const { peer, closing } = await connectDraining(network, 100);
      await Promise.all([expect(peer.openStream('echo')).rejects.toMatchObject(REFUSED), closing]);
      expect(peer.state.status).toBe('idle');
    });
  });
});

describe('a peer of the options', () => {
  test.each(['by id', 'by address'])('named %s is connected again after somebody closed it, until a reload lets it go', async (way) => {
    const network = simulate();
    await network.run(async () => {
      const server = await network.host('server').start();
      const target = way === 'by id' ? server.address : server.address.replace(`${server.id}@`, '');
      const client = await network.host('client').start({ peers: [target] });
      await network.clock.sleep(1_000);
      for (let time = 0; time < 3; time++) {
        const peer = client.peers.get(server.id);
        expect(peer?.state.status).toBe('connected');
        await peer?.close();
        expect(peer?.state.status).toBe('closed');
        await network.clock.sleep(4_000);
        expect(client.peers.get(server.id)).not.toBe(peer);
      }
      expect(client.peers.get(server.id)?.state.status).toBe('connected');
      await client.reload({ peers: [] });
      await client.peers.get(server.id)?.close();
      await network.clock.sleep(60_000);
      expect(client.peers.size).toBe(0);
    });
  });
});

test.each(['by id', 'by address'])(
  'a peer of the options, named %s, that is closed whenever it is connected is not called all the time',
  async (way) => {
    const network = simulate();
    await network.run(async () => {
      const server = await network.host('server').start();
      const target = way === 'by id' ? server.address : server.address.replace(`${server.id}@`, '');
      const client = await network.host('client').start({ peers: [target] });
      let connections = 0;
      client.on('peer', (peer) => {
        connections++;
        void network.clock.sleep(50).then(() => peer.close({ timeoutMs: 0 }));
      });
      await network.clock.sleep(60_000);
      expect(connections).toBeGreaterThan(2);
      expect(connections).toBeLessThan(60_000 / 250);
    });
  },
);

describe("'close' is the last event", () => {
  test.each(['late', 'with what it was told'])('and a handler that fails %s is no more than logged', async (how) => {
    const network = simulate();
    await network.run(async () => {
      const { server, client, peer } = await connectTwo(network);
      const logged: object[] = [];
      const logger = { debug: () => {}, info: () => {}, warn: (fields: object) => logged.push(fields), error: () => {} };
      await server.close();
      const again = await network.host('other').start({ logger });
      const events: string[] = [];
      for (const name of ['peer', 'warning', 'close'] as const) again.on(name, () => events.push(name));
      let failed = 0;
      again.handle('fails', async (stream) => {
        try {
          for await (const _batch of stream);
        } catch (error) {
          failed++;
          if (how !== 'late') throw error;
          await network.clock.sleep(100);
          throw new Error('late');
        }
      });
      again.handle('finishes', async (_stream, { draining }) => {
        await new Promise((resolve) => draining.addEventListener('abort', resolve));
        failed++;
        draining.throwIfAborted();
      });
      await peer.close();
      const other = await client.connect(again.address);
      for (const protocol of ['fails', 'finishes']) await (await other.openStream(protocol)).write(Uint8Array.of(1));
      await network.clock.sleep(1_000);
      await again.close({ timeoutMs: 0 });
      await network.clock.sleep(1_000);
      expect(failed).toBe(2);
      expect(events).toEqual(['peer', 'close']);
      expect(logged).toMatchObject(how === 'late' ? [{ code: 'ERR_OSIER_HANDLER_FAILED' }] : []);
    });
  });
});

describe('a reload that has no room for all its peers', () => {
  test('closes none of those that it would take the place of', async () => {
    const network = simulate();
    await network.run(async () => {
      const node = await network.host('node').start({ limits: { peers: 2 } });
      const [guest, another] = [await network.host('guest').start(), await network.host('another guest').start()];
      for (const who of [guest, another]) {
        await who.connect(node.address);
        await network.clock.sleep(1_000);
        await who.close();
        await network.clock.sleep(1_000);
      }
      const idle = node.peers.get(guest.id);
      expect(idle?.state.status).toBe('idle');
      const others = [await network.host('one').start(), await network.host('two').start(), await network.host('three').start()];
      const addresses = others.map(({ address }) => address);
      await expect(node.reload({ peers: addresses })).rejects.toMatchObject({ code: 'ERR_OSIER_LIMIT' });
      // By their ids alone, they would give way to one another.
      await expect(node.reload({ peers: others.map(({ id }) => `osier://${id}`) })).rejects.toMatchObject({ code: 'ERR_OSIER_LIMIT' });
      // One that is named makes no room.
      const named = [...addresses.slice(0, 2), `osier://${guest.id}`];
      await expect(node.reload({ peers: named })).rejects.toMatchObject({ code: 'ERR_OSIER_LIMIT' });
      expect(node.peers.get(guest.id)).toBe(idle);
      expect(node.peers.has(another.id)).toBe(true);

      // Who is named stays, whoever else has to go.
      await node.reload({ peers: [...addresses.slice(0, 1), `osier://${guest.id}`] });
      await network.clock.sleep(1_000);
      expect(node.peers.get(guest.id)).toBe(idle);
      expect(node.peers.has(another.id)).toBe(false);
      expect(node.peers.get(others[0]?.id ?? '')?.state.status).toBe('connected');
    });
  });
});
