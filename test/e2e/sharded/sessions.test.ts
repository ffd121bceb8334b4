/** Two shards under many sessions. */
import { EventEmitter, once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { RekeyIntervals } from '../../../src/engine/runtime.js';
import { systemRuntime } from '../../../src/engine/system-runtime.js';
import {
  formatAddress,
  generateIdentity,
  generateNetworkSecret,
  type MeshNode,
  type Peer,
  parseAddress,
  type TrafficStats,
} from '../../../src/index.js';
import { createMeshNode } from '../../../src/node/mesh-node.js';
import { Counter } from '../../../src/node/node-counters.js';
import { parseNodeOptions } from '../../../src/node/options.js';
import { ShardedNode } from '../../../src/shard/sharded-node.js';
import { CountingNat } from './counting-nat.js';
import { echo, HANDLERS, recovered, whereIs } from './support.js';

const SESSIONS = 200;
const ROUNDS = 6;
const ROUND_BYTES = 4_000;
/** Often enough for each session to have new keys in mid-traffic. */
const REKEY_MS = 1_000;
/** So that a few cores keep up with all sessions, whose clients share one of them. */
const PAUSE_MS = 200;
/** Of all packets, those that the kernel may leave with another shard than theirs. */
const STRAYS_MAX = 0.01;

const SELDOM: RekeyIntervals = { initiatorMs: 60_000, responderMs: 60_000 };

const secret = generateNetworkSecret();

/** The face itself, for the counters that no application sees. */
async function startServer(): Promise<ShardedNode> {
  const options = { identity: await generateIdentity(), network: { secret }, listen: 'udp://127.0.0.1:0', shards: 2, handlers: HANDLERS };
  const server = await ShardedNode.start(parseNodeOptions(options), systemRuntime);
  server.events = new EventEmitter();
  await server.begin();
  onTestFinished(async () => void (await server.close({ timeoutMs: 0 })));
  return server;
}

async function startClient(rekeyIntervals = SELDOM): Promise<MeshNode> {
  const runtime = { ...systemRuntime, rekeyIntervals };
  const client = await createMeshNode({ identity: await generateIdentity(), network: { secret }, listen: 'udp://127.0.0.1:0' }, runtime);
  onTestFinished(async () => void (await client.close({ timeoutMs: 0 })));
  return client;
}

const countOf = (server: ShardedNode, word: number): number => Number(server.shards.words[word] ?? 0n);

const straysOf = (server: ShardedNode): number => countOf(server, Counter.straysForwarded) + countOf(server, Counter.straysDropped);

/** Throws unless the node has counted what its clients have, and what came from it and was `lost` on the way to them. */
function expectSameTotals(server: ShardedNode, clients: readonly MeshNode[], lost: readonly CountingNat['lost'][] = []): void {
  const stats = clients.map((client) => client.stats());
  const total = (name: keyof TrafficStats) => stats.reduce((sum, one) => sum + one[name], 0n);
  const totalLost = (name: 'packets' | 'bytes') => lost.reduce((sum, one) => sum + one[name], 0n);
  const { packetsSent, packetsReceived, bytesSent, bytesReceived } = server.stats();
  expect([packetsSent, packetsReceived]).toEqual([total('packetsReceived') + totalLost('packets'), total('packetsSent')]);
  expect([bytesSent, bytesReceived]).toEqual([total('bytesReceived') + totalLost('bytes'), total('bytesSent')]);
}

test('sessions that roam and change their keys stay in their shards, lose nothing and are counted in full', async () => {
  const server = await startServer();
  const { id, hosts } = parseAddress(server.address);
  const [target] = hosts;
  if (target === undefined) throw new Error('the server has no address');
  const rekeyIntervals = { ...SELDOM, initiatorMs: REKEY_MS };
  const sessions = await Promise.all(
    Array.from({ length: SESSIONS }, async (_, number) => {
      const nat = await CountingNat.start(target);
      onTestFinished(() => nat.close());
      const client = await startClient(rekeyIntervals);
      const peer = await client.connect(formatAddress({ id, hosts: [{ host: '127.0.0.1', port: nat.port }] }), { timeoutMs: 60_000 });
      return { number, nat, client, peer, home: (await whereIs(peer)).index };
    }),
  );
  expect(sessions.filter(({ home }) => home === 0)).toHaveLength(SESSIONS / 2);
  await Promise.all(
    sessions.map(async ({ number, nat, client, peer }) => {
      const stream = await peer.openStream('echo', { timeoutMs: 60_000 });
      for (let round = 0; round < ROUNDS || client.stats().handshakesCompleted < 2n; round++) {
        if (round === ROUNDS / 2) await nat.changePort();
        await echo(stream, new Uint8Array(ROUND_BYTES).fill(number + round));
        await client.clock.sleep(PAUSE_MS);
      }
      await stream.end();
    }),
  );
  for (const { peer, home } of sessions) expect((await whereIs(peer)).index).toBe(home);
  expect(server.peers.known.size).toBe(SESSIONS);
  expect([...server.peers.known.values()].filter((peer) => peer.stats().pathChanges < 2n)).toEqual([]);
  expect(straysOf(server)).toBeLessThan(STRAYS_MAX * countOf(server, Counter.packetsReceived));
  // From here on they keep their keys, so that the last packet is counted here and there.
  Object.assign(rekeyIntervals, SELDOM);
  const [clients, lost] = [sessions.map(({ client }) => client), sessions.map(({ nat }) => nat.lost)];
  await vi.waitFor(() => expectSameTotals(server, clients, lost), { timeout: 20_000, interval: 50 });
  expect(server.stats().handshakesCompleted).toBe(clients.reduce((sum, client) => sum + client.stats().handshakesCompleted, 0n));
});

test('after a death and a new start of a shard, packets come to the shards that they are for', async () => {
  const server = await startServer();
  const peers = await Promise.all(
    (await Promise.all(Array.from({ length: 4 }, () => startClient()))).map((client) => client.connect(server.address)),
  );
  for (const victim of [0, 1]) {
    const died = once(server.events as EventEmitter, 'warning');
    const homes = await Promise.all(peers.map(recovered));
    await peers[homes.indexOf(victim)]?.openStream('exit');
    await died;
    await vi.waitFor(() => expect(server.shards.directory.running).toHaveLength(2), { timeout: 10_000 });
    await Promise.all(peers.map(recovered));
    const [strays, packets] = [straysOf(server), countOf(server, Counter.packetsReceived)];
    await Promise.all(peers.map(async (peer) => echo(await peer.openStream('echo'), new Uint8Array(500_000))));
    await vi.waitFor(() => expect(countOf(server, Counter.packetsReceived)).toBeGreaterThan(packets + 100));
    expect(straysOf(server) - strays).toBeLessThan(STRAYS_MAX * (countOf(server, Counter.packetsReceived) - packets));
  }
});

test('what the node counts is what all its peers count together, also when it is closed', async () => {
  const server = await startServer();
  const clients = await Promise.all(Array.from({ length: 20 }, () => startClient()));
  const peers = await Promise.all(clients.map((client) => client.connect(server.address)));
  await Promise.all(peers.map(async (peer) => echo(await peer.openStream('echo'), new Uint8Array(50_000).fill(7))));
  const sumOf = (count: (peer: Peer) => bigint, of: readonly Peer[]): bigint => of.reduce((sum, peer) => sum + count(peer), 0n);
  const seenBy = (of: readonly Peer[]) => [sumOf((peer) => peer.stats().packetsSent, of), sumOf((peer) => peer.stats().bytesReceived, of)];
  const callers = [...server.peers.known.values()];
  expect(callers).toHaveLength(20);
  // Until the last acknowledgement is counted here and there.
  await vi.waitFor(
    () => {
      expectSameTotals(server, clients);
      expect(sumOf((peer) => peer.stats().packetsSent, callers)).toBe(sumOf((peer) => peer.stats().packetsReceived, peers));
    },
    { timeout: 20_000, interval: 50 },
  );
  const [before, seen] = [server.stats(), seenBy(callers)];
  expect(before).toMatchObject({ peersConnected: 20, handshakesCompleted: 20n });
  await server.close(undefined);
  const after = server.stats();
  expect(after).toMatchObject({ peersConnected: 0, streamsOpen: 0, handshakesCompleted: 20n });
  // Its word to each of them came on top.
  expect(after.packetsSent).toBeGreaterThanOrEqual(before.packetsSent + 20n);
  expect(seenBy(callers).every((count, at) => count >= (seen[at] ?? 0n))).toBe(true);
});
