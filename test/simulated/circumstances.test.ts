import { describe, expect, test } from 'vitest';
import { observeDatagrams } from '../../src/testing/sim-network.js';
import { deferred, patternBytes, sameBytes } from '../scenario/support/nodes.js';
import { connectTwo, echoed, serveEcho, simulate } from './support/programs.js';

const BYTES = patternBytes(10_000);

describe('a host', () => {
  test('that is killed says nothing; started again it is the same node, on the same address, and its peers find it', async () => {
    const network = simulate();
    await network.run(async () => {
      const { server, client, peer, hosts } = await connectTwo(network);
      const [machine] = hosts;
      const stream = await peer.openStream('echo');
      await stream.write(BYTES);
      expect(await stream.read(new Uint8Array(1))).toBe(1);
      let sent = 0;
      observeDatagrams(network, ({ what, from }) => {
        if (what === 'sent' && from === 'server') sent++;
      });
      machine.crash();
      await network.clock.sleep(1_000);
      expect(sent).toBe(0);
      await expect(server.connect(client.address)).rejects.toMatchObject({ code: 'ERR_OSIER_NODE_CLOSED' });
      expect(peer.state.status).toBe('connected');

      const again = await machine.start();
      serveEcho(again);
      expect([again.id, again.address]).toEqual([server.id, server.address]);
      // Who has nothing to say does not hear of it.
      stream.write(BYTES).catch(() => {});
      expect(await stream.closed).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_PEER_RESTARTED' } });
      expect(sameBytes(await echoed(peer, BYTES), BYTES)).toBe(true);
    });
  });

  test('that is killed while it starts never comes up', async () => {
    const network = simulate();
    await network.run(async () => {
      const [host, server] = [network.host('one'), await network.host('server').start()];
      observeDatagrams(network, ({ from }) => expect(from).toBe('no host at all'));
      const starting = host.start({ peers: [server.address] });
      host.crash();
      await expect(starting).rejects.toMatchObject({ code: 'ERR_OSIER_NODE_CLOSED' });
      await network.clock.sleep(1_000);
      await expect(host.start()).resolves.toBeDefined();
    });
  });

  test('that is killed while it starts does not stand in the way of the next start', async () => {
    const network = simulate();
    await network.run(async () => {
      const [host, client] = [network.host('one'), await network.host('client').start()];
      const killed = expect(host.start()).rejects.toMatchObject({ code: 'ERR_OSIER_NODE_CLOSED' });
      host.crash();
      const node = await host.start();
      await killed;
      await network.clock.sleep(1_000);
      expect((await client.connect(node.address)).id).toBe(node.id);
    });
  });

  test('that is killed while it is stopped runs again', async () => {
    const network = simulate();
    await network.run(async () => {
      const [host, client] = [network.host('one'), await network.host('client').start()];
      await host.start();
      host.freeze(3_600_000);
      await network.clock.sleep(1_000);
      host.crash();
      const node = await host.start();
      const peer = await client.connect(node.address, { timeoutMs: 1_000 });
      // The end of that hour is nothing to it.
      host.freeze(3_600_000);
      await network.clock.sleep(3_600_000 - 500);
      await expect(peer.ping({ timeoutMs: 200 })).rejects.toMatchObject({ code: expect.stringMatching(/TIMEOUT|LOST/) });
    });
  });

  test('has one node at a time, and room for the next when that is closed', async () => {
    const network = simulate();
    await network.run(async () => {
      const host = network.host('one');
      const node = await host.start();
      await expect(host.start()).rejects.toMatchObject({ code: 'ERR_OSIER_LISTEN_FAILED' });
      await node.close();
      expect((await host.start()).id).toBe(node.id);
    });
  });

  test('that is stopped sends nothing and hears nothing, then goes on where it was with all that came meanwhile', async () => {
    const network = simulate();
    await network.run(async () => {
      const { server, client, peer, hosts } = await connectTwo(network);
      const stream = await peer.openStream('echo');
      await stream.write(BYTES.subarray(0, 1));
      expect(await stream.read(new Uint8Array(1))).toBe(1);
      let sent = 0;
      let arrived = 0n;
      observeDatagrams(network, ({ what, from }) => {
        if (what === 'sent' && from === 'server') sent++;
        if (what === 'arrived' && from === 'client') arrived++;
      });
      const { packetsReceived } = server.stats();
      const sinceMs = network.clock.nowMs();
      hosts[0].freeze(10_000);
      const slept = server.clock.sleep(1).then(() => network.clock.nowMs() - sinceMs);
      await stream.write(BYTES.subarray(0, 5));
      const answered = stream.read(new Uint8Array(5)).then(() => network.clock.nowMs() - sinceMs);
      await server.peers.get(client.id)?.openStream('nothing', { timeoutMs: 1_000 });
      await network.clock.sleep(9_000);
      expect(sent).toBe(0);
      expect(arrived).toBeGreaterThan(0n);
      expect(server.stats().packetsReceived).toBe(packetsReceived);
      expect(await slept).toBe(10_000);
      expect(server.stats().packetsReceived).toBe(packetsReceived + arrived);
      expect(await answered).toBeLessThan(10_010);
    });
  });

  test('that is stopped for longer than its peers wait is lost to them', async () => {
    const network = simulate();
    await network.run(async () => {
      const { peer, hosts } = await connectTwo(network);
      const stream = await peer.openStream('echo');
      hosts[0].freeze(60_000);
      await stream.write(BYTES.subarray(0, 5));
      expect(await stream.closed).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_PEER_LOST' } });
    });
  });

  test('that got another address is reached there, and no more at the old one', async () => {
    const network = simulate();
    await network.run(async () => {
      const [home, away] = [network.host('home'), network.host('away')];
      const [server, client] = [await home.start(), await away.start()];
      const before = server.address;
      home.renumber();
      expect(server.address).not.toBe(before);
      await expect(client.connect(before, { timeoutMs: 2_000 })).rejects.toMatchObject({ code: 'ERR_OSIER_TIMEOUT' });
      expect((await client.connect(server.address)).id).toBe(server.id);
    });
  });

  test('is known to the others by its name', async () => {
    const network = simulate();
    await network.run(async () => {
      const [server, client] = [await network.host('server').start(), await network.host('client').start()];
      expect((await client.connect(`osier://${server.id}@server:7400`)).id).toBe(server.id);
      await expect(client.connect(`osier://${network.host('third').name}`)).rejects.toMatchObject({ code: 'ERR_OSIER_BAD_ADDRESS' });
      await expect((await network.host('fourth').start()).connect(`osier://${server.id}@nobody:7400`)).rejects.toMatchObject({
        code: 'ERR_OSIER_UNRESOLVED',
      });
    });
  });
});

