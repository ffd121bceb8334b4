import { once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type MeshNode, onDiagnostics, type Peer } from '../../../src/index.js';
import { echo, HANDLERS, recovered, start, startMany, whereIs } from './support.js';

/** Peers of `server` in each of its two shards. */
async function peersOf(server: MeshNode, clients: readonly MeshNode[]): Promise<[Peer[], Peer[]]> {
  const homes: [Peer[], Peer[]] = [[], []];
  for (const client of clients) {
    const peer = await client.connect(server.address);
    homes[(await whereIs(peer)).index === 0 ? 0 : 1].push(peer);
  }
  return homes;
}

/** Tells the events of shards, in order. */
function shardEvents(): string[] {
  const events: string[] = [];
  const subscription = onDiagnostics('osier:shard', ({ index, event }) => events.push(`${index} ${event}`));
  onTestFinished(() => subscription[Symbol.dispose]());
  return events;
}

test.each([
  ['whose handler ends its thread', 'exit', 0],
  ['whose handler throws later', 'throw', 1],
  ['that knows where the peers live and whose handler throws later', 'throw', 0],
] as const)('a shard %s takes nothing from the others, is started again, and its peers are back', async (_name, protocol, victim) => {
  const events = shardEvents();
  const server = await start({ shards: 2, handlers: HANDLERS });
  const clients = await startMany(6);
  const homes = await peersOf(server, clients);
  expect(homes.map(({ length }) => length)).toEqual([3, 3]);
  await vi.waitFor(() => expect(server.peers.size).toBe(6));
  const [dying, living] = [homes[victim], homes[1 - victim] ?? []];
  const callers = new Map(server.peers);
  const streams = await Promise.all(living.map((peer) => peer.openStream('echo')));
  await Promise.all(streams.map((stream) => echo(stream, Uint8Array.of(1, 2, 3))));
  const states: string[] = [];
  for (const peer of living) peer.on('state', ({ status }) => states.push(status));

  const warned = once(server, 'warning');
  const [first] = dying;
  if (first === undefined) throw new Error('nobody is in that shard');
  await first.openStream(protocol);
  expect(await warned).toMatchObject([{ code: 'ERR_OSIER_SHARD_FAILED', details: { shard: victim } }]);
  for (const stream of streams) await echo(stream, new Uint8Array(100_000).fill(5));
  await Promise.all(dying.map(recovered));
  for (const stream of streams) await echo(stream, new Uint8Array(100_000).fill(6));
  expect(states).toEqual([]);
  await vi.waitFor(() => expect(events).toEqual(['0 started', '1 started', `${victim} failed`, `${victim} started`]), { timeout: 10_000 });
  // The same objects as before, whichever shard they are in.
  await vi.waitFor(() => expect([...server.peers.values()].every(({ state }) => state.status === 'connected')).toBe(true), { timeout: 10_000 });
  expect(new Map(server.peers)).toEqual(callers);
  for (const [id, peer] of server.peers) expect(callers.get(id)).toBe(peer);
});

test('streams on the main thread end with SHARD_FAILED when their shard dies, and the peer can be used again', async () => {
  const server = await start({ shards: 1, handlers: HANDLERS });
  const client = await start();
  client.handle('hold', async (stream) => void (await stream.closed));
  const seen = once(server, 'peer');
  const peer = await client.connect(server.address);
  const [caller] = (await seen) as [Peer];
  const stream = await caller.openStream('hold');
  const message = stream.read(new Uint8Array(1));
  const failed = expect(message).rejects.toMatchObject({ code: 'ERR_OSIER_SHARD_FAILED', details: { shard: 0 } });
  const state = once(caller, 'state');
  await peer.openStream('exit');
  await failed;
  expect(await stream.closed).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_SHARD_FAILED' } });
  expect(await state).toEqual([{ status: 'idle' }]);
  expect(caller.path).toBe(null);
  expect(await recovered(peer)).toBe(0);
  await vi.waitFor(() => expect(caller.state.status).toBe('connected'));
  const again = await caller.openStream('hold');
  again.reset();
});

test('a peer that is kept connected is called again when its shard died', async () => {
  const server = await start();
  const client = await start({ shards: 2, handlers: HANDLERS });
  const asked = await client.connect(server.address, { reconnect: 'always' });
  const option = await start();
  await client.reload({ peers: [option.address] });
  await vi.waitFor(() => expect(client.peers.size).toBe(2));
  // Both shards die, one after the other, by the hand of peers that live in them.
  const killers = await Promise.all((await startMany(2)).map((node) => node.connect(client.address)));
  for (const index of [0, 1]) {
    const died = once(client, 'warning');
    for (const killer of killers) if ((await recovered(killer)) === index) await killer.openStream('exit');
    await died;
    await vi.waitFor(
      () => {
        expect(asked.state.status).toBe('connected');
        expect(client.peers.get(option.id)?.state.status).toBe('connected');
      },
      { timeout: 20_000 },
    );
  }
  expect(client.peers.get(server.id)).toBe(asked);
});
