/** Peers of shards that die, without shards. */
import { expect, test } from 'vitest';
import type { NodeId } from '../../../src/identity/index.js';
import type { RemotePeerHost } from '../../../src/shard/remote-peer.js';
import { RemotePeers } from '../../../src/shard/remote-peers.js';
import { shardDied } from '../../../src/shard/shard-errors.js';
import type { ShardLink } from '../../../src/shard/shard-link.js';

const ID = 'a'.repeat(64) as NodeId;

test('a peer whose shard dies while it is closed is closed, and a caller with its id is another object', async () => {
  let fail: (error: Error) => void = () => {};
  const answer = new Promise((_resolve, reject) => {
    fail = reject;
  });
  const host = { closedBy: null, onGone: (peer: never) => peers.forget(peer) } as unknown as RemotePeerHost;
  const peers: RemotePeers = new RemotePeers(host);
  const counters = { block: new SharedArrayBuffer(64 * 1024), slot: 0 };
  const [first, second] = [{ call: () => answer }, {}] as unknown as [ShardLink, ShardLink];
  peers.add(first, 1, ID, counters);
  const peer = peers.publish(first, 1);
  const closing = peer?.close();
  peers.evict(first);
  peers.add(second, 1, ID, counters);
  expect(peers.in(second, 1)).not.toBe(peer);
  fail(shardDied(0, null));
  expect(await closing).toEqual({ status: 'drained' });
  expect(peer?.state).toEqual({ status: 'closed', error: null });
  expect(peers.get(ID)).toBe(peers.in(second, 1));
  expect(peers.known.get(ID)).toBeUndefined();
});
