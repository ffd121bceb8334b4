import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorOf, osier, temporaryFolder } from './osier-command.js';

const ID = 'a'.repeat(52);
const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };

test('--version and --help succeed', async () => {
  expect(await osier(['--version'])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  const help = await osier(['--help']);
  expect(help).toMatchObject({ exitCode: 0, stderr: '' });
  for (const command of ['keygen', 'id', 'listen', 'send', 'ping', 'perf', 'stat', 'info']) expect(help.stdout).toContain(`\n  ${command} `);
});

test.each([
  [['--no-such-option']],
  [['no-such-command']],
  [[]],
  [['id']],
  [['ping', '--count', 'many', `osier://${ID}@127.0.0.1:1`]],
  [['ping', '--count', '0', `osier://${ID}@127.0.0.1:1`]],
  [['perf', '--seconds', '0', `osier://${ID}@127.0.0.1:1`]],
  [['perf', '--streams', '1025', `osier://${ID}@127.0.0.1:1`]],
  [['stat', '--interval-ms', 'soon', `osier://${ID}@127.0.0.1:1`]],
])('%j is a usage error, said in one line', async (args) => {
  const { exitCode, stdout, stderr } = await osier(args);
  expect(exitCode).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^error: [^\n]+\n$/);
});

test('a bad address names itself', async () => {
  const { secret } = JSON.parse((await osier(['keygen', '--network', '--json'])).stdout) as { secret: string };
  const finished = await osier(['ping', '--json', 'osier://nonsense'], secret);
  expect(finished.exitCode).toBe(2);
  expect(errorOf(finished).message).toContain('nonsense');
});

test('without a network secret a command says where to get one', async () => {
  const finished = await osier(['ping', '--json', `osier://${ID}@127.0.0.1:1`]);
  expect(errorOf(finished)).toMatchObject({ code: 'ERR_CLI_NO_SECRET', exitCode: 2 });
  expect(errorOf(finished).message).toContain('OSIER_SECRET');
});

test('a bad secret is a usage error that does not show it', async () => {
  const finished = await osier(['ping', '--json', `osier://${ID}@127.0.0.1:1`], 'swordfish');
  expect(finished.exitCode).toBe(2);
  expect(finished.stderr).not.toContain('swordfish');
});

test('a file that is not there and a folder are local errors', async () => {
  using folder = temporaryFolder();
  const secret = (await osier(['keygen', '--network'])).stdout.trim();
  const missing = await osier(['listen', '--json', '--dir', folder.file('no-such-folder')], secret);
  expect(errorOf(missing)).toMatchObject({ code: 'ERR_CLI_FOLDER', exitCode: 3 });
  const unreadable = await osier(['listen', '--json', '--dir', folder.path, '--secret-file', folder.file('no-such-file')]);
  expect(errorOf(unreadable)).toMatchObject({ code: 'ENOENT', exitCode: 3 });
});

test('info says what runs here, to a person and to a program', async () => {
  const [person, program] = await Promise.all([osier(['info']), osier(['info', '--json'])]);
  expect(person).toMatchObject({ exitCode: 0, stderr: '' });
  expect(person.stdout).toMatch(/^engine {2,}native$/m);
  const info = JSON.parse(program.stdout) as Record<string, unknown>;
  expect(info).toMatchObject({ engine: 'native', version, node: process.version, severalShards: true });
  expect(person.stdout).toMatch(/^shards +as many as asked for$/m);
  expect(info.receiveBufferBytes).toBeGreaterThan(0);
});
