/** The file of the peers that a node knew last: one `osier://` address a line, the one heard of last at the end. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Runtime, Timer } from '../../engine/runtime.js';
import { formatAddress, type HostAndPort, type NodeAddress, type NodeId, parseAddress } from '../../identity/index.js';

/** Peers in the file: enough to find the mesh again. The longest unheard is left out first. */
export const CACHED_PEERS_MAX = 256;
/** Hosts of each. */
export const CACHED_HOSTS_MAX = 8;
/** A larger file is none of ours. */
export const CACHE_FILE_BYTES_MAX = 1_048_576;
/** Time between two writings. */
export const CACHE_WRITE_INTERVAL_MS = 5_000;

/** A peer of the file. */
export type CachedPeer = NodeAddress & { readonly id: NodeId };

/** Where the text is kept. */
export interface CacheStorage {
  /** `null` when there is none yet. */
  read(): Promise<string | null>;
  /** Replaces all of it, or nothing. */
  write(text: string): Promise<void>;
}

/** What a {@link PeerCache} needs of its node. */
export interface PeerCacheOwner {
  readonly runtime: Pick<Runtime, 'setTimer'>;
  /** The file cannot be read, written, or is not one of ours. The node goes on without it. */
  onTrouble(message: string, cause: unknown): void;
}

/** See the file's head. What is noted is written after a while, together with what is noted meanwhile. */
export class PeerCache {
  readonly #owner: PeerCacheOwner;
  readonly #storage: CacheStorage;
  /** The one heard of last at the end. */
  readonly #peers = new Map<NodeId, readonly HostAndPort[]>();
  #timer: Timer | null = null;
  #isChanged = false;
  /** Settles when what was begun is written. */
  #written: Promise<void> = Promise.resolve();
  #hasFailed = false;

  constructor(owner: PeerCacheOwner, storage: CacheStorage) {
    this.#owner = owner;
    this.#storage = storage;
  }

  /** The peers of the file, the one heard of last first. Never rejects: of a bad file nothing is taken. Those that were noted before stay. */
  async load(): Promise<CachedPeer[]> {
    const read = await this.#read();
    const noted = [...this.#peers];
    this.#peers.clear();
    for (const { id, hosts } of read) this.#peers.set(id, hosts);
    for (const [id, hosts] of noted) this.#put(id, hosts);
    return read.reverse();
  }

  /** A peer was reached at these hosts, the best first. Without any it is forgotten. */
  note(id: NodeId, hosts: readonly HostAndPort[]): void {
    if (hosts.length === 0 && !this.#peers.has(id)) return;
    this.#put(id, hosts);
    this.#isChanged = true;
    this.#timer ??= this.#owner.runtime.setTimer(CACHE_WRITE_INTERVAL_MS, () => {
      this.#timer = null;
      void this.flush();
    });
  }

  /** Writes what is not written yet. Never rejects. */
  async flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#isChanged) {
      this.#isChanged = false;
      this.#written = this.#written.then(() => this.#write());
    }
    await this.#written;
  }

  #put(id: NodeId, hosts: readonly HostAndPort[]): void {
    this.#peers.delete(id);
    if (hosts.length === 0) return;
    this.#peers.set(id, hosts.slice(0, CACHED_HOSTS_MAX));
    const [oldest] = this.#peers.keys();
    if (oldest !== undefined && this.#peers.size > CACHED_PEERS_MAX) this.#peers.delete(oldest);
  }

  async #read(): Promise<CachedPeer[]> {
    try {
      return parseCache((await this.#storage.read()) ?? '');
    } catch (cause) {
      this.#owner.onTrouble('The file of last-known peers cannot be used; it is written anew.', cause);
      return [];
    }
  }

  async #write(): Promise<void> {
    const text = [...this.#peers].map(([id, hosts]) => `${formatAddress({ id, hosts })}\n`).join('');
    try {
      await this.#storage.write(text);
      this.#hasFailed = false;
    } catch (cause) {
      this.#isChanged = true;
      if (!this.#hasFailed) this.#owner.onTrouble('The file of last-known peers cannot be written.', cause);
      this.#hasFailed = true;
    }
  }
}

/** Throws when any of it is not what {@link PeerCache} writes. */
function parseCache(text: string): CachedPeer[] {
  const lines = text.split('\n').filter((line) => line !== '');
  if (lines.length > CACHED_PEERS_MAX) throw new RangeError(`it has ${lines.length} lines where ${CACHED_PEERS_MAX} are allowed`);
  return lines.map((line) => {
    const { id, hosts } = parseAddress(line);
    if (id === null || hosts.length === 0 || hosts.length > CACHED_HOSTS_MAX)
      throw new RangeError(`'${line.slice(0, 80)}' is no peer with its hosts`);
    return { id, hosts };
  });
}

/** A file at `path`. What replaces it is written beside it first, and then takes its name. */
export function cacheFile(path: string | URL): CacheStorage {
  const name = path instanceof URL ? fileURLToPath(path) : path;
  return { read: () => readText(name), write: (text) => replaceText(name, text) };
}

async function readText(name: string): Promise<string | null> {
  try {
    // Without O_NONBLOCK, opening a pipe would wait for its writer.
    const file = await open(name, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stat = await file.stat();
      if (!stat.isFile() || stat.size > CACHE_FILE_BYTES_MAX) throw new RangeError(`'${name}' is no file of at most ${CACHE_FILE_BYTES_MAX} bytes`);
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

async function replaceText(name: string, text: string): Promise<void> {
  const temporary = join(dirname(name), `.${basename(name)}.${randomBytes(8).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, name);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
}
