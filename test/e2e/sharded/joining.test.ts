import { expect, onTestFinished, test, vi } from 'vitest';
import { formatAddress, generateIdentity, type Identity, type MeshNode, onDiagnostics, parseAddress } from '../../../src/index.js';
import { HANDLERS, start, startMany, whereIs } from './support.js';

/** An address to join by. */
const placeOf = (node: MeshNode): string => formatAddress({ id: null, hosts: parseAddress(node.address).hosts });

test('who joins is known again in the shard where it lives, whichever greeted it', async () => {
  const server = await start({ shards: 3, handlers: HANDLERS });
  const identity = await generateIdentity();
  const homes = new Set<number>();
  for (let round = 0; round < 6; round++) {
    const client = await start({ identity });
    const peer = await client.connect(placeOf(server), { timeoutMs: 10_000 });
    homes.add((await whereIs(peer)).index);
    await client.close();
    // The main thread hears of it a moment later.
    await vi.waitFor(() => expect(server.peers.size).toBe(1));
  }
  expect(homes.size).toBe(1);
});

test('who joins a node whose shards are all full is refused, whichever greeted it', async () => {
  const server = await start({ shards: 2, limits: { peers: 2 } });
  const [first, second, ...others] = (await startMany(4)) as [MeshNode, MeshNode, ...MeshNode[]];
  for (const client of [first, second]) await client.connect(server.address);
  for (const client of others) {
    const joining = client.connect(placeOf(server), { timeoutMs: 4_000 });
    await expect(joining).rejects.toMatchObject({ code: 'ERR_OSIER_REFUSED', details: { why: 'limit' } });
  }
});

test('those who join are spread over the shards', async () => {
  const server = await start({ shards: 2, handlers: HANDLERS });
  const homes = await Promise.all((await startMany(8)).map(async (client) => (await whereIs(await client.connect(placeOf(server)))).index));
  expect(new Set(homes).size).toBe(2);
});

/** A node with two shards, and one that it knows and that lives in shard 1. */
async function startKnowing(identity?: Identity): Promise<{ node: MeshNode; other: MeshNode }> {
  const node = await start({ shards: 2, handlers: HANDLERS });
  const [first, other] = [await start(), await start({ identity: identity ?? (await generateIdentity()) })];
  for (const [home, caller] of [first, other].entries()) expect(await whereIs(await caller.connect(node.address))).toMatchObject({ index: home });
  await other.peers.get(node.id)?.close();
  await vi.waitFor(() => expect(node.peers.get(other.id)?.state.status).toBe('idle'));
  return { node, other };
}

test('a node that is found by its address and lives in another shard is connected there, and returned at once the next time', async () => {
  const { node, other } = await startKnowing();
  const known = node.peers.get(other.id);
  expect(await node.connect(placeOf(other))).toBe(known);
  expect(known?.state.status).toBe('connected');
  expect(await whereIs(await other.connect(node.address))).toMatchObject({ index: 1 });
  expect(await node.connect(placeOf(other))).toBe(known);
  expect(node.peers.size).toBe(2);
});

test.each([true, false])(
  'a node that is found by its address and lives in another shard is pinned to it if it admits this one: %s',
  async (admits) => {
    const identity = await generateIdentity();
    const { node, other } = await startKnowing(identity);
    const [address, listen] = [placeOf(other), `udp://127.0.0.1:${parseAddress(other.address).hosts[0]?.port}`];
    await other.close();
    const found = await start({ identity, listen, accept: () => admits });
    const connecting = node.connect(address, { timeoutMs: 10_000 });
    if (admits) expect((await connecting).id).toBe(identity.id);
    else await expect(connecting).rejects.toMatchObject({ code: 'ERR_OSIER_REFUSED' });
    // From then on it says that it closes.
    if (admits) await vi.waitFor(() => expect(found.peers.get(node.id)?.state.status).toBe('connected'));
    await found.close();
    await vi.waitFor(() => expect(node.peers.get(identity.id)?.state.status).toBe('idle'));
    const next = await start({ listen });
    const again = node.connect(address, { timeoutMs: 10_000 });
    if (admits) await expect(again).rejects.toMatchObject({ code: 'ERR_OSIER_PIN_MISMATCH' });
    else expect((await again).id).toBe(next.id);
  },
);

test('a node that is kept connected by its address and lives in another shard is kept there', async () => {
  const { node, other } = await startKnowing();
  await node.reload({ peers: [placeOf(other)] });
  const known = node.peers.get(other.id);
  for (let round = 0; round < 2; round++) {
    await vi.waitFor(() => expect(known?.state.status).toBe('connected'), { timeout: 10_000 });
    await vi.waitFor(() => expect(other.peers.get(node.id)?.state.status).toBe('connected'));
    const lost = new Promise((resolve) => known?.once('state', resolve));
    await other.peers.get(node.id)?.close();
    await lost;
  }
  await vi.waitFor(() => expect(known?.state.status).toBe('connected'), { timeout: 10_000 });
  await vi.waitFor(() => expect(other.peers.get(node.id)?.state.status).toBe('connected'));
  // Let go, it is not called again.
  await node.reload({ peers: [] });
  await other.peers.get(node.id)?.close();
  await vi.waitFor(() => expect(known?.state.status).toBe('idle'));
  expect(node.peers.get(other.id)).toBe(known);
});

test('a node that was kept connected by its address in another shard is joined again after its peer was closed', async () => {
  const { node, other } = await startKnowing();
  await node.reload({ peers: [placeOf(other)] });
  const known = node.peers.get(other.id);
  await vi.waitFor(() => expect(known?.state.status).toBe('connected'), { timeout: 10_000 });
  await vi.waitFor(() => expect(other.peers.get(node.id)?.state.status).toBe('connected'));
  await known?.close();
  await vi.waitFor(() => expect(node.peers.get(other.id)?.state.status).toBe('connected'), { timeout: 10_000 });
  expect(node.peers.get(other.id)).not.toBe(known);
});

test('a found node that nobody asked for by its id stays verified by the network alone', async () => {
  const node = await start({ shards: 2 });
  const [one, other] = (await startMany(2)) as [MeshNode, MeshNode];
  for (const found of [one, other]) {
    const peer = await node.connect(placeOf(found));
    expect([peer.id, peer.verified]).toEqual([found.id, 'network']);
  }
  expect((await node.connect(other.address)).verified).toBe('id');
});

test.each([1, 2])(
  'who was found at an address is pinned to it also when the shard dies that looks for peers by address: %i shards',
  async (shards) => {
    const node = await start({ shards, handlers: HANDLERS });
    const found = await start();
    expect((await node.connect(placeOf(found))).id).toBe(found.id);
    await found.close();
    const restarted = new Promise<void>((resolve) => {
      const subscription = onDiagnostics('osier:shard', ({ index, event }) => index === 0 && event === 'started' && resolve());
      onTestFinished(() => subscription[Symbol.dispose]());
    });
    for (const killer of await Promise.all((await startMany(2)).map((one) => one.connect(node.address)))) {
      if ((await whereIs(killer)).index === 0) {
        await killer.openStream('exit');
        break;
      }
    }
    await restarted;
    const [host] = parseAddress(found.address).hosts;
    const other = await start({ listen: `udp://127.0.0.1:${host?.port}` });
    expect(placeOf(other)).toBe(placeOf(found));
    await expect(node.connect(placeOf(other))).rejects.toMatchObject({
      code: 'ERR_OSIER_PIN_MISMATCH',
      details: { pinned: found.id, found: other.id },
    });
  },
);
