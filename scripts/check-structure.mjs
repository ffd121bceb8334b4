// Checks what the compilers do not: the dependency arrows of docs/architecture.md, `unsafe` in two crates only, panics that unwind,
// no state of the whole process but what SHARED names, and the length of files.
// Prints one line per fault and exits with 1 when there is any. `--root DIR` checks another tree.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { root: { type: 'string', default: fileURLToPath(new URL('..', import.meta.url)) } } });
const root = resolve(values.root);

/** What each folder of src/ may import besides itself. `index` is src/index.ts. */
const TYPESCRIPT_ARROWS = {
  cli: ['index', 'node', 'identity'],
  testing: ['node', 'identity', 'engine', 'errors', 'api'],
  metrics: ['index', 'errors', 'api'],
  index: ['node', 'observe', 'identity', 'errors', 'api'],
  node: ['mesh', 'peer', 'handshake', 'identity', 'stream', 'observe', 'engine', 'errors', 'api'],
  shard: ['node', 'mesh', 'peer', 'handshake', 'identity', 'stream', 'observe', 'engine', 'errors', 'api'],
  mesh: ['peer', 'handshake', 'identity', 'stream', 'observe', 'engine', 'errors', 'api'],
  peer: ['handshake', 'identity', 'stream', 'observe', 'engine', 'errors', 'api'],
  observe: ['identity', 'engine', 'errors', 'api'],
  handshake: ['identity', 'engine', 'errors', 'api'],
  stream: ['engine', 'errors', 'api'],
  identity: ['errors', 'api'],
  engine: ['errors', 'api'],
  // Types alone: these two may name one another's.
  api: ['errors', 'identity'],
  errors: ['api', 'identity'],
};

/** What each folder may load when it is asked for, by `import()` alone: what the arrows do not allow. */
const LAZY_ARROWS = { node: ['shard'] };

/** What each crate may depend on among the project's own; the rest of the world is free. */
const CRATE_ARROWS = {
  wire: /** @type {string[]} */ ([]),
  core: ['osier-wire'],
  udp: /** @type {string[]} */ ([]),
  addon: ['osier-wire', 'osier-core', 'osier-udp'],
  sim: ['osier-wire', 'osier-core'],
};

const UNSAFE_CRATES = ['udp', 'addon'];

/** Files of native/ that share memory between threads, all of it behind locks, each with the test of what happens in whatever order they use it and end. */
const SHARED = /** @type {Record<string, string>} */ ({
  'native/addon/src/mailbox.rs': 'test/e2e/shards-teardown.test.ts',
  'native/addon/src/shard_group.rs': 'test/e2e/shards-teardown.test.ts',
});

/** Past this a file holds two things. */
const MAX_LINES = 400;

const faults = [...typescriptFaults(), ...crateFaults(), ...unsafeFaults(), ...panicFaults(), ...sharingFaults(), ...lengthFaults()];
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);

