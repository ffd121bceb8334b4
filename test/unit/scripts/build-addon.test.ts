import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../../scripts/build-addon.mjs', import.meta.url));

/** A package with the real script, two source files, and tools that a test puts into bin/. */
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'osier-build-test-'));
  for (const folder of ['bin', 'scripts', 'native/addon/src']) mkdirSync(join(root, folder), { recursive: true });
  cpSync(script, join(root, 'scripts/build-addon.mjs'));
  writeFileSync(join(root, 'native/Cargo.toml'), '[workspace.package]\nrust-version = "1.85"\n');
  writeFileSync(join(root, 'native/addon/src/lib.rs'), '// one\n');
  tool('cc', 'exit 0');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

test('without cargo it says so in one sentence and fails', () => {
  expect(build()).toEqual({
    status: 1,
    stdout: '',
    stderr: 'osier: the native addon cannot be built: cargo was not found; install Rust 1.85 or newer from https://rustup.rs and install again.\n',
  });
});

test('with an old cargo it names both versions', () => {
  tool('cargo', 'echo "cargo 1.84.1 (abc 2025-01-01)"');
  expect(build().stderr).toMatch(/: it needs Rust 1\.85 or newer and found 1\.84; .*\n$/);
});

test('without a C compiler it says which command it looked for', () => {
  tool('cargo', workingCargo());
  tool('cc', 'exit 127');
  expect(build().stderr).toMatch(/: no C compiler was found as "cc"; install one .*\n$/);
  expect(build({ CC: 'no-such-compiler' }).stderr).toContain('found as "no-such-compiler"');
});

test('when cargo fails it says so after what cargo said', () => {
  tool('cargo', '[ "$1" = --version ] && { echo "cargo 1.95.0"; exit; }; echo "error: no network" >&2; exit 101');
  const { status, stderr } = build();
  expect(status).toBe(1);
  expect(stderr).toBe('error: no network\nosier: the native addon cannot be built: cargo failed, for the reason that it gives above.\n');
});

test('it builds once, and again only when a source changes', () => {
  tool('cargo', workingCargo());
  expect(build()).toMatchObject({ status: 0, stdout: 'osier: built the native addon, 1 KB\n' });
  expect(readFileSync(join(root, 'build/osier.node'), 'utf8')).toBe('library\n');
  expect(build()).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(cargoRuns()).toBe(1);

  writeFileSync(join(root, 'native/addon/src/lib.rs'), '// two\n');
  expect(build().status).toBe(0);
  expect(cargoRuns()).toBe(2);
});

test('it keeps to the lock file and leaves no intermediate files in an installed package', () => {
  tool('cargo', workingCargo());
  build();
  expect(readFileSync(join(root, 'runs'), 'utf8')).toContain('--locked');
  expect(existsSync(join(root, 'native/target'))).toBe(false);
  const target = /--target-dir (\S+)/.exec(readFileSync(join(root, 'runs'), 'utf8'))?.[1] ?? '';
  expect(target.startsWith(tmpdir())).toBe(true);
  expect(existsSync(target)).toBe(false);
});

test('an addon of more than 1 MB is refused, and the one before stays', () => {
  tool('cargo', workingCargo());
  build();
  writeFileSync(join(root, 'native/addon/src/lib.rs'), '// large\n');
  tool('cargo', workingCargo('head -c 1000001 /dev/zero'));
  expect(build().stderr).toContain('the result has 1000001 bytes');
  for (const [, target = ''] of readFileSync(join(root, 'runs'), 'utf8').matchAll(/--target-dir (\S+)/g)) expect(existsSync(target)).toBe(false);
  expect(readFileSync(join(root, 'build/osier.node'), 'utf8')).toBe('library\n');
});

test('a prebuilt binary that cannot be loaded here is not taken', () => {
  const folder = join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'osier.node'), 'for another machine');
  expect(build().stderr).toContain('cargo was not found');
});

/** Puts a shell script into bin/. */
function tool(name: string, body: string): void {
  writeFileSync(join(root, 'bin', name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${body}\n`);
  chmodSync(join(root, 'bin', name), 0o755);
}

/** A cargo that records its arguments and writes what `content` prints as the library. */
function workingCargo(content = 'echo library'): string {
  return `[ "$1" = --version ] && { echo "cargo 1.95.0"; exit; }
echo "$@" >> '${root}/runs'
while [ "$1" != --target-dir ]; do shift; done
mkdir -p "$2/release" && ${content} > "$2/release/libosier_addon.so"`;
}

function cargoRuns(): number {
  return readFileSync(join(root, 'runs'), 'utf8').split('\n').length - 1;
}

/** Runs the script with bin/ as the whole PATH. */
function build(extra: Record<string, string> = {}) {
  const env = { PATH: join(root, 'bin'), HOME: root, ...extra };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/build-addon.mjs')], { env, encoding: 'utf8' });
  return { status, stdout, stderr };
}
