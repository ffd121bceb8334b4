import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createThreads } from '../../../src/engine/system-threads.js';

test('threads end after five seconds without work, not sooner, and others come with the next', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'osier-threads-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'twice.mjs'), 'export const run = (number) => 2 * number;\n');
  const workers: Worker[] = [];
  const onWorker = (worker: Worker): void => void workers.push(worker);
  process.on('worker', onWorker);
  onTestFinished(() => void process.off('worker', onWorker));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());

  const threads = createThreads(pathToFileURL(join(folder, 'twice.mjs')), null);
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
