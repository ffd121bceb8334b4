import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const DIST = new URL('../../dist/', import.meta.url);

/** The package's own files that an import of `entry` loads: Node takes most of a millisecond for each, on the way to listening. */
function loadedBy(entry: string): string[] {
  const loaded = new Set<string>();
  const load = (file: URL): void => {
    if (loaded.has(file.href)) return;
    loaded.add(file.href);
    for (const [, named] of readFileSync(file, 'utf8').matchAll(/^(?:import|export)[^;]*?["'](\.[^"']+)["'];$/gm)) load(new URL(named ?? '', file));
  };
  load(new URL(entry, DIST));
  return [...loaded].map((href) => href.slice(DIST.href.length));
}

test.each([
  ['index.js', 2],
  ['testing/index.js', 3],
  ['metrics/prometheus.js', 4],
  ['shard/shard-worker.js', 4],
])('an import of %s loads few files', (entry, atMost) => {
  if (!existsSync(DIST)) throw new Error('There is no dist: npm run build');
  expect(loadedBy(entry).length).toBeLessThanOrEqual(atMost);
});

test('an import of the package loads nothing of shards', () => {
  expect(loadedBy('index.js').filter((file) => /shard/.test(file))).toEqual([]);
});
