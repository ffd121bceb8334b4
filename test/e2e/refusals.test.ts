import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateNetworkSecret } from '../../src/index.js';
import { LOOPBACK } from './support/environments.js';
import { Party } from './support/party.js';

const MIB = 2 ** 20;
/** Calls that may find a socket dead before its node has ended: one of each kind, and the word to the peer. */
const CALLS_OF_DEAD_SOCKETS_MAX = 10;

const folder = mkdtempSync(join(tmpdir(), 'osier-kernel-'));
const library = join(folder, 'refusing.so');
const pathOf = (file: string): string => fileURLToPath(new URL(`./kernel/${file}`, import.meta.url));

/** What the addon needs anyhow where it is built: a C compiler. */
beforeAll(() => {
  const args = ['-Wall', '-shared', '-fPIC', '-o', library, pathOf('refusing.c'), '-ldl'];
  const { status, stderr } = spawnSync(process.env.CC ?? 'cc', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cc failed: ${stderr}`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const refusing = (fault: string): NodeJS.ProcessEnv => ({ LD_PRELOAD: library, OSIER_TEST_REFUSE: fault });

interface Info {
  readonly engine: string;
  readonly features: readonly string[];
  readonly reasons: readonly string[];
}

/** Moves bytes between two processes on such a kernel, checks them all, and returns what the sender knows of it. */
async function move(fault: string): Promise<Info> {
  const secret = Buffer.from(generateNetworkSecret()).toString('hex');
  const request = { host: LOOPBACK.host, secret };
  const receiver = new Party(LOOPBACK, 'moving.mjs', refusing(fault));
  const address = await receiver.ask<string>('listen', request);
  const sender = new Party(LOOPBACK, 'moving.mjs', refusing(fault));
  await sender.ask('begin', { ...request, address });
  await receiver.ask('passes', 16 * MIB);
  const byteCount = await sender.ask('stop');
  expect(await receiver.ask('checkedBytes')).toBe(byteCount);
  const info = await sender.ask<Info>('info');
  expect(info.engine).toBe('native');
  return info;
}

describe('a transfer completes', () => {
  test('on the kernel as it is', async () => {
    const { features, reasons } = await move('nothing');
    expect(features).toEqual(expect.arrayContaining(['gso', 'gro', 'mmsg']));
    expect(reasons.filter((reason) => /^(gso|gro|mmsg)/.test(reason))).toEqual([]);
  });

  test.each(['gso', 'gro', 'mmsg'])('where %s is refused from the start, which is told', async (feature) => {
    const { features, reasons } = await move(feature);
    expect(features).toEqual(
      ['gso', 'gro', 'mmsg', 'aes-256-gcm'].filter((name) => name !== feature && (name !== 'aes-256-gcm' || features.includes(name))),
    );
    expect(reasons.filter((reason) => reason.startsWith(`${feature}: not available`))).toHaveLength(1);
  });

  test('where trains turn out not to pass after all, which is told', async () => {
    const { reasons } = await move('gso-late');
    expect(reasons.filter((reason) => reason.startsWith('gso: off towards 127.0.0.1'))).toHaveLength(1);
  });

  test('where errors come that pass, of every kind', () => move('passing'));
});

test('a dead socket ends its node, which says so, and is not asked again', () => {
  const env = { ...process.env, ...refusing('dead') };
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [pathOf('dead.mjs')], { encoding: 'utf8', env, timeout: 30_000 });
  expect({ status, signal }, stderr).toEqual({ status: 0, signal: null });
  expect(stdout.trim().split('\n')).toEqual(Array(2).fill(expect.stringMatching(/^ERR_OSIER_INTERNAL: .*Bad file descriptor/)));
  const [, calls] = /calls after the end: (\d+)/.exec(stderr) ?? [];
  expect(Number(calls)).toBeLessThanOrEqual(CALLS_OF_DEAD_SOCKETS_MAX);
});
