import type { Runtime } from '../engine/runtime.js';
import { systemRuntime } from '../engine/system-runtime.js';
import { createThreads } from '../engine/system-threads.js';
import type { ShardBoot } from './boot.js';

/** The real machine as one of several shards uses it: they share what the threads of one node may be. */
export function shardRuntime({ group, shards, rekeyIntervals }: Pick<ShardBoot, 'group' | 'shards' | 'rekeyIntervals'>): Runtime {
  return {
    ...systemRuntime,
    rekeyIntervals: rekeyIntervals ?? undefined,
    createThreads: (module, data) => createThreads(module, data, group === null ? 1 : shards),
  };
}