/** @returns {string[]} */
function typescriptFaults() {
  return filesUnder('src', /\.ts$/).flatMap((file) => {
    const from = layerOf(file);
    const allowed = /** @type {Record<string, string[]>} */ (TYPESCRIPT_ARROWS)[from];
    if (allowed === undefined) return [`${name(file)}: the folder "${from}" has no arrows; add it to scripts/check-structure.mjs`];
    const source = readFileSync(file, 'utf8');
    const lazy = /** @type {Record<string, string[]>} */ (LAZY_ARROWS)[from] ?? [];
    const faults = importsOf(source).flatMap(({ target, typesOnly, isLazy }) => {
      if (!target.startsWith('.')) return [];
      const to = layerOf(resolve(dirname(file), target));
      if (from === 'api' && !typesOnly) return [`${name(file)}: imports more than types from ${to}`];
      return to === from || allowed.includes(to) || (isLazy && lazy.includes(to)) ? [] : [`${name(file)}: ${from} must not import ${to}`];
    });
    if (from !== 'engine' && /\bdlopen\b|\.node['"`]/.test(source)) faults.push(`${name(file)}: only src/engine may load the addon`);
    return faults;
  });
}

/** The folder of src/ that holds `path`, or the name of a file directly in it.
 * @param {string} path */
function layerOf(path) {
  const [first = ''] = relative(join(root, 'src'), path).split(sep);
  return first.replace(/\.(ts|js)$/, '');
}

/** Every static and dynamic import and re-export of `source`.
 * @param {string} source */
function importsOf(source) {
  const pattern = /(?:^|[;}\n])\s*(?:import|export)\s+(type\s)?[^'";]*?from\s*'([^']+)'|\bimport\s*(\()?\s*'([^']+)'/g;
  return [...source.matchAll(pattern)].map(([, types, from, called, bare]) => ({
    target: from ?? bare ?? '',
    typesOnly: types !== undefined,
    isLazy: called !== undefined,
  }));
}

/** @returns {string[]} */
function crateFaults() {
  return Object.entries(CRATE_ARROWS).flatMap(([crate, allowed]) => {
    const manifest = join(root, 'native', crate, 'Cargo.toml');
    if (!existsSync(manifest)) return [];
    const dependencies = /^\[dependencies\]$([\s\S]*?)(?=^\[|(?![\s\S]))/m.exec(readFileSync(manifest, 'utf8'))?.[1] ?? '';
    const own = [...dependencies.matchAll(/^(osier-\w+)/gm)].map(([, dependency = '']) => dependency);
    const extra = own.filter((dependency) => !allowed.includes(dependency));
    return extra.map((dependency) => `native/${crate}/Cargo.toml: ${crate} must not depend on ${dependency}`);
  });
}

/** @returns {string[]} */
function unsafeFaults() {
  return Object.keys(CRATE_ARROWS)
    .filter((crate) => !UNSAFE_CRATES.includes(crate))
    .flatMap((crate) => filesUnder(join('native', crate, 'src'), /\.rs$/))
    .filter((file) => /\bunsafe\b/.test(withoutComments(readFileSync(file, 'utf8')).replace(/#!\[(?:forbid|deny)\(unsafe_code\)\]/g, '')))
    .map((file) => `${name(file)}: unsafe code belongs in native/udp and native/addon`);
}

/** The addon catches panics at its boundary, which works only where they unwind.
 * @returns {string[]} */
function panicFaults() {
  const files = [
    join('native', 'Cargo.toml'),
    join('native', '.cargo', 'config.toml'),
    join('.cargo', 'config.toml'),
    join('scripts', 'build-addon.mjs'),
  ];
  return files
    .filter((path) => existsSync(join(root, path)))
    .filter((path) => /panic\s*=\s*\\?["']?abort/.test(readFileSync(join(root, path), 'utf8')))
    .map((path) => `${path}: with panic = "abort" a fault in one engine ends the process`);
}

/** Environments come and go in one process: what belongs to all of them breaks with the first that ends.
 * @returns {string[]} */
function sharingFaults() {
  const shared =
    /\bAtomic[A-Z]\w*|\bstatic mut\b|\b(?:Once|LazyLock|OnceLock|Mutex|RwLock|Condvar)\b|\bthread_local!|\bset_hook\b|\bthread::(?:spawn|Builder)|threadsafe_function/;
  const untested = Object.entries(SHARED)
    .filter(([file, test]) => existsSync(join(root, file)) && !existsSync(join(root, test)))
    .map(([file, test]) => `${file}: shared by threads, and its test ${test} is gone`);
  const unlisted = ['wire', 'core', 'udp', 'addon']
    .flatMap((crate) => filesUnder(join('native', crate, 'src'), /\.rs$/))
    .filter((file) => !/(?:^|[/_])tests?(?:\.rs$|[/_])|_tests\.rs$/.test(name(file)) && !(name(file) in SHARED))
    .flatMap((file) => {
      const [found] = shared.exec(withoutComments(readFileSync(file, 'utf8'))) ?? [];
      return found === undefined
        ? []
        : [`${name(file)}: ${found}: shared by threads or the whole process; see SHARED in scripts/check-structure.mjs`];
    });
  return [...untested, ...unlisted];
}

/** @param {string} source */
function withoutComments(source) {
  return source.replace(/\/\/.*$/gm, '').replace(/\/\*[\s\S]*?\*\//g, '');
}

/** @returns {string[]} */
function lengthFaults() {
  const sources = ['src', 'test', 'native', 'bench', 'scripts', 'examples'].flatMap((folder) => filesUnder(folder, /\.(ts|mjs|rs)$/));
  return sources.flatMap((file) => {
    const lines = readFileSync(file, 'utf8').split('\n').length - 1;
    return lines > MAX_LINES ? [`${name(file)}: ${lines} lines; past ${MAX_LINES} a file holds two things`] : [];
  });
}

/** @param {string} folder @param {RegExp} pattern @returns {string[]} */
function filesUnder(folder, pattern) {
  const base = join(root, folder);
  if (!existsSync(base)) return [];
  return readdirSync(base, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ['node_modules', 'target', 'out'].includes(entry.name) ? [] : filesUnder(path, pattern);
    return pattern.test(entry.name) ? [join(root, path)] : [];
  });
}

/** @param {string} file */
function name(file) {
  return relative(root, file);
}
