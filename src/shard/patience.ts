/** What is asked of shards, one of which may be stuck: a handler blocks its thread. */
import type { Runtime } from '../engine/runtime.js';
import { Deadline } from '../peer/index.js';
import { STUCK_AFTER_MS, shardStuck } from './shard-errors.js';
import type { ShardLink } from './shard-link.js';

/** Waits for the answer of a shard, unless that is stuck. Rejects with SHARD_FAILED when it is. */
export async function unlessStuck<T>(runtime: Runtime, shard: ShardLink, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = new Deadline(runtime, { timeoutMs: STUCK_AFTER_MS }, () => shardStuck(shard.index));
  try {
    return await ask(deadline.signal);
  } finally {
    deadline.dispose();
  }
}

/** Asks one shard after another, until one has done it. Rejects as the last one did; resolves where there is none. */
export async function anyUnlessStuck(
  runtime: Runtime,
  shards: readonly ShardLink[],
  ask: (shard: ShardLink, signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const failures: unknown[] = [];
  for (const shard of shards) {
    try {
      await unlessStuck(runtime, shard, (signal) => ask(shard, signal));
      return;
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures.at(-1);
}
