/** Calls that somebody waits for however long they take: they find who has moved, who is known by another address, and who has another secret. */
import { describe, expect, test } from 'vitest';
import { generateNetworkSecret, type MeshNode } from '../../src/index.js';
import type { SimHost, SimNetwork } from '../../src/testing/index.js';
import { underneath } from '../../src/testing/sim-network.js';
import { simulate } from './support/programs.js';

/** A call begins afresh after this long, at the end of a pause of 5 s with its jitter; and the answer takes a moment. */
const AFRESH_MS = 15_000 + 6_000 + 100;
const [OLD, NEW] = [generateNetworkSecret(), generateNetworkSecret()];

/** A host whose node has an id, and is down. */
async function downServer(network: SimNetwork): Promise<{ host: SimHost; id: string; place: string }> {
  const host = network.host('server');
  const node = await host.start();
  const place = node.address.replace(`${node.id}@`, '');
  await node.close();
  return { host, id: node.id, place };
}

/** How `calling` is called: by its id or by its place alone. */
const WAYS = ['by id', 'by address'] as const;

describe.each(WAYS)('a call %s without a time-out', (way) => {
  const target = (id: string, place: string): string => (way === 'by id' ? place.replace('osier://', `osier://${id}@`) : place);

  test('finds a host that got another address: its name is looked up again', async () => {
    const network = simulate();
    await network.run(async () => {
      const { host, id } = await downServer(network);
      const client = await network.host('client').start();
      const calling = client.connect(target(id, 'osier://server:7400'), { timeoutMs: 0 });
      await network.clock.sleep(10_000);
      host.renumber();
      const server = await host.start();
      const backMs = network.clock.nowMs();
      expect((await calling).id).toBe(server.id);
      expect(network.clock.nowMs() - backMs).toBeLessThan(AFRESH_MS);
    });
  });

  test('goes on under the network secret that was reloaded, at once', async () => {
    const network = simulate();
    await network.run(async () => {
      const host = network.host('server');
      const server = await host.start({ network: { secret: NEW } });
      const client = await network.host('client').start({ network: { secret: OLD } });
      const calling = client.connect(target(server.id, server.address.replace(`${server.id}@`, '')), { timeoutMs: 0 });
      await network.clock.sleep(60_000);
      expect(client.stats().peersConnected).toBe(0);
      const reloadedMs = network.clock.nowMs();
      await client.reload({ network: { secret: [NEW, OLD] } });
      expect((await calling).id).toBe(server.id);
      expect(network.clock.nowMs() - reloadedMs).toBeLessThan(100);
    });
  });

  test('is answered under the secret of before, while that is still accepted', async () => {
    const network = simulate({ link: { delayMs: 50 } });
    await network.run(async () => {
      const server = await network.host('server').start({ network: { secret: OLD } });
      const client = await network.host('client').start({ network: { secret: OLD } });
      const calling = client.connect(target(server.id, server.address.replace(`${server.id}@`, '')), { timeoutMs: 0 });
      await network.clock.sleep(60);
      await client.reload({ network: { secret: [NEW, OLD] } });
      expect((await calling).id).toBe(server.id);
    });
  });

  test('is not answered any more under a secret that is accepted no longer', async () => {
    const network = simulate({ link: { delayMs: 50 } });
    await network.run(async () => {
      const server = await network.host('server').start({ network: { secret: OLD } });
      const client = await network.host('client').start({ network: { secret: OLD } });
      const calling = client.connect(target(server.id, server.address.replace(`${server.id}@`, '')), { timeoutMs: 30_000 });
      const failure = expect(calling).rejects.toMatchObject({ code: 'ERR_OSIER_TIMEOUT' });
      await network.clock.sleep(60);
      await client.reload({ network: { secret: NEW } });
      await failure;
    });
  });
});

test('hosts that another call gives join the one that waits, at once', async () => {
  const network = simulate();
  await network.run(async () => {
    network.host('elsewhere');
    const server = await network.host('server').start();
    const client = await network.host('client').start();
    const calling = client.connect(`osier://${server.id}@elsewhere:7400`, { timeoutMs: 0 });
    await network.clock.sleep(60_000);
    const startMs = network.clock.nowMs();
    const peers = await Promise.all([calling, client.connect(server.address)]);
    expect(peers[0]).toBe(peers[1]);
    expect(network.clock.nowMs() - startMs).toBeLessThan(100);
  });
});

test('a peer of the options is found wherever its name leads, although calls to it overlap without a gap', async () => {
  const network = simulate();
  await network.run(async () => {
    const { host, id } = await downServer(network);
    const client: MeshNode = await network.host('client').start({ peers: [`osier://${id}@server:7400`] });
    // A call of 15 s begins every 10 s: somebody waits all the time.
    let overlapping = true;
    const calls = (async () => {
      while (overlapping) {
        client.connect(id).catch(() => {});
        await network.clock.sleep(10_000);
      }
    })();
    await network.clock.sleep(65_000);
    host.renumber();
    await host.start();
    await network.clock.sleep(AFRESH_MS);
    expect(client.stats().peersConnected).toBe(1);
    overlapping = false;
    await calls;
  });
});

test('a call that goes on while its association ends here begins another at the peer, which has that still', async () => {
  const network = simulate();
  await network.run(async () => {
    const hosts = [network.host('server'), network.host('client')] as const;
    const [server, client] = [await hosts[0].start(), await hosts[1].start({ peerLostAfterMs: 5_000 })];
    const peer = await client.connect(server.address);
    await peer.ping();
    underneath(network).machineOf(hosts[1]).rekeyIntervals = { initiatorMs: 3_000, responderMs: 600_000 };
    // The session that has these intervals.
    await peer.close();
    const again = await client.connect(server.address);
    for (let ping = 0; ping < 200; ping++) await again.ping();
    const states: string[] = [];
    again.on('state', ({ status }) => states.push(status));
    network.partition([hosts[0]], [hosts[1]]);
    const lost = again.ping({ timeoutMs: 0 });
    while (again.state.status === 'connected') await network.clock.sleep(100);
    network.heal();
    const healedMs = network.clock.nowMs();
    await lost;
    expect(network.clock.nowMs() - healedMs).toBeLessThan(1_000);
    expect(states).toEqual(['idle', 'connecting', 'connecting', 'connected']);
  });
});
