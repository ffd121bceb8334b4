import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'native/target');
const PROGRAM = join(ROOT, 'test/e2e/teardown/faults.mjs');

/** Builds the addon with methods that break it on purpose; the release has none. */
beforeAll(() => {
  const args = [
    'build',
    '--manifest-path',
    join(ROOT, 'native/Cargo.toml'),
    '--package',
    'osier-addon',
    '--features',
    'fault-injection',
    '--target-dir',
    TARGET,
  ];
  const { status, stderr } = spawnSync('cargo', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cargo failed: ${stderr}`);
}, 600_000);

function run(fault: string): { readonly ending: { readonly status: number | null; readonly signal: string | null }; readonly stderr: string } {
  const env = { ...process.env, OSIER_TEST_ADDON: join(TARGET, 'debug/libosier_addon.so'), RUST_BACKTRACE: '0' };
  const { status, signal, stderr } = spawnSync(process.execPath, [PROGRAM, fault], { encoding: 'utf8', env, timeout: 60_000 });
  return { ending: { status, signal }, stderr };
}

describe('a panic in the engine closes that engine, tells so, and leaves the process and other engines alone', () => {
  for (const where of ['method', 'listener', 'loop']) {
    it(`in a ${where}`, () => {
      const { ending, stderr } = run(`panic-in-${where}`);
      expect(ending, stderr).toEqual({ status: 0, signal: null });
      expect(stderr).toContain('a fault on purpose');
    });
  }
});

it.each([
  ['an engine that panics again while it is given up harms nothing else', 'panics-at-the-end'],
  ['a full socket is waited for, and nothing is lost by it', 'full-socket'],
  ['receive errors that concern a datagram are survived', 'refused-receives'],
  ['a socket whose descriptor is dead ends its engine, told so, instead of spinning', 'dead-socket'],
  ['a socket that only ever fails ends its engine, told so, instead of spinning', 'useless-socket'],
])('%s', (_promise, fault) => {
  const { ending, stderr } = run(fault);
  expect(ending, stderr).toEqual({ status: 0, signal: null });
});
