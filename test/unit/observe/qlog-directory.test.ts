import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { NodeId } from '../../../src/identity/index.js';
import { QlogDirectory } from '../../../src/observe/qlog/qlog-directory.js';
import { ManualRuntime } from '../support/manual-runtime.js';

/** Paths of the traces that were begun. */
const begun = vi.hoisted(() => [] as string[]);

vi.mock('../../../src/observe/qlog/qlog-trace.js', () => ({
  QlogTrace: class {
    constructor(_runtime: unknown, { path }: { path: string }) {
      begun.push(path);
    }
    end(): void {}
  },
}));

beforeEach(() => void begun.splice(0));

function start(): QlogDirectory {
  const folder = mkdtempSync(join(tmpdir(), 'osier-qlog-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return new QlogDirectory(folder, idOf('self'), new ManualRuntime(), (error) => expect.fail(error.message));
}

const idOf = (name: string): NodeId => name.padEnd(52, 'a') as NodeId;
const peers = (count: number): NodeId[] => Array.from({ length: count }, (_, number) => idOf(`${number}-`));

test('a node writes so many traces at once, and another when one of them has ended', () => {
  const directory = start();
  for (const peer of peers(300)) directory.begin(peer, null);
  expect(begun).toHaveLength(256);
  directory.end(idOf('0-'));
  directory.begin(idOf('299-'), null);
  directory.begin(idOf('298-'), null);
  expect(begun).toHaveLength(257);
});

test('a node makes so many files in its life, and no more', () => {
  const directory = start();
  for (const peer of peers(4_100)) {
    directory.begin(peer, null);
    directory.end(peer);
  }
  expect(begun).toHaveLength(4_096);
  expect(new Set(begun).size).toBe(4_096);
});
