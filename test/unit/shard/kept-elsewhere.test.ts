/** Peers that are kept connected by an address, in other shards than the one that finds them; without shards. */
import { beforeEach, expect, test } from 'vitest';
import { generateIdentity, parseAddress } from '../../../src/identity/index.js';
import { KeptAddresses } from '../../../src/shard/kept-addresses.js';
import type { RemotePeer, RemotePeerHost } from '../../../src/shard/remote-peer.js';
import { RemotePeers } from '../../../src/shard/remote-peers.js';
import { ShardDirectory } from '../../../src/shard/shard-directory.js';
import { FakeShard } from '../support/fake-shard.js';
import { ManualRuntime, settle } from '../support/manual-runtime.js';

const [{ id: OWN }, { id: ID }] = [await generateIdentity(), await generateIdentity()];
const ADDRESS = 'osier://127.0.0.1:9';
const { hosts: HOSTS } = parseAddress(ADDRESS);

let peers: RemotePeers;
let kept: KeptAddresses;
let [zero, one] = [new FakeShard(0), new FakeShard(1)];

beforeEach(async () => {
  const runtime = new ManualRuntime();
  const host: Partial<RemotePeerHost> = { closedBy: null, runtime, onGone: (peer) => peers.forget(peer) };
  peers = new RemotePeers(host as RemotePeerHost, 3);
  const directory = new ShardDirectory(peers, 2, runtime);
  [zero, one] = [new FakeShard(0), new FakeShard(1)];
  for (const shard of [zero, one]) directory.add(shard.link);
  kept = new KeptAddresses(OWN, directory, peers, runtime, () => {});
  const replaced = kept.replace([parseAddress(ADDRESS)]);
  await answer(zero, []);
  await replaced;
});

/** Answers the first call that waits for that in `shard`; returns its name. */
async function answer(shard: FakeShard, value: unknown): Promise<string | undefined> {
  await settle();
  const call = shard.calls.shift();
  call?.answer(value);
  await settle();
  return call?.name;
}

/** One that shard 1 keeps, as the next in order of what is called for. */
async function keptInOne(): Promise<RemotePeer> {
  kept.keepFound(ID, HOSTS, ADDRESS);
  expect(await answer(zero, 1)).toBe('place');
  peers.add(one.link, 1, ID, { block: new SharedArrayBuffer(64 * 1024), slot: 0 });
  expect(await answer(one, { peer: 1 })).toBe('keep');
  return peers.publish(one.link, 1) as RemotePeer;
}

test('whoever is at the address is looked for again when the peer is closed, once', async () => {
  const peer = await keptInOne();
  kept.onClosed(peer);
  kept.onClosed(peer);
  expect(zero.calls).toMatchObject([{ name: 'goneElsewhere', args: { target: ADDRESS } }]);
});

test('nobody is looked for at an address that was dropped', async () => {
  const peer = await keptInOne();
  const replaced = kept.replace([]);
  await answer(zero, []);
  await replaced;
  kept.onClosed(peer);
  expect(zero.calls).toEqual([]);
});

test('a peer that is closed while it is given a place is not kept', async () => {
  const peer = await keptInOne();
  peers.evict(one.link);
  const done = kept.redistribute();
  await settle();
  await peer.close();
  expect(await answer(zero, 1)).toBe('place');
  expect(one.calls).toEqual([]);
  await done;
});

test('a peer that is closed while a shard is asked to keep it is let go', async () => {
  const peer = await keptInOne();
  peers.evict(one.link);
  const done = kept.redistribute();
  expect(await answer(zero, 1)).toBe('place');
  await peer.close();
  expect(await answer(one, { peer: 2 })).toBe('keep');
  expect(one.calls).toMatchObject([{ name: 'release', args: { peer: 2, reason: ADDRESS } }]);
  await answer(one, null);
  await done;
});

test('a peer whose address is dropped while a shard is asked to keep it is let go', async () => {
  kept.keepFound(ID, HOSTS, ADDRESS);
  expect(await answer(zero, 1)).toBe('place');
  const replaced = kept.replace([]);
  peers.add(one.link, 2, ID, { block: new SharedArrayBuffer(64 * 1024), slot: 0 });
  expect(await answer(one, { peer: 2 })).toBe('keep');
  await answer(zero, []);
  await replaced;
  expect(one.calls).toMatchObject([{ name: 'release', args: { peer: 2, reason: ADDRESS } }]);
});

test('whoever is at the address is looked for again when the peer that was found there is closed before it is kept', async () => {
  peers.add(one.link, 1, ID, { block: new SharedArrayBuffer(64 * 1024), slot: 0 });
  const peer = peers.publish(one.link, 1) as RemotePeer;
  const closing = peer.close();
  expect(await answer(one, { status: 'drained' })).toBe('closePeer');
  kept.keepFound(ID, HOSTS, ADDRESS);
  await settle();
  kept.onClosed(peer);
  kept.onClosed(peer);
  expect([zero.calls, one.calls]).toMatchObject([[{ name: 'goneElsewhere', args: { target: ADDRESS } }], []]);
  await closing;
});
