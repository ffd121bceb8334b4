import { chmodSync, readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorOf, osier, temporaryFolder } from './osier-command.js';

test('keygen writes a key file for its owner alone and prints the id that id prints', async () => {
  using folder = temporaryFolder();
  const made = await osier(['keygen', folder.file('node.key')]);
  expect(made.exitCode).toBe(0);
  expect(made.stdout).toMatch(/^[a-z2-7]{52}\n$/);
  expect(statSync(folder.file('node.key')).mode & 0o777).toBe(0o600);
  expect((await osier(['id', folder.file('node.key')])).stdout).toBe(made.stdout);
});

test('keygen never replaces a file', async () => {
  using folder = temporaryFolder();
  const file = folder.file('node.key');
  await osier(['keygen', file]);
  const before = readFileSync(file);
  const again = await osier(['keygen', file, '--json']);
  expect(again.exitCode).toBe(3);
  expect(errorOf(again)).toMatchObject({ code: 'ERR_OSIER_BAD_IDENTITY', exitCode: 3 });
  expect(readFileSync(file)).toEqual(before);
});

test('a key file that others can read is refused in one line', async () => {
  using folder = temporaryFolder();
  await osier(['keygen', folder.file('node.key')]);
  chmodSync(folder.file('node.key'), 0o644);
  const { exitCode, stderr } = await osier(['id', folder.file('node.key')]);
  expect(exitCode).toBe(3);
  expect(stderr).toMatch(/^error: .*node\.key.*\n$/);
});

test('keygen --network makes another secret each time', async () => {
  const [first, second] = await Promise.all([osier(['keygen', '--network']), osier(['keygen', '--network', '--json'])]);
  expect(first.stdout).toMatch(/^osn1[a-z2-7]{56}\n$/);
  expect((JSON.parse(second.stdout) as { secret: string }).secret).not.toBe(first.stdout.trim());
});

test('keygen --network FILE writes it for its owner alone, and once', async () => {
  using folder = temporaryFolder();
  const file = folder.file('secret.txt');
  expect(await osier(['keygen', '--network', file])).toMatchObject({ exitCode: 0 });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).toMatch(/^osn1[a-z2-7]{56}\n$/);
  expect(await osier(['keygen', '--network', file])).toMatchObject({ exitCode: 3 });
});
