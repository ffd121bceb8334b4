import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../../scripts/check-promises.mjs', import.meta.url));

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'osier-promises-'));
  file('test/a.test.ts', "test('holds', () => {});\ntest.each([\n  ['of a table', 1],\n])('%s', () => {});\ntest.skip('rests', () => {});\n");
  file('native/a.rs', '#[test]\nfn it_holds() {}\n\n#[test]\n#[ignore]\nfn it_rests() {}\n\nfn no_test() {}\n');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

test('tests that exist pass, also several of one promise', () => {
  page('| whole | `test/a.test.ts` holds<br>`native/a.rs` it_holds<br>`test/a.test.ts` of a table |');
  expect(check()).toBe('');
});

test.each([
  ['a file that is gone', '`test/b.test.ts` holds', 'there is no test/b.test.ts'],
  ['another name', '`test/a.test.ts` hold', 'test/a.test.ts has no test "hold" that runs'],
  ['a test that is skipped', '`test/a.test.ts` rests', 'test/a.test.ts has no test "rests" that runs'],
  ['a Rust test that is ignored', '`native/a.rs` it_rests', 'native/a.rs has no test "it_rests" that runs'],
  ['a function that is no test', '`native/a.rs` no_test', 'native/a.rs has no test "no_test" that runs'],
  ['no test at all', 'we hope so', 'names no test: | whole | we hope so |'],
])('%s is a fault', (_what, tests, fault) => {
  page(`| whole | ${tests} |`);
  expect(check()).toBe(`docs/promises.md:5: ${fault}\n`);
});

test('tables of other things are nobody’s promises', () => {
  file('docs/promises.md', '| what | bound |\n|---|---|\n| a | b |\n');
  expect(check()).toBe('');
});

function page(row: string): void {
  file('docs/promises.md', `# Promises\n\n| promise | tests |\n|---|---|\n${row}\n`);
}

function file(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

function check(): string {
  const { stderr, status } = spawnSync(process.execPath, [script, '--root', root], { encoding: 'utf8' });
  expect(status).toBe(stderr === '' ? 0 : 1);
  return stderr;
}
