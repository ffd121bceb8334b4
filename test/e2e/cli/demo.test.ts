import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorOf, OsierCommand, osier, temporaryFolder } from './osier-command.js';

interface DemoResult {
  readonly messages: Record<'sent' | 'delivered' | 'expired' | 'unknown' | 'received' | 'lifetimeMs' | 'medianMs' | 'p99Ms', number>;
  readonly roaming: {
    readonly from: { host: string; port: number };
    readonly to: { host: string; port: number };
    readonly sizeBytes: number;
    readonly durationMs: number;
    readonly pauseMs: number;
  };
  readonly relayed: {
    readonly sizeBytes: number;
    readonly durationMs: number;
    readonly before: readonly string[];
    readonly after: readonly string[];
    readonly killed: string;
    readonly pauseMs: number;
  };
}

test('the demo moves a file, accounts for every message beside it, and shows where a sender roamed to and which relay took over', async () => {
  using from = temporaryFolder();
  const content = randomBytes(3_000_000);
  writeFileSync(from.file('sample'), content);
  const { exitCode, stdout, stderr } = await osier(['demo', '--json', from.file('sample')]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const blake2b = createHash('blake2b512').update(content).digest('hex');
  const result = JSON.parse(stdout) as DemoResult;
  expect(result).toMatchObject({ event: 'demo', sizeBytes: content.length, blake2b, verified: true });

  const { messages, roaming, relayed } = result;
  expect(messages.sent).toBeGreaterThan(0);
  expect(messages.delivered + messages.expired + messages.unknown).toBe(messages.sent);
  expect(messages).toMatchObject({ unknown: 0, received: messages.delivered });
  expect(messages.p99Ms).toBeGreaterThanOrEqual(messages.medianMs);

  expect(roaming.from.port).not.toBe(roaming.to.port);
  expect([roaming.from.host, roaming.to.host]).toEqual(['127.0.0.1', '127.0.0.1']);
  expect(roaming.pauseMs).toBeGreaterThan(0);
  expect(roaming.durationMs).toBeGreaterThan(roaming.pauseMs);

  const other = relayed.killed === 'B' ? 'C' : 'B';
  expect([relayed.before[0], relayed.after[0]]).toEqual([relayed.killed, other]);
  expect(relayed.sizeBytes).toBe(content.length);
  expect(relayed.pauseMs).toBeGreaterThan(0);
  expect(relayed.durationMs).toBeGreaterThan(relayed.pauseMs);
});

test.each(['SIGINT', 'SIGKILL'] as const)('a demo that %s ends while its relays run leaves no process behind', async (signal) => {
  using from = temporaryFolder();
  writeFileSync(from.file('sample'), randomBytes(1_000));
  await using demo = new OsierCommand(['demo', from.file('sample')]);
  await noted(demo, 'is killed');
  const { pid } = demo.child;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  expect(children.length).toBeGreaterThanOrEqual(3);
  demo.child.kill(signal);
  expect((await demo.finished).stdout).toBe('');
  await expect.poll(() => children.filter((child) => existsSync(`/proc/${child}`)), { timeout: 30_000 }).toEqual([]);
});

test('the demo shows its figures to a person, without colours and without progress in a pipe, and the proof comes last', async () => {
  using from = temporaryFolder();
  writeFileSync(from.file('sample'), randomBytes(100_000));
  const { exitCode, stdout, stderr } = await osier(['demo', from.file('sample')]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^messages +\d+ sent .*: \d+ delivered, \d+ expired, 0 unknown$/m);
  expect(stdout).toMatch(/^roaming +through a forwarder, .*: from 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+ in mid-transfer$/m);
  expect(stdout).toMatch(/^pause +[\d.]+ m?s /m);
  expect(stdout).toMatch(/^relayed .*: A → ([BC]) → D → E\nfailover +\1 was killed in mid-transfer; then A → [BC] → D → E, .*\npause +[\d.]+ m?s /m);
  expect(stdout.trimEnd().split('\n').at(-1)).toContain('verified: the file');
  expect(`${stdout}${stderr}`).not.toContain('\x1b');
});

test('the demo without a file to send is a local error', async () => {
  using from = temporaryFolder();
  const finished = await osier(['demo', '--json', from.file('missing')]);
  expect(errorOf(finished)).toMatchObject({ code: 'ENOENT', exitCode: 3 });
});

test('an interrupted demo says so in its exit code', async () => {
  using from = temporaryFolder();
  writeFileSync(from.file('sample'), randomBytes(100_000));
  await using demo = new OsierCommand(['demo', from.file('sample')]);
  await noted(demo, 'through a forwarder');
  demo.child.kill('SIGINT');
  expect(await demo.finished).toMatchObject({ exitCode: 130, stdout: '' });
});

/** Resolves when the demo said so. */
function noted({ child }: OsierCommand, words: string): Promise<void> {
  return new Promise((resolve) => {
    let notes = '';
    child.stderr?.on('data', (data) => {
      notes += data;
      if (notes.includes(words)) resolve();
    });
  });
}
