// Puts the native addon in place: nothing to do where a prebuilt binary fits or the last build is fresh, otherwise it is built with cargo.
// Runs as the package's install script, so it may use Node alone. Result: build/osier.node, beside prebuilds/<platform>-<arch>[-musl]/osier.node.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const nativeDir = join(root, 'native');
const addonFile = join(root, 'build', 'osier.node');
const stampFile = join(root, 'build', 'osier.stamp');

/** What the addon may weigh: it is downloaded with every install. */
const MAX_ADDON_BYTES = 1_000_000;

/** A reason not to go on that a person can act on; printed as one line. */
class CannotBuild extends Error {}

try {
  putAddonInPlace();
} catch (error) {
  if (!(error instanceof CannotBuild)) throw error;
  console.error(`osier: the native addon cannot be built: ${error.message}`);
  process.exit(1);
}

function putAddonInPlace() {
  if (loads(join(root, 'prebuilds', platformTag(), 'osier.node'))) return;
  const stamp = sourceStamp();
  if (isFresh(stamp)) return;
  const cargo = findCargo();
  requireCCompiler();
  const library = buildWith(cargo);
  try {
    install(library.file, stamp);
  } finally {
    library.release();
  }
}

/** The folder of prebuilt binaries that this process could load. */
function platformTag() {
  return `${process.platform}-${process.arch}${isMusl() ? '-musl' : ''}`;
}

function isMusl() {
  if (process.platform !== 'linux') return false;
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return report.header.glibcVersionRuntime === undefined;
}

/** Whether `file` is an addon that this Node can load. Tried in a process of its own: a misfit may crash it.
 * @param {string} file */
function loads(file) {
  if (!existsSync(file)) return false;
  return spawnSync(process.execPath, ['-e', `require(${JSON.stringify(file)})`], { stdio: 'ignore' }).status === 0;
}

/** Changes when anything changes that the addon is built from. */
function sourceStamp() {
  const hash = createHash('sha256').update(`${platformTag()} ${process.env.RUSTFLAGS ?? ''}\0`);
  for (const file of sourceFiles(nativeDir)) hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/** @param {string} folder @returns {string[]} */
function sourceFiles(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ['target', 'tests', 'fuzz', 'benches'].includes(entry.name) ? [] : sourceFiles(path);
    return /\.(rs|toml|lock)$/.test(entry.name) ? [path] : [];
  });
}

/** @param {string} stamp */
function isFresh(stamp) {
  return existsSync(addonFile) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;
}

/** The cargo command, recent enough. */
function findCargo() {
  if (process.platform !== 'linux') throw new CannotBuild(`this version of Osier runs on Linux only, and this is ${process.platform}.`);
  const candidates = process.env.CARGO ? [process.env.CARGO] : ['cargo', join(homedir(), '.cargo', 'bin', 'cargo')];
  const wanted = /^rust-version = "([\d.]+)"/m.exec(readFileSync(join(nativeDir, 'Cargo.toml'), 'utf8'))?.[1] ?? '1.85';
  for (const cargo of candidates) {
    const { status, stdout } = spawnSync(cargo, ['--version'], { encoding: 'utf8' });
    if (status !== 0) continue;
    const found = /^cargo (\d+\.\d+)/.exec(stdout)?.[1] ?? '0.0';
    if (isOlder(found, wanted)) {
      throw new CannotBuild(`it needs Rust ${wanted} or newer and found ${found}; run "rustup update stable" and install again.`);
    }
    return cargo;
  }
  throw new CannotBuild(`cargo was not found; install Rust ${wanted} or newer from https://rustup.rs and install again.`);
}

/** Compares "major.minor". @param {string} version @param {string} bound */
function isOlder(version, bound) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [boundMajor = 0, boundMinor = 0] = bound.split('.').map(Number);
  return major < boundMajor || (major === boundMajor && minor < boundMinor);
}

/** `ring` holds C and assembly, and rustc links through the C compiler. */
function requireCCompiler() {
  const compiler = process.env.CC ?? 'cc';
  const [command = compiler, ...flags] = compiler.split(' ').filter((word) => word !== '');
  if (spawnSync(command, [...flags, '--version'], { stdio: 'ignore' }).status === 0) return;
  throw new CannotBuild(
    `no C compiler was found as "${compiler}"; install one (Debian: apt-get install build-essential; Alpine: apk add build-base) and install again.`,
  );
}

/** Runs cargo; `release` deletes the intermediate files where nobody will build again.
 * @param {string} cargo */
function buildWith(cargo) {
  const isCheckout = existsSync(join(root, 'tsconfig.build.json'));
  const keptTarget = process.env.CARGO_TARGET_DIR ?? (isCheckout ? join(nativeDir, 'target') : undefined);
  const target = keptTarget ?? mkdtempSync(join(tmpdir(), 'osier-build-'));
  const release = () => {
    if (keptTarget === undefined) rmSync(target, { recursive: true, force: true });
  };

  const args = ['build', '--release', '--package', 'osier-addon', '--manifest-path', join(nativeDir, 'Cargo.toml'), '--target-dir', target];
  if (!isCheckout || process.env.CI) args.push('--locked');
  const { status } = spawnSync(cargo, args, { stdio: 'inherit', env: buildEnvironment() });
  const file = join(target, 'release', 'libosier_addon.so');
  if (status === 0 && existsSync(file)) return { file, release };
  release();
  throw new CannotBuild('cargo failed, for the reason that it gives above.');
}

function buildEnvironment() {
  const path = [process.env.PATH, join(homedir(), '.cargo', 'bin')].filter(Boolean).join(delimiter);
  // On musl, rustc links statically unless told otherwise, and a static library cannot be loaded.
  const flags = isMusl() ? `${process.env.RUSTFLAGS ?? ''} -C target-feature=-crt-static` : process.env.RUSTFLAGS;
  return { ...process.env, PATH: path, ...(flags === undefined ? {} : { RUSTFLAGS: flags }) };
}

/** Replaces the addon by rename, so that a process which has the old one mapped keeps it.
 * @param {string} library @param {string} stamp */
function install(library, stamp) {
  const { size } = statSync(library);
  if (size > MAX_ADDON_BYTES) throw new CannotBuild(`the result has ${size} bytes, and ${MAX_ADDON_BYTES} is the most that it may have.`);
  mkdirSync(join(root, 'build'), { recursive: true });
  const fresh = `${addonFile}.${process.pid}`;
  copyFileSync(library, fresh);
  renameSync(fresh, addonFile);
  writeFileSync(stampFile, stamp);
  console.log(`osier: built the native addon, ${Math.ceil(size / 1000)} KB`);
}
