/** What a shard tells, without the shard. */
import { expect, test } from 'vitest';
import type { NodeId } from '../../../src/identity/index.js';
import { PinTable } from '../../../src/peer/index.js';
import { pack } from '../../../src/shard/error-codec.js';
import type { ToShard } from '../../../src/shard/protocol.js';
import { RouteMirror } from '../../../src/shard/route-mirror.js';
import { shardDied } from '../../../src/shard/shard-errors.js';
import type { ShardLink } from '../../../src/shard/shard-link.js';
import { ShardNewsDesk } from '../../../src/shard/shard-news-desk.js';
import type { ShardedNode } from '../../../src/shard/sharded-node.js';

/** Whether a node with this `accept` admits a caller that a shard asks about. */
function admitted(accept: unknown): Promise<unknown> {
  const desk = new ShardNewsDesk({ options: { accept } } as ShardedNode);
  return new Promise((resolve) => {
    const outbox = { push: (entry: ToShard) => resolve(entry.op === 'admit' && entry.admitted) };
    desk.take({ outbox } as unknown as ShardLink, { op: 'ask', ask: 1, candidate: {} });
  });
}

test('only true admits a caller', async () => {
  for (const answer of [undefined, null, 1, 'yes', false]) {
    expect(await admitted(() => answer)).toBe(false);
    expect(await admitted(async () => answer)).toBe(false);
  }
  expect(await admitted(() => true)).toBe(true);
  expect(await admitted(async () => true)).toBe(true);
  expect(await admitted(undefined)).toBe(true);
  const failing = () => {
    throw new Error('no');
  };
  expect(await admitted(failing)).toBe(false);
});

test('what a dead shard handled stays its own until it is started again, and says what it handles now', () => {
  const handledInShards = new Map<string, Map<number, ShardLink>>();
  const desk = new ShardNewsDesk({
    handledInShards,
    routeMirror: new RouteMirror(() => 0),
    peers: { evict: () => [] },
  } as unknown as ShardedNode);
  const [first, second] = [{ index: 1 }, { index: 1 }] as [ShardLink, ShardLink];
  for (const protocol of ['a', 'b']) desk.take(first, { op: 'handled', protocol, handled: true });
  desk.evict(first, shardDied(1, null));
  expect([...handledInShards.keys()]).toEqual(['a', 'b']);
  desk.take(second, { op: 'handled', protocol: 'a', handled: true });
  desk.onStarted(second);
  expect([...handledInShards.keys()]).toEqual(['a']);
  desk.take(second, { op: 'handled', protocol: 'a', handled: false });
  expect(handledInShards.size).toBe(0);
});

test('who is kept by an address that it was found at hears of its connection', () => {
  const connected: string[] = [];
  const peer = { id: 'one', state: { status: 'connecting' }, onVerified: () => {}, enter: () => {} };
  const shards = { kept: { onConnected: (id: string) => connected.push(id) } };
  const desk = new ShardNewsDesk({ shards, peers: { in: () => peer, forget: () => {} } } as unknown as ShardedNode);
  const tell = (status: string): void => desk.take({} as ShardLink, { op: 'state', peer: 1, state: pack({ status }), verified: 'id' });
  tell('connecting');
  expect(connected).toEqual([]);
  tell('connected');
  expect(connected).toEqual(['one']);
});

test('what shard 0 pins replaces what was pinned here, and is not told to it again', () => {
  const told: unknown[] = [];
  const pins = new PinTable([], (...pin) => told.push(pin));
  const desk = new ShardNewsDesk({ shards: { directory: { pins } } } as unknown as ShardedNode);
  const hosts = [{ host: '10.0.0.1', port: 1 }];
  pins.pin(hosts, 'x' as NodeId);
  desk.take({} as ShardLink, { op: 'pinned', hosts, id: 'y' as NodeId });
  expect(hosts.map((host) => pins.get(host))).toEqual(['y']);
  expect(told).toHaveLength(1);
});
