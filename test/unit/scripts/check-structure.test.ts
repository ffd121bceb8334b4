import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../../scripts/check-structure.mjs', import.meta.url));

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'osier-structure-'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

test('arrows that point down pass', () => {
  file(
    'src/peer/a.ts',
    "import { x } from '../identity/index.js';\nimport type { T } from '../api/t.js';\nimport { y } from './b.js';\nimport 'node:fs';\n",
  );
  expect(check()).toBe('');
});

test.each([
  ['a value', "import { x } from '../node/index.js';\n"],
  ['a type', "import type { X } from '../node/index.js';\n"],
  ['a re-export', "export { x } from '../node/index.js';\n"],
  ['a bare import', "import '../node/index.js';\n"],
  ['a dynamic import', "const x = await import('../node/index.js');\n"],
  ['an import over several lines', "import {\n  x,\n  y,\n} from '../node/index.js';\n"],
])('an arrow that points up is a fault: %s', (_what, source) => {
  file('src/peer/a.ts', source);
  expect(check()).toBe('src/peer/a.ts: peer must not import node\n');
});

test('the command line reaches the library through its public door', () => {
  file('src/cli/a.ts', "import { x } from '../peer/mesh-peer.js';\n");
  expect(check()).toBe('src/cli/a.ts: cli must not import peer\n');
});

test('only src/engine loads the addon', () => {
  file('src/engine/load.ts', "process.dlopen(module, 'build/osier.node');\n");
  file('src/node/load.ts', "const path = 'build/osier.node';\n");
  expect(check()).toBe('src/node/load.ts: only src/engine may load the addon\n');
});

test('a folder that nobody placed is a fault', () => {
  file('src/surprise/a.ts', '');
  expect(check()).toContain('src/surprise/a.ts: the folder "surprise" has no arrows');
});

test('a crate that depends upwards is a fault; its tests may', () => {
  file('native/wire/Cargo.toml', '[dependencies]\nosier-core.workspace = true\n\n[dev-dependencies]\nosier-sim.workspace = true\n');
  expect(check()).toBe('native/wire/Cargo.toml: wire must not depend on osier-core\n');
});

test('unsafe code is a fault outside udp and addon; the word in a comment is none', () => {
  file('native/udp/src/lib.rs', 'unsafe fn f() {}\n');
  file('native/core/src/a.rs', '#![forbid(unsafe_code)]\n// unsafe\nfn f() {}\n');
  expect(check()).toBe('');
  file('native/core/src/b.rs', 'fn f() { unsafe { g() } }\n');
  expect(check()).toBe('native/core/src/b.rs: unsafe code belongs in native/udp and native/addon\n');
});

test.each([
  ['native/Cargo.toml', '[profile.release]\nlto = "fat"\npanic = "abort"\n'],
  ['native/.cargo/config.toml', '[build]\nrustflags = ["-C", "panic=abort"]\n'],
])('panics that cannot be caught are a fault: %s', (path, source) => {
  file(path, source);
  expect(check()).toBe(`${path}: with panic = "abort" a fault in one engine ends the process\n`);
});

test.each([
  ['an atomic', 'static COUNT: AtomicU64 = AtomicU64::new(0);\n', 'AtomicU64'],
  ['a hook', 'fn f() { std::panic::set_hook(Box::new(|_| {})); }\n', 'set_hook'],
  ['a thread', 'fn f() { std::thread::spawn(|| {}); }\n', 'thread::spawn'],
])('state of the whole process is a fault: %s', (_what, source, found) => {
  file('native/addon/src/a.rs', source);
  file('native/core/src/a/tests.rs', source);
  expect(check()).toBe(`native/addon/src/a.rs: ${found}: shared by threads or the whole process; see SHARED in scripts/check-structure.mjs\n`);
});

test('what threads share is named with its test, which is there', () => {
  file('native/addon/src/mailbox.rs', 'static STATE: Mutex<u8> = Mutex::new(0);\n');
  expect(check()).toBe('native/addon/src/mailbox.rs: shared by threads, and its test test/e2e/shards-teardown.test.ts is gone\n');
  file('test/e2e/shards-teardown.test.ts', '');
  expect(check()).toBe('');
});

test('a file of more than 400 lines is a fault', () => {
  file('src/node/fits.ts', '\n'.repeat(400));
  file('native/core/src/long.rs', '\n'.repeat(401));
  expect(check()).toBe('native/core/src/long.rs: 401 lines; past 400 a file holds two things\n');
});

function file(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** What the script prints about `root`; it must fail when it prints anything. */
function check(): string {
  const { status, stderr } = spawnSync(process.execPath, [script, '--root', root], { encoding: 'utf8' });
  expect(status).toBe(stderr === '' ? 0 : 1);
  return stderr;
}
