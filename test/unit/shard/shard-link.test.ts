/** A shard seen from the main thread, without its thread. */
import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import type { ShardBoot } from '../../../src/shard/boot.js';
import { ShardLink, type ShardOwner } from '../../../src/shard/shard-link.js';
import { ManualRuntime } from '../support/manual-runtime.js';

let worker: FakeWorker;

class FakeWorker extends EventEmitter {
  constructor() {
    super();
    worker = this;
  }

  postMessage(): void {}

  /** Its messages were under way. */
  async terminate(): Promise<void> {
    this.emit('message', [{ op: 'started', facts: {} }]);
    this.emit('exit');
  }
}

vi.mock('node:worker_threads', async (original) => ({
  ...(await original<object>()),
  get Worker() {
    return FakeWorker;
  },
}));

test('a shard that says it has started after it was told to end does not run, and does not die', async () => {
  const boot = { index: 1, counters: new SharedArrayBuffer(256 * 8) } as ShardBoot;
  const onDeath = vi.fn();
  const link = new ShardLink(boot, new ManualRuntime(), { onDeath } as unknown as ShardOwner);
  expect(worker.listenerCount('message')).toBe(1);
  const started = expect(link.started).rejects.toMatchObject({ code: 'ERR_OSIER_NODE_CLOSED' });
  await link.terminate();
  await started;
  expect([link.isRunning, onDeath.mock.calls]).toEqual([false, []]);
});
