/** Statements on their way between the shards of a node. */
import { expect, test } from 'vitest';
import { generateIdentity, type Identity, type NodeId } from '../../../src/identity/index.js';
import { loadCredentials } from '../../../src/node/credentials.js';
import { parseNodeOptions } from '../../../src/node/options.js';
import type { RemotePeers } from '../../../src/shard/remote-peers.js';
import { Shards } from '../../../src/shard/shards.js';
import { FakeShard } from '../support/fake-shard.js';
import { ManualRuntime, settle } from '../support/manual-runtime.js';

const [one, other] = [await generateIdentity(), await generateIdentity()];
const NEIGHBOUR = 'neighbour' as NodeId;

async function withShards(...running: FakeShard[]): Promise<Shards> {
  const options = parseNodeOptions({ identity: one, network: { secret: new Uint8Array(32).fill(7) }, shards: running.length });
  const peers = { values: () => [], get: () => undefined } as unknown as RemotePeers;
  const listener = { peers, closedBy: null, handled: [], onNews: () => {}, onStarted: () => {}, onDeath: () => {}, warn: () => {} };
  const plan = { count: running.length, listen: [], reason: null };
  const shards = new Shards(options, new ManualRuntime(), await loadCredentials(options), plan, listener);
  for (const shard of running) shards.directory.add(shard.link);
  return shards;
}

const bytesOf = (identity: Identity): string => Buffer.from(identity.revoke()).toString('hex');
const statementsTo = (shard: FakeShard): string[] =>
  (shard.sent as { op: string; bytes: Uint8Array; from: string }[]).map(
    ({ op, bytes, from }) => `${op} ${Buffer.from(bytes).toString('hex')} ${from}`,
  );

test('what a neighbour of one shard told is known to all of them, once, and to the main thread', async () => {
  const running = [new FakeShard(0), new FakeShard(1), new FakeShard(2)];
  const [first, ...others] = running as [FakeShard, ...FakeShard[]];
  const shards = await withShards(...running);
  shards.onStatement(first.link, other.revoke(), NEIGHBOUR);
  for (const shard of others) shards.onStatement(shard.link, other.revoke(), NEIGHBOUR);
  shards.onStatement(first.link, new Uint8Array(98), NEIGHBOUR);
  expect(running.map(statementsTo)).toEqual([[], ...others.map(() => [`statement ${bytesOf(other)} ${NEIGHBOUR}`])]);
  expect(shards.revocationOf(other.id)).toMatchObject({ code: 'ERR_OSIER_REVOKED', details: { id: other.id, successor: null } });
  expect(shards.revocationOf(one.id)).toBeNull();
});

test('those of a reload go to every shard, and leave its secrets as they are', async () => {
  const running = [new FakeShard(0), new FakeShard(1)];
  const shards = await withShards(...running);
  const reloaded = shards.reload({ statements: [other.revoke()] });
  await settle();
  expect(running.map(({ calls }) => calls.map(({ name, args }) => ({ name, args })))).toEqual(
    running.map(() => [{ name: 'reload', args: { secrets: null, statements: [other.revoke()] } }]),
  );
  for (const { calls } of running) calls[0]?.answer(null);
  await reloaded;
  expect(shards.revocationOf(other.id)).toMatchObject({ code: 'ERR_OSIER_REVOKED' });
});
