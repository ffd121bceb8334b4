// Compiles src/ into dist/, from nothing, so that a file which was removed from src/ never stays in the package; then joins what a program imports into a
// few files, for Node takes most of a millisecond for each.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** What programs import, and what runs beside it in threads and may be imported there too: one copy of every module for all of them. */
const ENTRIES = ['index', 'metrics/otel', 'metrics/prometheus', 'shard/shard-worker', 'testing/index'];

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = `${root}dist`;

rmSync(dist, { recursive: true, force: true });
const tsc = spawnSync(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, '-p', `${root}/tsconfig.build.json`], { stdio: 'inherit' });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
const cli = `${dist}/cli/main.js`;
if (existsSync(cli)) chmodSync(cli, 0o755);

const bundle = await rolldown({
  input: Object.fromEntries(ENTRIES.map((name) => [name, `${dist}/${name}.js`])),
  platform: 'node',
  external: (id) => !id.startsWith('.') && !id.startsWith(root),
  preserveEntrySignatures: 'allow-extension',
});
await bundle.write({
  dir: dist,
  format: 'esm',
  entryFileNames: '[name].js',
  // As deep as the modules are that know the way to the addon, the package and the workers.
  chunkFileNames: 'bundle/[name].js',
  codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: 'osier', test: /\/dist\/(?!testing|metrics|shard)/ }] },
});
await bundle.close();
