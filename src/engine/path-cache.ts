/** Path records of remote addresses and back, so that a datagram costs a look-up and no call of the addon. */
import type { DetachedEngine } from './detached-engine.js';
import type { PathRecord } from './engine.js';

/** Beyond this everything is forgotten: addresses come from the network, and their number has no other bound. */
const ENTRIES_MAX = 4_096;

/** A socket's number and where its datagrams go. */
export type PathAddress = ReturnType<DetachedEngine['pathAddress']>;

/** See the file's head. */
export class PathCache {
  readonly #detached: DetachedEngine;
  readonly #records = new Map<string, PathRecord>();
  readonly #addresses = new Map<string, PathAddress>();

  constructor(detached: DetachedEngine) {
    this.#detached = detached;
  }

  /** `host` is numeric. */
  record(socket: number, host: string, port: number): PathRecord {
    const key = `${socket} ${host} ${port}`;
    return remembered(this.#records, key, () => this.#detached.pathRecord(socket, host, port));
  }

  address(path: PathRecord): PathAddress {
    const key = Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString('latin1');
    return remembered(this.#addresses, key, () => this.#detached.pathAddress(path));
  }
}

function remembered<T>(entries: Map<string, T>, key: string, make: () => T): T {
  const known = entries.get(key);
  if (known !== undefined) return known;
  if (entries.size >= ENTRIES_MAX) entries.clear();
  const made = make();
  entries.set(key, made);
  return made;
}
