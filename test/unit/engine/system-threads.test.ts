import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createThreads } from '../../../src/engine/system-threads.js';
import { shardRuntime } from '../../../src/shard/shard-runtime.js';

/** A module for threads, as a file. */
function moduleOf(source: string): URL {
  const folder = mkdtempSync(join(tmpdir(), 'osier-threads-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'module.mjs'), source);
  return pathToFileURL(join(folder, 'module.mjs'));
}

test('tasks that are lost reject with the error of the thread that ended, however many tasks that costs', async () => {
  const threads = createThreads(moduleOf("throw new Error('broken');\n"), null);
  onTestFinished(() => threads?.close());
  const causes = async (): Promise<Set<unknown>> => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => threads?.run(1, [])));
    return new Set(outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : null)));
  };
  const [first, second] = [await causes(), await causes()];
  for (const lost of [first, second]) {
    expect(lost.has(null)).toBe(false);
    // Twenty tasks, four threads at most.
    expect(lost.size).toBeLessThanOrEqual(4);
  }
  expect(new Set([...first, ...second]).size).toBe(first.size + second.size);
});

test.each([
  { group: null, shards: 8, count: 4 },
  { group: 1n, shards: 2, count: 2 },
  { group: 1n, shards: 3, count: 1 },
  { group: 1n, shards: 8, count: 1 },
])('threads are four at most in all shards together, or one in each, however many cores there are: %o', async ({ group, shards, count }) => {
  const cores = vi.spyOn(os, 'availableParallelism').mockReturnValue(64);
  syncBuiltinESMExports();
  onTestFinished(() => {
    cores.mockRestore();
    syncBuiltinESMExports();
  });
  const started: Worker[] = [];
  const onWorker = (worker: Worker): void => void started.push(worker);
  process.on('worker', onWorker);
  onTestFinished(() => void process.off('worker', onWorker));
  const { createThreads } = shardRuntime({ group, shards, rekeyIntervals: null });
  const threads = createThreads?.(moduleOf('export const run = (number) => 2 * number;\n'), null);
  onTestFinished(() => threads?.close());
  await Promise.all(Array.from({ length: 40 }, (_, number) => threads?.run(number, [])));
  expect(started).toHaveLength(count);
});

test('threads end after five seconds without work, not sooner, and others come with the next', async () => {
  const module = moduleOf('export const run = (number) => 2 * number;\n');
  const workers: Worker[] = [];
  const onWorker = (worker: Worker): void => void workers.push(worker);
  process.on('worker', onWorker);
  onTestFinished(() => void process.off('worker', onWorker));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());

  const threads = createThreads(module, null);
  onTestFinished(() => threads?.close());
  expect(await threads?.run(4, [])).toBe(8);
  const started = workers.length;
  vi.advanceTimersByTime(4_999);
  expect(await threads?.run(5, [])).toBe(10);
  expect(workers).toHaveLength(started);
  const exits = workers.map((worker) => once(worker, 'exit'));
  vi.advanceTimersByTime(4_999);
  expect(await threads?.run(6, [])).toBe(12);
  expect(workers).toHaveLength(started);
  vi.advanceTimersByTime(5_000);
  await Promise.all(exits);
  expect(await threads?.run(7, [])).toBe(14);
  expect(workers.length).toBeGreaterThan(started);
});
