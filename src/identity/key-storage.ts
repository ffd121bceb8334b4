/** Key files on disk: who may read them, and how they come to be without a half-written one ever being seen. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, open, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invalidOption, type OsierError, osierError } from '../errors/index.js';

/** No key file is longer. */
const FILE_BYTES_MAX = 1024;

/** Errors by which a file system says that it has no hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** There is no file at the path. */
export class KeyFileMissing extends Error {
  readonly path: string | URL;

  constructor(path: string | URL, cause: unknown) {
    super('no key file', { cause });
    this.path = path;
  }

  /** The same for the caller of the library. */
  asOsierError(): OsierError {
    const message = `There is no key file at '${this.path}': make one with \`osier keygen\`, or load it with { ifMissing: 'create' }.`;
    return badIdentity(this.path, message, this.cause);
  }
}

/**
 * The text of the key file at `path`, if it is safe to use. All checks are made on the opened file, so a path that changes under them, or a
 * symbolic link, gains nothing. Errors: {@link KeyFileMissing}; BAD_IDENTITY for a file that others can read or write, that belongs to another user
 * (root excepted), or that is no regular file.
 */
export async function readKeyFile(path: string | URL): Promise<string> {
  const name = fileName(path);
  let file: FileHandle;
  try {
    // Without O_NONBLOCK, opening a pipe would wait for its writer.
    file = await open(name, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') throw new KeyFileMissing(path, cause);
    throw badIdentity(path, `The key file '${path}' cannot be opened (${codeOf(cause)}): check the path and who may read it.`, cause);
  }
  try {
    await checkOpened(file, path);
    return await contentOf(file);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_OSIER_BAD_IDENTITY') throw cause;
    throw badIdentity(path, `The key file '${path}' cannot be read (${codeOf(cause)}).`, cause);
  } finally {
    await file.close();
  }
}

/**
 * Writes a new key file, mode 0600, whole or not at all, and never over another: 'exists' when the path is taken, be it by a symbolic link that
 * leads nowhere. Errors: BAD_IDENTITY.
 */
export async function createKeyFile(path: string | URL, text: string): Promise<'created' | 'exists'> {
  const name = fileName(path);
  const temporary = join(dirname(name), `.${basename(name)}.${randomBytes(8).toString('hex')}.tmp`);
  try {
    await writeNew(temporary, text);
    try {
      return await publish(temporary, name, text);
    } finally {
      await unlink(temporary).catch(() => {});
    }
  } catch (cause) {
    throw badIdentity(
      path,
      `The key file '${path}' cannot be written (${codeOf(cause)}): check that its folder exists and can be written to.`,
      cause,
    );
  }
}

/** Gives the finished file its name, which fails where the name is taken. */
async function publish(temporary: string, name: string, text: string): Promise<'created' | 'exists'> {
  try {
    await link(temporary, name);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return 'exists';
    if (!NO_LINKS.has(codeOf(error))) throw error;
    return createInPlace(name, text);
  }
  await syncFolder(dirname(name));
  return 'created';
}

/** Where there are no hard links: not atomic for a reader in the same instant, but never over another file. */
async function createInPlace(name: string, text: string): Promise<'created' | 'exists'> {
  try {
    await writeNew(name, text);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return 'exists';
    throw error;
  }
  await syncFolder(dirname(name));
  return 'created';
}

/** A file that did not exist before, on disk when this resolves; removed again when it cannot be completed. */
async function writeNew(name: string, text: string): Promise<void> {
  const file = await open(name, 'wx', 0o600);
  try {
    // The umask may have taken the owner's own rights away.
    await file.chmod(0o600);
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await unlink(name).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
}

/** Makes a new name last through a power cut, where the system can. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, constants.O_RDONLY);
    await handle.sync().finally(() => handle.close());
  } catch {
    // Some systems do not open or sync folders; the file itself is on disk.
  }
}

async function checkOpened(file: FileHandle, path: string | URL): Promise<void> {
  const stats = await file.stat();
  const { mode, uid, size } = stats;
  if (!stats.isFile()) throw badIdentity(path, `'${path}' is not a file: give the path of a key file.`);
  if (size > FILE_BYTES_MAX) throw badIdentity(path, `The file '${path}' is too large for a key file: check the path.`);
  const user = process.geteuid?.();
  if (user === undefined) return;
  if (uid !== user && uid !== 0) throw badIdentity(path, `The key file '${path}' belongs to another user (${uid}): copy it to a file of your own.`);
  if ((mode & 0o077) !== 0) {
    const open = (mode & 0o777).toString(8);
    throw badIdentity(
      path,
      `The key file '${path}' is open to other users (mode ${open}): run \`chmod 600\` on it, and replace the key if others may have read it.`,
    );
  }
}

/** The whole file, read with a bound: a file may grow after its size was looked at. */
async function contentOf(file: FileHandle): Promise<string> {
  const bytes = new Uint8Array(FILE_BYTES_MAX + 1);
  let filled = 0;
  for (;;) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled);
    filled += bytesRead;
    if (bytesRead === 0 || filled === bytes.length) return Buffer.from(bytes.buffer, 0, filled).toString('latin1');
  }
}

function fileName(path: string | URL): string {
  const isFileUrl = path instanceof URL && path.protocol === 'file:';
  const name = isFileUrl ? fileURLToPath(path) : path;
  if (typeof name !== 'string' || name === '' || name.includes('\0')) throw invalidOption('path', 'must be the path of a file, or a file: URL');
  return name;
}

function badIdentity(path: string | URL, message: string, cause?: unknown): OsierError {
  return osierError('ERR_OSIER_BAD_IDENTITY', message, { path: String(path) }, cause === undefined ? undefined : { cause });
}

/** The system's code of a failed call. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
