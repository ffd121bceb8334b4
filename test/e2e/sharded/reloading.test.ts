import { expect, onTestFinished, test, vi } from 'vitest';
import { generateIdentity, generateNetworkSecret, onDiagnostics } from '../../../src/index.js';
import { HANDLERS, start, whereIs } from './support.js';

test('secrets that are reloaded while a shard starts are those of that shard as well', async () => {
  const events: string[] = [];
  const subscription = onDiagnostics('osier:shard', ({ index, event }) => events.push(`${index} ${event}`));
  onTestFinished(() => subscription[Symbol.dispose]());
  const [before, after] = [generateNetworkSecret(), generateNetworkSecret()];
  const gate = new Int32Array(new SharedArrayBuffer(8));
  Atomics.store(gate, 1, 1);
  const server = await start({ network: { secret: before }, shards: 2, handlers: HANDLERS, shardData: { gate } });
  const clients = await Promise.all([1, 2].map(() => start({ network: { secret: before } })));
  Atomics.store(gate, 1, 0);
  for (const client of clients) {
    const peer = await client.connect(server.address);
    if ((await whereIs(peer)).index === 1) await peer.openStream('exit');
  }
  await vi.waitFor(() => expect(Atomics.load(gate, 0)).toBe(3), { timeout: 10_000 });
  await server.reload({ network: { secret: [after, before] } });
  Atomics.store(gate, 1, 1);
  await vi.waitFor(() => expect(events.at(-1)).toBe('1 started'), { timeout: 10_000 });
  // Shard 0 has a peer, so that the first of the others goes to shard 1.
  const others = await Promise.all([1, 2, 3].map(() => start({ network: { secret: after } })));
  const homes: number[] = [];
  for (const other of others) homes.push((await whereIs(await other.connect(server.address))).index);
  expect(homes).toContain(1);
});

test('who was revoked is refused by every shard, also by one that was started again since', async () => {
  const events: string[] = [];
  const subscription = onDiagnostics('osier:shard', ({ index, event }) => events.push(`${index} ${event}`));
  onTestFinished(() => subscription[Symbol.dispose]());
  const server = await start({ shards: 2, handlers: HANDLERS });
  const clients = await Promise.all([1, 2].map(() => start()));
  const identities = await Promise.all([1, 2, 3, 4].map(() => generateIdentity()));
  await server.reload({ statements: identities.map((identity) => identity.revoke()) });
  for (const client of clients) {
    const peer = await client.connect(server.address);
    if ((await whereIs(peer)).index === 1) await peer.openStream('exit');
  }
  await vi.waitFor(() => expect(events.at(-1)).toBe('1 started'), { timeout: 10_000 });
  for (const identity of identities) {
    const revoked = await start({ identity });
    await expect(revoked.connect(server.address)).rejects.toMatchObject({ code: 'ERR_OSIER_REFUSED' });
    await expect(server.connect(revoked.address)).rejects.toMatchObject({ code: 'ERR_OSIER_REVOKED', details: { id: identity.id } });
  }
});
