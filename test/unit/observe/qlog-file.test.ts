import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { QlogFile } from '../../../src/observe/qlog/qlog-file.js';

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'osier-qlog-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'trace.sqlog');
}

/** The last record, once the file is whole. */
async function lastRecord(path: string, name: string): Promise<{ data: { count: number } }> {
  await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toContain(name), { timeout: 20_000 });
  const records = readFileSync(path, 'utf8').split('\n');
  return JSON.parse((records.at(-2) ?? '').slice(1)) as { data: { count: number } };
}

test('a file does not grow beyond its bound, and its last record says how many are missing', async () => {
  const path = temporaryFile();
  const file = new QlogFile(path, (error) => expect.fail(error.message), 1_000);
  for (let i = 0; i < 10; i++) file.write({ data: 'x'.repeat(200) });
  file.end(1);
  const last = await lastRecord(path, 'osier:records_dropped');
  expect(last.data.count).toBe(6);
  expect(statSync(path).size).toBeLessThanOrEqual(1_000);
});

test('what a slow disk does not take is dropped and counted', async () => {
  const path = temporaryFile();
  const file = new QlogFile(path, (error) => expect.fail(error.message));
  for (let i = 0; i < 1_000; i++) file.write({ data: 'x'.repeat(1_000) });
  file.end(1);
  const last = await lastRecord(path, 'osier:records_dropped');
  expect(last.data.count).toBeGreaterThan(500);
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(1_000 - last.data.count + 2);
});

test('a fault of the disk is told once, and later writes do nothing', async () => {
  const faults: Error[] = [];
  const file = new QlogFile('/dev/null/no/such/file', (error) => faults.push(error));
  file.write({});
  await vi.waitFor(() => expect(faults).toHaveLength(1));
  file.write({});
  file.end(1);
  expect(faults).toHaveLength(1);
});
