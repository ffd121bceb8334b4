/** What a shard answers the main thread, without a thread. */
import { expect, test } from 'vitest';
import { nodeClosed } from '../../../src/peer/index.js';
import { type CalledHost, HostCalls } from '../../../src/shard/host-calls.js';
import { Outbox } from '../../../src/shard/outbox.js';
import type { FromShard } from '../../../src/shard/protocol.js';
import { settle } from '../support/manual-runtime.js';

test('a shard whose sockets are closed does not say that they are open', async () => {
  const told: FromShard[] = [];
  const outbox = new Outbox<FromShard>({ postMessage: (entries) => told.push(...(entries as FromShard[])) }, queueMicrotask);
  const core: { closedBy: Error | null } = { closedBy: null };
  const calls = new HostCalls(outbox, { core } as CalledHost);
  calls.begin(1, 'alive', {});
  await settle();
  core.closedBy = nodeClosed(null);
  calls.begin(2, 'alive', {});
  await settle();
  expect(told).toMatchObject([
    { op: 'reply', call: 1 },
    { op: 'refusal', call: 2 },
  ]);
});
