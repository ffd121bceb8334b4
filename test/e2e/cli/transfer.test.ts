import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorOf, OsierCommand, osier, temporaryFolder } from './osier-command.js';

/** A listener with a folder of its own, and the address and secret that reach it. */
async function listener(...options: string[]) {
  const folder = temporaryFolder();
  const command = new OsierCommand(['listen', '--json', '--bind', 'udp://127.0.0.1:0', '--dir', folder.path, ...options]);
  const { event, address, secret } = (await command.nextEvent()) as { event: string; address: string; secret: string };
  expect(event).toBe('listening');
  const dispose = async () => {
    await command[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  };
  return { command, folder, address, secret, [Symbol.asyncDispose]: dispose };
}

function blake2b(content: Uint8Array): string {
  return createHash('blake2b512').update(content).digest('hex');
}

test('a file arrives whole, and both ends print its BLAKE2b hash', async () => {
  await using to = await listener('--once');
  using from = temporaryFolder();
  const content = randomBytes(5_000_001);
  writeFileSync(from.file('report.pdf'), content);

  const sent = await osier(['send', '--json', from.file('report.pdf'), to.address], to.secret);
  expect(sent).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(sent.stdout)).toMatchObject({ event: 'sent', name: 'report.pdf', sizeBytes: content.length, blake2b: blake2b(content) });
  expect(await to.command.nextEvent()).toMatchObject({ event: 'received', name: 'report.pdf', blake2b: blake2b(content) });
  expect(content.equals(readFileSync(to.folder.file('report.pdf')))).toBe(true);
  expect(readdirSync(to.folder.path)).toEqual(['report.pdf']);
  expect((await to.command.finished).exitCode).toBe(0);
});

test('an empty file is a file', async () => {
  await using to = await listener('--once');
  using from = temporaryFolder();
  writeFileSync(from.file('empty'), '');
  expect(await osier(['send', from.file('empty'), to.address], to.secret)).toMatchObject({ exitCode: 0 });
  expect(readFileSync(to.folder.file('empty'))).toHaveLength(0);
});

test('a file of the same name stays, unless the listener was told to replace it', async () => {
  using from = temporaryFolder();
  writeFileSync(from.file('a.txt'), 'new');

  await using keeping = await listener();
  writeFileSync(keeping.folder.file('a.txt'), 'old');
  const refused = await osier(['send', '--json', from.file('a.txt'), keeping.address], keeping.secret);
  expect(errorOf(refused)).toMatchObject({ code: 'ERR_CLI_NOT_STORED', exitCode: 5 });
  expect(await keeping.command.nextEvent()).toMatchObject({ event: 'failed', code: 'ERR_CLI_NOT_STORED' });
  expect(readFileSync(keeping.folder.file('a.txt'), 'utf8')).toBe('old');

  await using replacing = await listener('--overwrite');
  writeFileSync(replacing.folder.file('a.txt'), 'old');
  expect(await osier(['send', from.file('a.txt'), replacing.address], replacing.secret)).toMatchObject({ exitCode: 0 });
  expect(readFileSync(replacing.folder.file('a.txt'), 'utf8')).toBe('new');
});

test('a name that would leave the folder is not sent', async () => {
  await using to = await listener();
  using from = temporaryFolder();
  writeFileSync(from.file('a.txt'), 'x');
  const finished = await osier(['send', '--json', '--name', '../a.txt', from.file('a.txt'), to.address], to.secret);
  expect(errorOf(finished)).toMatchObject({ code: 'ERR_CLI_BAD_NAME', exitCode: 2 });
});

test('what is not a regular file is not sent', async () => {
  await using to = await listener();
  const finished = await osier(['send', '--json', '/dev/null', to.address], to.secret);
  expect(errorOf(finished)).toMatchObject({ code: 'ERR_CLI_NOT_A_FILE', exitCode: 3 });
});

test('a listener that is told to stop in mid-transfer leaves nothing behind, and the sender says that it broke off', async () => {
  await using to = await listener();
  using from = temporaryFolder();
  writeFileSync(from.file('large'), Buffer.alloc(300_000_000));
  await using large = new OsierCommand(['send', '--json', from.file('large'), to.address], to.secret);
  await expect.poll(() => readdirSync(to.folder.path).length, { timeout: 20_000, interval: 2 }).toBe(1);
  to.command.child.kill('SIGTERM');
  const finished = await large.finished;
  expect(errorOf(finished).exitCode).toBe(6);
  expect((await to.command.finished).exitCode).toBe(0);
  expect(readdirSync(to.folder.path)).toEqual([]);
});

test('ping prints each round trip and a summary', async () => {
  await using to = await listener();
  const { exitCode, stdout } = await osier(['ping', '--json', '--count', '3', '--interval-ms', '1', to.address], to.secret);
  expect(exitCode).toBe(0);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number>);
  expect(events.map(({ event, sequence }) => [event, sequence])).toEqual([
    ['ping', 1],
    ['ping', 2],
    ['ping', 3],
    ['summary', undefined],
  ]);
  expect(events[3]).toMatchObject({ sent: 3, answered: 3 });
  for (const { rttMs = 0 } of events.slice(0, 3)) expect(rttMs).toBeGreaterThan(0);
});

test('nobody there and another network look alike: no answer, exit code 4', async () => {
  await using to = await listener();
  const other = (await osier(['keygen', '--network'])).stdout.trim();
  const ping = (address: string, secret: string) => osier(['ping', '--json', '--timeout-ms', '700', address], secret);
  const [gone, wrongSecret] = await Promise.all([ping(to.address.replace(/:\d+$/, ':9'), to.secret), ping(to.address, other)]);
  for (const finished of [gone, wrongSecret]) {
    expect(finished.stdout).toBe('');
    expect(errorOf(finished)).toMatchObject({ code: 'ERR_OSIER_TIMEOUT', exitCode: 4 });
  }
});

test('a port in use is a local error', async () => {
  await using to = await listener();
  const port = /:(\d+)$/.exec(to.address)?.[1];
  const second = await osier(['listen', '--json', '--bind', `udp://127.0.0.1:${port}`, '--dir', to.folder.path]);
  expect(errorOf(second)).toMatchObject({ code: 'ERR_OSIER_LISTEN_FAILED', exitCode: 3 });
});

test('Ctrl-C ends a listener with 0 and frees its port at once', async () => {
  await using to = await listener();
  const port = /:(\d+)$/.exec(to.address)?.[1];
  to.command.child.kill('SIGINT');
  expect((await to.command.finished).exitCode).toBe(0);
  await using again = new OsierCommand(['listen', '--json', '--bind', `udp://127.0.0.1:${port}`, '--dir', to.folder.path]);
  expect(await again.nextEvent()).toMatchObject({ event: 'listening' });
});
