import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OsierError } from '../../../src/errors/index.js';
import { exchangeKeysOf, generateIdentity, loadIdentity } from '../../../src/identity/index.js';
import { codeOfRejection } from './errors.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'osier-key-'));
  path = join(folder, 'node.key');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const BAD = 'ERR_OSIER_BAD_IDENTITY';

describe('a key file', () => {
  it('holds the identity: the same id and keys after saving and loading', async () => {
    const identity = await generateIdentity();
    await identity.save(path);
    const loaded = await loadIdentity(path);
    expect(loaded.id).toBe(identity.id);
    expect(exchangeKeysOf(loaded)).toEqual(exchangeKeysOf(identity));
  });

  it('can be named by a file: URL', async () => {
    const identity = await loadIdentity(pathToFileURL(path), { ifMissing: 'create' });
    expect((await loadIdentity(pathToFileURL(path))).id).toBe(identity.id);
  });

  it('is readable by its owner only, whatever the umask', async () => {
    for (const umask of [0o000, 0o022, 0o777]) {
      const before = process.umask(umask);
      try {
        const file = join(folder, `umask-${umask}`);
        await (await generateIdentity()).save(file);
        expect(statSync(file).mode & 0o777).toBe(0o600);
      } finally {
        process.umask(before);
      }
    }
  });

  it('leaves nothing else behind', async () => {
    const identity = await generateIdentity();
    await identity.save(path);
    expect(await codeOfRejection(identity.save(path))).toBe(BAD);
    expect(readdirSync(folder)).toEqual(['node.key']);
  });

  it('is never overwritten', async () => {
    await (await generateIdentity()).save(path);
    const before = readFileSync(path);
    expect(await codeOfRejection((await generateIdentity()).save(path))).toBe(BAD);
    expect(readFileSync(path)).toEqual(before);
  });

  it('is never written through a symbolic link, be it one that leads nowhere', async () => {
    const elsewhere = join(folder, 'elsewhere');
    symlinkSync(elsewhere, path);
    expect(await codeOfRejection((await generateIdentity()).save(path))).toBe(BAD);
    expect(await codeOfRejection(loadIdentity(path, { ifMissing: 'create' }))).toBe(BAD);
    expect(existsSync(elsewhere)).toBe(false);
  });

  it('is made when it is missing, if asked for, and then stays', async () => {
    expect(await codeOfRejection(loadIdentity(path))).toBe(BAD);
    expect(existsSync(path)).toBe(false);
    const { id } = await loadIdentity(path, { ifMissing: 'create' });
    expect((await loadIdentity(path, { ifMissing: 'create' })).id).toBe(id);
    expect((await loadIdentity(path)).id).toBe(id);
  });

  it('is one and the same for all that make it at the same time', async () => {
    const identities = await Promise.all(Array.from({ length: 20 }, () => loadIdentity(path, { ifMissing: 'create' })));
    expect(new Set(identities.map(({ id }) => id)).size).toBe(1);
    expect(readdirSync(folder)).toEqual(['node.key']);
  });

  it.each([0o640, 0o604, 0o620, 0o602, 0o644, 0o610, 0o666])('that others can get at (mode %o) is refused, and said how to mend', async (mode) => {
    await (await generateIdentity()).save(path);
    chmodSync(path, mode);
    const error = await loadIdentity(path).catch((cause: unknown) => cause);
    expect(OsierError.is(error, BAD) && error.details).toEqual({ path });
    expect(String(error)).toContain(`mode ${mode.toString(8)}`);
    expect(String(error)).toContain('chmod 600');
    expect(await codeOfRejection(loadIdentity(path, { ifMissing: 'create' }))).toBe(BAD);
  });

  it('may be reached by a symbolic link to one that is safe, and only then', async () => {
    const target = join(folder, 'target');
    await (await generateIdentity()).save(target);
    symlinkSync(target, path);
    expect(await codeOfRejection(loadIdentity(path))).toBe('nothing');
    chmodSync(target, 0o644);
    expect(await codeOfRejection(loadIdentity(path))).toBe(BAD);
  });

  it('is a file: a folder, a pipe or a loop of links is refused at once', async () => {
    mkdirSync(path);
    expect(await codeOfRejection(loadIdentity(path))).toBe(BAD);
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', ['-m', '600', pipe]);
    expect(await codeOfRejection(loadIdentity(pipe))).toBe(BAD);
    const loop = join(folder, 'loop');
    symlinkSync(loop, loop);
    expect(await codeOfRejection(loadIdentity(loop))).toBe(BAD);
    expect(await codeOfRejection(loadIdentity(join(folder, 'no', 'such', 'folder'), { ifMissing: 'create' }))).toBe(BAD);
    expect(await codeOfRejection(loadIdentity('/dev/null'))).toBe(BAD);
    for (const other of [path, pipe]) await expect(loadIdentity(other)).rejects.toThrow('is not a file');
  });

  it('with any character changed, lost or added is damaged', async () => {
    await (await generateIdentity()).save(path);
    const text = readFileSync(path, 'latin1');
    const damaged = Array.from({ length: text.length }, (_, index) => {
      const changed = text.slice(0, index) + (text[index] === 'b' ? 'c' : 'b') + text.slice(index + 1);
      return [changed, text.slice(0, index), text.slice(0, index) + text.slice(index + 1)];
    }).flat();
    for (const wrong of [...damaged, `${text}\n`, text.repeat(2), text.replaceAll('\n', '\r\n'), '\0'.repeat(5000)]) {
      writeFileSync(path, wrong, { mode: 0o600 });
      expect(await codeOfRejection(loadIdentity(path)), wrong).toBe(BAD);
    }
  }, 30_000);

  it.runIf(process.geteuid?.() === 0)('of another user is refused, also for root', async () => {
    await (await generateIdentity()).save(path);
    execFileSync('chown', ['12345', path]);
    expect(await codeOfRejection(loadIdentity(path))).toBe(BAD);
  });

  it('may have other names', async () => {
    await (await generateIdentity()).save(path);
    linkSync(path, join(folder, 'second'));
    expect(await codeOfRejection(loadIdentity(join(folder, 'second')))).toBe('nothing');
  });

  it('needs a path, and a known answer to what to do without the file', async () => {
    for (const wrong of ['', 'a\0b', 5, null, undefined, new URL('http://host/key')]) {
      expect(await codeOfRejection(loadIdentity(wrong as string)), String(wrong)).toBe('ERR_OSIER_INVALID_OPTION');
    }
    expect(await codeOfRejection(loadIdentity(path, { ifMissing: 'maybe' as 'fail' }))).toBe('ERR_OSIER_INVALID_OPTION');
    expect(await codeOfRejection(loadIdentity(path, { ifMissing: undefined }))).toBe(BAD);
  });
});

describe('an identity', () => {
  it('shows its private key to nobody who prints or copies it', async () => {
    const identity = await generateIdentity();
    expect(JSON.stringify(identity)).toBe(JSON.stringify({ id: identity.id }));
    expect(Object.keys(identity)).toEqual(['id']);
    expect(() => exchangeKeysOf({ ...identity })).toThrow(/generateIdentity/);
  });
});
