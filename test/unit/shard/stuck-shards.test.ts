/** What does not wait for shards whose thread is blocked; without threads. */
import { beforeEach, expect, test } from 'vitest';
import { generateIdentity, type NodeAddress, type NodeId } from '../../../src/identity/index.js';
import { KeptAddresses } from '../../../src/shard/kept-addresses.js';
import type { RemotePeerHost } from '../../../src/shard/remote-peer.js';
import { RemotePeers } from '../../../src/shard/remote-peers.js';
import { ShardDirectory } from '../../../src/shard/shard-directory.js';
import { Steering } from '../../../src/shard/steering.js';
import { FakeShard } from '../support/fake-shard.js';
import { ManualRuntime, settle } from '../support/manual-runtime.js';

const { id: ID } = await generateIdentity();

let runtime: ManualRuntime;
let [zero, one] = [new FakeShard(0), new FakeShard(1)];

beforeEach(() => {
  runtime = new ManualRuntime();
  [zero, one] = [new FakeShard(0), new FakeShard(1)];
});

/** Names of the calls that wait in a shard. */
const asked = (shard: FakeShard): string[] => shard.calls.map(({ name }) => name);

test('another shard steers when the first is stuck, and steers anew when that has done so late', async () => {
  const refusals: unknown[] = [];
  const steering = new Steering(
    runtime,
    () => [zero.link, one.link],
    (cause) => refusals.push(cause),
  );
  for (const shard of [0, 1]) steering.bound(shard);
  const steered = steering.refresh();
  await runtime.advance(1_999);
  expect([asked(zero), asked(one)]).toEqual([['steer'], []]);
  await runtime.advance(1);
  expect(one.calls).toMatchObject([{ name: 'steer', args: { order: [0, 1] } }]);
  one.calls.pop()?.answer(null);
  await steered;
  steering.gone(1);
  zero.calls.pop()?.answer(null);
  await runtime.advance(0);
  expect(zero.calls).toMatchObject([{ name: 'steer', args: { order: [0] } }]);
  expect(refusals).toEqual([]);
});

test('a steering that was begun before another one does not come after it', async () => {
  let running = [zero.link, one.link];
  const steering = new Steering(
    runtime,
    () => running,
    () => {},
  );
  for (const shard of [0, 1]) steering.bound(shard);
  const first = steering.refresh();
  running = [one.link];
  steering.gone(0);
  const second = steering.refresh();
  await runtime.advance(2_000);
  await first;
  expect(one.calls).toMatchObject([{ name: 'steer', args: { order: [1] } }]);
  one.calls[0]?.answer(null);
  await second;
});

test('a steering that all shards are too stuck for is told, and tried again', async () => {
  const refusals: unknown[] = [];
  const steering = new Steering(
    runtime,
    () => [zero.link, one.link],
    (cause) => refusals.push(cause),
  );
  const steered = steering.refresh();
  await runtime.advance(4_000);
  await steered;
  expect(refusals).toMatchObject([{ code: 'ERR_OSIER_SHARD_FAILED', details: { shard: 1 } }]);
  await runtime.advance(1_000);
  expect(asked(zero)).toEqual(['steer', 'steer']);
});

test('a place that nobody waits for with a patience of their own is given up when shard 0 is stuck', async () => {
  const directory = new ShardDirectory(new RemotePeers({} as RemotePeerHost, 3), 2, runtime);
  for (const shard of [zero, one]) directory.add(shard.link);
  const failed = expect(directory.homeOf(ID)).rejects.toMatchObject({ code: 'ERR_OSIER_SHARD_FAILED', details: { shard: 0 } });
  const waits = directory.homeOf(ID, new AbortController().signal);
  await runtime.advance(2_000);
  await failed;
  zero.calls[1]?.answer(1);
  expect(await waits).toBe(one.link);
});

/** What is kept in the two shards, as peers that live there. */
async function keeping(addresses: readonly NodeAddress[]): Promise<{ kept: KeptAddresses; replaced: Promise<void> }> {
  const peers = new RemotePeers({ closedBy: null, runtime } as unknown as RemotePeerHost, 3);
  const directory = new ShardDirectory(peers, 2, runtime);
  for (const shard of [zero, one]) directory.add(shard.link);
  addresses.forEach(({ id }, index) => {
    const { link } = [zero, one][index % 2] as FakeShard;
    peers.add(link, 1 + index, id as NodeId, { block: new SharedArrayBuffer(64 * 1024), slot: index });
  });
  const kept = new KeptAddresses(ID, directory, peers, runtime, () => {});
  const replaced = kept.replace(addresses);
  await settle();
  return { kept, replaced };
}

const [{ id: A }, { id: B }] = [await generateIdentity(), await generateIdentity()];
const ADDRESSES: readonly NodeAddress[] = [A, B].map((id) => ({ id, hosts: [{ host: '10.0.0.1', port: 9 }] }));

test('a stuck shard keeps no other from hearing whom it is to keep, and is told again until it answers', async () => {
  const { kept, replaced } = await keeping(ADDRESSES);
  expect([asked(zero), asked(one)]).toEqual([['keepPeers'], ['keepPeers']]);
  one.calls.shift()?.answer([]);
  await runtime.advance(2_000);
  await replaced;
  await runtime.advance(500);
  expect([asked(zero), asked(one)]).toEqual([['keepPeers', 'keepPeers'], []]);
  // What it has taken in by then is not known: also that it is to keep nobody is told.
  await runtime.advance(2_000);
  const emptied = kept.replace([]);
  await settle();
  expect(zero.calls.at(-1)).toMatchObject({ name: 'keepPeers', args: { peers: [] } });
  zero.calls.at(-1)?.answer([]);
  one.calls.at(-1)?.answer([]);
  await emptied;
  expect(runtime.pendingTimers).toBe(0);
});

test.each([true, false])('a peer that a stuck shard was to keep is kept when that wakes, if it is still to be: %s', async (isWanted) => {
  const peers = new RemotePeers({ closedBy: null, runtime } as unknown as RemotePeerHost, 3);
  const directory = new ShardDirectory(peers, 2, runtime);
  for (const shard of [zero, one]) directory.add(shard.link);
  peers.add(one.link, 1, A, { block: new SharedArrayBuffer(64 * 1024), slot: 0 });
  let isStill = true;
  const failed = expect(directory.keep(A, [], true, 'reason', () => isStill)).rejects.toMatchObject({
    code: 'ERR_OSIER_SHARD_FAILED',
    details: { shard: 1 },
  });
  await runtime.advance(2_000);
  await failed;
  isStill = isWanted;
  one.calls.shift()?.answer({ peer: 1 });
  expect(asked(one)).toEqual(isWanted ? [] : ['release']);
  expect(peers.get(A)?.keptFor.get('reason')).toBe(isWanted ? one.link : undefined);
});