describe('a partition', () => {
  test('cuts its groups from one another and nobody else, until it is healed; a stream then goes on', async () => {
    const network = simulate();
    await network.run(async () => {
      const { server, client, peer, hosts } = await connectTwo(network);
      const bystander = await network.host('bystander').start();
      const stream = await peer.openStream('echo');
      network.partition([hosts[0]], [hosts[1]]);
      await expect(peer.ping({ timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'ERR_OSIER_TIMEOUT' });
      for (const node of [server, client]) await (await bystander.connect(node.address)).ping();
      network.heal();
      await stream.write(BYTES.subarray(0, 7));
      expect(await stream.read(new Uint8Array(7))).toBe(7);
    });
  });

  test('also ends what is under way', async () => {
    const network = simulate({ link: { delayMs: 500 } });
    await network.run(async () => {
      const { peer, hosts } = await connectTwo(network);
      const ping = peer.ping({ timeoutMs: 3_000 });
      await network.clock.sleep(100);
      network.partition([hosts[0]], [hosts[1]]);
      observeDatagrams(network, ({ what }) => expect(what).toBe('sent'));
      await expect(ping).rejects.toMatchObject({ code: 'ERR_OSIER_TIMEOUT' });
    });
  });
});

describe('a link', () => {
  test('can be changed at any time, one way or both, and keeps what is not named', async () => {
    const network = simulate({ link: { delayMs: 10 } });
    await network.run(async () => {
      const { peer, hosts } = await connectTwo(network);
      const roundTrip = async (): Promise<number> => Math.round(await peer.ping());
      expect(await roundTrip()).toBe(20);
      network.setLink(hosts[0], hosts[1], { delayMs: 50 }, 'one-way');
      expect(await roundTrip()).toBe(60);
      network.setLink(hosts[0], hosts[1], { delayMs: 30 });
      network.setLink(hosts[0], hosts[1], { jitterMs: 0 });
      expect(await roundTrip()).toBe(60);
    });
  });

  test('carries no more than its rate', async () => {
    const network = simulate({ link: { delayMs: 5, bytesPerSecond: 100_000 } });
    await network.run(async () => {
      const { peer } = await connectTwo(network);
      const startMs = network.clock.nowMs();
      const sent = patternBytes(300_000);
      expect(sameBytes(await echoed(peer, sent), sent)).toBe(true);
      const tookMs = network.clock.nowMs() - startMs;
      expect(tookMs).toBeGreaterThan(3_000);
      expect(tookMs).toBeLessThan(10_000);
    });
  });
});

test('handlers that wait for one another across hosts are served in virtual time', async () => {
  const network = simulate();
  await network.run(async () => {
    const { server, client, peer } = await connectTwo(network);
    const asked = deferred<void>();
    client.handle('ask', async (stream) => {
      asked.resolve();
      await client.clock.sleep(3_600_000);
      await stream.write(BYTES.subarray(0, 3));
    });
    await echoed(peer, BYTES);
    const startMs = server.clock.nowMs();
    const back = server.peers.get(client.id);
    if (back === undefined) throw new Error('the server does not know its client');
    const stream = await back.openStream('ask');
    await asked.promise;
    expect(await stream.read(new Uint8Array(3))).toBe(3);
    expect(server.clock.nowMs() - startMs).toBeGreaterThan(3_600_000);
  });
});
