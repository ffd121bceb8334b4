import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const folder = new URL('../../examples/', import.meta.url);

/** What each program prints, all of it. */
const OUTPUTS: Readonly<Record<string, RegExp>> = {
  'deadline-messages.mjs': /^21 sent: 20 delivered, 1 expired, 0 unknown\nthe monitor has read 20, in order: true\n$/,
  'echo.mjs': /^echo: hello, mesh\n$/,
  'file-transfer.mjs': /^file-transfer\.mjs: \d+ bytes, sha256 [0-9a-f]{64}, stored and verified\n$/,
  'request-response.mjs': /^1 \+ 2 \+ 3 = 6\n40 \+ 2 = 42\nat once: 1, 4, 9\n$/,
  'sharded-server.mjs':
    /^running on 2 shards\nclient 1: served by shard 0, which has answered 3\nclient 2: served by shard [01], which has answered [36]\n(client [34]: served by shard [01], which has answered \d+\n){2}$/,
  'ten-peers.mjs': /^90 of 90 greetings answered; each node has 9 peers\n$/,
};

/** Runs a program to its end; rejects unless it exits with 0. */
async function outputOf(program: string, env: Readonly<Record<string, string>> = {}): Promise<{ stdout: string; stderr: string }> {
  const path = fileURLToPath(new URL(program, folder));
  return promisify(execFile)(process.execPath, [path], { timeout: 60_000, env: { ...process.env, ...env } });
}

test.each(Object.entries(OUTPUTS))('%s does what it says, against the built package', async (program, output) => {
  const { stdout, stderr } = await outputOf(program);
  expect(stdout).toMatch(output);
  expect(stderr).toBe('');
});

test('every program has its test and its line in the README', () => {
  const programs = readdirSync(folder).filter((name) => name.endsWith('.mjs'));
  expect(programs.sort()).toEqual(Object.keys(OUTPUTS).sort());
  const readme = readFileSync(new URL('README.md', folder), 'utf8');
  for (const program of programs) expect(readme).toContain(`\n| [${program}](${program}) | `);
});

test('NODE_DEBUG=osier shows what happens on stderr, without payloads', async () => {
  const { stdout, stderr } = await outputOf('echo.mjs', { NODE_DEBUG: 'osier' });
  expect(stdout).toMatch(OUTPUTS['echo.mjs'] ?? /^$/);
  for (const line of ['info: The node has started.', 'info: A peer is connected.', 'debug: A stream has ended.', 'info: The node is closed.']) {
    expect(stderr).toContain(line);
  }
  for (const line of stderr.trimEnd().split('\n')) expect(line).toMatch(/^OSIER \d+: [a-z2-7]{8} (debug|info|warn|error): /);
  expect(stderr).not.toContain('hello, mesh');
});
