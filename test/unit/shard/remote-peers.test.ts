/** Peers of shards that die or are stuck, without shards. */
import { beforeEach, expect, test } from 'vitest';
import type { NodeId } from '../../../src/identity/index.js';
import type { Peer } from '../../../src/index.js';
import type { StreamShape } from '../../../src/peer/index.js';
import { CrossingBudget } from '../../../src/shard/crossing-budget.js';
import { writePeerStats } from '../../../src/shard/peer-counters.js';
import type { StreamTold } from '../../../src/shard/protocol.js';
import type { RemotePeer, RemotePeerHost } from '../../../src/shard/remote-peer.js';
import { RemotePeers } from '../../../src/shard/remote-peers.js';
import { RouteMirror } from '../../../src/shard/route-mirror.js';
import { STUCK_AFTER_MS, shardDied } from '../../../src/shard/shard-errors.js';
import type { ShardLink } from '../../../src/shard/shard-link.js';
import { ShardNewsDesk } from '../../../src/shard/shard-news-desk.js';
import { ShardedNode } from '../../../src/shard/sharded-node.js';
import type { ByteStreamEnd } from '../../../src/stream/byte-stream.js';
import { ManualRuntime } from '../support/manual-runtime.js';

const ID = 'a'.repeat(64) as NodeId;
const CONNECTED = { status: 'connected', instance: '1', cipher: 'aes-256-gcm' } as const;
const COUNTED = { streamsOpen: 3 } as ReturnType<Peer['stats']>;

let runtime: ManualRuntime;
let peers: RemotePeers;
let desk: ShardNewsDesk;
let shard: ShardLink;
let peer: RemotePeer;
let counters: { block: SharedArrayBuffer; slot: number };
let calls: unknown[];
let states: string[];
let answer: { resolve(report: unknown): void; reject(error: Error): void };

beforeEach(() => {
  runtime = new ManualRuntime();
  const host = { closedBy: null, runtime, onGone: (gone: RemotePeer) => desk.end(gone) } as unknown as RemotePeerHost;
  peers = new RemotePeers(host, 3);
  const shards = { kept: { onConnected: () => {} } };
  desk = new ShardNewsDesk({ peers, shards, events: null, routeMirror: new RouteMirror(() => 0) } as unknown as ShardedNode);
  calls = [];
  states = [];
  const call = (_name: string, { timeoutMs }: { timeoutMs: number }) => {
    calls.push(timeoutMs);
    return new Promise((resolve, reject) => {
      answer = { resolve, reject };
    });
  };
  shard = { call, outbox: { push: () => {} } } as unknown as ShardLink;
  counters = { block: new SharedArrayBuffer(64 * 1024), slot: 0 };
  peers.add(shard, 1, ID, counters);
  peer = peers.publish(shard, 1) as RemotePeer;
  desk.take(shard, { op: 'state', peer: 1, state: CONNECTED, verified: 'id' });
  peer.on('state', ({ status }) => states.push(status));
});

test('a peer whose shard dies while it is closed is closed, and a caller with its id is another object', async () => {
  const closing = peer.close();
  desk.evict(shard, shardDied(0, null));
  const second = { index: 0 } as ShardLink;
  peers.add(second, 1, ID, { block: new SharedArrayBuffer(64 * 1024), slot: 0 });
  expect(peers.in(second, 1)).not.toBe(peer);
  answer.reject(shardDied(0, null));
  expect(await closing).toEqual({ status: 'drained' });
  expect(states).toEqual(['closed']);
  expect(peers.get(ID)).toBe(peers.in(second, 1));
  expect(peers.known.get(ID)).toBeUndefined();
  expect(runtime.pendingTimers).toBe(0);
});

test('a peer whose shard died before it is closed is closed at once', async () => {
  desk.evict(shard, shardDied(0, null));
  expect(await peer.close()).toEqual({ status: 'drained' });
  expect(states).toEqual(['idle', 'closed']);
  expect(calls).toEqual([]);
});

