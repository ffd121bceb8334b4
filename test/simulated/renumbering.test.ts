import { describe, expect, test } from 'vitest';
import type { MeshNode, Peer } from '../../src/index.js';
import type { SimNetwork } from '../../src/testing/index.js';
import { deferred, patternBytes, sameBytes } from '../scenario/support/nodes.js';
import { directRemote } from '../support/direct-remote.js';
import { type Carried, longestGapMs, readAll, writeUntil } from './support/bulk.js';
import { echoed, serveEcho, simulate } from './support/programs.js';

const CLIENTS = 10;
const ROUND_TRIP_MS = 40;
/** What a change of address may cost at most. */
const PAUSE_MS = 3 * ROUND_TRIP_MS + 100;
const BYTES = patternBytes(20_000);

/** A server and ten clients, each a host of its own, all connected. `changes` collects what the peers at either end become. */
async function tenClients(network: SimNetwork) {
  const home = network.host('server');
  const server = await home.start();
  serveEcho(server);
  const changes: string[] = [];
  const watch = (peer: Peer): unknown => peer.on('state', ({ status }) => changes.push(status));
  const clients: { readonly node: MeshNode; readonly peer: Peer }[] = [];
  for (let number = 0; number < CLIENTS; number++) {
    const node = await network.host(`client ${number}`).start();
    clients.push({ node, peer: await node.connect(server.address) });
  }
  await network.clock.sleep(1_000);
  for (const { peer } of clients) watch(peer);
  for (const peer of server.peers.values()) watch(peer);
  return { home, server, clients, changes };
}

describe('a server that gets another address', () => {
  test('keeps ten clients in the middle of their transfers', async () => {
    const network = simulate({ link: { delayMs: ROUND_TRIP_MS / 2, bytesPerSecond: 1_000_000, lossRate: 0.01 } });
    await network.run(async () => {
      const { home, server, clients, changes } = await tenClients(network);
      const sent = patternBytes(2 ** 19);
      const transfers = clients.map(({ peer }) => echoed(peer, sent));
      await network.clock.sleep(200);
      home.renumber();
      const moved = server.address;
      for (const received of await Promise.all(transfers)) expect(sameBytes(received, sent)).toBe(true);
      expect(changes).toEqual([]);
      expect(server.stats()).toMatchObject({ peersConnected: CLIENTS, handshakesCompleted: BigInt(CLIENTS) });
      for (const { peer } of clients) expect(moved).toContain(`${directRemote(peer.path)?.host}:`);
    });
  });

  test('keeps ten idle clients, which follow its first word to them', async () => {
    const network = simulate({ link: { delayMs: ROUND_TRIP_MS / 2 } });
    await network.run(async () => {
      const { home, server, clients, changes } = await tenClients(network);
      await network.clock.sleep(60_000);
      home.renumber();
      await Promise.all([...server.peers.values()].map((peer) => peer.ping()));
      for (const { peer } of clients) expect(sameBytes(await echoed(peer, BYTES), BYTES)).toBe(true);
      expect(changes).toEqual([]);
      expect(server.stats()).toMatchObject({ peersConnected: CLIENTS, handshakesCompleted: BigInt(CLIENTS) });
    });
  });
});

describe('a client whose router maps it anew', () => {
  test.each(['cone', 'symmetric'] as const)('in mid-transfer loses no byte and pauses shortly: %s', async (nat) => {
    const network = simulate({ link: { delayMs: ROUND_TRIP_MS / 2 } });
    await network.run(async () => {
      // A short window instead of a bottleneck: no queue lengthens the round trip.
      const limits = { streamWindowBytes: 65_536 };
      const server = await network.host('server').start({ limits });
      const inside = network.host('inside', { nat });
      const client = await inside.start({ limits });
      const untilMs = network.clock.nowMs() + 10_000;
      const there = deferred<readonly [Carried, Carried]>();
      const arrivalsMs: { readonly here: number[]; readonly there: number[] } = { here: [], there: [] };
      server.handle('bulk', async (stream) => {
        const reading = readAll(stream, () => arrivalsMs.there.push(network.clock.nowMs()));
        there.resolve(await Promise.all([writeUntil(stream, server.clock, untilMs), reading]));
      });
      const peer = await client.connect(server.address);
      const changes: string[] = [];
      peer.on('state', ({ status }) => changes.push(status));
      const stream = await peer.openStream('bulk');
      const reading = readAll(stream, () => arrivalsMs.here.push(network.clock.nowMs()));
      const carried = Promise.all([writeUntil(stream, client.clock, untilMs), reading]);
      for (let move = 0; move < 3; move++) {
        await network.clock.sleep(2_500);
        inside.renumber();
      }
      const [sent, received] = await carried;
      const [sentBack, receivedThere] = await there.promise;
      expect(receivedThere).toEqual(sent);
      expect(received).toEqual(sentBack);
      for (const times of [arrivalsMs.here, arrivalsMs.there]) expect(longestGapMs(times)).toBeLessThanOrEqual(PAUSE_MS);
      expect(changes).toEqual([]);
      expect(server.stats()).toMatchObject({ handshakesCompleted: 1n, peersConnected: 1 });
    });
  });
});
