// What a package costs the one who installs it.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {{ bytes: number, addonBytes: number, dependencies: number, packages: number }} InstallSize `dependencies`: its own; `packages`: with all that they need. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CONTESTANTS = fileURLToPath(new URL('..', import.meta.url));

/** Of Osier, as `npm pack` would pack it, with its addon.
 * @returns {InstallSize} */
export function sizeOfOsier() {
  const { status, stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error('npm pack failed');
  const [{ unpackedSize, files }] = JSON.parse(stdout);
  if (!files.some((/** @type {{ path: string }} */ { path }) => path === 'dist/index.js')) throw new Error('dist/ is not built');
  const packed = files.filter((/** @type {{ path: string }} */ { path }) => path.endsWith('.node'));
  const addonBytes =
    packed.length > 0 ? Math.max(...packed.map((/** @type {{ size: number }} */ { size }) => size)) : statSync(join(ROOT, 'build/osier.node')).size;
  const { dependencies = {} } = manifestOf(ROOT);
  const others = closureOf(Object.keys(dependencies), ROOT);
  return {
    bytes: unpackedSize + (packed.length > 0 ? 0 : addonBytes) + sum([...others].map((folder) => bytesIn(folder))),
    addonBytes,
    dependencies: Object.keys(dependencies).length,
    packages: others.size + 1,
  };
}

/** Of contestants that go together, as they lie in this folder's node_modules.
 * @param {readonly string[]} names @returns {InstallSize} */
export function sizeOfContestant(names) {
  const folders = [...closureOf(names, CONTESTANTS)];
  const own = names.flatMap((name) => {
    const { dependencies = {}, optionalDependencies = {} } = manifestOf(join(CONTESTANTS, 'node_modules', name));
    return Object.keys(dependencies).filter((dependency) => !(dependency in optionalDependencies));
  });
  return {
    bytes: sum(folders.map((folder) => bytesIn(folder))),
    addonBytes: Math.max(0, ...folders.map((folder) => bytesIn(folder, '.node'))),
    dependencies: new Set(own).size,
    packages: folders.length,
  };
}

/** The folders of packages and of all that they need, found as Node would. An optional one may be missing.
 * @param {readonly string[]} names @param {string} from */
function closureOf(names, from) {
  /** @type {Set<string>} */
  const found = new Set();
  const add = (/** @type {string} */ name, /** @type {string} */ asker, /** @type {boolean} */ isOptional) => {
    const folder = resolveFrom(name, asker);
    if (folder === null && !isOptional) throw new Error(`${name}, which ${asker} needs, is not installed`);
    if (folder === null || found.has(folder)) return;
    found.add(folder);
    const { dependencies = {}, optionalDependencies = {} } = manifestOf(folder);
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) add(next, folder, next in optionalDependencies);
  };
  for (const name of names) add(name, from, false);
  return found;
}

/** @param {string} name @param {string} asker @returns {string | null} */
function resolveFrom(name, asker) {
  for (let folder = asker; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
    if (folder === dirname(folder)) return null;
  }
}

/** @param {string} folder @returns {{ dependencies?: Record<string, string>, optionalDependencies?: Record<string, string> }} */
function manifestOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** The files of one package, not of those within it.
 * @param {string} folder @param {string} [suffix] @returns {number} */
function bytesIn(folder, suffix = '') {
  const sizes = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? 0 : bytesIn(path, suffix);
    return entry.isFile() && entry.name.endsWith(suffix) ? statSync(path).size : 0;
  });
  return sum(sizes);
}

/** @param {readonly number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
