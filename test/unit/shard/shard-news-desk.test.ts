/** What a shard tells, without the shard. */
import { expect, test } from 'vitest';
import type { ToShard } from '../../../src/shard/protocol.js';
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
