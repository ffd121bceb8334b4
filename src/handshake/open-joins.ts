import { ExpiringMap } from './expiring-map.js';
import type { Cipher } from './keys.js';
import type { NoiseHandshake } from './noise.js';

/** A join whose message 2 was sent. */
export interface OpenJoin {
  /** After message 2. */ readonly noise: NoiseHandshake;
  /** The caller's. */ readonly senderIndex: number;
  readonly cipher: Cipher;
  readonly token: Uint8Array;
  /** Of message 1. */ readonly digest: string;
  /** Message 2: the same packet again gets the same answer again. */ readonly answer: Uint8Array;
  readonly takenAtMs: number;
}

/** A join that was refused after message 3. */
interface RefusedJoin {
  /** Of message 3. */ readonly digest: string;
  /** The refusal: the same packet again gets the same answer again. */ readonly answer: Uint8Array;
  readonly takenAtMs: number;
}

/** Joins that wait for message 3, and those that were refused after it. An index that is forgotten is given back. */
export class OpenJoins {
  readonly #open: ExpiringMap<number, OpenJoin>;
  readonly #byDigest = new Map<string, number>();
  readonly #refused: ExpiringMap<number, RefusedJoin>;

  constructor(onForgotten: (localIndex: number) => void) {
    this.#refused = new ExpiringMap(onForgotten);
    this.#open = new ExpiringMap((localIndex, join) => {
      this.#end(join);
      onForgotten(localIndex);
    });
  }

  /** The join that waits at this index: a message 3 that was held back for longer finds none. */
  get(localIndex: number, nowMs: number): OpenJoin | null {
    return this.#open.get(localIndex, nowMs);
  }

  /** The join that a message 1 began. */
  find(digest: string, nowMs: number): OpenJoin | null {
    const localIndex = this.#byDigest.get(digest);
    return localIndex === undefined ? null : this.#open.get(localIndex, nowMs);
  }

  add(localIndex: number, join: OpenJoin): void {
    this.#byDigest.set(join.digest, localIndex);
    this.#open.add(localIndex, join);
  }

  /** Removes a join that was completed, and overwrites its state; its index is the caller's. */
  take(localIndex: number): void {
    const join = this.#open.take(localIndex);
    if (join !== null) this.#end(join);
  }

  /** A join that was completed and taken was refused: it gets its index back. */
  refuse(localIndex: number, refused: RefusedJoin): void {
    this.#refused.add(localIndex, refused);
  }

  /** The refusal that waits to be asked for again at this index. */
  refusalAt(localIndex: number, nowMs: number): RefusedJoin | null {
    return this.#refused.get(localIndex, nowMs);
  }

  /** Overwrites and forgets all. */
  clear(): void {
    this.#open.clear();
    this.#refused.clear();
  }

  #end(join: OpenJoin): void {
    this.#byDigest.delete(join.digest);
    join.noise.wipe();
  }
}
