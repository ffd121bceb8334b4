/** What is asked of peers that live in shards, without shards. */
import { beforeEach, expect, test } from 'vitest';
import { generateIdentity } from '../../../src/identity/index.js';
import type { CounterSlot } from '../../../src/shard/peer-counters.js';
import type { PeerHome, RemotePeerHost } from '../../../src/shard/remote-peer.js';
import { RemotePeers } from '../../../src/shard/remote-peers.js';
import { ShardDirectory } from '../../../src/shard/shard-directory.js';
import { FakeShard } from '../support/fake-shard.js';
import { ManualRuntime } from '../support/manual-runtime.js';

const { id: ID } = await generateIdentity();
const HOSTS = [{ host: '127.0.0.1', port: 9 }];

let runtime: ManualRuntime;
let peers: RemotePeers;
let directory: ShardDirectory;
let counters: CounterSlot;
let settle: () => Promise<PeerHome>;
let settled: number;
let [zero, one] = [new FakeShard(0), new FakeShard(1)];

beforeEach(() => {
  runtime = new ManualRuntime();
  settled = 0;
  settle = () => Promise.reject(new Error('not here'));
  const host: Partial<RemotePeerHost> = {
    closedBy: null,
    runtime,
    settle: () => {
      settled++;
      return settle();
    },
    onGone: (peer) => peers.forget(peer),
  };
  peers = new RemotePeers(host as RemotePeerHost, 3);
  directory = new ShardDirectory(peers, 2, runtime);
  counters = { block: new SharedArrayBuffer(64 * 1024), slot: 0 };
  [zero, one] = [new FakeShard(0), new FakeShard(1)];
  for (const shard of [zero, one]) directory.add(shard.link);
});

test('a peer that was connected before its shard died stays known where the next shard cannot reach it', () => {
  peers.add(one.link, 1, ID, counters);
  const peer = peers.publish(one.link, 1);
  peers.evict(one.link);
  peers.add(zero.link, 7, ID, counters);
  peers.remove(zero.link, 7);
  expect(peers.known.get(ID)).toBe(peer);
  expect(peer?.home).toBe(null);
  peers.add(zero.link, 8, ID, counters);
  expect(peers.in(zero.link, 8)).toBe(peer);
});

test('a peer that was never connected is forgotten with its shard', () => {
  peers.add(one.link, 1, ID, counters);
  peers.remove(one.link, 1);
  expect(peers.get(ID)).toBe(undefined);
});

test('a peer that gave way to another one is closed: what is asked of it fails, and calls nobody', async () => {
  peers.add(one.link, 1, ID, counters);
  const peer = peers.publish(one.link, 1);
  peer?.enter({ status: 'closed', error: null });
  peers.remove(one.link, 1);
  expect(peers.known.get(ID)).toBe(undefined);
  await expect(peer?.ping()).rejects.toMatchObject({ code: 'ERR_OSIER_PEER_CLOSED' });
  expect(settled).toBe(0);
});

test('a call has what is left of its patience after its peer has found another shard', async () => {
  peers.add(one.link, 1, ID, counters);
  const peer = peers.publish(one.link, 1);
  peers.evict(one.link);
  let found: (home: PeerHome) => void = () => {};
  settle = () =>
    new Promise((resolve) => {
      found = resolve;
    });
  const pinged = peer?.ping({ timeoutMs: 10_000 });
  await runtime.advance(6_000);
  found({ shard: zero.link, key: 2, counters });
  await runtime.advance(0);
  expect(zero.calls).toMatchObject([{ name: 'ping', args: { timeoutMs: 4_000 } }]);
  // Two seconds more for a shard that is stuck.
  const failed = expect(pinged).rejects.toMatchObject({ code: 'ERR_OSIER_TIMEOUT', details: { timeoutMs: 10_000 } });
  await runtime.advance(5_999);
  expect(runtime.pendingTimers).toBe(1);
  await runtime.advance(1);
  await failed;
});

test('a connection to whom a join finds in another shard has what is left of the patience', async () => {
  const connected = directory.connect({ id: null, hosts: HOSTS }, { byId: true, keep: null, timeoutMs: 10_000 });
  await runtime.advance(7_000);
  zero.calls[0]?.answer({ elsewhere: ID, shard: 1 });
  await runtime.advance(0);
  expect(one.calls).toMatchObject([{ name: 'connect', args: { timeoutMs: 3_000 } }]);
  peers.add(one.link, 4, ID, counters);
  one.calls[0]?.answer({ peer: 4, verified: 'network' });
  expect((await connected).id).toBe(ID);
});

test('a connection to a peer that is closed right after it is made is made', async () => {
  const connected = directory.connect({ id: ID, hosts: HOSTS }, { byId: true, keep: null });
  zero.calls[0]?.answer(1);
  await runtime.advance(0);
  peers.add(one.link, 4, ID, counters);
  const peer = peers.in(one.link, 4);
  // In one message.
  one.calls[0]?.answer({ peer: 4, verified: 'id' });
  peers.remove(one.link, 4);
  expect(await connected).toBe(peer);
});

test('what is pinned while shard 0 is started reaches it when it runs, and is not told to others', () => {
  directory.remove(zero.link);
  directory.pinFound(HOSTS, ID);
  const [other, next] = [new FakeShard(1), new FakeShard(0)];
  directory.add(other.link);
  directory.add(next.link);
  expect([zero.sent, other.sent, next.sent]).toEqual([[], [], [{ op: 'pin', hosts: HOSTS, id: ID }]]);
  const again = new FakeShard(0);
  directory.add(again.link);
  expect(again.sent).toEqual([]);
});

test.each([
  ['nobody', []],
  ['somebody else', ['before']],
  ['somebody else at the same time', ['with']],
])('a connection that nobody waits for any more keeps the peer for %s', async (_, others) => {
  const ask = (signal?: AbortSignal) => directory.connect({ id: ID, hosts: HOSTS }, { byId: true, keep: 'always', signal });
  peers.add(one.link, 4, ID, counters);
  const controller = new AbortController();
  const abandoned = expect(ask(controller.signal)).rejects.toThrow('enough');
  const connected = others.map(() => ask());
  await runtime.advance(0);
  const [first, second] = one.calls;
  if (others.includes('before')) second?.answer({ peer: 4, verified: 'id' });
  controller.abort(new Error('enough'));
  await abandoned;
  first?.answer({ peer: 4, verified: 'id' });
  if (others.includes('with')) second?.answer({ peer: 4, verified: 'id' });
  await Promise.all(connected);
  await runtime.advance(0);
  const released = others.length > 0 ? [] : [{ name: 'release', args: { peer: 4, reason: 'always' } }];
  expect(one.calls.filter(({ name }) => name === 'release')).toMatchObject(released);
  expect(peers.get(ID)?.keptFor.has('always')).toBe(others.length > 0);
});