test('a stuck shard holds the close of a peer up no longer than its time-out and the grace, and what it says later is not told again', async () => {
  writePeerStats(counters, COUNTED);
  const closing = peer.close({ timeoutMs: 500 });
  let isOver = false;
  void closing.then(() => {
    isOver = true;
  });
  await runtime.advance(500 + STUCK_AFTER_MS - 1);
  expect(isOver).toBe(false);
  await runtime.advance(1);
  expect(await closing).toEqual({ status: 'cut', streams: 3, unacknowledgedBytes: 0n });
  expect(states).toEqual(['closed']);
  expect(peers.get(ID)).toBeUndefined();
  desk.take(shard, { op: 'state', peer: 1, state: { status: 'closed', error: null }, verified: 'id' });
  desk.take(shard, { op: 'gone', peer: 1 });
  expect(states).toEqual(['closed']);
});

test('a close that is begun again is the first one, and takes no longer than the second may', async () => {
  const closing = peer.close({ timeoutMs: 60_000 });
  expect(peer.close({ timeoutMs: 100 })).toBe(closing);
  expect(calls).toEqual([60_000, 100]);
  let isOver = false;
  void closing.then(() => {
    isOver = true;
  });
  await runtime.advance(100 + STUCK_AFTER_MS);
  expect(isOver).toBe(true);
  expect(peer.close()).toBe(closing);
  expect(calls).toHaveLength(2);
});

test('a close that the shard answers is what it says', async () => {
  const closing = peer.close();
  answer.resolve({ status: 'cut', streams: 1, unacknowledgedBytes: 7n });
  expect(await closing).toEqual({ status: 'cut', streams: 1, unacknowledgedBytes: 7n });
  expect(states).toEqual([]);
  expect(runtime.pendingTimers).toBe(0);
});

test('of more peers than a node may have, the first that lost its home is closed that nobody keeps', () => {
  const told: string[] = [];
  const [kept, lost] = ['b', 'c'].map((letter, index) => {
    peers.add(shard, 2 + index, letter.repeat(64) as NodeId, { ...counters, slot: 1 + index });
    return peers.publish(shard, 2 + index) as RemotePeer;
  });
  kept?.keptFor.set('reason', shard);
  desk.evict(shard, shardDied(0, null));
  for (const one of [peer, kept, lost]) one?.on('state', ({ status }) => told.push(`${one.id[0]} ${status}`));
  const second = { index: 1 } as ShardLink;
  const comes = (letter: string, key: number): void => {
    peers.add(second, key, letter.repeat(64) as NodeId, { ...counters, slot: key });
    peers.publish(second, key);
  };
  // One that comes back takes no other's room.
  comes('a', 5);
  expect(told).toEqual([]);
  comes('d', 6);
  comes('e', 7);
  expect(told).toEqual(['c closed']);
  expect([...peers.known.keys()].map(([letter]) => letter)).toEqual(['a', 'b', 'd', 'e']);
});

test('streams of a peer that a stuck shard does not close in time fail, and hold nothing of what may cross', async () => {
  const budget = new CrossingBudget(1_024 * 1_024);
  const node = { shards: { crossing: budget }, options: { limits: { messageBytes: 1_024 } }, clock: runtime.clock };
  const [acknowledgedBytes, receivedBytes, delivered, expired, unknown, dropped] = [0n, 0n, 0n, 0n, 0n, 0n];
  const told: StreamTold = { acknowledgedBytes, receivedBytes, delivered, expired, unknown, dropped, maxDatagramBytes: 0 };
  const linked = Object.assign(shard, { streams: new Map() });
  shard.outbox.defer = () => {};
  const shape = { kind: 'bytes', protocol: 'x', priority: 3, delivery: { ordered: true, lifetimeMs: null } } as unknown as StreamShape;
  const stream = ShardedNode.prototype.streamOf.call(node as unknown as ShardedNode, peer, linked, 7, told, shape) as ByteStreamEnd;
  void stream.write(Buffer.alloc(1_000));
  expect([budget.usedBytes, linked.streams.size]).toEqual([1_000, 1]);
  const closing = peer.close({ timeoutMs: 500, reason: 'over' });
  await runtime.advance(500 + STUCK_AFTER_MS);
  await closing;
  const details = { by: 'local', closeCode: 'normal', reason: 'over' };
  expect(await stream.closed).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_PEER_CLOSED', details } });
  expect([budget.usedBytes, linked.streams.size, peer.ports.size]).toEqual([0, 0, 0]);
});
